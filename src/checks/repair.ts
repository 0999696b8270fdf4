import type { Operation } from '../core/path.ts';
import type { Place } from '../core/place.ts';
import type { OwnerHop } from '../model/tenancy/types.ts';

/** Where a repair is made: the place of the fault and the entry point that reaches it. */
type Site = { readonly place: Place; readonly entryPoint: string };

/** The row that has to be tied to a tenant, and the column (or chain of columns) that names it. */
type OwnedRow = {
  readonly table: string;
  readonly operation: Operation;
  /** Column of `table` that names the tenant or user; absent when it is only reached over `ownerPath`. */
  readonly column?: string;
  readonly ownerPath: readonly OwnerHop[];
};

/**
 * Every repair an app check may ask for, as data for `fix/`. The check names the fault and the place; how the code is
 * changed in the app's own idiom is the fixer's work.
 */
export type Repair =
  /** Add the tenant's condition to a query that has none, or none that the server verified. */
  | ({ readonly kind: 'scope-query' } & Site & OwnedRow)
  /** A tenant was verified on the path: add it to the query that picks another object. */
  | ({ readonly kind: 'tie-object' } & Site & OwnedRow)
  /** Take the tenant or owner from the session, not from what the client sent. */
  | ({ readonly kind: 'ignore-client-tenant'; readonly client: readonly string[] } & Site & OwnedRow)
  /** Nobody is asked who they are. */
  | ({ readonly kind: 'require-session' } & Site)
  /** Somebody is signed in; that they belong to this tenant is not asked. */
  | ({ readonly kind: 'require-membership'; readonly client: readonly string[] } & Site)
  /** `place` is the guard's call. */
  | ({ readonly kind: 'await-guard' } & Site)
  /** `place` is the guard whose failure is caught and forgotten. */
  | ({ readonly kind: 'stop-on-failure' } & Site)
  /** `place` is the guard whose answer is dropped. */
  | ({ readonly kind: 'use-result' } & Site)
  /** The layout at `place` guards; the page must do so itself. */
  | ({ readonly kind: 'guard-page-not-layout' } & Site)
  /** A filter disappears when its value is undefined: make the value required. */
  | ({ readonly kind: 'drop-filter-option' } & Site & OwnedRow)
  /** Check that the row that `column` will point to belongs to the same tenant. */
  | ({
      readonly kind: 'verify-reference';
      readonly table: string;
      readonly column: string;
      readonly references: string;
    } & Site)
  /** Close over the session's tenant instead of taking it from the model's arguments. */
  | ({ readonly kind: 'tool-uses-session'; readonly arguments: readonly string[] } & Site & OwnedRow)
  /** The code is bound to the session; the database object it relies on has to be repaired. */
  | ({
      readonly kind: 'repair-object';
      readonly object: string;
      readonly operation: Operation;
      readonly sqlRole?: string;
    } & Site)
  /** Ask for one of `roles` (those that siblings ask for; empty when none does). */
  | ({ readonly kind: 'require-role'; readonly roles: readonly string[]; readonly sibling?: string } & Site)
  /** Compare with the secret that the scheduler sends, and stop when it is not set. */
  | ({ readonly kind: 'require-cron-secret' } & Site)
  /** Put what identifies the tenant into the cache's key. */
  | { readonly kind: 'key-cache'; readonly place: Place; readonly mechanism: string; readonly terms: readonly string[] }
  /** Answer with `private, no-store`. */
  | ({ readonly kind: 'private-cache-control'; readonly value: string } & Site)
  /** Render for each request, after the session was read. */
  | ({ readonly kind: 'render-per-request'; readonly how: string } & Site)
  /** Check the signature over the raw body before anything else. */
  | ({ readonly kind: 'verify-webhook'; readonly provider: string } & Site)
  /** Insert the event's id uniquely, and stop when it is there already. */
  | ({ readonly kind: 'record-event'; readonly provider: string } & Site)
  /** Find the tenant by the customer id that was stored, not by e-mail or metadata. */
  | ({ readonly kind: 'map-by-customer'; readonly by: 'email' | 'metadata'; readonly table: string } & Site)
  /** Use the customer id of the caller's own tenant. */
  | ({ readonly kind: 'own-customer'; readonly argument: string } & Site)
  /** Select the columns that are shown, not `columns`. */
  | ({ readonly kind: 'narrow-columns'; readonly table: string; readonly columns: readonly string[] } & Site)
  /** Answer alike for a row that is not there and one that is not the caller's. */
  | ({ readonly kind: 'same-answer'; readonly absent: string; readonly foreign: string } & Site)
  /** Keep the module, and the secret in it, out of the browser's bundle. */
  | { readonly kind: 'server-only'; readonly place: Place; readonly secret: string; readonly chain: readonly Place[] };
