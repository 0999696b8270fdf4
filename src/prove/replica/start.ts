import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import getPort from 'get-port';
import { DrydockError } from '../../core/error.ts';
import type { Replica, ReplicaDatabase } from '../../core/ports.ts';
import { findBinaries, replicaFolder, replicaFolders, type Binaries } from './binaries.ts';
import { connect, type Connection } from '../../collect/database/connect.ts';
import { adopt, isReady, release, removeStale, replicaFolderName, type Server } from './lifetime.ts';
import { makeDataFolder } from './template.ts';

/** What a replica can be asked for. */
export interface ReplicaOptions {
  /** How many times another port is tried when one is taken between choice and start. */
  readonly attempts?: number;
  readonly startTimeoutMs?: number;
}

/** Durability is of no use to a database that lives for seconds. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  jit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  checkpoint_timeout: '1h',
  io_method: 'sync',
  timezone: 'UTC',
  lc_messages: 'C',
};

/** Starts a real Postgres on loopback, in a folder of its own that disappears with it. */
export async function startReplica(options: ReplicaOptions = {}): Promise<Replica> {
  const binaries = findBinaries();
  for (const folder of replicaFolders(binaries.user)) removeStale(folder);
  const base = replicaFolder(binaries.user);
  const folder = join(base, replicaFolderName(randomBytes(4).toString('hex')));
  mkdirSync(folder, { mode: 0o755 });
  // Ctrl-C may come before there is a server to end.
  const reserved: Server = { folder, pid: 0 };
  adopt(reserved);
  try {
    await makeDataFolder(binaries, join(folder, 'data'));
    const running = await startOnFreePort(binaries, folder, options);
    return await open(running);
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  } finally {
    release(reserved);
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly server: Server;
  readonly port: number;
}

async function startOnFreePort(binaries: Binaries, folder: string, options: ReplicaOptions): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await getPort({ host: '127.0.0.1' });
    const child = spawnServer(binaries, folder, port);
    const server = { folder, pid: child.pid ?? 0 };
    adopt(server);
    const outcome = await waitForServer(child, folder, options.startTimeoutMs ?? 30_000);
    if (outcome === 'ready') return { child, server, port };
    await endChild(child);
    release(server);
    const log = readFileSync(join(folder, 'log'), 'utf8');
    // Between our choice of the port and Postgres' bind another process may have taken it.
    if (attempt < (options.attempts ?? 4) && /could not (bind|create any TCP)/.test(log)) continue;
    throw new DrydockError('replica', `The embedded Postgres did not start: ${lastLine(log) || outcome}.`, {
      next: 'Check that the temporary folder has space and that loopback connections are allowed.',
    });
  }
}

function spawnServer(binaries: Binaries, folder: string, port: number): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a');
  const chosen = { ...settings, port: String(port) };
  const child = spawn(
    binaries.postgres,
    ['-D', join(folder, 'data'), ...Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // In a group of its own: Ctrl-C in the terminal is ours to handle, not Postgres'.
    { ...binaries.user, stdio: ['ignore', log, log], detached: true, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } },
  );
  closeSync(log);
  child.unref();
  child.on('error', () => {}); // shows as 'ended' below, with the log
  return child;
}

async function waitForServer(
  child: ChildProcess,
  folder: string,
  timeoutMs: number,
): Promise<'ready' | 'ended' | 'no answer'> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 10) {
    if (isReady(folder)) return 'ready';
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'ended';
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  return 'no answer';
}

async function open(running: Running): Promise<Replica> {
  const url = (name: string): string => `postgres://postgres@127.0.0.1:${running.port}/${name}`;
  const connectTo = async (name: string): Promise<Connection> => tellingEnd(await connect(url(name)), running);
  const admin = await connectTo(emptyDatabase);
  const version = String((await admin.query('show server_version')).rows[0]?.['server_version']);
  let counter = 0;
  const create = async (template?: string): Promise<ReplicaDatabase> => {
    counter += 1;
    const name = `drydock_${counter}`;
    const made = await createDatabase(admin, { name, url: url(name), connectTo }, template);
    return { ...made, copy: () => copyOf(made, () => create(name)) };
  };
  // Postgres copies the first one while the migrations are still being looked for.
  let first: Promise<ReplicaDatabase> | undefined = create();
  const settled = first.then(
    () => {},
    () => {}, // told to who asks for it
  );
  let stopping: Promise<void> | undefined;
  return {
    version,
    createDatabase: async (options = {}) => {
      const made = options.template === undefined ? first : undefined;
      if (made === undefined) return settled.then(() => create(options.template));
      first = undefined;
      return made;
    },
    stop: () => (stopping ??= settled.then(() => stop(running, admin))),
  };
}

/** Copied for each database; nobody but the one who copies is connected to it. */
const emptyDatabase = 'postgres';

interface Wanted {
  readonly name: string;
  readonly url: string;
  readonly connectTo: (name: string) => Promise<Connection>;
}

async function createDatabase(
  admin: Connection,
  { name, url, connectTo }: Wanted,
  template = emptyDatabase,
): Promise<ReplicaDatabase> {
  // Others may have the template open; Postgres copies it only when nobody has.
  if (template !== emptyDatabase) await endSessions(admin, template);
  await admin.query(`create database ${name} template ${template}`);
  const connection = await connectTo(name);
  let dropping: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    await connection.close().catch(() => {});
    await admin.query(`drop database if exists ${name} with (force)`);
  };
  return { name, url, sql: connection, drop: () => (dropping ??= drop()) };
}

/** A copy whose sessions are like those of the first, which ends where it is copied and goes on in another session. */
async function copyOf({ sql }: ReplicaDatabase, copy: () => Promise<ReplicaDatabase>): Promise<ReplicaDatabase> {
  const { rows } = await sql.query(
    `select name, setting, source from pg_settings
where source in ('session', 'database') and context in ('user', 'superuser') and name not in ('role', 'session_authorization')`,
  );
  const made = await copy();
  const set = 'select set_config($1, $2, false)';
  for (const { name, setting, source } of rows) {
    if (source === 'session') await sql.query(set, [name, setting]);
    await made.sql.query(set, [name, setting]);
  }
  return made;
}

/** A connection that says when it was the server that ended: killed for want of memory, mostly. */
function tellingEnd(connection: Connection, { child, server }: Running): Connection {
  const query: Connection['query'] = async (text, values) => {
    try {
      return await connection.query(text, values);
    } catch (thrown) {
      if (isFull(thrown)) throw noSpace(server.folder, thrown);
      const isAnswer = thrown instanceof Error && 'severity' in thrown && thrown.severity === 'ERROR';
      // The end of the connection may be seen before that of the process.
      if (isAnswer || !(await hasEnded(child))) throw thrown;
      const log = join(server.folder, 'log');
      const written = existsSync(log) ? readFileSync(log, 'utf8') : '';
      if (written.includes('No space left on device')) throw noSpace(server.folder, thrown);
      throw new DrydockError(
        'replica',
        `The embedded Postgres ended in the middle of the work: ${lastLine(written) || 'it was killed'}.`,
        {
          next: 'Look for free memory and space in the temporary folder; the same command starts again.',
          cause: thrown,
        },
      );
    }
  };
  return { query, close: () => connection.close() };
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isFull(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === '53100';
}

/** Whatever was being asked: without space no answer says anything about the app. */
function noSpace(folder: string, cause: unknown): DrydockError {
  return new DrydockError('replica', `No space is left for the embedded Postgres in '${dirname(folder)}'.`, {
    next: 'Make some room there, or name another folder with TMPDIR; the same command starts again.',
    cause,
  });
}

async function hasEnded(child: ChildProcess): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 200; waitedMs += 20) {
    if (child.exitCode !== null || child.signalCode !== null) return true;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return false;
}

async function endSessions(admin: Connection, database: string): Promise<void> {
  await admin.query('select pg_terminate_backend(pid, 2000) from pg_stat_activity where datname = $1', [database]);
}

async function stop(running: Running, admin: Connection): Promise<void> {
  await admin.close().catch(() => {});
  await endChild(running.child);
  await rm(running.server.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  release(running.server);
}

/** SIGQUIT is Postgres' immediate shutdown: nothing in it is worth a checkpoint. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.ref();
  child.kill('SIGQUIT');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(impatient);
}

function lastLine(log: string): string {
  return (
    log
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^.*?(FATAL|ERROR|LOG): +/, '')
      .replace(/\.$/, '') ?? ''
  );
}
