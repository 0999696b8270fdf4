import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** A child process with everything it started, and how to end all of it. */
export interface ProcessTree {
  readonly pid: number;
  /** Settles with the exit code when the first process ends; 1 when a signal ended it. */
  readonly ended: Promise<number>;
  /** Ends the whole tree; safe to call twice. */
  stop(): Promise<void>;
}

/** How to start a process tree. Output goes to a file, so that a slow reader never stops the child. */
export interface ProcessOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const running = new Set<ChildProcess>();
let hooked = false;

/** Starts a process in a group of its own, which ends with ours whatever happens to us. */
export function startProcess(options: ProcessOptions): ProcessTree {
  hookExit();
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, [...options.arguments], {
    cwd: options.folder,
    // The types of Next.js, where a program has them, want more of an environment than Node.js does.
    env: options.environment as NodeJS.ProcessEnv,
    stdio: ['ignore', log, log],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  closeSync(log);
  running.add(child);
  const ended = new Promise<number>(resolve => {
    child.once('error', () => resolve(1));
    child.once('exit', code => resolve(code ?? 1));
  });
  void ended.then(() => running.delete(child));
  return { pid: child.pid ?? 0, ended, stop: () => stopTree(child, ended) };
}

async function stopTree(child: ChildProcess, ended: Promise<number>): Promise<void> {
  if (child.pid === undefined) return;
  signalTree(child, 'SIGTERM');
  const timer = setTimeout(() => signalTree(child, 'SIGKILL'), 1_500);
  await ended;
  clearTimeout(timer);
  // The first process may be gone before a worker that it started.
  signalTree(child, 'SIGKILL');
  running.delete(child);
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore' });
    else process.kill(-child.pid, signal);
  } catch {
    // The group is gone already: what we wanted.
  }
}

function hookExit(): void {
  if (hooked) return;
  hooked = true;
  process.once('exit', killAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killAll();
      // Nobody else listens: end as the signal would have ended us.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function killAll(): void {
  for (const child of running) signalTree(child, 'SIGKILL');
  running.clear();
}
