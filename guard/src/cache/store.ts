import { openEntry, ownerOf } from './owner.ts';
import type { SharedBy } from './owner.ts';

/** A store of texts by key, as the clients of Redis are: whatever follows the value goes through. */
export interface TextStore<Rest extends readonly unknown[]> {
  get(key: string): Promise<string | null | undefined>;
  set(key: string, value: string, ...rest: Rest): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/** A store whose entries are the tenant's. */
export interface TenantStore<Rest extends readonly unknown[]> {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ...rest: Rest): Promise<void>;
  del(key: string): Promise<void>;
}

/**
 * Puts the tenant of the scope before each key of a store, and its name into each entry. Values are JSON. An entry that
 * another tenant wrote, or somebody without the guard, is refused when it is read.
 *
 * @example
 * const cache = guardStore(redis);
 * await cache.set('totals', { open: 3 }, { EX: 60 });
 */
export function guardStore<Rest extends readonly unknown[]>(
  store: TextStore<Rest>,
  options: { readonly by?: SharedBy } = {},
): TenantStore<Rest> {
  const owner = (): string => ownerOf(options.by ?? 'tenant');
  return {
    get: async key => {
      const whose = owner();
      const text = await store.get(keyOf(whose, key));
      return text === null || text === undefined ? undefined : openEntry(parsed(text), whose);
    },
    set: async (key, value, ...rest) => {
      const whose = owner();
      await store.set(keyOf(whose, key), JSON.stringify({ owner: whose, value }), ...rest);
    },
    del: async key => {
      await store.del(keyOf(owner(), key));
    },
  };
}

/** The owner has no colon in it, so that no key of one tenant begins like another's. */
function keyOf(owner: string, key: string): string {
  return `drydock:${owner}:${key}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
