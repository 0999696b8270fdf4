import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const prefix = 'drydock-replica-';

/** A running server as far as its end is concerned. */
export interface Server {
  readonly folder: string;
  readonly pid: number;
}

const running = new Set<Server>();
let isWatching = false;

/** Name of a replica's folder: it tells the process that it belongs to. */
export function replicaFolderName(random: string): string {
  return `${prefix}${process.pid}-${random}`;
}

/** From now on the server ends with this process, however it ends (but SIGKILL: see `removeStale`). */
export function adopt(server: Server): void {
  running.add(server);
  if (isWatching) return;
  isWatching = true;
  process.on('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** The server has ended in an orderly way. */
export function release(server: Server): void {
  running.delete(server);
  if (running.size > 0 || !isWatching) return;
  isWatching = false;
  process.off('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
}

/** Ends and removes what a killed Drydock has left behind in `base`. */
export function removeStale(base: string): void {
  for (const name of readdirSync(base).filter(entry => entry.startsWith(prefix))) {
    const owner = Number(name.slice(prefix.length).split('-')[0]);
    if (!Number.isInteger(owner) || isAlive(owner)) continue;
    const folder = join(base, name);
    try {
      endNow({ folder, pid: readPid(folder) ?? 0 });
    } catch {
      // It belongs to another user of this machine, who will remove it.
    }
  }
}

function onSignal(signal: NodeJS.Signals): void {
  endAll();
  // Our listener took the signal's usual effect away. Where nobody else listens, the process must still end.
  process.off(signal, onSignal);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function endAll(): void {
  // The latest first: a folder that was reserved for a server goes after the server itself.
  for (const server of [...running].toReversed()) endNow(server);
  running.clear();
}

/** Without an event loop: SIGQUIT is Postgres' immediate shutdown, which removes its pid file at the end. */
function endNow(server: Server): void {
  if (server.pid > 0 && isAlive(server.pid) && readPid(server.folder) === server.pid) {
    process.kill(server.pid, 'SIGQUIT');
    waitUntil(() => !existsSync(pidFile(server.folder)), 2000);
    if (existsSync(pidFile(server.folder)) && isAlive(server.pid)) process.kill(server.pid, 'SIGKILL');
  }
  rmSync(server.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

function waitUntil(condition: () => boolean, timeoutMs: number): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < timeoutMs && !condition(); waitedMs += 5) Atomics.wait(clock, 0, 0, 5);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

function pidFile(folder: string): string {
  return join(folder, 'data', 'postmaster.pid');
}

/** The server's process id, from the first line that Postgres writes into its pid file. */
export function readPid(folder: string): number | undefined {
  return readPidLines(folder)?.pid;
}

/** Whether the server says that it accepts connections: the eighth line, which `pg_ctl` reads too. */
export function isReady(folder: string): boolean {
  return readPidLines(folder)?.status === 'ready';
}

function readPidLines(folder: string): { readonly pid: number; readonly status: string } | undefined {
  try {
    const lines = readFileSync(pidFile(folder), 'utf8').split('\n');
    return { pid: Number(lines[0]), status: (lines[7] ?? '').trim() };
  } catch {
    return undefined; // not written yet, or gone already
  }
}
