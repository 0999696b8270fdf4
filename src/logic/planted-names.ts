import type { DatabaseFunction, DatabaseModel } from '../model/database/types.ts';
import { bareNamesOf, type BareCall } from './bare-names.ts';

/** What an object made in a schema would be taken for. */
export interface Plantable {
  /** Names that are found there before the app's own. */
  readonly before: readonly string[];
  /** Functions and operators that are beaten by one with the exact types of their arguments, wherever it stands on the path. */
  readonly beaten: readonly string[];
}

/**
 * Which names in the body of a function an object in the schema would be taken for, as far as the schema is on its path.
 * The earlier schema wins for tables and types; of functions and operators the one whose types fit best.
 * https://www.postgresql.org/docs/current/typeconv-oper.html
 */
export function plantableIn(schema: string, definition: DatabaseFunction, database: DatabaseModel): Plantable {
  const path = pathOf(definition, database);
  const position = path.indexOf(schema);
  const names = position === -1 ? undefined : bareNamesOf(definition);
  if (names === undefined) return { before: [], beaten: [] };
  const before = path.slice(0, position + 1);
  const isLater = (homes: readonly string[]): boolean =>
    homes.length > 0 && !homes.some(home => before.includes(home)) && homes.some(home => path.includes(home));
  const relations = [...names.tables].filter(name => isLater(homesOf(name, [...database.tables, ...database.views])));
  const types = [...names.types].filter(name =>
    isLater(homesOf(name, [...database.tables, ...database.views, ...database.enums.map(withSchema)])),
  );
  const functions = names.calls.filter(
    ({ kind, name }) => kind === 'function' && isLater(homesOf(name, database.functions)),
  );
  return {
    before: unique([...relations, ...types, ...functions.map(({ name }) => name)]),
    beaten: unique(
      names.calls
        .filter(call => !functions.includes(call) && isBeaten(call, definition, database))
        .map(({ name }) => name),
    ),
  };
}

/** Whether an argument is of a type for which Postgres has no operator or function of its own. */
function isBeaten(call: BareCall, definition: DatabaseFunction, database: DatabaseModel): boolean {
  const own = database.functions.filter(({ name }) => bare(name) === call.name);
  const expected = new Set(own.flatMap(each => each.arguments.map(({ type }) => type)));
  return [...call.columns.flatMap(column => typesOf(column, definition, database)), ...call.casts].some(
    type => !hasItsOwn(type) && !expected.has(type),
  );
}

/** What a column or argument of that name may be, in the tables that the body names. */
function typesOf(column: string, definition: DatabaseFunction, database: DatabaseModel): readonly string[] {
  const parameter = definition.arguments.find(({ name }) => name === column);
  if (parameter !== undefined) return [parameter.type];
  return database.tables
    .filter(({ name }) => new RegExp(`\\b${bare(name).replaceAll(/\W/g, '\\$&')}\\b`, 'i').test(definition.body))
    .flatMap(table => table.columns.filter(({ name }) => name === column).map(({ type }) => type));
}

/** Names of the catalog and of the parser for types with operators declared for them. */
const declared =
  /^(pg_catalog\.)?(uuid|text|integer|bigint|smallint|int[248]?|bool|boolean|date|time|timetz|timestamp|timestamptz|time with(out)? time zone|timestamp with(out)? time zone|interval|numeric|double precision|real|float[48]|bytea|inet|jsonb|character|bpchar|name|oid|money|bit|trigger|void|record)(\([\d,]+\))?( with(out)? time zone)?$/;

function hasItsOwn(type: string): boolean {
  return declared.test(type);
}

function pathOf({ searchPath, schema }: DatabaseFunction, { platform }: DatabaseModel): readonly string[] {
  const own = schema === 'public' ? [] : [schema];
  const usual = ['public', ...(platform === 'supabase' ? ['extensions'] : []), ...own];
  return searchPath?.split(',').map(part => part.trim().replaceAll('"', '')) ?? usual;
}

function homesOf(
  name: string,
  objects: readonly { readonly name: string; readonly schema: string }[],
): readonly string[] {
  return objects.filter(each => bare(each.name) === name).map(each => each.schema);
}

function withSchema({ name }: { readonly name: string }): { readonly name: string; readonly schema: string } {
  return { name, schema: name.includes('.') ? name.replace(/\.[^.]*$/, '') : 'public' };
}

function bare(name: string): string {
  return name.replace(/^.*\./, '');
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
