import { AsyncLocalStorage } from 'node:async_hooks';
import { hub } from '../events/event.ts';
import { processWide } from '../process-wide.ts';

const watching = processWide('watching/1', () => new AsyncLocalStorage<true>());

/** Runs checks that hold nobody up: what they refuse, wherever in the guard, is told as observed. */
export function whileWatching<T>(checks: () => T | PromiseLike<T>): Promise<T> {
  // A freeze holds, whoever watches.
  hub.outcomeOf ??= ({ type, outcome }) =>
    outcome === 'denied' && type !== 'frozen' && watching.getStore() === true ? 'observed' : outcome;
  return watching.run(true, async () => (await checks()) as T);
}
