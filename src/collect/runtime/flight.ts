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
      controller.enqueue(answer);
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
  const require = createRequire(join(appRoot, 'package.json'));
  const compiled = join(dirname(require.resolve('next/package.json')), 'dist', 'compiled');
  const folder = ['react-server-dom-turbopack', 'react-server-dom-webpack']
    .map(name => join(compiled, name))
    .find(candidate => existsSync(join(candidate, 'client.node.js')));
  // The development build of the codec warns about what it cannot resolve; only the production one is silent.
  const environment = process.env as Record<string, string | undefined>;
  const before = environment['NODE_ENV'];
  environment['NODE_ENV'] = 'production';
  try {
    return require(join(folder ?? compiled, 'client.node.js')) as FlightModule;
  } finally {
    if (before === undefined) delete environment['NODE_ENV'];
    else environment['NODE_ENV'] = before;
  }
}
