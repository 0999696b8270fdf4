import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from '../process-wide.ts';

const store = processWide('keyed/2', () => new AsyncLocalStorage<{ readonly place: unknown }>());

/** What the framework says of the place in which the code runs: filled by `next/keyless-cache.ts`. */
export interface CachePlace {
  here?: () => unknown;
  /** Whether the place is a cache that the app fills by itself. */
  isCache?: () => boolean;
}

/** The place of the running code. */
export const cachePlace = processWide<CachePlace>('cache-place/1', () => ({}));

/** Runs the work of a cache that has the tenant in its key. */
export function keyed<T>(work: () => Promise<T>): Promise<T> {
  return store.run({ place: cachePlace.here?.() }, work);
}

/** Whether the running code fills a cache that has the tenant in its key, and no other cache inside of it. */
export function isKeyed(): boolean {
  const kept = store.getStore();
  return kept !== undefined && kept.place === cachePlace.here?.();
}

/** Whether the running code fills a cache of which nobody knows the key. */
export function fillsKeyless(): boolean {
  return cachePlace.isCache?.() === true && !isKeyed();
}
