import type { Predicate, Term } from '../core/predicate.ts';
import { sqlName } from '../logic/closure.ts';
import { conjunctsOf, equalitiesOf, equalTo } from '../logic/equalities.ts';
import type { AppModel, QueryPath } from '../model/app/types.ts';
import type { Column, DatabaseModel, Table } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';

/** The columns, by table, that open a row to whoever knows them: the app has a page for it that asks nobody who they are. */
export type OpenTables = ReadonlyMap<string, readonly string[]>;

/**
 * Tables of which the app shows single rows on pages of their own without any sign-in, chosen by a key that cannot be
 * guessed, and to which it lets visitors add: polls with votes, forms with answers, documents with views. That visitors
 * may write is what tells them from a page whose guard was forgotten. A page that something tries to guard (a layout)
 * is no such page, and neither is a route handler, whose address nobody is given.
 */
export function openTables(app: AppModel | undefined, database: DatabaseModel): OpenTables {
  const tables = new Map(database.tables.map(table => [sqlName(table), table]));
  const found = new Map<string, readonly string[]>();
  const visited = visitorsAddTo(app, tables);
  for (const path of app?.queries ?? []) {
    if (!visited.has(path.query.table)) continue;
    const table = tables.get(path.query.table);
    if (table === undefined || !isOpenPage(path)) continue;
    const known = found.get(path.query.table) ?? [];
    const keys = keysChosen(path.query.where, table).filter(key => !known.includes(key));
    if (keys.length > 0) found.set(path.query.table, [...known, ...keys]);
  }
  return found;
}

/**
 * Tables that pages open by a link show: what they read together with the open row, and whole lists of what hangs on it
 * or on what is shown with it; not what hangs on a tenant or a user, which is all that they have.
 * What visitors add is for whom they add it: a form that anybody may fill in does not show its answers.
 */
export function shownTables(
  app: AppModel | undefined,
  database: DatabaseModel,
  open: OpenTables,
  { principal, root }: TenancyModel,
): ReadonlySet<string> {
  const tables = new Map(database.tables.map(table => [sqlName(table), table]));
  const pages = (app?.queries ?? []).filter(isOpenPage);
  const shown = new Set<string>();
  const isParent = (name: string): boolean =>
    open.has(name) || (shown.has(name) && name !== principal?.table && name !== root?.table);
  for (let before = -1; before !== shown.size;) {
    before = shown.size;
    for (const path of pages) {
      const table = tables.get(path.query.table);
      if (table === undefined) continue;
      const keys = open.get(path.query.table) ?? [];
      const isShown = path.escapes && path.query.columns?.length !== 0;
      if (!isOpened(path, keys) && !(isShown && isWholeList(path.query.where, table, isParent))) continue;
      shown.add(path.query.table);
      for (const row of path.query.joined) shown.add(row.table);
    }
  }
  return shown;
}

/** The row is chosen by a key that opens it, which stands in the address of the page. */
function isOpened({ query, facts }: QueryPath, keys: readonly string[]): boolean {
  if (keys.length === 0) return false;
  const found = facts.flatMap(({ holds, each }) =>
    holds.kind === 'row' && each === undefined ? [holds.row.where] : [],
  );
  const pairs = [query.where, ...found].flatMap(equalitiesOf);
  return keys.some(key => [...equalTo({ kind: 'column', row: 'self', column: key }, pairs).values()].some(isParameter));
}

/** Every row that refers to the one that is shown, and not only a certain one of them. */
function isWholeList(where: Predicate, table: Table, isParent: (name: string) => boolean): boolean {
  const references = new Set(
    table.foreignKeys.filter(key => isParent(key.table)).flatMap(key => key.columns.slice(0, 1)),
  );
  const chosen = conjunctsOf(where).filter(
    conjunct => conjunct.kind === 'compare' && conjunct.left.kind !== 'constant' && conjunct.right.kind !== 'constant',
  );
  const refers = (term: Term): boolean => isOwn(term) && term.kind === 'column' && references.has(term.column);
  return (
    chosen.length > 0 && chosen.every(each => each.kind === 'compare' && (refers(each.left) || refers(each.right)))
  );
}

function isOpenPage(path: QueryPath): boolean {
  return path.entryPoint.kind === 'page' && path.query.operation === 'read' && isByVisitor(path);
}

function isByVisitor({ principal, facts }: QueryPath): boolean {
  return principal === 'anonymous' && !facts.some(fact => fact.weakness !== undefined);
}

/**
 * For each table whose rows are open by their link, the keys of what visitors add to them: whoever has added an answer
 * and comes back with its key has been given the link of the form.
 */
export function openThrough(
  app: AppModel | undefined,
  database: DatabaseModel,
  open: OpenTables,
): ReadonlyMap<string, OpenTables> {
  const tables = new Map(database.tables.map(table => [sqlName(table), table]));
  const found = new Map<string, Map<string, readonly string[]>>();
  for (const { child, parent } of additions(app, tables)) {
    if (!open.has(parent) || child === parent) continue;
    const table = tables.get(child);
    const keys = table?.primaryKey.filter(key => isUnguessableKey(table, key)) ?? [];
    if (keys.length > 0) found.set(parent, (found.get(parent) ?? new Map()).set(child, keys));
  }
  return found;
}

/** Tables to whose rows an entry point without sign-in adds others, for a row that the visitor names. */
function visitorsAddTo(app: AppModel | undefined, tables: ReadonlyMap<string, Table>): ReadonlySet<string> {
  return new Set(additions(app, tables).map(({ parent }) => parent));
}

/** What visitors add, and to what. */
function additions(
  app: AppModel | undefined,
  tables: ReadonlyMap<string, Table>,
): readonly { readonly child: string; readonly parent: string }[] {
  return (app?.queries ?? []).flatMap(path => {
    if (path.query.operation !== 'insert' || !isByVisitor(path)) return [];
    return (tables.get(path.query.table)?.foreignKeys ?? []).flatMap(key => {
      const value = path.query.values.find(entry => entry.column === key.columns[0])?.value;
      const isNamed = value?.kind === 'client' || value?.kind === 'column';
      return isNamed ? [{ child: path.query.table, parent: key.table }] : [];
    });
  });
}

function keysChosen(where: Predicate, table: Table): readonly string[] {
  return conjunctsOf(where).flatMap(conjunct => {
    if (conjunct.kind !== 'compare' || conjunct.operator !== '=') return [];
    const key = [conjunct.left, conjunct.right].find(isOwn);
    const value = [conjunct.left, conjunct.right].find(isParameter);
    return key?.kind === 'column' && value !== undefined && isUnguessableKey(table, key.column) ? [key.column] : [];
  });
}

function isOwn(term: Term): boolean {
  return term.kind === 'column' && term.row === 'self';
}

/** Part of the address of the page. */
function isParameter(term: Term): boolean {
  return term.kind === 'client' && term.path.startsWith('params.');
}

/** A key that is made up at random (a uuid, a cuid), by the database or by the ORM in code; not a number, a name or a slug. */
export function isUnguessableKey(table: Table, name: string): boolean {
  const column = table.columns.find(candidate => candidate.name === name);
  const isPrimary = table.primaryKey.length === 1 && table.primaryKey[0] === name;
  const isKey = isPrimary || table.uniqueKeys.some(key => key.length === 1 && key[0] === name);
  const isMadeUp = column?.hasDefault === true || (isPrimary && /^(?:id|uid|uuid|cuid)$|_id$|Id$/.test(name));
  return column !== undefined && isKey && isMadeUp && isRandomKind(column);
}

function isRandomKind({ type }: Column): boolean {
  return /^(?:uuid|text|character|varchar|citext)/.test(type);
}
