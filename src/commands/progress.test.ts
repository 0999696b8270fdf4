import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { stderrProgress } from './progress.ts';

/** What is written to a stream that is no terminal. */
function written(isStopped: () => boolean): string {
  const stream = Object.assign(new PassThrough(), { isTTY: false });
  const stage = stderrProgress(stream as unknown as NodeJS.WriteStream, isStopped).start('Trying every role');
  stage.fail('The embedded Postgres ended.');
  return String(stream.read());
}

test('a stage that fails says why, unless the user has ended it', () => {
  expect(written(() => false)).toBe('Trying every role …\n  The embedded Postgres ended.\n');
  expect(written(() => true)).toBe('Trying every role …\n');
});
