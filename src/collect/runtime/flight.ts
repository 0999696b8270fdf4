import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** React's wire format for server actions, spoken by the app's own version of Next. */
export interface FlightCodec {
  /** Arguments as the browser would send them. */
  encode(values: readonly unknown[]): Promise<string | FormData>;
  /** What an action returned; `undefined` when the answer is not an action's flight data. */
  decode(answer: Uint8Array): Promise<ActionResult | undefined>;
}

/** The outcome of an action, apart from the pages that Next renders anew beside it. */
export type ActionResult = { readonly kind: 'returned'; readonly value: unknown } | { readonly kind: 'threw' };

interface FlightModule {
  encodeReply(value: unknown): Promise<string | FormData>;
  createFromReadableStream(stream: ReadableStream<Uint8Array>, options: unknown): Promise<unknown>;
}

/** Loads the codec from the app's dependencies: the version must match the app's. */
export function loadFlightCodec(appRoot: string): FlightCodec {
  const module = loadModule(appRoot);
  return {
    encode: values => module.encodeReply(values),
    decode: answer => decode(module, answer),
  };
}

async function decode(module: FlightModule, answer: Uint8Array): Promise<ActionResult | undefined> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(actionRows(answer));
      controller.close();
    },
  });
  const root = await rootOf(module, stream);
  if (typeof root !== 'object' || root === null || !('a' in root)) return undefined;
  try {
    return { kind: 'returned', value: await root.a };
  } catch {
    return { kind: 'threw' };
  }
}

/**
 * Only the rows that the action's result is made of. Pages that were rendered anew beside it name client components,
 * which nobody here could load.
 */
function actionRows(answer: Uint8Array): Uint8Array {
  const rows = rowsOf(Buffer.from(answer));
  const root = rows.get('0')?.toString('utf8') ?? '';
  const result = /"a":"\$@([0-9a-f]+)"/.exec(root)?.[1];
  if (result === undefined) return answer;
  const kept = new Map<string, Buffer>([['0', Buffer.from(`0:{"a":"$@${result}"}\n`)]]);
  const wanted = [result];
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const row = rows.get(id);
    if (row === undefined || kept.has(id)) continue;
    kept.set(id, row);
    for (const match of row.toString('utf8').matchAll(/"\$[@A-Za-z]?([0-9a-f]+)/g))
      if (match[1] !== undefined) wanted.push(match[1]);
  }
  return Buffer.concat([...kept.values()]);
}

/** Rows by id. A row ends with its line, but for `T` rows, which say how long they are. */
function rowsOf(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const rows = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const head = /^([0-9a-f]*):(?:T([0-9a-f]+),)?/.exec(bytes.subarray(at, at + 40).toString('latin1'));
    const line = bytes.indexOf(10, at);
    const end =
      head?.[2] === undefined
        ? line < 0
          ? bytes.length
          : line + 1
        : at + head[0].length + Number.parseInt(head[2], 16);
    if (head?.[1] !== undefined) rows.set(head[1], bytes.subarray(at, end));
    at = Math.max(end, at + 1);
  }
  return rows;
}

async function rootOf(module: FlightModule, stream: ReadableStream<Uint8Array>): Promise<unknown> {
  try {
    const manifest = { serverConsumerManifest: { moduleMap: {}, moduleLoading: null, serverModuleMap: null } };
    return await module.createFromReadableStream(stream, manifest);
  } catch {
    // Not flight data, or cut short: the raw text is read instead.
    return undefined;
  }
}

function loadModule(appRoot: string): FlightModule {
  const fromApp = createRequire(join(appRoot, 'package.json'));
  const compiled = join(dirname(fromApp.resolve('next/dist/bin/next')), '..', 'compiled');
  const folder = ['react-server-dom-turbopack', 'react-server-dom-webpack']
    .map(name => join(compiled, name))
    .find(candidate => existsSync(join(candidate, 'client.node.js')));
  // The development build of the codec warns about what it cannot resolve; only the production one is silent.
  const environment = process.env as Record<string, string | undefined>;
  const before = environment['NODE_ENV'];
  environment['NODE_ENV'] = 'production';
  try {
    return fromApp(join(folder ?? compiled, 'client.node.js')) as FlightModule;
  } finally {
    if (before === undefined) delete environment['NODE_ENV'];
    else environment['NODE_ENV'] = before;
  }
}
