import type { DatabaseModel, Table } from '../database/types.ts';
import {
  foreignLinks,
  isComparedWithUser,
  isLookedUp,
  keyOf,
  namedLink,
  policyUses,
  sameKind,
  tablesAround,
  usesOf,
  type Link,
  type PolicyUse,
} from './links.ts';
import {
  isActorColumn,
  isAdministratorRole,
  isMembershipNoun,
  isPrivilegedRole,
  isRoleColumn,
  isSeniorRole,
  isStaffRole,
  isTenantNoun,
  isUserColumn,
} from './names.ts';
import { plainName } from '../../core/names.ts';
import { userLinks, type FoundPrincipal } from './principal.ts';
import { conditionsAndBodies } from '../database/texts.ts';
import { refusingTables } from './asked-rows.ts';
import { isAuthenticationTable } from './secrets.ts';
import type { Membership, TenancyModel } from './types.ts';
import { userLists, type UserList } from './user-lists.ts';
import { tableNamed } from '../../logic/named.ts';

/** How sure one must be that a table is a membership before it counts. */
const threshold = 4;

/** The tables that say which user belongs to which row of `root`, the surest first; then its own columns that list them. */
export function findMemberships(
  database: DatabaseModel,
  root: Table,
  principal: FoundPrincipal,
  uses: readonly PolicyUse[],
): readonly Membership[] {
  return [...membershipRows(database, root, principal, uses), ...memberLists(database, root, principal, uses)];
}

/** Memberships with a row for each user and tenant: the tenant's own row, which lists its users, is there for everybody. */
export function membershipTables({ memberships }: TenancyModel): readonly Membership[] {
  return memberships.filter(membership => membership.lists === undefined);
}

/** Columns of the tenant's own table in which policies look for who asks: `member_ids uuid[]`. */
function memberLists(
  database: DatabaseModel,
  root: Table,
  principal: FoundPrincipal,
  uses: readonly PolicyUse[],
): readonly Membership[] {
  const key = keyOf(root);
  const lists = userLists(root, database).filter(list => isOfUsers(list, principal));
  if (key === undefined || lists.length === 0 || isPartOfAnother(root, principal, database, uses)) return [];
  return lists
    .toSorted((left, right) => Number(isPrivilegedRole(left.column)) - Number(isPrivilegedRole(right.column)))
    .map(({ column, holds }) => ({
      table: root.name,
      tenantColumn: key,
      userColumn: column,
      lists: holds,
      adminRoles: [],
    }));
}

/** Whether the elements can be keys of users, or are their addresses. */
function isOfUsers({ type, holds }: UserList, { table, key }: FoundPrincipal): boolean {
  const keyType = table.columns.find(column => column.name === key)?.type ?? '';
  return (
    holds === 'addresses' ||
    !type.endsWith('[]') ||
    /^(text|character|citext)/.test(type) ||
    sameKind(type, `${keyType}[]`)
  );
}

/**
 * Whether each row is a part of something else, or somebody's own: whoever a task is given to, or a document is shared
 * with, is let at that row, and makes no tenant of it. What is called as tenants are is one as soon as rows hang on it.
 */
function isPartOfAnother(
  table: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): boolean {
  if (isTenantNoun(table.name)) {
    return (
      userLinks(table, principal, database, uses).some(isOwnersLink) &&
      !tablesAround(table, database).some(other => other !== table && tenantLink(other, table, database) !== undefined)
    );
  }
  return isOwned(table, principal, database, uses);
}

/** Whether keys that every row has lead to a user, or to a table that lists users or is called as tenants are. */
function isOwned(
  table: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
  seen: readonly Table[] = [],
): boolean {
  if (userLinks(table, principal, database, uses).some(isOwnersLink)) return true;
  return foreignLinks(table, database).some(link => {
    const above = tableNamed(database, link.table);
    if (!link.notNull || above === undefined || [table, principal.table, ...seen].includes(above)) return false;
    return (
      isTenantNoun(above.name) ||
      userLists(above, database).length > 0 ||
      isOwned(above, principal, database, uses, [...seen, table])
    );
  });
}

function isOwnersLink({ column, notNull }: Link): boolean {
  return notNull && isUserColumn(column);
}

function membershipRows(
  database: DatabaseModel,
  root: Table,
  principal: FoundPrincipal,
  uses: readonly PolicyUse[],
): readonly Membership[] {
  const refusing = refusingTables(database);
  const scored = tablesAround(root, database).flatMap(table => {
    if (refusing.has(table.name)) return [];
    const candidate = readCandidate(table, root, principal, database, uses);
    return candidate === undefined
      ? []
      : [{ table, candidate, score: score(table, candidate, root, principal, database, uses) }];
  });
  const told = scored.filter(entry => entry.score >= threshold);
  const asking = scored.filter(entry => isAskedForBoth(entry.candidate, entry.table, uses));
  const inParts = scored.filter(({ table, candidate }) => isInParts(table, candidate, root, principal, database));
  const sure = (told.length > 0 ? told : asking.length > 0 ? asking : inParts)
    .toSorted((left, right) => right.score - left.score)
    .map(({ table, candidate }) => ({ table, membership: toMembership(table, candidate, uses) }));
  const asked = sure.filter(({ table, membership }) => isAskedAbout(table, membership, database, uses));
  const isBelonging = (entry: (typeof sure)[number]): boolean =>
    asked.includes(entry) ||
    entry.table === principal.table ||
    entry.membership.roleColumn !== undefined ||
    isMembershipNoun(entry.table.name, root.name);
  // Favourites and settings are one for each user and row, too: they let nobody in.
  const isKept = asked.length > 0 || isOnesOwn(root, principal, database, uses) ? isBelonging : () => true;
  return sure.filter(isKept).map(({ membership }) => membership);
}

/**
 * Whether the table is called a membership, and names beside user and tenant only parts of that tenant: `role` in one of its
 * projects, with the tenant written beside it. Where nothing else says who belongs, that does.
 */
function isInParts(
  table: Table,
  { tenant, user }: Candidate,
  root: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
): boolean {
  const others = foreignLinks(table, database).filter(
    link => link.table !== root.name && link.table !== principal.table.name && !principal.aliases.includes(link.table),
  );
  const isPart = ({ table: name }: Link): boolean => {
    const part = tableNamed(database, name);
    return part !== undefined && tenantLink(part, root, database)?.notNull === true;
  };
  return (
    isMembershipNoun(table.name, root.name) &&
    tenant.notNull &&
    user.notNull &&
    isUserColumn(user.column) &&
    !isActorColumn(user.column) &&
    table.columns.some(column => isRoleColumn(column.name)) &&
    others.every(isPart)
  );
}

/**
 * Whether policies look in the table for a row about the caller and the tenant of the row that he wants. Where nothing else
 * looks like a membership, that is one, whatever it is called.
 */
function isAskedForBoth({ tenant, user }: Candidate, { name }: Table, uses: readonly PolicyUse[]): boolean {
  return (
    tenant.notNull &&
    user.notNull &&
    isComparedWithUser(uses, name, user.column) &&
    usesOf(uses, name, tenant.column).some(
      use => use.inside === 'sub-query' && use.with.kind === 'column' && use.with.row === 'self',
    )
  );
}

/** Whether a policy looks the caller up in the table, or a function reads it. */
function isAskedAbout(
  table: Table,
  { userColumn }: Membership,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): boolean {
  const isAsked = isLookedUp(uses, table.name) && isComparedWithUser(uses, table.name, userColumn);
  const name = new RegExp(`\\b${table.name.split('.').at(-1) ?? ''}\\b`);
  return isAsked || database.functions.some(({ body }) => name.test(body));
}

/** Whether each row is one user's, itself or by what it hangs on, and is not called as tenants are. */
function isOnesOwn(
  table: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
  seen: readonly Table[] = [],
): boolean {
  if (isTenantNoun(table.name) || seen.includes(table)) return false;
  if (userLinks(table, principal, database, uses).some(isOwnersLink)) return true;
  return foreignLinks(table, database).some(link => {
    const above = tableNamed(database, link.table);
    return link.notNull && above !== undefined && isOnesOwn(above, principal, database, uses, [...seen, table]);
  });
}

interface Candidate {
  readonly tenant: Link;
  readonly user: Link;
}

function readCandidate(
  table: Table,
  root: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): Candidate | undefined {
  if (table.name === root.name || isAuthenticationTable(table)) return undefined;
  const tenant = tenantLink(table, root, database);
  if (tenant === undefined) return undefined;
  if (table === principal.table) {
    return {
      tenant,
      user: {
        column: principal.key,
        table: table.name,
        referencedColumn: principal.key,
        notNull: true,
        cascade: false,
        basis: 'foreign-key',
      },
    };
  }
  // One column cannot say both who belongs and to what: `user_id` beside a table of profiles called `users`.
  const user = userLinks(table, principal, database, uses).find(link => link.column !== tenant.column);
  return user === undefined ? undefined : { tenant, user };
}

/** The column of `table` that names a row of `root`. */
export function tenantLink(table: Table, root: Table, database: DatabaseModel): Link | undefined {
  const links = foreignLinks(table, database).filter(link => link.table === root.name && !isPreference(link, database));
  return [...links].sort((left, right) => Number(right.notNull) - Number(left.notNull))[0] ?? namedLink(table, root);
}

/** `default_team_id` says which tenant somebody likes to see first, unless a policy or function asks for it. */
function isPreference({ column, notNull }: Link, database: DatabaseModel): boolean {
  if (
    notNull ||
    !/^(default|current|active|last|last_used|selected|preferred|favou?rite|pinned|starred|recent)_/.test(
      plainName(column),
    )
  )
    return false;
  return !isAskedFor(column, database);
}

/** Whether a condition or a function names the column. */
function isAskedFor(column: string, database: DatabaseModel): boolean {
  return conditionsAndBodies(database).some(text => text.includes(column));
}

function score(
  table: Table,
  { tenant, user }: Candidate,
  root: Table,
  principal: FoundPrincipal,
  database: DatabaseModel,
  uses: readonly PolicyUse[],
): number {
  const others = foreignLinks(table, database).filter(
    link =>
      link.column !== tenant.column && link.column !== user.column && !isReference(link, root, principal, database),
  );
  const isAsked = isLookedUp(uses, table.name) && isComparedWithUser(uses, table.name, user.column);
  const isOnePerUser =
    (keyOf(table) === user.column && table.primaryKey.length === 1) ||
    (isAsked && isUniqueTogether(table, [user.column]));
  const isPair = isUniqueTogether(table, [tenant.column, user.column]);
  // Any row with an author and a group looks like this; a membership is there once for both, or says what it is.
  if (!isPair && !isOnePerUser && !isMembershipNoun(table.name, root.name)) return 0;
  return (
    (isPair ? 5 : 0) +
    (isOnePerUser ? 5 : 0) +
    (isMembershipNoun(table.name, root.name) ? 3 : 0) +
    (isUserColumn(user.column) ? 1 : 0) +
    (isActorColumn(user.column) ? -4 : 0) +
    (table.columns.some(column => isRoleColumn(column.name)) ? 1 : 0) +
    (isAsked ? 3 : 0) +
    (table.columns.length <= 8 ? 1 : 0) +
    (others.some(
      link =>
        link.table !== root.name && link.table !== principal.table.name && !principal.aliases.includes(link.table),
    )
      ? -6
      : 0)
  );
}

/** A key to roles or plans, or to roles that each tenant makes for itself, does not make a membership something else. */
function isReference(link: Link, root: Table, principal: FoundPrincipal, database: DatabaseModel): boolean {
  const target = tableNamed(database, link.table);
  if (target === undefined) return true;
  const users = new Set([principal.table.name, ...principal.aliases]);
  const others = foreignLinks(target, database).filter(
    inner => !users.has(inner.table) && !(inner.table === root.name && isRoleColumn(link.column.replace(/_?id$/i, ''))),
  );
  return others.length === 0 && !users.has(target.name);
}

function isUniqueTogether(table: Table, columns: readonly string[]): boolean {
  return table.uniqueKeys.some(key => key.length === columns.length && columns.every(column => key.includes(column)));
}

function toMembership(table: Table, { tenant, user }: Candidate, uses: readonly PolicyUse[]): Membership {
  const roleColumn = (
    table.columns.find(column => isRoleColumn(column.name)) ??
    table.columns.find(column => valuesAskedFor(table.name, column.name, uses).some(isAdministratorRole))
  )?.name;
  return {
    table: table.name,
    tenantColumn: tenant.column,
    userColumn: user.column,
    ...(roleColumn === undefined ? {} : { roleColumn }),
    adminRoles: roleColumn === undefined ? [] : ['owner', 'admin'],
  };
}

/** Puts the roles that the column's type or checks allow in the place of the usual ones. */
export function withKnownRoles(membership: Membership, database: DatabaseModel): Membership {
  const values = roleValues(membership, database);
  if (areNumbers(membership, database)) return { ...membership, adminRoles: values.slice(-1) };
  const inside = values.filter(value => !isStaffRole(value));
  const administrators = inside.filter(isAdministratorRole);
  const senior = administrators.length === 0 ? inside.filter(isSeniorRole) : administrators;
  const adminRoles = senior.length === 0 ? mostAskedFor(inside, database) : senior;
  return values.length === 0 ? membership : { ...membership, adminRoles };
}

/** Of roles whose names say nothing here (`sindico` beside `morador`), the one that conditions name most often. */
function mostAskedFor(values: readonly string[], database: DatabaseModel): readonly string[] {
  const counts = values.map(value => {
    const literal = `'${value.replaceAll("'", "''")}'`;
    return { value, count: conditionsAndBodies(database).filter(text => text.includes(literal)).length };
  });
  const [first, second] = counts.toSorted((left, right) => right.count - left.count);
  return first === undefined || second === undefined || first.count === second.count ? [] : [first.value];
}

/** Whether roles are kept as numbers, as enums of Rails and of Entity Framework are. */
export function areNumbers({ table, roleColumn }: Membership, { tables }: DatabaseModel): boolean {
  const column = tableNamed({ tables }, table)?.columns.find(({ name }) => name === roleColumn);
  return column !== undefined && /^(?:smallint|integer|bigint|numeric)/.test(column.type);
}

/** Numbers of roles, an administrator's last: what conditions ask for, and beside a single one its neighbour. */
function numbersAskedFor(column: string, database: DatabaseModel): readonly string[] {
  const compared = new RegExp(
    `\\b${column}"?[\\s)]*(>=?|<=?|=)\\s*(?:any\\s*\\(\\s*array\\s*\\[|\\()?\\s*(\\d+(?:\\s*,\\s*\\d+)*)`,
    'gi',
  );
  const found = conditionsAndBodies(database).flatMap(text => [...text.matchAll(compared)]);
  const asked = found.flatMap(([, sign = '', digits = '']) =>
    digits.split(',').map(each => ({ sign, number: Number(each) + (sign === '>' ? 1 : sign === '<' ? -1 : 0) })),
  );
  const isFalling = asked.some(({ sign }) => sign.startsWith('<'));
  const numbers = [...new Set(asked.map(({ number }) => number))].toSorted((a, b) => (isFalling ? b - a : a - b));
  const [only] = numbers;
  const known =
    numbers.length === 1 && only !== undefined ? [isFalling || only === 0 ? only + 1 : only - 1, only] : numbers;
  return known.map(String);
}

/** Texts with which policies compare the column of a row that they look up: a column of any name says the role by them. */
function valuesAskedFor(table: string, column: string, uses: readonly PolicyUse[]): readonly string[] {
  const asked = usesOf(uses, table, column).flatMap(use =>
    use.inside === 'sub-query' && use.with.kind === 'constant' ? [use.with.value] : [],
  );
  return [...new Set(asked.filter(value => typeof value === 'string'))];
}

/**
 * Values that the role column may have, from its enum or its check, and for a column of another name those that policies
 * ask for; empty when anything goes.
 */
export function roleValues(membership: Membership, database: DatabaseModel): readonly string[] {
  const table = tableNamed(database, membership.table);
  const column = table?.columns.find(candidate => candidate.name === membership.roleColumn);
  if (table === undefined || column === undefined) return [];
  if (areNumbers(membership, database)) return numbersAskedFor(column.name, database);
  const listed = database.enums.find(
    candidate => candidate.name === column.type.replace(/\[\]$/, '').replaceAll('"', ''),
  )?.values;
  if (listed !== undefined) return listed;
  const check = table.checks?.find(candidate => new RegExp(`\\b${column.name}\\b`).test(candidate.expression));
  if (check === undefined && !isRoleColumn(column.name))
    return valuesAskedFor(table.name, column.name, policyUses(database));
  return check === undefined
    ? []
    : [...check.expression.matchAll(/'((?:[^']|'')*)'/g)].map(match => (match[1] ?? '').replaceAll("''", "'"));
}
