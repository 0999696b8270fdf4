import type { Sql } from '../../core/ports.ts';
import type {
  Column,
  DatabaseFunction,
  DatabaseModel,
  DatabaseRole,
  ForeignKey,
  Grant,
  Policy,
  PolicyCommand,
  SourcePlace,
  Table,
  TableTrigger,
  View,
} from '../../model/database/types.ts';
import {
  bucketsQuery,
  bucketsReadableQuery,
  enumsQuery,
  functionsQuery,
  rolesQuery,
  tablesQuery,
  viewsQuery,
} from './catalog-queries.ts';
import { readFacts, withoutText } from './catalog-facts.ts';
import type { Platform } from '../../core/platform.ts';
import type { Places } from './replay.ts';
import { flag, optionalText, rowsIn, text, texts, type CatalogRow } from './row.ts';
import { sqlName } from './statement-kind.ts';

/** Reads the whole catalog in one read-only transaction; no row of any table of the app is looked at. */
export async function readCatalog(sql: Sql, platform: Platform, places: Places = new Map()): Promise<DatabaseModel> {
  await sql.query('begin isolation level repeatable read read only');
  try {
    await sql.query(`set local statement_timeout = '30s'`);
    return await readCatalogHere(sql, platform, places);
  } finally {
    await sql.query('rollback');
  }
}

/** The same, in the transaction that is open. */
export async function readCatalogHere(sql: Sql, platform: Platform, places: Places): Promise<DatabaseModel> {
  // Every name outside of pg_catalog is printed with its schema, whatever the session's path was.
  await sql.query(`set local search_path = ''`);
  const rows = async (query: string): Promise<readonly CatalogRow[]> => (await sql.query(query)).rows;
  const tables = (await rows(tablesQuery(platform))).map(row => toTable(row, places));
  return {
    tables,
    views: (await rows(viewsQuery(platform))).map(row => toView(row, places)),
    functions: (await rows(functionsQuery(platform))).map(row => toFunction(row, places)),
    roles: (await rows(rolesQuery)).map(toRole),
    enums: (await rows(enumsQuery(platform))).map(row => ({ name: text(row, 'name'), values: texts(row, 'values') })),
    buckets:
      (await rows(bucketsReadableQuery)).length > 0
        ? (await rows(bucketsQuery)).map(row => ({ name: text(row, 'name'), public: flag(row, 'public') }))
        : [],
    platform,
    facts: await readFacts(rows, places),
  };
}

function toTable(row: CatalogRow, places: Places): Table {
  const schema = text(row, 'schema');
  const name = sqlName(schema, text(row, 'name'));
  const kinds: Readonly<Record<string, Table['kind']>> = { r: 'table', p: 'partitioned', f: 'foreign-table' };
  return {
    name,
    schema,
    kind: kinds[text(row, 'kind')] ?? 'table',
    owner: text(row, 'owner'),
    columns: rowsIn(row, 'columns').map(toColumn),
    primaryKey: texts(row, 'primary_key'),
    uniqueKeys: lists(row, 'unique_keys'),
    foreignKeys: rowsIn(row, 'foreign_keys').map(toForeignKey),
    indexes: rowsIn(row, 'indexes').map(toIndex),
    checks: rowsIn(row, 'checks').map(check => ({ name: text(check, 'name'), expression: text(check, 'expression') })),
    rowSecurity: flag(row, 'row_security'),
    forceRowSecurity: flag(row, 'force_row_security'),
    policies: rowsIn(row, 'policies').map(policy => toPolicy(policy, name, places)),
    grants: [...rowsIn(row, 'grants'), ...rowsIn(row, 'column_grants')].flatMap(toGrant),
    ...some('parents', texts(row, 'parents')),
    ...some('triggers', rowsIn(row, 'triggers').map(toTrigger)),
    ...some('rules', texts(row, 'rules')),
    ...placeOf(places, `table:${name}`),
  };
}

function toTrigger(row: CatalogRow): TableTrigger {
  return {
    name: text(row, 'name'),
    function: sqlName(text(row, 'schema'), text(row, 'function')),
    definition: text(row, 'definition'),
  };
}

/** The list under its name, where it holds anything. */
function some<K extends string, T>(name: K, list: readonly T[]): { readonly [P in K]?: readonly T[] } {
  return list.length === 0 ? {} : ({ [name]: list } as { readonly [P in K]?: readonly T[] });
}

function toIndex(row: CatalogRow): Table['indexes'][number] {
  return {
    name: text(row, 'name'),
    columns: texts(row, 'columns'),
    ...(flag(row, 'unique') ? { unique: true } : {}),
    ...(flag(row, 'constraint') ? { constraint: true } : {}),
  };
}

function toColumn(row: CatalogRow): Column {
  return {
    name: text(row, 'name'),
    type: typeName(text(row, 'type')),
    ...(typeof row['domainOf'] === 'string' ? { domainOf: typeName(row['domainOf']) } : {}),
    notNull: flag(row, 'notNull'),
    hasDefault: flag(row, 'hasDefault'),
    generated: flag(row, 'generated'),
    ...(row['randomDefault'] === true ? { randomDefault: true } : {}),
    ...(row['startsTrue'] === true ? { startsTrue: true } : {}),
  };
}

function toForeignKey(row: CatalogRow): ForeignKey {
  const actions: Readonly<Record<string, ForeignKey['onDelete']>> = {
    a: 'no action',
    r: 'restrict',
    c: 'cascade',
    n: 'set null',
    d: 'set default',
  };
  return {
    name: text(row, 'name'),
    columns: texts(row, 'columns'),
    table: sqlName(text(row, 'schema'), text(row, 'table')),
    referencedColumns: texts(row, 'referenced'),
    onDelete: actions[text(row, 'onDelete')] ?? 'no action',
  };
}

function toPolicy(row: CatalogRow, table: string, places: Places): Policy {
  const commands: Readonly<Record<string, PolicyCommand>> = {
    '*': 'all',
    r: 'select',
    a: 'insert',
    w: 'update',
    d: 'delete',
  };
  const name = text(row, 'name');
  const using = optionalText(row, 'using');
  const check = optionalText(row, 'check');
  const written = places.get(`policy:${table}/${name}`)?.text;
  return {
    name,
    table,
    command: commands[text(row, 'command')] ?? 'all',
    permissive: flag(row, 'permissive'),
    roles: texts(row, 'roles'),
    ...(using === undefined ? {} : { using }),
    ...(check === undefined ? {} : { check }),
    ...placeOf(places, `policy:${table}/${name}`),
    ...(written === undefined ? {} : { written }),
  };
}

const privileges: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'references',
  'trigger',
  'execute',
]);

function isPrivilege(value: string): value is Grant['privilege'] {
  return privileges.has(value);
}

function toGrant(row: CatalogRow): readonly Grant[] {
  const privilege = text(row, 'privilege');
  if (!isPrivilege(privilege)) return [];
  const column = optionalText(row, 'column');
  return [{ role: text(row, 'role'), privilege, ...(column === undefined ? {} : { column }) }];
}

function toView(row: CatalogRow, places: Places): View {
  const schema = text(row, 'schema');
  const name = sqlName(schema, text(row, 'name'));
  return {
    name,
    schema,
    materialized: flag(row, 'materialized'),
    securityInvoker: flag(row, 'security_invoker'),
    owner: text(row, 'owner'),
    columns: rowsIn(row, 'columns').map(toColumn),
    reads: texts(row, 'reads'),
    definition: text(row, 'definition'),
    grants: rowsIn(row, 'grants').flatMap(toGrant),
    ...some('triggers', rowsIn(row, 'triggers').map(toTrigger)),
    ...some('rules', texts(row, 'rules')),
    ...placeOf(places, `view:${name}`),
  };
}

function toFunction(row: CatalogRow, places: Places): DatabaseFunction {
  const schema = text(row, 'schema');
  const name = sqlName(schema, text(row, 'name'));
  const volatilities: Readonly<Record<string, DatabaseFunction['volatility']>> = {
    i: 'immutable',
    s: 'stable',
    v: 'volatile',
  };
  const searchPath = optionalText(row, 'search_path');
  return {
    name,
    schema,
    signature: typeName(text(row, 'signature')),
    arguments: rowsIn(row, 'arguments').map((argument, index, all) => ({
      name: text(argument, 'name'),
      type: typeName(text(argument, 'type')),
      // Defaults are those of the last arguments: https://www.postgresql.org/docs/18/catalog-pg-proc.html
      ...(index >= all.length - Number(row['defaults']) ? ({ hasDefault: true } as const) : {}),
      ...(flag(argument, 'variadic') ? ({ isVariadic: true } as const) : {}),
      ...some(
        'fields',
        rowsIn(argument, 'fields').map(field => ({ name: text(field, 'name'), type: typeName(text(field, 'type')) })),
      ),
    })),
    returns: optionalText(row, 'returns') ?? 'void',
    returnsSet: flag(row, 'returns_set'),
    language: text(row, 'language'),
    securityDefiner: flag(row, 'security_definer'),
    strict: flag(row, 'strict'),
    ...(searchPath === undefined ? {} : { searchPath }),
    parameters: text(row, 'parameters'),
    ...some('settings', texts(row, 'settings')),
    owner: text(row, 'owner'),
    body: text(row, 'body'),
    volatility: volatilities[text(row, 'volatility')] ?? 'volatile',
    grants: rowsIn(row, 'grants').flatMap(toGrant),
    ...placeOf(places, `function:${name}`),
  };
}

function toRole(row: CatalogRow): DatabaseRole {
  return {
    name: text(row, 'name'),
    superuser: flag(row, 'superuser'),
    bypassRowSecurity: flag(row, 'bypass_row_security'),
    login: flag(row, 'login'),
    memberOf: texts(row, 'member_of'),
  };
}

/** Names in `public` are written without it, as everywhere in the model. */
function typeName(printed: string): string {
  return printed.replace(/\bpublic\./g, '');
}

function lists(row: CatalogRow, column: string): readonly (readonly string[])[] {
  const value = row[column];
  return Array.isArray(value) ? value.map(list => (Array.isArray(list) ? list.map(String) : [])) : [];
}

function placeOf(places: Places, key: string): { readonly definedAt?: SourcePlace } {
  const place = places.get(key);
  return place === undefined ? {} : { definedAt: withoutText(place) };
}
