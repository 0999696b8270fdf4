import type { Cell } from '../../core/cell.ts';
import { objectName } from '../../core/cell.ts';
import type { Change } from '../../core/rules.ts';
import type { DatabaseModel, Policy, Table, View } from '../../model/database/types.ts';
import type { RulesState } from './compare.ts';

/** What has another name than before. Names of columns and policies are by the table's new name. */
export interface Renames {
  readonly tables: ReadonlyMap<string, string>;
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly policies: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Tables are the same where so much of their columns is. */
const alike = 0.75;

/**
 * A table that is gone and one that is new are the same where their columns are, and no other is as much like either; a
 * column where it stands in the same place; a policy where it says the same.
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
  const policies = new Map<string, ReadonlyMap<string, string>>();
  for (const { was, is } of both) {
    const found = renamedPolicies(was, is, { tables, columns, policies });
    if (found.size > 0) policies.set(is.name, found);
  }
  return { tables, columns, policies };
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

function renamedPolicies(was: Table, is: Table, renames: Renames): ReadonlyMap<string, string> {
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
function renamedIn(text: string, { tables, columns }: Pick<Renames, 'tables' | 'columns'>): string {
  const names = [...tables, ...[...columns.values()].flatMap(each => [...each])];
  return names.reduce((told, [was, is]) => told.replaceAll(wordOf(plain(was)), plain(is)), text);
}

/** What a finding of before says, with the names of after. */
export function messageNow(message: string, renames: Renames): string {
  const policies = [...renames.policies.values()].flatMap(each => [...each]);
  return policies.reduce((told, [was, is]) => told.replaceAll(`'${was}'`, `'${is}'`), renamedIn(message, renames));
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w$])${name.replaceAll(/\W/g, '\\$&')}(?![\\w$])`, 'g');
}

function plain(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function renamedText(policy: Policy, renames: Renames): Policy {
  return {
    ...policy,
    ...(policy.using === undefined ? {} : { using: renamedIn(policy.using, renames) }),
    ...(policy.check === undefined ? {} : { check: renamedIn(policy.check, renames) }),
  };
}

/** The state of before as if everything had had its new name. */
export function withNewNames({ database, cells }: RulesState, renames: Renames, after: DatabaseModel): RulesState {
  const { tables, columns, policies } = renames;
  if (tables.size + columns.size + policies.size === 0) return { database, cells };
  return {
    database: {
      ...database,
      tables: database.tables.map(table => newTable(table, renames, after)),
      views: database.views.map(view => newView(view, renames, after)),
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
  return after.views.some(each => each.name === view.name && each.definition === definition)
    ? { ...view, definition }
    : view;
}

function newCell(cell: Cell, { tables }: Renames, after: DatabaseModel): Cell {
  const name = cell.objectKind === 'table' ? tables.get(objectName(cell)) : undefined;
  const schema = after.tables.find(table => table.name === name)?.schema;
  return name === undefined || schema === undefined ? cell : { ...cell, schema, object: plain(name) };
}

/** The new names, in words. */
export function renameChanges({ tables, columns, policies }: Renames, after: DatabaseModel): readonly Change[] {
  const placeOf = (name: string): Partial<Pick<Change, 'file' | 'line'>> => {
    const place = after.tables.find(table => table.name === name)?.definedAt;
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
  const inTables = (
    renamed: ReadonlyMap<string, ReadonlyMap<string, string>>,
    kind: Change['kind'],
    noun: string,
  ): readonly Change[] =>
    [...renamed].flatMap(([table, names]) =>
      [...names].map(([was, is]) => told(kind, table, was, is, `${noun} '${was}' of '${table}' is now called '${is}'`)),
    );
  return [
    ...[...tables].map(([was, is]) => told('table', is, was, is, `table '${was}' is now called '${is}'`)),
    ...inTables(columns, 'table', 'column'),
    ...inTables(policies, 'policy', 'policy'),
  ];
}
