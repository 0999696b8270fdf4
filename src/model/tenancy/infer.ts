import type { DatabaseModel, Table } from '../database/types.ts';
import { keyOf, policyUses, type PolicyUse } from './links.ts';
import { findMemberships, withKnownRoles } from './memberships.ts';
import { inferOwners } from './owners.ts';
import { withoutPrefix } from './prefix.ts';
import { isUserColumn } from './names.ts';
import { findPrincipal, userLinks, type FoundPrincipal } from './principal.ts';
import { keptElsewhere } from './service.ts';
import { nothingPublished, publishedTables, type Published } from './published.ts';
import { findOtherRoots, findRoot, type FoundRoot } from './root.ts';
import type { Membership, Owner, OwnerHop, TenancyModel } from './types.ts';

/** What the user declares in `drydock.config.ts` where inference is to be corrected. */
export interface TenancyHints {
  readonly root?: string;
  readonly principal?: string;
  readonly memberships?: readonly string[];
  /** Tables that everyone may read. */
  readonly shared?: Readonly<Record<string, string>>;
  /** Column of a table that names its tenant. */
  readonly tenantColumns?: Readonly<Record<string, string>>;
  /** Column of a table that leads to another table's row. */
  readonly hops?: Readonly<Record<string, OwnerHop>>;
  readonly secretColumns?: Readonly<Record<string, readonly string[]>>;
  /** Columns that look like secrets and are none. */
  readonly openColumns?: Readonly<Record<string, readonly string[]>>;
}

/** Infers who owns which row from keys, policies and, where those leave a choice, names. */
export function inferTenancy(database: DatabaseModel, hints: TenancyHints = {}): TenancyModel {
  const bare = withoutPrefix(database, hints);
  return bare === undefined ? inferFrom(database, hints) : bare.restore(inferFrom(bare.database, bare.hints));
}

function inferFrom(database: DatabaseModel, hints: TenancyHints): TenancyModel {
  const uses = policyUses(database);
  const principal = findPrincipal(database, uses, hints.principal);
  const elsewhere = keptElsewhere(database, uses, {
    users: principal !== undefined,
    tenants: () => findRoot(database, principal, uses, hints.root) !== undefined,
  });
  if (elsewhere !== undefined) {
    const { users, tenants } = elsewhere.names;
    const known = {
      ...(users === undefined ? {} : { principal: users }),
      ...(tenants === undefined ? {} : { root: tenants }),
    };
    return elsewhere.restore(inferWith(elsewhere.database, { ...known, ...hints }));
  }
  return inferWith(database, hints);
}

/** Who is staff follows from who owns what, and what only staff fills is owned by nobody: a second look where there is any. */
function inferWith(database: DatabaseModel, hints: TenancyHints): TenancyModel {
  const tenancy = inferOnce(database, hints, nothingPublished);
  const published = publishedTables(database, tenancy);
  return published.tables.size === 0 ? tenancy : inferOnce(database, hints, published);
}

function inferOnce(database: DatabaseModel, hints: TenancyHints, published: Published): TenancyModel {
  const uses = policyUses(database);
  const principal = findPrincipal(database, uses, hints.principal);
  const found = findRoot(database, principal, uses, hints.root);
  const root = found?.table ?? principal?.table;
  const key = found?.key ?? principal?.key;
  const memberships =
    found === undefined || principal === undefined ? [] : membershipsOf(database, found.table, principal, uses, hints);
  const own = inferOwners({ database, principal, root: found, memberships, uses, hints, published });
  const others =
    found === undefined
      ? []
      : findOtherRoots(database, principal, uses, new Set(ownedBy('tenant', own).map(owner => owner.table)));
  const owners = others.reduce(
    (known, root) => withOwnersOf(root, known, { database, principal, memberships: [], uses, hints, published }),
    own,
  );
  const otherRoots = others.map(({ table, key: otherKey }) => ({
    table: table.name,
    key: otherKey,
    memberships: principal === undefined ? [] : membershipsOf(database, table, principal, uses, {}),
  }));
  return {
    root: root === undefined || key === undefined ? undefined : { table: root.name, key },
    principal: principal === undefined ? undefined : { table: principal.table.name, key: principal.key },
    memberships,
    ...(otherRoots.length === 0 ? {} : { otherRoots }),
    owners,
    reasons: [
      ...(principal?.reasons ?? ['No table of users was found.']),
      ...(found?.reasons ?? withoutRoot(root)),
      ...memberships.map(describeMembership),
      ...others.flatMap(other => other.reasons),
    ],
  };
}

function ownedBy(kind: Owner['ownership']['kind'], owners: readonly Owner[]): readonly Owner[] {
  return owners.filter(owner => owner.ownership.kind === kind);
}

/** What belongs to no tenant of the root may belong to one of another kind. */
function withOwnersOf(
  root: FoundRoot,
  known: readonly Owner[],
  sources: Omit<Parameters<typeof inferOwners>[0], 'root'>,
): readonly Owner[] {
  const found = new Map(
    ownedBy('tenant', inferOwners({ ...sources, root })).map(owner => [owner.table, owner] as const),
  );
  return known.map(owner =>
    owner.ownership.kind === 'tenant' || (owner.ownership.kind === 'user' && owner.ownership.path.length === 1)
      ? owner
      : (found.get(owner.table) ?? owner),
  );
}

function membershipsOf(
  database: DatabaseModel,
  root: Table,
  principal: FoundPrincipal,
  uses: readonly PolicyUse[],
  hints: TenancyHints,
): readonly Membership[] {
  const found = findMemberships(database, root, principal, uses).map(membership =>
    withKnownRoles(membership, database),
  );
  const declared = hints.memberships;
  if (declared !== undefined) return found.filter(membership => declared.includes(membership.table));
  if (found.some(membership => membership.lists === undefined)) return found;
  // No table ties users to tenants, but each tenant names its owner.
  const owner = userLinks(root, principal, database, uses).find(
    ({ column }) => found.length === 0 || isUserColumn(column),
  );
  const key = keyOf(root);
  return owner === undefined || key === undefined
    ? found
    : [...found, { table: root.name, tenantColumn: key, userColumn: owner.column, adminRoles: [] }];
}

function withoutRoot(root: Table | undefined): readonly string[] {
  return root === undefined ? [] : [`Each row of '${root.name}' is a tenant of its own: no table groups users.`];
}

function describeMembership(membership: Membership): string {
  if (membership.lists !== undefined)
    return `'${membership.userColumn}' of '${membership.table}' lists the users of each tenant${membership.lists === 'addresses' ? ' by their addresses' : ''}: policies look there for who asks.`;
  return `'${membership.table}' says which user ('${membership.userColumn}') belongs to which tenant ('${membership.tenantColumn}').`;
}
