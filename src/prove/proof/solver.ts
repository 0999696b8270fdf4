import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../core/error.ts';
import type { Solver, SolverAnswer, SolverGoal } from '../../core/ports.ts';
import { remembering } from './remembering.ts';

/** Loads z3; undefined where the optional package is not installed. */
export async function loadSolver(): Promise<Solver | undefined> {
  if (!isInstalled()) return undefined;
  // A thread is started from a built file only; from the sources, as in tests, the goals are solved in this one.
  if (!import.meta.url.endsWith('.js')) return remembering(await solverHere());
  return remembering(solverInThread(new URL('./solver-thread.js', import.meta.url)));
}

function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('z3-solver');
    return true;
  } catch {
    return false;
  }
}

async function solverHere(): Promise<Solver> {
  const { loadZ3 } = await import('./z3.ts');
  const check = await loadZ3();
  return { check: goal => Promise.resolve(check(goal)), close: () => Promise.resolve() };
}

/**
 * z3 in a thread of its own, started by `warm` or the first question: it is loaded meanwhile, and whatever it is at can be ended at
 * any moment, by a time limit or by Ctrl-C.
 */
function solverInThread(file: URL): Solver {
  let thread: Worker | undefined;
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (goal: SolverGoal): Promise<SolverAnswer> => {
    if (isClosed) throw new Error('The solver is closed.');
    thread ??= start(file);
    const answer = await answerOf(thread, goal);
    if (answer.kind !== 'ended') return answer;
    await thread.terminate();
    thread = undefined;
    return { kind: 'unknown', reason: answer.reason };
  };
  return {
    check: goal => {
      const answer = last.then(() => ask(goal));
      last = answer.catch(() => undefined);
      return answer;
    },
    warm: () => {
      if (!isClosed) thread ??= start(file);
    },
    close: async () => {
      isClosed = true;
      await thread?.terminate();
    },
  };
}

function start(file: URL): Worker {
  const thread = new Worker(file);
  thread.on('error', () => {}); // told by 'exit' to whoever waits for an answer
  thread.unref();
  return thread;
}

type Reply = SolverAnswer | { readonly kind: 'ended'; readonly reason: string };

function answerOf(thread: Worker, goal: SolverGoal): Promise<Reply> {
  return new Promise(resolve => {
    const onMessage = (answer: SolverAnswer): void => settle(answer);
    const onError = (thrown: unknown): void => settle({ kind: 'ended', reason: messageOf(thrown) });
    const onExit = (): void => settle({ kind: 'ended', reason: 'its thread ended' });
    const late = setTimeout(() => settle({ kind: 'ended', reason: 'timeout' }), goal.timeoutMs);
    const settle = (reply: Reply): void => {
      clearTimeout(late);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      thread.unref();
      resolve(reply);
    };
    thread.ref();
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.postMessage(goal);
  });
}
