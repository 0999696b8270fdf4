import { write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { EventSink, GuardEvent } from './event.ts';

const writeTo = promisify(write);

/**
 * Events as lines of JSON on standard output, which every platform collects.
 *
 * @example
 * guardEvents({ sinks: [consoleSink()] });
 */
export function consoleSink(options: { readonly descriptor?: number } = {}): EventSink {
  const descriptor = options.descriptor ?? 1;
  let isWriting = false;
  return {
    name: 'console',
    write: async events => {
      // What took too long goes on: a second writer would write between its lines.
      if (isWriting) throw new Error('What came before is still being written.');
      isWriting = true;
      try {
        await writeWhole(descriptor, Buffer.from(lines(events)));
      } finally {
        isWriting = false;
      }
    },
    writeAtExit: events => {
      // Behind half a line a new one begins.
      writeSync(descriptor, `${isWriting ? '\n' : ''}${lines(events)}`);
    },
  };
}

/** Lines of JSON, each with its line break. */
function lines(events: readonly GuardEvent[]): string {
  return events.map(event => `${JSON.stringify(event)}\n`).join('');
}

/**
 * Not through process.stdout: on a pipe that nobody reads it stops the whole process until somebody does, and a reader
 * that has gone ends it. https://nodejs.org/api/process.html#a-note-on-process-io
 */
async function writeWhole(descriptor: number, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- a pipe takes a part at a time
      from += (await writeTo(descriptor, bytes, from)).bytesWritten;
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
      // oxlint-disable-next-line no-await-in-loop -- the pipe is full: its reader is behind
      await new Promise(resolve => setTimeout(resolve, 20).unref());
    }
  }
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN';
}
