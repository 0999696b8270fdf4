import { tenantOf } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { count, stop } from './rows.ts';
import { isSameId } from './same-id.ts';

/** The part of a result of node-postgres that is looked at. Rows are arrays where a library asks for them so (Drizzle). */
export interface QueryRows {
  readonly rows: readonly unknown[];
  readonly fields?: readonly { readonly name: string }[];
}

/** Looks at what a statement gave, before the app sees it. */
export type InspectRows = (result: QueryRows, scope: Scope) => void;

/**
 * Makes the hook that looks at each result of the guarded pool: every row that has the tenant's column must be the
 * tenant's. Results without the column pass; a row's null is nobody's.
 *
 * @example
 * const pool = guardPool(config, { membership, inspect: resultTripwire({ columns: ['tenant_id'] }) });
 */
export function resultTripwire(options: {
  readonly columns: readonly string[];
  readonly sample?: number;
  readonly mode?: 'enforce' | 'observe';
}): InspectRows {
  const columns = new Set(options.columns);
  return ({ rows, fields }, scope) => {
    const tenant = tenantOf(scope);
    const named = (fields ?? fieldsOf(rows[0])).flatMap(({ name }, index) =>
      columns.has(name) ? [{ name, index }] : [],
    );
    if (tenant === undefined || named.length === 0) return;
    const { looked, foreign } = count(rows.length, options.sample, index =>
      named.every(column => isOwn(rows[index], column, tenant)),
    );
    if (foreign > 0) stop({ scope, rows: looked, foreign, mode: options.mode });
  };
}

function fieldsOf(row: unknown): readonly { readonly name: string }[] {
  return typeof row !== 'object' || row === null || Array.isArray(row) ? [] : Object.keys(row).map(name => ({ name }));
}

function isOwn(row: unknown, column: { readonly name: string; readonly index: number }, tenant: string): boolean {
  if (typeof row !== 'object' || row === null) return true;
  const value: unknown = Array.isArray(row) ? row[column.index] : Reflect.get(row, column.name);
  return value === null || value === undefined || isSameId(value, tenant);
}
