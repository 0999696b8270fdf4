import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Bundlers take `new URL(…, import.meta.url)` for a file to copy, and give back something that is no URL for Node. */
const own = `${dirname(fileURLToPath(import.meta.url))}${sep}`;

/**
 * The place in the app's own code from which the guard was called, as `file:line`: the first frame that is neither the
 * guard's, nor a package's, nor Node's. `undefined` where the stack holds none, as after a query that an ORM ran late.
 */
export function callerOf(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').slice(1);
  const frame = frames.find(isApp);
  const place =
    frame === undefined ? undefined : /(?:\(|at (?:async )?)((?:file:\/\/)?[^()]+?):(\d+):\d+\)?$/.exec(frame.trim());
  return place?.[1] === undefined ? undefined : `${relative(place[1])}:${place[2]}`;
}

/** The stack where this is called, deep enough to get past a driver and an ORM. */
export function stackHere(): string | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const { stack } = new Error('here');
  Error.stackTraceLimit = before;
  return stack;
}

function isApp(frame: string): boolean {
  return (
    /:\d+:\d+\)?$/.test(frame) &&
    !frame.includes('node:') &&
    !frame.includes(`${sep}node_modules${sep}`) &&
    !frame.includes('/node_modules/') &&
    (!frame.includes(own) || frame.includes('.test.')) &&
    !frame.includes('<anonymous>)')
  );
}

function relative(file: string): string {
  const path = file.startsWith('file://') ? fileURLToPath(file) : file;
  const root = `${process.cwd()}${sep}`;
  return path.startsWith(root) ? path.slice(root.length) : path;
}
