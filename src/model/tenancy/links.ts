import type { Predicate, Term } from '../../core/predicate.ts';
import type { Column, DatabaseModel, Policy, Table } from '../database/types.ts';
import { plainName } from '../../core/names.ts';
import { once, onceForBoth } from '../../core/once.ts';
import type { Membership, OwnerHop, TenancyModel } from './types.ts';
import { tableNamed } from '../../logic/named.ts';

/** From one column of a table to the key of another. */
export interface Link {
  readonly column: string;
  readonly table: string;
  readonly referencedColumn: string;
  readonly notNull: boolean;
  readonly cascade: boolean;
  readonly basis: 'foreign-key' | 'policy' | 'name';
}

/** The single column that identifies a row of `table`. */
export function keyOf(table: Table): string | undefined {
  if (table.primaryKey.length === 1) return table.primaryKey[0];
  return table.columns.some(column => column.name === 'id') ? 'id' : undefined;
}

/** What a tenant's key is like, whether or not a table holds the tenants; undefined where there are none. */
export function tenantKeyOf(
  { root, keptElsewhere }: Pick<TenancyModel, 'root' | 'keptElsewhere'>,
  { tables }: DatabaseModel,
): Pick<Column, 'type'> | undefined {
  if (keptElsewhere?.tenants !== undefined) return { type: keptElsewhere.tenants };
  return tableNamed({ tables }, root?.table)?.columns.find(({ name }) => name === root?.key);
}

/** The membership that the rows of users are themselves: `users.tenant_id`. Whose such a row is, is the user's own to say. */
export function membershipOfUsers({ name }: Table, { memberships, owners }: TenancyModel): Membership | undefined {
  const isTheirs = owners.some(({ table, ownership }) => table === name && ownership.kind === 'user');
  return memberships.find(({ table, lists }) => isTheirs && table === name && lists === undefined);
}

/** Foreign keys column by column; of a composite key only the part that identifies the other row. */
export const foreignLinks = onceForBoth(readLinks);

function readLinks(table: Table, database: DatabaseModel): readonly Link[] {
  return table.foreignKeys.flatMap(foreignKey => {
    const target = tableNamed(database, foreignKey.table);
    const key = target === undefined ? undefined : keyOf(target);
    const pairs = foreignKey.columns.map((column, index) => ({
      column,
      referenced: foreignKey.referencedColumns[index] ?? '',
    }));
    const telling = pairs.filter(pair => pairs.length === 1 || pair.referenced === key);
    return telling.map(pair => ({
      column: pair.column,
      table: foreignKey.table,
      referencedColumn: pair.referenced,
      notNull: isNotNull(table, pair.column),
      cascade: foreignKey.onDelete === 'cascade',
      basis: 'foreign-key' as const,
    }));
  });
}

/** A column called `team_id` of the type of the key of `teams`, without a foreign key. */
export function namedLink(table: Table, target: Table): Link | undefined {
  const key = keyOf(target);
  const type = target.columns.find(column => column.name === key)?.type;
  const wanted = plainName(target.name);
  if (key === undefined || table.name === target.name) return undefined;
  const [id, uuid] = [`${wanted}_id`, `${wanted}_uuid`];
  const found = table.columns.find(column => {
    const name = plainName(column.name);
    return (name === id || name === uuid) && sameKind(column.type, type ?? '');
  });
  return found === undefined
    ? undefined
    : {
        column: found.name,
        table: target.name,
        referencedColumn: key,
        notNull: found.notNull,
        cascade: false,
        basis: 'name',
      };
}

/** The tables of which one links to another by a key or by the name of a column, and others like them, in their order. */
export function tablesAround(target: Table, database: DatabaseModel): readonly Table[] {
  const { byKey, byColumn, places } = linking(database);
  const wanted = plainName(target.name);
  const found = [byKey.get(target.name), byColumn.get(`${wanted}_id`), byColumn.get(`${wanted}_uuid`)];
  const around = new Set(found.flatMap(tables => tables ?? []));
  return [...around].sort((left, right) => (places.get(left) ?? 0) - (places.get(right) ?? 0));
}

/** The tables with a foreign key to the table of that name. */
export function tablesReferringTo(name: string, database: DatabaseModel): readonly Table[] {
  return linking(database).byKey.get(name) ?? [];
}

/** The tables that columns of this one may name as `team_id` names `teams`, in their order. */
export function tablesCalledIn(table: Table, database: DatabaseModel): readonly Table[] {
  const { byNoun, places } = linking(database);
  const found = table.columns.flatMap(({ name }) => {
    const noun = /^(.*)_(?:id|uuid)$/.exec(plainName(name))?.[1];
    return noun === undefined ? [] : (byNoun.get(noun) ?? []);
  });
  return [...new Set(found)].sort((left, right) => (places.get(left) ?? 0) - (places.get(right) ?? 0));
}

/** Of thousands of tables few have to do with one of them: each is asked for those. */
const linking = once((database: DatabaseModel) => {
  const byKey = new Map<string, Table[]>();
  const byColumn = new Map<string, Table[]>();
  const byNoun = new Map<string, Table[]>();
  const places = new Map<Table, number>();
  for (const [place, table] of database.tables.entries()) {
    places.set(table, place);
    for (const name of new Set(table.foreignKeys.map(key => key.table))) addTo(byKey, name, table);
    for (const name of new Set(table.columns.map(column => plainName(column.name)))) addTo(byColumn, name, table);
    addTo(byNoun, plainName(table.name), table);
  }
  return { byKey, byColumn, byNoun, places };
});

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** `text` and `character varying(36)` hold the same keys. */
export function sameKind(left: string, right: string): boolean {
  const kind = (type: string): string =>
    /^(text|character|varchar|citext)/.test(type) ? 'text' : /int|serial/.test(type) ? 'integer' : type;
  // One key is no list of keys.
  return kind(left) === kind(right) && left.endsWith('[]') === right.endsWith('[]');
}

/** Whether no two rows of the table have the same in the column. */
export function isUnique(
  { primaryKey, uniqueKeys }: Pick<Table, 'primaryKey' | 'uniqueKeys'>,
  column: string,
): boolean {
  return [primaryKey, ...uniqueKeys].some(key => key.length === 1 && key[0] === column);
}

/** Whether the column of the table may not be NULL. */
export function isNotNull(table: Table, column: string): boolean {
  return table.columns.some(candidate => candidate.name === column && candidate.notNull);
}

/** What policies compare columns with. */
export interface PolicyUse {
  readonly table: string;
  readonly column: string;
  readonly with: Term;
  /** Whether the policy belongs to this table, or reads it in a sub-query. */
  readonly inside: 'own' | 'sub-query';
  /** Whether it stands below a `not`. */
  readonly negated: boolean;
}

/** Every equality of a column with a term in any policy, with the table that the column belongs to. */
export const policyUses = once((database: DatabaseModel): readonly PolicyUse[] =>
  database.tables.flatMap(table =>
    table.policies.flatMap(policy =>
      [policy.usingPredicate, policy.checkPredicate].flatMap(predicate =>
        predicate === undefined ? [] : usesIn(predicate, table.name),
      ),
    ),
  ),
);

/** What policies compare a column of the table with. */
export function usesOf(uses: readonly PolicyUse[], table: string, column: string): readonly PolicyUse[] {
  return usesByColumn(uses).get(`${table}\n${column}`) ?? [];
}

const usesByColumn = once((uses: readonly PolicyUse[]): ReadonlyMap<string, readonly PolicyUse[]> => {
  const found = new Map<string, PolicyUse[]>();
  for (const use of uses) addTo(found, `${use.table}\n${use.column}`, use);
  return found;
});

/** Whether policies read the table in a sub-query. */
export function isLookedUp(uses: readonly PolicyUse[], table: string): boolean {
  return tablesLookedUp(uses).has(table);
}

const tablesLookedUp = once(
  (uses: readonly PolicyUse[]): ReadonlySet<string> =>
    new Set(uses.filter(use => use.inside === 'sub-query').map(use => use.table)),
);

/** Whether the key leads to a user by the address that he is known by, and not by his key. */
export function leadsByAddress(
  { table, referencedColumn }: OwnerHop,
  { principal }: Pick<TenancyModel, 'principal'>,
): boolean {
  return table === principal?.table && isAddress(referencedColumn);
}

/** Whether a column of the table of users holds the address that a user is known by. */
export function isAddress(column: string): boolean {
  return /^e_?mail$/i.test(column);
}

function usesIn(predicate: Predicate, table: string): readonly PolicyUse[] {
  const rows = new Map([['self', table]]);
  const uses: PolicyUse[] = [];
  const addSide = (column: Term, other: Term, negated: boolean): void => {
    const owner = column.kind === 'column' ? rows.get(column.row) : undefined;
    if (column.kind === 'column' && owner !== undefined) {
      uses.push({
        table: owner,
        column: column.column,
        with: other,
        inside: column.row === 'self' ? 'own' : 'sub-query',
        negated,
      });
    }
  };
  const walk = (current: Predicate, negated: boolean): void => {
    switch (current.kind) {
      case 'compare':
        if (current.operator !== '=') return;
        addSide(current.left, current.right, negated);
        addSide(current.right, current.left, negated);
        return;
      case 'and':
      case 'or':
        for (const operand of current.operands) walk(operand, negated);
        return;
      case 'not':
        walk(current.operand, !negated);
        return;
      case 'maybe-absent':
        walk(current.operand, negated);
        return;
      case 'exists':
        rows.set(current.row.name, current.row.table.replace(/^public\./, ''));
        walk(current.row.where, negated);
        return;
      default:
        return;
    }
  };
  walk(predicate, false);
  return uses;
}

/** Whether a policy compares the column with the user who asks. */
export function isComparedWithUser(uses: readonly PolicyUse[], table: string, column: string): boolean {
  return usesOf(uses, table, column).some(use => isUserTerm(use.with));
}

/**
 * Whether policies of some table compare a column of this name with the user who asks. Keys that another service gives are
 * kept as text, and so is a token's `sub`: such a column names a user wherever it stands.
 */
export function namesUsers(uses: readonly PolicyUse[], column: string): boolean {
  return columnsOfUsers(uses).has(column);
}

const columnsOfUsers = once(
  (uses: readonly PolicyUse[]): ReadonlySet<string> =>
    new Set(uses.filter(use => isUserTerm(use.with)).map(use => use.column)),
);

/** The user who asks, as Supabase or a session setting names him. */
export function isUserTerm(term: Term): boolean {
  if (term.kind === 'principal') return term.attribute === 'user.id';
  return term.kind === 'setting' && isUserSetting(term.name);
}

/** Under which name the session, as the server filled it, says the term; undefined of the user, and of what nobody vouches for. */
export function saidBySession(term: Term): string | undefined {
  if (isUserTerm(term)) return undefined;
  if (term.kind === 'setting') return term.name;
  return term.kind === 'principal' && term.attribute.startsWith('claims.') ? term.attribute : undefined;
}

/** Under which name the session says it, though it be by the user's own word. */
export function nameInSession(term: Term): string | undefined {
  const isOwnWord = term.kind === 'client' && term.path.startsWith('claims.');
  return isOwnWord ? term.path : saidBySession(term);
}

/** Whether the text of a policy names the column. */
export function isNamedIn({ using = '', check = '' }: Policy, column: string): boolean {
  return new RegExp(`\\b${column.replaceAll(/\W/g, '\\$&')}\\b`).test(`${using} ${check}`);
}

/** `app.user_id`, `app.current_user`, `jwt.claims.user_id`. */
export function isUserSetting(name: string): boolean {
  return /user|person|principal|account_owner|(^|\.)(sub|uid)$/i.test(name);
}
