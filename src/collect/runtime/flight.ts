import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** React's wire format for server actions, spoken by the app's own version of Next. */
export interface FlightCodec {
  /** Arguments as the browser would send them. */
  encode(values: readonly unknown[]): Promise<string | FormData>;
  /** The value that an action returned; `undefined` when the answer is not flight data. */
  decode(answer: Uint8Array): Promise<unknown>;
}

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

async function decode(module: FlightModule, answer: Uint8Array): Promise<unknown> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(answer);
      controller.close();
    },
  });
  try {
    const manifest = { serverConsumerManifest: { moduleMap: {}, moduleLoading: null, serverModuleMap: null } };
    const decoded = await module.createFromReadableStream(stream, manifest);
    const returned = typeof decoded === 'object' && decoded !== null && 'a' in decoded ? await decoded.a : decoded;
    return returned;
  } catch {
    // An error thrown by the action, or a payload with client components: the raw text is read instead.
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
