import type { Cell } from '../../core/cell.ts';
import { objectName } from '../../core/cell.ts';
import type { Change } from '../../core/rules.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table, View } from '../../model/database/types.ts';
import type { RulesState } from './compare.ts';

/** What has another name than before. Names of columns and policies are by the table's new name. */
export interface Renames {
  readonly tables: ReadonlyMap<string, string>;
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly policies: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly functions: ReadonlyMap<string, string>;
  readonly views: ReadonlyMap<string, string>;
}

/** Names that stand in texts of SQL. */
type Named = Omit<Renames, 'policies'>;

/** Tables are the same where so much of their columns is. */
const alike = 0.75;

/**
 * A table that is gone and one that is new are the same where their columns are, and no other is as much like either; a
 * column where it stands in the same place; a policy, function or view where it says the same, and nothing else does.
 */
export function findRenames(before: DatabaseModel, after: DatabaseModel): Renames {
  const tables = renamedTables(before.tables, after.tables);
  const columns = new Map<string, ReadonlyMap<string, string>>();
  const both = before.tables.flatMap(was => {
    const is = after.tables.find(({ name }) => name === (tables.get(was.name) ?? was.name));
    return is === undefined ? [] : [{ was, is }];
  });
  for (const { was, is } of both) {
    const found = renamedColumns(was, is);
    if (found.size > 0) columns.set(is.name, found);
  }
  const functions = renamedFunctions(before, after, { tables, columns, functions: new Map(), views: new Map() });
  const views = renamedViews(before, after, { tables, columns, functions, views: new Map() });
  const policies = new Map<string, ReadonlyMap<string, string>>();
  for (const { was, is } of both) {
    const found = renamedPolicies(was, is, { tables, columns, functions, views });
    if (found.size > 0) policies.set(is.name, found);
  }
  return { tables, columns, policies, functions, views };
}

/** What one calls the other by its new name is found once the other is. */
function untilSettled(
  find: (known: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  let known: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const found = find(known);
    if (found.size === known.size) return found;
    known = found;
  }
}

function renamedFunctions(before: DatabaseModel, after: DatabaseModel, named: Named): ReadonlyMap<string, string> {
  const names = ({ functions }: DatabaseModel): ReadonlySet<string> => new Set(functions.map(({ name }) => name));
  const [was, is] = [names(before), names(after)];
  const gone = before.functions.filter(({ name }) => !is.has(name));
  const fresh = after.functions.filter(({ name }) => !was.has(name));
  const says = (each: DatabaseFunction, renamed: (text: string) => string): string =>
    JSON.stringify([
      each.arguments.map(({ type }) => renamed(type)),
      renamed(each.returns),
      each.returnsSet,
      each.language,
      each.securityDefiner,
      each.searchPath,
      renamed(each.body),
    ]);
  return untilSettled(functions => pairsBy(gone, fresh, says, { ...named, functions }));
}

function renamedViews(before: DatabaseModel, after: DatabaseModel, named: Named): ReadonlyMap<string, string> {
  const gone = before.views.filter(({ name }) => !after.views.some(each => each.name === name));
  const fresh = after.views.filter(({ name }) => !before.views.some(each => each.name === name));
  const says = (each: View, renamed: (text: string) => string): string =>
    JSON.stringify([each.materialized, each.securityInvoker, renamed(each.definition)]);
  return untilSettled(views => pairsBy(gone, fresh, says, { ...named, views }));
}

/** Those that say the same as one of the others, and as no second one. */
function pairsBy<T extends { readonly name: string }>(
  gone: readonly T[],
  fresh: readonly T[],
  says: (each: T, renamed: (text: string) => string) => string,
  named: Named,
): ReadonlyMap<string, string> {
  const now = fresh.map(each => ({ each, said: says(each, text => text) }));
  const old = gone.map(each => ({
    each,
    said: variantsOf(named).map(names => says(each, text => renamedIn(text, names))),
  }));
  return new Map(
    old.flatMap(({ each, said }) => {
      const [first, ...more] = now.filter(other => said.includes(other.said));
      const isOnly = first !== undefined && old.filter(other => other.said.includes(first.said)).length === 1;
      return first !== undefined && more.length === 0 && isOnly ? [[each.name, first.each.name] as const] : [];
    }),
  );
}

function renamedTables(before: readonly Table[], after: readonly Table[]): ReadonlyMap<string, string> {
  const gone = before.filter(was => !after.some(({ name }) => name === was.name));
  const fresh = after.filter(is => !before.some(({ name }) => name === is.name));
  const best = (table: Table, others: readonly Table[]): Table | undefined => {
    const [first, second] = others
      .map(other => ({ other, likeness: likenessOf(table, other) }))
      .toSorted((left, right) => right.likeness - left.likeness);
    return first !== undefined && first.likeness >= alike && first.likeness > (second?.likeness ?? 0)
      ? first.other
      : undefined;
  };
  return new Map(
    gone.flatMap(was => {
      const is = best(was, fresh);
      return is !== undefined && best(is, gone) === was ? [[was.name, is.name] as const] : [];
    }),
  );
}

function likenessOf(one: Table, other: Table): number {
  const columnsOf = ({ columns }: Table): ReadonlySet<string> =>
    new Set(columns.map(({ name, type }) => `${name} ${type}`));
  const [left, right] = [columnsOf(one), columnsOf(other)];
  const shared = [...left].filter(column => right.has(column)).length;
  return shared < 2 ? 0 : shared / Math.max(left.size, right.size);
}

function renamedColumns(was: Table, is: Table): ReadonlyMap<string, string> {
  const has = ({ columns }: Table, name: string): boolean => columns.some(column => column.name === name);
  return new Map(
    was.columns.flatMap((column, place) => {
      const now = is.columns[place];
      const isSame = now !== undefined && now.type === column.type && now.notNull === column.notNull;
      return isSame && !has(is, column.name) && !has(was, now.name) ? [[column.name, now.name] as const] : [];
    }),
  );
}

function renamedPolicies(was: Table, is: Table, renames: Named): ReadonlyMap<string, string> {
  const gone = was.policies.filter(policy => !is.policies.some(({ name }) => name === policy.name));
  const fresh = is.policies.filter(policy => !was.policies.some(({ name }) => name === policy.name));
  const says = ({ command, permissive, roles, using, check }: Policy): string =>
    JSON.stringify([command, permissive, roles, using, check]);
  return new Map(
    gone.flatMap(policy => {
      const [now, ...more] = fresh.filter(each => says(each) === says(renamedText(policy, renames)));
      const isOnly = gone.filter(each => says(each) === says(policy)).length === 1;
      return now !== undefined && more.length === 0 && isOnly ? [[policy.name, now.name] as const] : [];
    }),
  );
}

/** A text of before, with the names of after. */
function renamedIn(text: string, { tables, columns, functions, views }: Named): string {
  const names = [...tables, ...functions, ...views, ...[...columns.values()].flatMap(each => [...each])];
  return names.reduce((told, [was, is]) => told.replaceAll(wordOf(plain(was)), plain(is)), text);
}

/** What a text of before may say now: a name of a column is other columns' as well, which kept it. */
export function messagesNow(message: string, renames: Renames): readonly string[] {
  const policies = [...renames.policies.values()].flatMap(each => [...each]);
  const said = variantsOf(renames).map(names =>
    policies.reduce((told, [was, is]) => told.replaceAll(`'${was}'`, `'${is}'`), renamedIn(message, names)),
  );
  return [...new Set(said)];
}

/** With all new names of columns, with none, and with those of one table. */
function variantsOf<T extends Named>(named: T): readonly T[] {
  const each = [...named.columns].map(entry => new Map([entry]));
  return [named.columns, new Map(), ...(each.length > 1 ? each : [])].map(columns => ({ ...named, columns }));
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w$])${name.replaceAll(/\W/g, '\\$&')}(?![\\w$])`, 'g');
}

function plain(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function renamedText(policy: Policy, renames: Named): Policy {
  return {
    ...policy,
    ...(policy.using === undefined ? {} : { using: renamedIn(policy.using, renames) }),
    ...(policy.check === undefined ? {} : { check: renamedIn(policy.check, renames) }),
  };
}

/** The state of before as if everything had had its new name. */
export function withNewNames({ database, cells }: RulesState, renames: Renames, after: DatabaseModel): RulesState {
  if (Object.values(renames).every(each => each.size === 0)) return { database, cells };
  return {
    database: {
      ...database,
      tables: database.tables.map(table => newTable(table, renames, after)),
      views: database.views.map(view => newView(view, renames, after)),
      functions: database.functions.map(each => newFunction(each, renames, after)),
    },
    cells: cells.map(cell => newCell(cell, renames, after)),
  };
}

function newTable(table: Table, renames: Renames, after: DatabaseModel): Table {
  const name = renames.tables.get(table.name) ?? table.name;
  const now = after.tables.find(each => each.name === name);
  const columns = renames.columns.get(name);
  return {
    ...table,
    name,
    schema: now?.schema ?? table.schema,
    columns: table.columns.map(column => ({ ...column, name: columns?.get(column.name) ?? column.name })),
    grants: table.grants.map(grant =>
      grant.column === undefined ? grant : { ...grant, column: columns?.get(grant.column) ?? grant.column },
    ),
    policies: table.policies.map(policy => {
      const called = renames.policies.get(name)?.get(policy.name) ?? policy.name;
      const same = now?.policies.find(each => each.name === called);
      const renamed = renamedText(policy, renames);
      // Only where it says the same the names in it are other ones.
      const isSame = same !== undefined && renamed.using === same.using && renamed.check === same.check;
      return { ...(isSame ? renamed : policy), name: called, table: name };
    }),
  };
}

function newView(view: View, renames: Renames, after: DatabaseModel): View {
  const definition = renamedIn(view.definition, renames);
  const name = renames.views.get(view.name) ?? view.name;
  const now = after.views.find(each => each.name === name);
  return {
    ...view,
    name,
    schema: now?.schema ?? view.schema,
    ...(now?.definition === definition ? { definition } : {}),
  };
}

function newFunction(each: DatabaseFunction, renames: Renames, after: DatabaseModel): DatabaseFunction {
  const name = renames.functions.get(each.name) ?? each.name;
  const types = each.arguments.map(({ type }) => renamedIn(type, renames)).join();
  const now = after.functions.find(
    other => other.name === name && other.arguments.map(({ type }) => type).join() === types,
  );
  if (now === undefined) return { ...each, name };
  const body = renamedIn(each.body, renames);
  return {
    ...each,
    name,
    schema: now.schema,
    signature: now.signature,
    ...(now.body === body ? { body } : {}),
  };
}

function newCell(cell: Cell, { tables, views, functions }: Renames, after: DatabaseModel): Cell {
  const [names, objects] =
    cell.objectKind === 'table'
      ? [tables, after.tables]
      : cell.objectKind === 'function'
        ? [functions, after.functions]
        : [views, after.views];
  const name = names.get(objectName(cell));
  const schema = objects.find(each => each.name === name)?.schema;
  return name === undefined || schema === undefined ? cell : { ...cell, schema, object: plain(name) };
}

/** The new names, in words. */
export function renameChanges(
  { tables, columns, policies, functions, views }: Renames,
  after: DatabaseModel,
): readonly Change[] {
  const objects = [...after.tables, ...after.views, ...after.functions];
  const placeOf = (name: string): Partial<Pick<Change, 'file' | 'line'>> => {
    const place = objects.find(object => object.name === name)?.definedAt;
    return place === undefined ? {} : { file: place.file, line: place.line };
  };
  const told = (kind: Change['kind'], object: string, before: string, now: string, words: string): Change => ({
    direction: 'changed',
    kind,
    object,
    before,
    after: now,
    words,
    ...placeOf(object),
  });
  const whole = (names: ReadonlyMap<string, string>, kind: 'table' | 'view' | 'function'): readonly Change[] =>
    [...names].map(([was, is]) => told(kind, is, was, is, `${kind} '${was}' is now called '${is}'`));
  const inTables = (
    renamed: ReadonlyMap<string, ReadonlyMap<string, string>>,
    kind: Change['kind'],
    noun: string,
  ): readonly Change[] =>
    [...renamed].flatMap(([table, names]) =>
      [...names].map(([was, is]) => told(kind, table, was, is, `${noun} '${was}' of '${table}' is now called '${is}'`)),
    );
  return [
    ...whole(tables, 'table'),
    ...whole(views, 'view'),
    ...whole(functions, 'function'),
    ...inTables(columns, 'table', 'column'),
    ...inTables(policies, 'policy', 'policy'),
  ];
}
