import { fillsKeyless } from './keyed.ts';
import { refuse } from '../refusal.ts';
import { currentScope, tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';

/** Who shares an entry: all members of a tenant, or each user alone. Before a tenant is known it is always the user. */
export type SharedBy = 'tenant' | 'user';

/**
 * Whose an entry is, as text for its key. Each id is encoded, so that no id can look like another's key; refused where
 * there is no tenant and no user, or where the scope opens every tenant's rows.
 */
export function ownerOf(by: SharedBy, scope: Scope | undefined = currentScope()): string {
  if (scope === undefined) throw refuse('keyless-cache', 'A cache for tenant data was used outside of a scope.');
  // What is read here is kept by the cache around it too.
  if (fillsKeyless())
    throw refuse('keyless-cache', 'A cache for tenant data was used inside of a bare unstable_cache.');
  if (scope.mode === 'admin')
    throw refuse('keyless-cache', "Work as admin sees every tenant's rows: its results are not cached.");
  const tenant = tenantOf(scope);
  const user = userOf(scope);
  if (by === 'tenant' && tenant !== undefined) return ownerName({ tenant });
  if (user === undefined) throw refuse('keyless-cache', 'A cache of a user was used in a scope without one.');
  return ownerName({ tenant, user });
}

/** The text for a tenant, a user, or both. */
export function ownerName(ids: { readonly tenant?: string | undefined; readonly user?: string | undefined }): string {
  const named = [['tenant', ids.tenant] as const, ['user', ids.user] as const];
  return named.flatMap(([name, id]) => (id === undefined ? [] : [`${name}=${encodeURIComponent(id)}`])).join('&');
}

/** The tag of an owner's entries. Next.js takes 256 characters: https://nextjs.org/docs/app/api-reference/functions/cacheTag */
export function ownerTag(owner: string): string {
  return `drydock:${owner}`.slice(0, 256);
}

/** An entry with the name of its owner inside, so that it is known when read whose it is. */
export interface Owned {
  readonly owner: string;
  readonly value: unknown;
}

/** The value of an entry, if it is the owner's: whatever put another's entry under this key, it goes no further. */
export function openEntry(entry: unknown, owner: string): unknown {
  // Of `undefined` JSON keeps nothing.
  if (isOwned(entry) && entry.owner === owner) return entry.value;
  throw refuse('foreign-row', 'A cache held an entry of another tenant.', { rows: 1, foreignRows: 1 });
}

function isOwned(entry: unknown): entry is Owned {
  return typeof entry === 'object' && entry !== null && 'owner' in entry;
}
