import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import { recalling, stderrProgress } from './progress.ts';

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

test('how far a stage was is told until it is done', () => {
  const { progress, recall } = recalling(silentProgress);
  const stage = progress.start('Trying every role');
  expect(recall()).toBeUndefined();
  stage.update('3 of 9 tables');
  expect(recall()).toBe('Trying every role: 3 of 9 tables');
  stage.done('9 tables tried');
  expect(recall()).toBeUndefined();
});
