import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { stderrProgress } from './progress.ts';

/** What is written to a stream that is no terminal. */
async function written(isStopped: () => boolean): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY: false });
  const progress = await stderrProgress(stream as unknown as NodeJS.WriteStream, isStopped);
  const stage = progress.start('Trying every role');
  stage.fail('The embedded Postgres ended.');
  return String(stream.read());
}

test('a stage that fails says why, unless the user has ended it', async () => {
  expect(await written(() => false)).toBe('Trying every role …\n  The embedded Postgres ended.\n');
  expect(await written(() => true)).toBe('Trying every role …\n');
});
