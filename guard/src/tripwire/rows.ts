import { refuse } from '../refusal.ts';
import { currentScope, tenantOf } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { report } from '../events/event.ts';
import { isSameId } from './same-id.ts';

/** What rows are checked for. */
export interface RowsTripwire {
  /** For the event. */
  readonly table?: string;
  /** The column that says whose row it is. */
  readonly tenantColumn: string;
  /** The share of rows that is looked at: 1 (all of them) without this, 0.1 for every tenth. */
  readonly sample?: number;
  /** `observe` reports and lets the rows go: for the first day on a live app. */
  readonly mode?: 'enforce' | 'observe';
}

/**
 * Gives the rows back if each belongs to the tenant of the scope, and refuses all of them if one does not. A row without
 * the column, or with null in it, belongs to nobody that is known: it refuses too.
 *
 * @example
 * const invoices = guardRows(await legacyQuery(), { table: 'invoice', tenantColumn: 'tenant_id' });
 */
export function guardRows<Row>(rows: readonly Row[], options: RowsTripwire): readonly Row[] {
  const scope = currentScope();
  if (scope === undefined) throw refuse('no-scope', 'Rows were checked outside of a scope.');
  const tenant = tenantOf(scope);
  if (tenant === undefined) return passing(rows, scope);
  const { looked, foreign } = count(rows.length, options.sample, index =>
    isSameId(propertyOf(rows[index], options.tenantColumn), tenant),
  );
  if (foreign > 0) stop({ scope, rows: looked, foreign, mode: options.mode, table: options.table });
  return rows;
}

/** Admins see every tenant's rows. A user before a tenant is known sees their own; whose tenant that is, is not known. */
function passing<Row>(rows: readonly Row[], scope: Scope): readonly Row[] {
  if (scope.mode === 'admin') return rows;
  throw refuse('no-scope', 'Rows were checked for a tenant in a scope without one.');
}

/** Looks at the rows, or at a regular share of them from a random start. O(rows), without a copy. */
export function count(
  length: number,
  sample: number | undefined,
  isOwn: (index: number) => boolean,
): { readonly looked: number; readonly foreign: number } {
  const step = sample === undefined || !(sample < 1) ? 1 : sample > 0 ? Math.round(1 / sample) : Infinity;
  let looked = 0;
  let foreign = 0;
  for (let index = step === 1 ? 0 : Math.floor(Math.random() * step); index < length; index += step) {
    looked += 1;
    if (!isOwn(index)) foreign += 1;
  }
  return { looked, foreign };
}

/** Reports foreign rows by their number, and refuses unless it only observes. */
export function stop(found: {
  readonly scope: Scope;
  readonly rows: number;
  readonly foreign: number;
  readonly mode: 'enforce' | 'observe' | undefined;
  readonly table?: string | undefined;
}): void {
  const facts = {
    scope: found.scope,
    rows: found.rows,
    foreignRows: found.foreign,
    ...(found.table === undefined ? {} : { table: found.table }),
  };
  const message = `${found.foreign} of ${found.rows} belong to another tenant.`;
  if (found.mode !== 'observe') throw refuse('foreign-row', message, facts);
  report({ type: 'foreign_row', outcome: 'observed', reason: message, ...facts });
}

function propertyOf(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined;
}
