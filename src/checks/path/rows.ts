import type { Operation } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { OwnerHop } from '../../model/tenancy/types.ts';
import type { CheckInput, JudgedPath } from '../check.ts';
import { ownerOf } from '../harm.ts';
import { callerSettings, callerValuesFor, unique } from './terms.ts';

/** The part of a repair that says where it is made. */
export function siteOf(
  path: JudgedPath,
  place: Place = path.sink,
): { readonly place: Place; readonly entryPoint: string } {
  const { file, line, endLine } = place;
  return { place: endLine === undefined ? { file, line } : { file, line, endLine }, entryPoint: path.entryPoint.name };
}

/** The part of a repair that says which row has to be tied to its tenant, and over which columns. */
export function ownedRowOf(
  path: JudgedPath,
  { tenancy }: CheckInput,
): {
  readonly table: string;
  readonly operation: Operation;
  readonly column?: string;
  readonly ownerPath: readonly OwnerHop[];
} {
  const { table, operation } = path.sink;
  const ownerPath = ownerPathOf(tenancy, table);
  const [first] = ownerPath;
  return {
    table,
    operation,
    ...(first !== undefined && ownerPath.length === 1 ? { column: first.column } : {}),
    ownerPath,
  };
}

/** How rows of the table reach their tenant or user; empty when they have none. */
export function ownerPathOf(tenancy: CheckInput['tenancy'], table: string): readonly OwnerHop[] {
  const ownership = ownerOf(tenancy, table)?.ownership;
  return ownership?.kind === 'tenant' || ownership?.kind === 'user' ? ownership.path : [];
}

/** Columns of the table that name a tenant or a user directly. */
export function ownerColumnsOf({ tenancy, database }: CheckInput, table: string): readonly string[] {
  const own = ownerPathOf(tenancy, table);
  const direct = own.length === 1 ? own.map(hop => hop.column) : [];
  const parents = [tenancy.root?.table, tenancy.principal?.table];
  const keys = database.tables.find(candidate => candidate.name === table)?.foreignKeys ?? [];
  const referring = keys
    .filter(key => key.columns.length === 1 && parents.includes(key.table))
    .flatMap(key => key.columns);
  const itself =
    table === tenancy.root?.table
      ? [tenancy.root.key]
      : table === tenancy.principal?.table
        ? [tenancy.principal.key]
        : [];
  return unique([...direct, ...referring, ...itself]);
}

/** What the caller sent that stands where the tenant or the owner of the row should: in the query's condition, in what it writes, or in a setting that policies read. */
export function clientTenantsOf(path: JudgedPath, input: CheckInput): readonly string[] {
  const columns = ownerColumnsOf(input, path.sink.table);
  return unique([...columns.flatMap(column => callerValuesFor(path.model, column)), ...callerSettings(path.model)]);
}

/** The beginning of a message: which query, by what it does. */
export function describeQuery(path: JudgedPath): string {
  const verbs = { read: 'reads', insert: 'adds to', update: 'changes', delete: 'deletes from' } as const;
  return `The query in '${path.entryPoint.name}' that ${verbs[path.sink.operation]} '${path.sink.table}'`;
}
