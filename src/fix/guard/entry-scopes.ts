import type { EntryPoint } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import { own } from '../../core/predicate.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { AppModel, QueryPath } from '../../model/app/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';

/** In which scope an entry point's queries can run, as the tracer saw who asks and where the tenant comes from. */
export type EntryScope =
  /** Whoever is signed in, for the tenant that the session or their only membership names. */
  | { readonly kind: 'session' }
  /** Whoever is signed in, for the tenant whose key stands in this one value of the request: `params.team`. */
  | { readonly kind: 'named'; readonly path: string }
  /** The request names the tenant otherwise: by a slug, or by several values. */
  | { readonly kind: 'unclear'; readonly paths: readonly string[] }
  /** Rows are asked for before anybody is known to be signed in; `isOpen` where nothing else keeps foreign rows back either. */
  | { readonly kind: 'nobody'; readonly isOpen: boolean }
  /** An administrator of the whole app asks. */
  | { readonly kind: 'staff' }
  /** A signature or a secret was verified, and no user is there. */
  | { readonly kind: 'system' };

/** An entry point that asks for rows with an owner. */
export interface ScopedEntry {
  readonly entry: EntryPoint;
  readonly scope: EntryScope;
  /** The query that decided it. */
  readonly query: { readonly table: string; readonly place: Place };
}

/** What of the rest of the model decides a scope. */
export interface ScopeContext {
  readonly tenancy: TenancyModel;
  /** Queries of other clients, such as the auth library's. */
  readonly isSkipped: (query: QueryPath) => boolean;
  /** Queries that were not judged to keep foreign rows back. */
  readonly isOpen: (query: QueryPath) => boolean;
}

/** Every entry point that reaches rows with an owner. */
export function entryScopes(app: AppModel, context: ScopeContext): readonly ScopedEntry[] {
  const { tenancy, isSkipped } = context;
  const owned = new Set(tenancy.owners.filter(each => each.ownership.kind !== 'shared').map(each => each.table));
  const byEntry = new Map<string, [QueryPath, ...QueryPath[]]>();
  for (const query of app.queries) {
    if (!owned.has(query.query.table) || query.query.service !== undefined || isSkipped(query)) continue;
    const key = `${query.entryPoint.name} ${query.entryPoint.file}`;
    const known = byEntry.get(key);
    if (known === undefined) byEntry.set(key, [query]);
    else known.push(query);
  }
  return [...byEntry.values()].map(queries => scopeOf(queries, context));
}

function scopeOf(queries: readonly [QueryPath, ...QueryPath[]], { tenancy, isOpen }: ScopeContext): ScopedEntry {
  const [first] = queries;
  const because = ({ query, place }: QueryPath, scope: EntryScope): ScopedEntry => ({
    entry: first.entryPoint,
    scope,
    query: { table: query.table, place },
  });
  const system = queries.find(query => query.principal === 'system');
  if (system !== undefined) return because(system, { kind: 'system' });
  const nobody = queries.find(query => query.principal === 'anonymous' && !isKnown(query));
  if (nobody !== undefined)
    return because(nobody, {
      kind: 'nobody',
      isOpen: queries.some(query => query.principal === 'anonymous' && isOpen(query)),
    });
  const staff = queries.find(query => query.principal === 'admin');
  if (staff !== undefined) return because(staff, { kind: 'staff' });
  const named = queries.flatMap(query => namesIn(query, tenancy));
  const paths = [...new Set(named.map(each => each.path))];
  const [only] = named;
  if (only === undefined) return because(first, { kind: 'session' });
  if (paths.length === 1 && named.every(each => each.isKey)) return because(first, { kind: 'named', path: only.path });
  return because(first, { kind: 'unclear', paths });
}

/** A guard that does not hold the path still tells that whoever asks is meant to be signed in. */
function isKnown({ facts }: QueryPath): boolean {
  return facts.some(fact => fact.holds.kind === 'signed-in');
}

interface Named {
  readonly path: string;
  /** It is compared with the tenant's key, not with a name of it. */
  readonly isKey: boolean;
}

/** Values of the request that a query, or a guard before it, compares with what says whose a row is. */
function namesIn({ query, facts }: QueryPath, tenancy: TenancyModel): readonly Named[] {
  const rows: RowVariable[] = [{ name: 'self', table: query.table, where: query.where }, ...query.joined];
  const named: Named[] = [];
  for (const { holds } of facts) {
    if (holds.kind === 'row') rows.push(holds.row);
    if (holds.kind === 'member' && holds.tenant.kind === 'client') named.push({ path: holds.tenant.path, isKey: true });
  }
  for (const row of rows) visit(row.where, [row], tenancy, named);
  for (const { column, value } of query.values) note(own(column), value, rows, tenancy, named);
  return named;
}

function visit(predicate: Predicate, rows: readonly RowVariable[], tenancy: TenancyModel, named: Named[]): void {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      for (const each of predicate.operands) visit(each, rows, tenancy, named);
      return;
    case 'exists':
      visit(predicate.row.where, [...rows, predicate.row], tenancy, named);
      return;
    case 'maybe-absent':
      visit(predicate.operand, rows, tenancy, named);
      return;
    case 'compare':
      if (predicate.operator !== '=' && predicate.operator !== 'is-not-distinct-from') return;
      for (const [column, value] of [
        [predicate.left, predicate.right],
        [predicate.right, predicate.left],
      ] as const)
        note(column, value, rows, tenancy, named);
      return;
    default:
  }
}

function note(column: Term, value: Term, rows: readonly RowVariable[], tenancy: TenancyModel, named: Named[]): void {
  if (column.kind !== 'column' || value.kind !== 'client') return;
  const table = (rows.find(row => row.name === column.row) ?? rows[0])?.table;
  if (table === undefined) return;
  if (table === tenancy.root?.table) named.push({ path: value.path, isKey: column.column === tenancy.root.key });
  else if (tenantColumns(table, tenancy).includes(column.column)) named.push({ path: value.path, isKey: true });
}

function tenantColumns(table: string, { memberships, owners, root }: TenancyModel): readonly string[] {
  const owner = owners.find(each => each.table === table)?.ownership;
  return [
    ...memberships.filter(each => each.table === table).map(each => each.tenantColumn),
    ...(owner?.kind === 'tenant' && owner.path.length === 1 && owner.path[0].table === root?.table
      ? [owner.path[0].column]
      : []),
  ];
}
