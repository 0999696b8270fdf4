import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findBinaries, type Binaries } from './binaries.ts';

/** A Postgres of its own for one test file, on loopback, in a folder that disappears with it. */
export interface TestPostgres {
  /** The address of the first database, as superuser. */
  readonly url: string;
  readonly port: number;
  /** A pool on it, which `stop` closes. Other roles and limits by option. */
  pool(options?: pg.PoolConfig): pg.Pool;
  /** Ends the server at once, as a crash does, and starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends the server at once and leaves it so. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** What is lost when the machine ends is of no use; what is lost when the server ends would be missed by `restart`. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '150',
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  jit: 'off',
  timezone: 'UTC',
};

/** Starts one. Settings are those of postgresql.conf. */
export async function startPostgres(own: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const binaries = findBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'drydock-guard-'));
  const data = join(folder, 'data');
  if (binaries.user !== undefined) chownSync(folder, binaries.user.uid, binaries.user.gid);
  initialise(binaries, data);
  const port = await freePort();
  const all = Object.entries({ ...settings, port: String(port), ...own });
  const flags = all.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = (): Promise<ChildProcess> => startServer(binaries, data, flags);
  let server = await start();
  const pools = new Set<pg.Pool>();
  const crash = (): Promise<void> => endServer(server);
  const endAtExit = (): void => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', endAtExit);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    port,
    crash,
    pool: options => {
      const pool = new pg.Pool({
        host: '127.0.0.1',
        port,
        user: 'postgres',
        database: 'postgres',
        max: 10,
        ...options,
      });
      pool.on('error', () => {}); // A test that ends the server ends its idle connections too.
      pools.add(pool);
      return pool;
    },
    restart: async () => {
      await crash();
      server = await start();
    },
    stop: async () => {
      await Promise.all([...pools].filter(pool => !pool.ended).map(pool => pool.end()));
      await crash();
      process.off('exit', endAtExit);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function initialise({ folder, user }: Binaries, data: string): void {
  const flags = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const made = spawnSync(join(folder, 'bin', 'initdb'), flags, { ...user, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
}

async function startServer({ folder, user }: Binaries, data: string, flags: readonly string[]): Promise<ChildProcess> {
  const server = spawn(join(folder, 'bin', 'postgres'), ['-D', data, ...flags], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4000)));
  server.on('error', () => {}); // shows below, as a server that ended
  for (let tries = 0; tries < 3000; tries += 1) {
    if (isReady(data, server.pid)) return server;
    if (hasEnded(server)) throw new Error(`postgres: ${log}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error(`postgres does not answer: ${log}`);
}

/** The eighth line of the pid file is what `pg_ctl` waits for too. */
function isReady(data: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

function hasEnded(server: ChildProcess): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null;
}

/** SIGQUIT is Postgres' immediate shutdown: what a crash looks like to its clients. */
async function endServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = new Promise(resolve => server.once('exit', resolve));
  server.kill('SIGQUIT');
  await ended;
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
