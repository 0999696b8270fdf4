import { asSystem, asTenant, asUser } from '../modes.ts';
import { refuse } from '../refusal.ts';
import { currentScope, tenantOf, userOf } from '../scope.ts';
import { keyed } from './keyed.ts';
import { ownerName, ownerOf, ownerTag } from './owner.ts';
import type { SharedBy } from './owner.ts';

/**
 * Whose a cached result is. Next.js makes the arguments of a `'use cache'` function its key, so this is one of them. Only
 * `cacheKey` makes one: a key that is written by hand, from what a request says, would open any tenant's rows.
 */
export interface CacheKey {
  readonly tenant?: string;
  readonly user?: string;
  readonly [made]: true;
}

declare const made: unique symbol;

/**
 * The key of the scope, to be handed to a function with `'use cache'`. A wrapper cannot add it: the directive is compiled,
 * and its function sees nothing of the request, neither its scope (https://nextjs.org/docs/app/api-reference/directives/use-cache).
 *
 * @example
 * const totals = await totalsOf(cacheKey(), 2026);
 */
export function cacheKey(by: SharedBy = 'tenant'): CacheKey {
  ownerOf(by);
  const scope = currentScope();
  const tenant = scope && tenantOf(scope);
  const user = scope && userOf(scope);
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...((by === 'user' || tenant === undefined) && user !== undefined ? { user } : {}),
  } as CacheKey;
}

/**
 * Runs the work of a `'use cache'` function in the scope of its key. Without a key it refuses; a query beside it is refused
 * by the guarded pool, for there is no scope.
 *
 * @example
 * async function totalsOf(key: CacheKey, year: number) {
 *   'use cache';
 *   return withCacheKey(key, 'totals', () => sumInvoices(year));
 * }
 */
export function withCacheKey<T>(key: CacheKey, name: string, work: () => T | PromiseLike<T>): Promise<T> {
  const { tenant, user } = isKey(key) ? key : {};
  const run = (): Promise<T> => keyed(async () => (await work()) as T);
  if (tenant !== undefined && user !== undefined) return asTenant({ user, tenant }, run);
  if (tenant !== undefined) return asSystem({ job: `cache: ${name}`, tenant }, run);
  if (user !== undefined) return asUser(user, run);
  throw refuse('keyless-cache', "A function with 'use cache' got no key of a tenant.");
}

/**
 * The tag that every entry with the key has, for `cacheTag`.
 *
 * @example
 * cacheTag(cacheKeyTag(cacheKey()));
 */
export function cacheKeyTag(key: CacheKey): string {
  if (!isKey(key)) throw refuse('keyless-cache', "A function with 'use cache' got no key of a tenant.");
  return ownerTag(ownerName(key));
}

function isKey(key: unknown): key is CacheKey {
  return (
    typeof key === 'object' &&
    key !== null &&
    ['tenant', 'user'].every(name => ['string', 'undefined'].includes(typeof Reflect.get(key, name)))
  );
}
