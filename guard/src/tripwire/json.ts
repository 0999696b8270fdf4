import { asJson } from '../fields.ts';
import { tenantOf } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { stop } from './rows.ts';
import { isSameId } from './same-id.ts';

/** What is looked for in data on its way out. */
export interface Tripwire {
  /** Names of properties that hold the tenant's id, as they are called in the app: `['tenantId', 'tenant_id']`. */
  readonly columns: readonly string[];
  /** `observe` reports and lets the data go: for the first day on a live app. */
  readonly mode?: 'enforce' | 'observe';
}

/**
 * Refuses data in which a property named as a tenant column holds another tenant's id, however deep inside.
 *
 * @example
 * guardData(report, { columns: ['tenantId', 'tenant_id'] }, currentScope());
 */
export function guardData(data: unknown, tripwire: Tripwire, scope: Scope | undefined): void {
  const tenant = scope && tenantOf(scope);
  if (scope === undefined || tenant === undefined) return;
  const found = { looked: 0, foreign: 0 };
  walk(data, { columns: new Set(tripwire.columns), tenant, found, seen: new Set(), checked: new Set() });
  if (found.foreign > 0) stop({ scope, rows: found.looked, foreign: found.foreign, mode: tripwire.mode });
}

interface Walk {
  readonly columns: ReadonlySet<string>;
  readonly tenant: string;
  readonly found: { looked: number; foreign: number };
  readonly seen: Set<object>;
  readonly checked: Set<object>;
}

/** Null is no other tenant's id: a left join gives it. */
function walk(given: unknown, state: Walk): void {
  const value = asJson(given);
  if (typeof value !== 'object' || value === null || state.seen.has(value)) return;
  state.seen.add(value);
  if (value instanceof Map) return walkAll([...value.keys(), ...value.values()], state);
  if (Array.isArray(value) || value instanceof Set) return walkAll(value, state);
  for (const [name, inner] of Object.entries(value)) {
    if (!state.columns.has(name)) walk(inner, state);
    else check(inner, state);
  }
}

/** Ids may be in lists, and objects that say by `toJSON` what they are. */
function check(given: unknown, state: Walk): void {
  const id = asJson(given);
  if (id === null || id === undefined) return;
  if (Array.isArray(id) || id instanceof Set) return checkAll(id, state);
  if (typeof id === 'object') return walk(id, state);
  state.found.looked += 1;
  if (!isSameId(id, state.tenant)) state.found.foreign += 1;
}

function checkAll(ids: readonly unknown[] | ReadonlySet<unknown>, state: Walk): void {
  if (state.checked.has(ids)) return;
  state.checked.add(ids);
  for (const id of ids) check(id, state);
}

function walkAll(values: Iterable<unknown>, state: Walk): void {
  for (const value of values) walk(value, state);
}
