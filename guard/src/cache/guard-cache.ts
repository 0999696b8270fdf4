import { withoutScope } from '../scope.ts';
import { keyed } from './keyed.ts';
import { openEntry, ownerOf, ownerTag } from './owner.ts';
import type { Owned, SharedBy } from './owner.ts';

/** `unstable_cache` of `next/cache`. */
export type UnstableCache = (
  work: () => Promise<Owned>,
  keyParts?: string[],
  options?: { revalidate?: number | false; tags?: string[] },
) => () => Promise<Owned>;

/** How results are kept. */
export interface GuardCacheOptions {
  /** Part of the key: one name for one function. */
  readonly name: string;
  /** `user` for what differs between members of a tenant: by role, or their own. `tenant` where nothing is said. */
  readonly by?: SharedBy;
  /**
   * For what is the same for everybody (a price list): kept without a tenant, with the reason. It runs outside of every
   * scope, so that the guarded pool lets no tenant's row into it.
   */
  readonly shared?: { readonly reason: string };
  readonly revalidate?: number | false;
  readonly tags?: readonly string[];
}

/**
 * Keeps what a function gives in `unstable_cache`, apart for each tenant. Outside of a scope it refuses.
 *
 * @example
 * const totals = guardCache(unstable_cache, (year: number) => sumInvoices(year), { name: 'totals', revalidate: 60 });
 */
export function guardCache<Arguments extends readonly unknown[], Value>(
  cache: UnstableCache,
  work: (...parameters: Arguments) => Promise<Value>,
  options: GuardCacheOptions,
): (...parameters: Arguments) => Promise<Value> {
  if (options.name.trim() === '') throw new TypeError('A guarded cache needs a name.');
  return async (...parameters) => {
    const owner = options.shared === undefined ? ownerOf(options.by ?? 'tenant') : everybody;
    const run =
      options.shared === undefined ? () => work(...parameters) : () => withoutScope(() => work(...parameters));
    const key = [owner, options.name, work.toString(), argumentsOf(parameters)];
    const { revalidate } = options;
    const read = cache(async () => ({ owner, value: await keyed(run) }), [JSON.stringify(key)], {
      ...(revalidate === undefined ? {} : { revalidate }),
      tags: [...(options.tags ?? []), ...(owner === everybody ? [] : [ownerTag(owner)])],
    });
    return openEntry(await read(), owner) as Value;
  };
}

const everybody = 'everybody';

/**
 * The tag that every entry of the scope's tenant has: `revalidateTag(tenantTag())` empties the tenant's cache.
 *
 * @example
 * revalidateTag(tenantTag(), 'max');
 */
export function tenantTag(by: SharedBy = 'tenant'): string {
  return ownerTag(ownerOf(by));
}

/** `undefined` and null are two arguments; JSON would make one of them. What JSON cannot tell apart is refused. */
function argumentsOf(parameters: readonly unknown[]): string {
  return JSON.stringify(parameters, function keyed(this: object, name, value: unknown) {
    if (value === undefined) return '\u0000undefined';
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) throw new TypeError(lookAlike);
    // As it was before its `toJSON`: a date and the text of it are two arguments.
    const given: unknown = Reflect.get(this, name);
    const prototype: unknown = typeof given === 'object' && given !== null ? Object.getPrototypeOf(given) : undefined;
    if (typeof value === 'function' || (prototype !== undefined && !plain.has(prototype)))
      throw new TypeError(lookAlike);
    return value;
  });
}

const lookAlike = 'A cached function takes text, numbers, lists and plain objects: others look alike in a key.';

const plain: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype, null]);
