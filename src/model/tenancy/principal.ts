import type { Column, DatabaseModel, Table } from '../database/types.ts';
import {
  foreignLinks,
  isComparedWithUser,
  isUserTerm,
  keyOf,
  namesUsers,
  sameKind,
  tablesReferringTo,
  usesOf,
  type Link,
  type PolicyUse,
} from './links.ts';
import { plainName } from '../../core/names.ts';
import { isActorColumn, isUserColumn, isUserNoun } from './names.ts';
import { isAuthenticationTable } from './secrets.ts';
import { platformTable } from '../database/platform.ts';
import { tableNamed } from '../../logic/named.ts';

/** The table of users, and tables that share its key: a profile for each user. */
export interface FoundPrincipal {
  readonly table: Table;
  readonly key: string;
  readonly aliases: readonly string[];
  readonly reasons: readonly string[];
}

/** Finds the table whose rows are users. */
export function findPrincipal(
  database: DatabaseModel,
  uses: readonly PolicyUse[],
  declared?: string,
): FoundPrincipal | undefined {
  const chosen = tableNamed(database, declared) ?? choose(database);
  const key = chosen === undefined ? undefined : keyOf(chosen);
  if (chosen === undefined || key === undefined) return undefined;
  const aliases = database.tables
    .filter(table => table !== chosen && isAlias(table, chosen, database, uses))
    .map(table => table.name);
  return {
    table: chosen,
    key,
    aliases,
    reasons: [`'${chosen.name}' is the table of users${chosen.name === declared ? ', as declared' : ''}.`],
  };
}

/** Columns of `table` that name a user, best first. */
export function userLinks(
  table: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): readonly Link[] {
  const users = new Set([principal.table.name, ...principal.aliases]);
  const base = { table: principal.table.name, referencedColumn: principal.key, cascade: false };
  const byKey = foreignLinks(table, database)
    .filter(link => users.has(link.table))
    .map(link => ({ ...link, ...base, cascade: link.cascade }));
  const keyed = new Set(foreignLinks(table, database).map(link => link.column));
  const type = principal.table.columns.find(column => column.name === principal.key)?.type ?? '';
  const isKept = ({ name, type: kept }: Column): boolean =>
    sameKind(kept, type) || (sameKind(kept, 'text') && namesUsers(uses, name));
  const others = table.columns.filter(column => !keyed.has(column.name) && isKept(column));
  const byPolicy = others
    .filter(column => isComparedWithUser(uses, table.name, column.name))
    .map(column => ({ ...base, column: column.name, notNull: column.notNull, basis: 'policy' as const }));
  const byName = others
    .filter(
      column =>
        /^(auth_)?user_?(id|uuid)$/.test(plainName(column.name)) && !byPolicy.some(link => link.column === column.name),
    )
    .map(column => ({ ...base, column: column.name, notNull: column.notNull, basis: 'name' as const }));
  return [...byKey, ...byPolicy, ...byName].sort((left, right) => rank(right) - rank(left));
}

function rank(link: Link): number {
  return (
    (link.notNull ? 4 : 0) +
    (isUserColumn(link.column) ? 3 : 0) +
    (link.cascade ? 1 : 0) -
    (isActorColumn(link.column) ? 3 : 0)
  );
}

function choose(database: DatabaseModel): Table | undefined {
  const supabase = platformTable(database, 'auth.users');
  if (supabase !== undefined) return supabase;
  const scored = database.tables
    .map(table => ({ table, score: score(table, database) }))
    .filter(entry => entry.score >= 6);
  return scored.sort((left, right) => right.score - left.score)[0]?.table;
}

function score(table: Table, database: DatabaseModel): number {
  if (keyOf(table) === undefined || isAuthenticationTable(table)) return 0;
  const referrers = tablesReferringTo(table.name, database).filter(
    other => other !== table && foreignLinks(other, database).some(link => link.table === table.name),
  );
  const columns = new Set(table.columns.map(column => plainName(column.name)));
  return (
    (isUserNoun(table.name) ? 6 : 0) +
    (/^(profile|account|member)$/.test(plainName(table.name)) && columns.has('email') ? 3 : 0) +
    (columns.has('email') ? 2 : 0) +
    (columns.has('password') || columns.has('password_hash') ? 2 : 0) +
    (referrers.some(isAuthenticationTable) ? 5 : 0) +
    Math.min(referrers.length, 4) / 2
  );
}

/** A table whose own key is a user's key. */
function isAlias(table: Table, principal: Table, database: DatabaseModel, uses: readonly PolicyUse[]): boolean {
  const key = keyOf(table);
  if (key === undefined || table.primaryKey.length !== 1) return false;
  const linked = foreignLinks(table, database).some(link => link.column === key && link.table === principal.name);
  const compared = usesOf(uses, table.name, key).some(use => use.inside === 'own' && isUserTerm(use.with));
  // Supabase's own table of users, and the app's: the key is the same by convention, whether or not a key says so.
  const mirrors =
    principal.name === platformTable(database, 'auth.users')?.name &&
    isUserNoun(table.name) &&
    table.columns.some(column => column.name === key && column.type === 'uuid');
  return linked || mirrors || (compared && (isUserNoun(table.name) || plainName(table.name).includes('profile')));
}
