import { plainName } from '../../core/names.ts';
import type { DatabaseModel, Table } from '../database/types.ts';
import {
  foreignLinks,
  isComparedWithUser,
  isLookedUp,
  keyOf,
  nameInSession,
  tablesAround,
  tablesReferringTo,
  usesOf,
  type PolicyUse,
} from './links.ts';
import { findMemberships, tenantLink } from './memberships.ts';
import { isTenantNoun, isUserColumn } from './names.ts';
import { userLinks, type FoundPrincipal } from './principal.ts';
import { isAuthenticationTable } from './secrets.ts';
import { isPlatformTable } from '../database/platform.ts';
import { tableNamed } from '../../logic/named.ts';

/** The table whose rows are tenants. */
export interface FoundRoot {
  readonly table: Table;
  readonly key: string;
  readonly reasons: readonly string[];
}

/** Finds the table that groups users and to which most others belong; undefined where each user is a tenant. */
export function findRoot(
  database: DatabaseModel,
  principal: FoundPrincipal | undefined,
  uses: readonly PolicyUse[],
  declared?: string,
): FoundRoot | undefined {
  const candidates = database.tables
    .filter(table => isCandidate(table, principal, database))
    .map(table => assess(table, database, principal, uses));
  const chosen = candidates.find(({ table }) => table.name === declared) ?? best(candidates, database);
  if (chosen === undefined || chosen.table.name === principal?.table.name) return undefined;
  const key = keyOf(chosen.table);
  return key === undefined ? undefined : { table: chosen.table, key, reasons: [describe(chosen, declared)] };
}

/** Other tables whose rows group users, and which belong to no tenant of the root: tenants of another kind. */
export function findOtherRoots(
  database: DatabaseModel,
  principal: FoundPrincipal | undefined,
  uses: readonly PolicyUse[],
  owned: ReadonlySet<string>,
): readonly FoundRoot[] {
  if (principal === undefined) return [];
  return database.tables
    .filter(table => !owned.has(table.name) && isCandidate(table, principal, database))
    .map(table => assess(table, database, principal, uses))
    .filter(
      candidate =>
        isLikely(candidate, database) &&
        // A key in the table of users (a picture, a plan) groups nobody.
        findMemberships(database, candidate.table, principal, uses).some(({ table }) => table !== principal.table.name),
    )
    .flatMap(({ table, ...candidate }) => {
      const key = keyOf(table);
      return key === undefined
        ? []
        : [
            {
              table,
              key,
              reasons: [`${describe({ table, ...candidate }, undefined)} They are tenants of another kind.`],
            },
          ];
    });
}

interface Assessment {
  readonly table: Table;
  readonly referrers: number;
  readonly hasMembership: boolean;
  /** Policies look up in a membership what the caller may see. */
  readonly isTrusted: boolean;
  /** Policies compare keys to it with what the session says of who asks, by whoever's word. */
  readonly isTold: boolean;
  /** The column that lists the users of each row. */
  readonly list: string | undefined;
  readonly hasUser: boolean;
  readonly score: number;
}

function isCandidate(table: Table, principal: FoundPrincipal | undefined, database: DatabaseModel): boolean {
  if (keyOf(table) === undefined || isAuthenticationTable(table) || isPlatformTable(table, database)) return false;
  // Users have roles and plans without being grouped by them.
  if (/(^|_)(role|permission|plan|status|type)$/.test(plainName(table.name))) return false;
  // Whom a row follows or blocks is no member of it, where each row is a user's own.
  if (principal?.aliases.includes(table.name) === true && !isTenantNoun(table.name)) return false;
  return table.name !== principal?.table.name;
}

function assess(
  table: Table,
  database: DatabaseModel,
  principal: FoundPrincipal | undefined,
  uses: readonly PolicyUse[],
): Assessment {
  const referring = tablesAround(table, database).filter(
    other => other !== table && tenantLink(other, table, database) !== undefined,
  );
  const referrers = referring.length;
  const memberships =
    principal === undefined
      ? []
      : findMemberships(database, table, principal, uses).filter(
          // A person's own row that they prefer (a default document, the last project) groups nobody either.
          membership =>
            membership.table !== principal.table.name ||
            isTenantNoun(table.name) ||
            !belongsTo(table, principal.table.name, database),
        );
  const hasMembership = memberships.length > 0;
  const list = memberships.find(membership => membership.lists !== undefined)?.userColumn;
  const isTrusted = memberships.some(
    membership =>
      membership.lists === undefined &&
      isLookedUp(uses, membership.table) &&
      isComparedWithUser(uses, membership.table, membership.userColumn),
  );
  const hasUser =
    principal !== undefined &&
    userLinks(table, principal, database, uses).some(link => isUserColumn(link.column) || link.notNull);
  const isProfile = principal?.aliases.includes(table.name) === true;
  const score =
    (isTenantNoun(table.name) ? 4 : 0) +
    Math.min(referrers, 8) +
    (hasMembership ? 6 : 0) -
    (isProfile && !hasMembership ? 12 : 0);
  const isTold = [table, ...referring].some(each => isComparedWithSession(each, table, database, uses));
  return { table, referrers, hasMembership, isTrusted, isTold, list, hasUser, score };
}

/** Whether a policy of the table compares the key of the tenant with a setting or a claim that says which tenant asks. */
function isComparedWithSession(
  table: Table,
  root: Table,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): boolean {
  const column = table === root ? keyOf(root) : tenantLink(table, root, database)?.column;
  return (
    column !== undefined &&
    usesOf(uses, table.name, column).some(use => use.inside === 'own' && nameInSession(use.with) !== undefined)
  );
}

function best(candidates: readonly Assessment[], database: DatabaseModel): Assessment | undefined {
  const able = candidates.filter(candidate => isLikely(candidate, database));
  const names = new Set(able.map(candidate => candidate.table.name));
  // A project inside an organisation has members too: the outermost group is the tenant.
  const ranked = able.map(candidate => {
    const isInside = foreignLinks(candidate.table, database).some(
      link => link.table !== candidate.table.name && names.has(link.table),
    );
    return { candidate, rank: candidate.score + reach(candidate.table, database) / 1000 - (isInside ? 8 : 0) };
  });
  return ranked.sort((left, right) => right.rank - left.rank)[0]?.candidate;
}

/** Whether each row of a table belongs to one of another, by keys that are never empty. */
function belongsTo(
  table: Table,
  owner: string,
  database: DatabaseModel,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  return foreignLinks(table, database).some(link => {
    if (!link.notNull || seen.has(link.table)) return false;
    const next = tableNamed(database, link.table);
    return (
      link.table === owner ||
      (next !== undefined && next !== table && belongsTo(next, owner, database, new Set([...seen, table.name])))
    );
  });
}

/** How many tables hang on a table by keys that are never empty, through others too. */
function reach(table: Table, database: DatabaseModel): number {
  const linked = tablesAround(table, database).filter(other => tenantLink(other, table, database) !== undefined);
  const reached = new Set([table.name, ...linked.map(({ name }) => name)]);
  for (const name of reached)
    for (const other of tablesReferringTo(name, database))
      if (foreignLinks(other, database).some(link => link.table === name && link.notNull)) reached.add(other.name);
  return reached.size;
}

function isLikely(candidate: Assessment, database: DatabaseModel): boolean {
  if (candidate.isTold && candidate.referrers > 0) return true;
  if (candidate.hasMembership) {
    // Of the tables that refer to it one is the membership, unless the row lists its users itself.
    const fewest = candidate.list !== undefined ? 1 : candidate.isTrusted ? 2 : 3;
    return isTenantNoun(candidate.table.name) || candidate.referrers >= fewest;
  }
  // Rows that a user made, with rows below: the user is the tenant, unless nearly everything hangs on them.
  if (candidate.hasUser) return isTenantNoun(candidate.table.name) && candidate.referrers * 2 > ownedTables(database);
  return isTenantNoun(candidate.table.name) && candidate.referrers >= 2;
}

function ownedTables(database: DatabaseModel): number {
  return database.tables.filter(table => !isPlatformTable(table, database) && !isAuthenticationTable(table)).length;
}

function describe(chosen: Assessment, declared: string | undefined): string {
  const name = chosen.table.name;
  if (name === declared) return `'${name}' is the table of tenants, as declared.`;
  const users =
    chosen.list !== undefined
      ? `, and its '${chosen.list}' lists users`
      : chosen.hasMembership
        ? ', and a membership ties users to it'
        : '';
  return `'${name}' is the table of tenants: ${chosen.referrers} ${chosen.referrers === 1 ? 'table refers' : 'tables refer'} to it${users}.`;
}
