import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from '../process-wide.ts';

const store = processWide('keyed/1', () => new AsyncLocalStorage<true>());

/** Runs the work of a cache that has the tenant in its key. */
export function keyed<T>(work: () => Promise<T>): Promise<T> {
  return store.run(true, work);
}

/** Whether the running code fills a cache that has the tenant in its key. */
export function isKeyed(): boolean {
  return store.getStore() === true;
}
