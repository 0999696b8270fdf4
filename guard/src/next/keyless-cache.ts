// Where Next.js itself keeps what it is doing, for `headers()` and its like to look at; the same file in 15 and 16.
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js';
import { cachePlace, isKeyed } from '../cache/keyed.ts';
import { at } from '../property.ts';
import { refuse } from '../refusal.ts';

/**
 * For `inspect` of `guardPool`: refuses rows that were read inside of a bare `unstable_cache`, whose key has no tenant in
 * it, before it keeps them (https://nextjs.org/docs/app/api-reference/functions/unstable_cache). Next.js says where the
 * code runs; a place that is not known here is refused too. A function with `'use cache'` needs no such look: it runs
 * outside of every scope.
 *
 * @example
 * export const pool = guardPool(config, { membership, inspect: refuseKeylessCache });
 */
export function refuseKeylessCache(): void {
  const place = placeHere();
  if (isKeyed() || (place !== undefined && known.has(place))) return;
  throw refuse(
    'keyless-cache',
    place === 'unstable-cache'
      ? "A tenant's rows were read inside of unstable_cache without the tenant in its key: use guardCache."
      : 'This version of Next.js does not say in a known way whether a cache keeps the rows: use guardCache, or leave refuseKeylessCache out.',
  );
}

/** What Next.js is doing; `outside` where it does nothing, as in scripts and `pages/api`. */
function placeHere(): unknown {
  const store = storeHere();
  return store === undefined ? 'outside' : at(store, 'type');
}

function storeHere(): unknown {
  const getStore = at(workUnitAsyncStorage, 'getStore');
  return typeof getStore === 'function' ? (Reflect.apply(getStore, workUnitAsyncStorage, []) as unknown) : {};
}

Object.assign(cachePlace, { here: storeHere, isCache: () => placeHere() === 'unstable-cache' });

/**
 * Everything but `unstable-cache` of 15.5.29 and 16.4.5. What is rendered ahead has no session, and what is in a
 * `'use cache'` function no scope but one that it opened itself.
 */
const known: ReadonlySet<unknown> = new Set([
  'outside',
  'request',
  'prerender',
  'prerender-client',
  'prerender-runtime',
  'prerender-ppr',
  'prerender-legacy',
  'validation-client',
  'build-time-generator',
  'cache',
  'private-cache',
]);
