import type { Sql } from '../../core/ports.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { plainText } from './plain-text.ts';
import type { Seed, TenantKey } from '../exploit/seed-types.ts';
import { sqlName } from '../../logic/closure.ts';

/** A row as JSON sees it. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Every row of every table at one moment: table → key → row. */
export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, StoredRow>>;

/** One row that differs between two moments. */
export interface Change {
  readonly table: string;
  readonly kind: 'inserted' | 'updated' | 'deleted';
  readonly before: StoredRow | undefined;
  readonly after: StoredRow | undefined;
  /** Columns that differ, for an update. */
  readonly columns: readonly string[];
}

/** The name of a table, quoted for a statement. */
export function quotedName(table: Pick<Table, 'schema' | 'name'>): string {
  const bare = table.name.startsWith(`${table.schema}.`) ? table.name.slice(table.schema.length + 1) : table.name;
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(bare)}`;
}

/** An identifier, quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Reads all rows in one statement. Made for a database of a few hundred synthesised rows. */
export async function takeSnapshot(sql: Sql, database: DatabaseModel): Promise<Snapshot> {
  const tables = ordinaryTables(database);
  if (tables.length === 0) return new Map();
  const parts = tables.map(
    (table, index) => `select ${index} as number, to_jsonb(x) as row from ${quotedName(table)} x`,
  );
  const result = await sql.query(parts.join(' union all '));
  const snapshot = new Map<string, Map<string, StoredRow>>(tables.map(table => [sqlName(table), new Map()]));
  for (const record of result.rows) {
    const table = tables[Number(record['number'])];
    const row = record['row'];
    if (table === undefined || typeof row !== 'object' || row === null) continue;
    snapshot.get(sqlName(table))?.set(rowKey(table, row as StoredRow), row as StoredRow);
  }
  return snapshot;
}

/** What changed between two moments, in the order of tables. */
export function diffSnapshots(before: Snapshot, after: Snapshot): readonly Change[] {
  return [...after].flatMap(([table, rows]) => {
    const earlier = before.get(table) ?? new Map<string, StoredRow>();
    const inserted = [...rows].filter(([key]) => !earlier.has(key)).map(([, row]) => change(table, undefined, row));
    const deleted = [...earlier].filter(([key]) => !rows.has(key)).map(([, row]) => change(table, row, undefined));
    const updated = [...rows].flatMap(([key, row]) => {
      const old = earlier.get(key);
      return old !== undefined && changedColumns(old, row).length > 0 ? [change(table, old, row)] : [];
    });
    return [...inserted, ...updated, ...deleted];
  });
}

/** Puts changed rows back as they were. Triggers and foreign keys are off meanwhile: only stored rows move. */
export async function restore(sql: Sql, database: DatabaseModel, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const grouped = ordinaryTables(database).flatMap(table => {
    const items = changes.filter(item => item.table === sqlName(table));
    return items.length === 0 ? [] : [[table, items] as const];
  });
  await sql.query('begin');
  try {
    await sql.query('set local session_replication_role = replica');
    for (const [table, items] of grouped)
      await deleteRows(
        sql,
        table,
        items.flatMap(item => (item.after === undefined ? [] : [item.after])),
      );
    for (const [table, items] of grouped)
      await insertRows(
        sql,
        table,
        items.flatMap(item => (item.before === undefined ? [] : [item.before])),
      );
    await sql.query('commit');
  } catch (thrown) {
    await sql.query('rollback');
    throw thrown;
  }
}

/** Inserts stored rows as they are, generated columns left out. */
export async function insertRows(sql: Sql, table: Table, rows: readonly StoredRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const list = table.columns
    .filter(column => !column.generated && column.name in first)
    .map(column => quoteIdentifier(column.name))
    .join(', ');
  const name = quotedName(table);
  await sql.query(
    `insert into ${name} (${list}) overriding system value select ${list} from jsonb_populate_recordset(null::${name}, $1::jsonb) on conflict do nothing`,
    [JSON.stringify(rows)],
  );
}

async function deleteRows(sql: Sql, table: Table, rows: readonly StoredRow[]): Promise<void> {
  if (rows.length === 0) return;
  const keys = table.primaryKey.length > 0 ? table.primaryKey : table.columns.map(column => column.name);
  const conditions = keys.map(key => `to_jsonb(x) -> ${literal(key)} is not distinct from given -> ${literal(key)}`);
  await sql.query(
    `delete from ${quotedName(table)} x using jsonb_array_elements($1::jsonb) given where ${conditions.join(' and ')}`,
    [JSON.stringify(rows)],
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs a statement that a constraint may refuse; then everything stays as it was. */
export async function tryStatement(sql: Sql, statement: string): Promise<void> {
  await sql.query('begin');
  try {
    await sql.query(statement);
    await sql.query('commit');
  } catch {
    await sql.query('rollback');
  }
}

/** Whose row it is; `undefined` for shared rows and for rows nobody of the seed owns. */
export function tenantOfRow(
  table: string,
  row: StoredRow,
  world: { readonly tenancy: TenancyModel; readonly seed: Seed; readonly snapshot: Snapshot },
): TenantKey | undefined {
  const owner = world.tenancy.owners.find(candidate => candidate.table === table);
  if (table === world.tenancy.root?.table) return tenantOfKey(row[world.tenancy.root.key], world.seed);
  if (owner === undefined || (owner.ownership.kind !== 'tenant' && owner.ownership.kind !== 'user')) return undefined;
  let current: StoredRow | undefined = row;
  for (const [index, hop] of owner.ownership.path.entries()) {
    const value: unknown = current?.[hop.column];
    if (value === undefined || value === null) return undefined;
    if (index === owner.ownership.path.length - 1) return tenantOfKey(value, world.seed);
    current = [...(world.snapshot.get(hop.table)?.values() ?? [])].find(
      candidate => plainText(candidate[hop.referencedColumn]) === plainText(value),
    );
  }
  return undefined;
}

function tenantOfKey(value: unknown, seed: Seed): TenantKey | undefined {
  const text = plainText(value);
  return (['A', 'B', 'C'] as const).find(key => {
    const tenant = seed.tenants[key];
    return tenant?.tenantId === text || tenant?.users.some(user => user.id === text);
  });
}

function ordinaryTables(database: DatabaseModel): readonly Table[] {
  return database.tables.filter(
    table => table.kind !== 'foreign-table' && !/^(?:pg_|information_schema)/.test(table.schema),
  );
}

function change(table: string, before: StoredRow | undefined, after: StoredRow | undefined): Change {
  const kind = before === undefined ? 'inserted' : after === undefined ? 'deleted' : 'updated';
  return {
    table,
    kind,
    before,
    after,
    columns: before !== undefined && after !== undefined ? changedColumns(before, after) : [],
  };
}

function changedColumns(before: StoredRow, after: StoredRow): readonly string[] {
  return Object.keys(after).filter(column => JSON.stringify(before[column]) !== JSON.stringify(after[column]));
}

function rowKey(table: Table, row: StoredRow): string {
  return JSON.stringify(table.primaryKey.length > 0 ? table.primaryKey.map(column => row[column]) : row);
}
