import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from './postgres.ts';

/** The part of a client of Redis that the tests use, whichever client it is. */
export interface RedisClient {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ...rest: readonly never[]): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/** A real server on loopback, which keeps nothing on disk. */
export interface TestRedis {
  readonly port: number;
  /** Stops it from answering, as a machine that hangs does, and lets it go on. */
  hang(): void;
  goOn(): void;
  stop(): Promise<void>;
}

/** The program, where this system has it: Redis, or Valkey, which took its place in some. */
export function findRedis(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders
    .flatMap(folder => ['redis-server', 'valkey-server'].map(name => join(folder, name)))
    .find(path => existsSync(path));
}

/** Starts one. */
export async function startRedis(program: string, port?: number): Promise<TestRedis> {
  const at = port ?? (await freePort());
  const server = spawn(program, ['--port', String(at), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  await listening(server);
  return {
    port: at,
    hang: () => void server.kill('SIGSTOP'),
    goOn: () => void server.kill('SIGCONT'),
    stop: async () => {
      const ended = new Promise(done => server.once('exit', done));
      server.kill('SIGKILL');
      await ended;
    },
  };
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    server.stdout?.on('data', (chunk: Buffer) => {
      if (/Ready to accept connections/.test(chunk.toString())) done();
    });
    server.once('exit', code => fail(new Error(`Redis ended with ${code}.`)));
  });
}

/**
 * The clients that are there: one of a few lines, and those that are installed in the folder that `DRYDOCK_REDIS` names
 * (`npm install --prefix <folder> redis ioredis`). `kind` is what `guardLimits` is told of it.
 */
export async function clientsOf(port: number): Promise<readonly TestClient[]> {
  const folder = process.env['DRYDOCK_REDIS'];
  const plain = plainClient(port);
  const own: TestClient = {
    kind: 'redis',
    name: 'a plain socket',
    client: plain,
    expiry: { EX: 60 },
    stop: () => plain.close(),
  };
  if (folder === undefined) return [own];
  const from = createRequire(resolve(folder, 'package.json'));
  const load = async (name: string): Promise<Record<string, unknown>> =>
    (await import(pathToFileURL(from.resolve(name)).href)) as Record<string, unknown>;
  const { createClient } = (await load('redis')) as { createClient: (options: object) => ConnectingClient };
  const { Redis } = (await load('ioredis')) as { Redis: new (port: number, options: object) => ConnectingClient };
  const redis = createClient({ socket: { port, host: '127.0.0.1' } });
  const ioredis = new Redis(port, { lazyConnect: true, host: '127.0.0.1' });
  for (const client of [redis, ioredis]) {
    client.on('error', () => undefined);
    // oxlint-disable-next-line no-await-in-loop -- two
    await client.connect();
  }
  return [
    own,
    { kind: 'redis', name: 'redis', client: redis, expiry: { EX: 60 }, stop: () => redis.destroy() },
    { kind: 'ioredis', name: 'ioredis', client: ioredis, expiry: 'EX', stop: () => ioredis.disconnect() },
  ];
}

/** A client with what the tests must know of it. */
export interface TestClient {
  readonly kind: 'redis' | 'ioredis';
  readonly name: string;
  readonly client: RedisClient;
  readonly expiry: { readonly EX: number } | 'EX';
  readonly stop: () => void;
}

interface ConnectingClient extends RedisClient {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  /** Of `redis`. */
  destroy(): void;
  /** Of `ioredis`. */
  disconnect(): void;
}

/** Speaks the protocol as far as the tests go (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
function plainClient(port: number): RedisClient & { readonly isReady: boolean; close(): void } {
  const socket = createConnection(port, '127.0.0.1');
  const waiting: ((reply: unknown) => void)[] = [];
  let isReady = true;
  let rest = '';
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isReady = false;
    for (const done of waiting.splice(0)) done(new Error('The connection is lost.'));
  });
  socket.on('data', chunk => {
    // Lengths are in bytes.
    rest += chunk.toString('latin1');
    for (let reply = readReply(rest); reply !== undefined; reply = readReply(rest)) {
      rest = rest.slice(reply.length);
      waiting.shift()?.(reply.value);
    }
  });
  const send = (...words: readonly string[]): Promise<unknown> => sendTo(socket, waiting, words);
  const client = {
    get: (key: string) => send('GET', key) as Promise<string | null>,
    set: (key: string, value: string, options?: { readonly EX: number }) =>
      send('SET', key, value, ...(options === undefined ? [] : ['EX', String(options.EX)])),
    del: (key: string) => send('DEL', key),
    eval: (script: string, { keys, arguments: given }: { keys: string[]; arguments: string[] }) =>
      send('EVAL', script, String(keys.length), ...keys, ...given),
    get isReady(): boolean {
      return isReady;
    },
    close: () => void socket.destroy(),
  };
  return client as unknown as ReturnType<typeof plainClient>;
}

async function sendTo(
  socket: Socket,
  waiting: ((reply: unknown) => void)[],
  words: readonly string[],
): Promise<unknown> {
  const reply = await new Promise(done => {
    waiting.push(done);
    socket.write(
      [`*${words.length}`, ...words.flatMap(word => [`$${Buffer.byteLength(word)}`, word]), ''].join('\r\n'),
    );
  });
  if (reply instanceof Error) throw reply;
  return reply;
}

/** The first reply of what came in, or nothing where it is not whole. */
function readReply(text: string): { readonly value: unknown; readonly length: number } | undefined {
  const end = text.indexOf('\r\n');
  if (end === -1) return undefined;
  const [kind, line] = [text[0], text.slice(1, end)];
  if (kind === '+') return { value: line, length: end + 2 };
  if (kind === '-') return { value: new Error(line), length: end + 2 };
  if (kind === ':') return { value: Number(line), length: end + 2 };
  const size = Number(line);
  if (size < 0) return { value: null, length: end + 2 };
  if (kind !== '$') return readList(text, end + 2, size);
  if (text.length < end + 4 + size) return undefined;
  return {
    value: Buffer.from(text.slice(end + 2, end + 2 + size), 'latin1').toString(),
    length: end + 4 + size,
  };
}

function readList(text: string, from: number, size: number): ReturnType<typeof readReply> {
  const values: unknown[] = [];
  let length = from;
  while (values.length < size) {
    const next = readReply(text.slice(length));
    if (next === undefined) return undefined;
    values.push(next.value);
    length += next.length;
  }
  return { value: values, length };
}
