import { quoteLiteral, quoteName, quoteQualified } from '../../core/quote.ts';
import { callsOfCondition, relationsOfCondition } from '../../logic/condition-tree.ts';
import type { Column, DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { tablesMentioned } from '../exploit/function-calls.ts';
import type { Seed, SeededRow } from '../exploit/seed-types.ts';
import { isPlatformTable } from '../../model/database/platform.ts';
import { ownerOfTable } from '../../model/tenancy/owner-of.ts';

/** How many rows are made. */
export interface Volume {
  /** Of the table that is listed. */
  readonly rows: number;
  /** Of each table that its policies read. */
  readonly others: number;
  /** To whom they belong, in equal parts. */
  readonly tenants: number;
}

/** A product with some customers: what is slow here is slow there. */
export const usualVolume: Volume = { rows: 100_000, others: 20_000, tenants: 1_000 };

/** What rows are made from. */
export interface VolumeSources {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly volume: Volume;
}

/** An insert that fills one table. */
export interface Filling {
  readonly table: Table;
  readonly statement: string;
}

/**
 * Fills a table and all that its policies read. Rows look like the one of tenant A that is there; keys are computed from the
 * row's number, so that references between the tables hold and every tenant has as many. Number 0 is tenant A, or its member.
 */
export function fillings(table: Table, sources: VolumeSources): readonly Filling[] {
  const behind = tablesBehindPolicies(table, sources.database).filter(
    other => other.name !== table.name && !isPlatformTable(other, sources.database),
  );
  const hops = sources.tenancy.owners
    .filter(owner => [table.name, ...behind.map(each => each.name)].includes(owner.table))
    .flatMap(({ ownership }) =>
      ownership.kind === 'tenant' || ownership.kind === 'user' ? ownership.path.map(hop => hop.table) : [],
    );
  const filled = sources.database.tables.filter(
    other =>
      other.name === table.name || behind.includes(other) || (hops.includes(other.name) && !isUsers(other, sources)),
  );
  return filled.flatMap(each => {
    const statement = filling(each, table, new Set(filled.map(({ name }) => name)), sources);
    return statement === undefined ? [] : [{ table: each, statement }];
  });
}

function isUsers(table: Table, { tenancy }: VolumeSources): boolean {
  return table.name === tenancy.principal?.table;
}

/** Relations that the policies of a table read, themselves or in functions, and those that their policies read. */
function tablesBehindPolicies(table: Table, database: DatabaseModel): readonly Table[] {
  const found = new Map<string, Table>();
  const add = (policies: readonly Policy[]): void => {
    const conditions = policies.flatMap(({ using, check }) => [using ?? '', check ?? '']).filter(text => text !== '');
    const called = new Set(conditions.flatMap(callsOfCondition).map(call => call.name.replace(/^public\./, '')));
    const names = [
      ...conditions.flatMap(relationsOfCondition),
      ...database.functions.filter(each => called.has(each.name)).flatMap(each => tablesMentioned(each, database)),
    ];
    for (const next of database.tables.filter(each => names.includes(each.name) && !found.has(each.name))) {
      found.set(next.name, next);
      add(next.policies);
    }
  };
  add(table.policies);
  return [...found.values()];
}

function filling(table: Table, listed: Table, filled: ReadonlySet<string>, sources: VolumeSources): string | undefined {
  const [row] = sources.seed.tenants.A?.rows[table.name] ?? [];
  if (row === undefined) return undefined;
  const isRoot = table.name === sources.tenancy.root?.table;
  const count = isRoot
    ? sources.volume.tenants
    : table.name === listed.name
      ? sources.volume.rows
      : sources.volume.others;
  const columns = table.columns.filter(column => !column.generated || table.primaryKey.includes(column.name));
  const values = columns.map(column => valueOf(column, table, row, filled, sources));
  return [
    `insert into ${quoteQualified(table.name)} (${columns.map(({ name }) => quoteName(name)).join(', ')}) overriding system value`,
    `select ${values.join(', ')} from generate_series(1, ${count}) i on conflict do nothing`,
  ].join('\n');
}

/** The value of a column in row `i`. */
function valueOf(
  column: Column,
  table: Table,
  row: SeededRow,
  filled: ReadonlySet<string>,
  sources: VolumeSources,
): string {
  const { tenancy, volume } = sources;
  const membership = tenancy.memberships.find(
    each => each.table === table.name && (each.lists === undefined || each.userColumn === column.name),
  );
  const owner = ownerOfTable(tenancy, table.name)?.ownership;
  const hop = owner?.kind === 'tenant' || owner?.kind === 'user' ? owner.path[0] : undefined;
  const key = table.foreignKeys.find(each => each.columns.length === 1 && each.columns[0] === column.name);
  const target =
    hop?.column === column.name
      ? { table: hop.table, column: hop.referencedColumn }
      : key === undefined
        ? undefined
        : { table: key.table, column: key.referencedColumns[0] ?? '' };
  const kept = keptValue(column, row[column.name]);
  // Nobody else is the user who lists: one row of his own is there.
  if (membership?.lists !== undefined) return listOfOther(column, membership.lists);
  if (membership?.userColumn === column.name) return keyValue(column, 'i', kept, tenancy.principal, sources);
  const unique = table.uniqueKeys.find(parts => parts.includes(column.name));
  const place = unique?.indexOf(column.name) ?? -1;
  if (target !== undefined && table.name !== tenancy.root?.table) {
    const number =
      place > 0 && unique !== undefined && unique.length > 1
        ? `(i / ${volume.tenants} + 1)`
        : `(i % ${volume.tenants})`;
    if (target.table === tenancy.root?.table || target.table === tenancy.principal?.table)
      return keyValue(column, number, kept, target, sources);
    return filled.has(target.table) ? keyValue(column, `(1 + i % ${volume.others})`, kept, target, sources) : kept;
  }
  return unique === undefined ? kept : keyValue(column, 'i', kept, { table: table.name }, sources);
}

/** The key with a number: that of tenant A or its member for 0, one that nobody has for any other. */
function keyValue(
  { type }: Column,
  number: string,
  kept: string,
  of: { readonly table: string } | undefined,
  { tenancy, seed }: VolumeSources,
): string {
  const made = madeValue(type, number);
  if (made === undefined) return kept;
  const { users = [], tenantId } = seed.tenants.A ?? {};
  const first =
    of?.table === tenancy.root?.table
      ? tenantId
      : of?.table === tenancy.principal?.table
        ? listenerOf(users)?.id
        : undefined;
  return first === undefined ? made : `case when ${number} = 0 then ${literal(first)} else ${made} end`;
}

/** The member of tenant A that lists: not its administrator, where there is another. */
function listenerOf<User>(users: readonly User[]): User | undefined {
  return users[1] ?? users[0];
}

function madeValue(type: string, number: string): string | undefined {
  if (type === 'uuid') return `('dddddddd' || lpad(to_hex(${number}), 24, '0'))::uuid`;
  if (/^(text|citext|character varying)$/.test(type)) return `'dd' || ${number}`;
  if (/^(bigint|integer|numeric)/.test(type)) return `1000000 + ${number}`;
  return undefined;
}

/** A list with one user in it that nobody else has. */
function listOfOther({ type }: Column, holds: 'keys' | 'addresses'): string {
  const element = type.endsWith('[]') && holds === 'keys' ? madeValue(type.slice(0, -2), 'i') : undefined;
  const other = element ?? `'dd' || i || '@example.test'`;
  return type.endsWith('[]') ? `array[${other}]::${type}` : `${type}_build_array(${other})`;
}

/** A row was read as JSON, where arrays look otherwise. */
function keptValue({ type }: Column, value: string | null | undefined): string {
  return type.endsWith('[]') && value?.startsWith('[') === true
    ? `array(select jsonb_array_elements_text(${quoteLiteral(value)}::jsonb))::${type}`
    : literal(value);
}

function literal(value: string | null | undefined): string {
  return value === null || value === undefined ? 'null' : quoteLiteral(value);
}
