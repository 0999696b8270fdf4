import type { Predicate, Term } from '../../core/predicate.ts';
import type { Column, DatabaseModel, Table } from '../database/types.ts';
import type { TenancyHints } from './infer.ts';
import {
  foreignLinks,
  isAddress,
  isNamedIn,
  isNotNull,
  isUserTerm,
  keyOf,
  namedLink,
  sameKind,
  type Link,
  tablesAround,
  usesOf,
  type PolicyUse,
} from './links.ts';
import { tenantLink } from './memberships.ts';
import { plainName } from '../../core/names.ts';
import { onceForBoth } from '../../core/once.ts';
import { isActorColumn, isPersonalColumn, isUserColumn } from './names.ts';
import { userLinks, type FoundPrincipal } from './principal.ts';
import type { FoundRoot } from './root.ts';
import { capabilityColumns, isAuthenticationTable, secretColumns } from './secrets.ts';
import type { Published } from './published.ts';
import type { Membership, Owner, OwnerHop, OwnerPath, OwnerWay, OwnerWays } from './types.ts';
import { polymorphicColumns, polymorphicReferences, type PolymorphicReference } from './polymorphic.ts';
import { isPlatformTable } from '../database/platform.ts';
import { tableNamed } from '../../logic/named.ts';

/** What the owners are inferred from. */
export interface OwnerSources {
  readonly database: DatabaseModel;
  readonly principal: FoundPrincipal | undefined;
  /** Absent where each user is a tenant. */
  readonly root: FoundRoot | undefined;
  readonly memberships: readonly Membership[];
  readonly uses: readonly PolicyUse[];
  readonly hints: TenancyHints;
  /** Tables that the app's staff fills for everybody. */
  readonly published: Published;
}

type Judged = Pick<Owner, 'ownership' | 'confidence'>;

/** One owner for each table, in name order. */
export function inferOwners(sources: OwnerSources): readonly Owner[] {
  const tenants = tenantPaths(sources);
  const users = userPaths(sources, tenants);
  const judged = new Map(
    sources.database.tables.map(table => [table.name, judge(table, sources, tenants, users)] as const),
  );
  return sources.database.tables.map(table => ({
    table: table.name,
    ...withParents(table, judged, sources),
    secretColumns: declaredSecrets(table, sources.hints),
    capabilityColumns: capabilityColumns(table),
  }));
}

function declaredSecrets(table: Table, { secretColumns: declared, openColumns }: TenancyHints): readonly string[] {
  const open = openColumns?.[table.name] ?? [];
  return [...new Set([...secretColumns(table), ...(declared?.[table.name] ?? [])])].filter(
    name => !open.includes(name),
  );
}

interface FoundPath {
  readonly path: OwnerPath;
  readonly ways?: OwnerWays;
  readonly confidence: Owner['confidence'];
}

type Paths = ReadonlyMap<string, FoundPath>;

function judge(table: Table, sources: OwnerSources, tenants: Paths, users: Paths): Judged {
  const declaredShared = sources.hints.shared?.[table.name];
  if (declaredShared !== undefined)
    return { ownership: { kind: 'shared', because: declaredShared }, confidence: 'declared' };
  const tenant = tenants.get(table.name);
  if (tenant !== undefined) return judgedBy('tenant', tenant);
  const user = users.get(table.name);
  if (user !== undefined) return judgedBy('user', user);
  if (isAuthenticationTable(table))
    return {
      ownership: { kind: 'unknown', because: 'one-time codes of the sign-in, which name no user' },
      confidence: 'none',
    };
  const personal = table.columns.find(column => isPersonalColumn(column.name));
  const customer = customerColumn(table);
  const shared = personal === undefined && customer === undefined ? undefined : ofUsers(table, sources);
  if (shared !== undefined && table.filled !== true)
    return { ownership: { kind: 'user', path: shared }, confidence: 'foreign-key' };
  if (personal !== undefined && table.filled !== true) {
    return {
      ownership: {
        kind: 'unknown',
        because: isComparedInPart(personal.name, table)
          ? `policies compare '${personal.name}' with a part of the caller's address, and who has his at the same domain need not be of the same tenant`
          : `'${personal.name}' is about a person, and no column leads to a tenant or a user`,
      },
      confidence: 'none',
    };
  }
  if (customer !== undefined && table.filled !== true) {
    return {
      ownership: { kind: 'unknown', because: `'${customer.name}' names somebody, and no key says whom` },
      confidence: 'none',
    };
  }
  const any = polymorphicColumn(table, sources);
  if (any !== undefined) {
    return {
      ownership: { kind: 'unknown', because: `'${any}' names a row of some table, and no key says of which` },
      confidence: 'none',
    };
  }
  const because = sources.published.tables.has(table.name)
    ? 'only the staff of the app fills it, for everybody to read'
    : 'no column leads to a tenant or a user';
  return { ownership: { kind: 'shared', because }, confidence: 'none' };
}

function judgedBy(kind: 'tenant' | 'user', { confidence, ...ways }: FoundPath): Judged {
  return { ownership: { kind, ...ways }, confidence };
}

/** Whether a policy looks in the column for the domain of who asks, or for another part of his address. */
function isComparedInPart(column: string, { policies }: Table): boolean {
  const name = new RegExp(`\\b${column.replaceAll(/\W/g, '\\$&')}\\b`);
  return policies.some(({ using = '', check = '' }) => {
    const text = `${using} ${check}`;
    return name.test(text) && /split_part\(|substring\(|regexp_|~~/i.test(text) && /'email'|auth\.email\(/.test(text);
  });
}

/** A column that names somebody outside. A client with a secret beside it is a program that was registered somewhere. */
function customerColumn(table: Table): Column | undefined {
  const names = new Set(table.columns.map(column => plainName(column.name)));
  return table.columns.find(column => {
    const name = plainName(column.name);
    if (!/(^|_)(customer|client|subscriber|subscription|buyer|payer)(_id)?$/.test(name)) return false;
    return !names.has(`${name.replace(/_id$/, '')}_secret`);
  });
}

/** A row about a person that users' rows refer to (a plan that several of them share) is theirs. */
function ofUsers(table: Table, { database, principal }: OwnerSources): OwnerPath | undefined {
  if (principal === undefined || principal.table.name === table.name) return undefined;
  const link = foreignLinks(principal.table, database).find(candidate => candidate.table === table.name);
  if (link === undefined) return undefined;
  const user = principal.table.name;
  return [
    { column: link.referencedColumn, table: user, referencedColumn: link.column },
    { column: principal.key, table: user, referencedColumn: principal.key },
  ];
}

/** `entity_id` beside `entity_type`, `commentable_id`: the owner is a row of one of several tables. */
function polymorphicColumn(table: Table, { database }: OwnerSources): string | undefined {
  const keyed = new Set(foreignLinks(table, database).map(link => link.column));
  return table.columns.find(
    column =>
      !keyed.has(column.name) &&
      /^(?:entity|resource|owner|subject|object|target|record|reference|referenced|source|model|[a-z_]+able)_(?:id|uuid)$/.test(
        plainName(column.name),
      ),
  )?.name;
}

/** A part of something whose owner nobody knows is no reference data. */
function withParents(table: Table, judged: ReadonlyMap<string, Judged>, { database }: OwnerSources): Judged {
  const own = judged.get(table.name) ?? nobody;
  if (own.ownership.kind !== 'shared' || own.confidence === 'declared') return own;
  const parent = foreignLinks(table, database).find(link => judged.get(link.table)?.ownership.kind === 'unknown');
  if (parent === undefined) return own;
  return {
    ownership: {
      kind: 'unknown',
      because: `it belongs to a row of '${parent.table}', and nothing tells whose that is`,
    },
    confidence: 'none',
  };
}

const nobody: Judged = { ownership: { kind: 'unknown', because: 'it was not looked at' }, confidence: 'none' };

/** The root, what names it directly, and then, round by round, what has a foreign key to something owned. */
function tenantPaths(sources: OwnerSources): Paths {
  const { database, root, principal, hints } = sources;
  const paths = new Map<string, FoundPath>();
  if (root === undefined) return paths;
  const users = new Set(principal === undefined ? [] : [principal.table.name, ...aliasesWithoutTenant(sources)]);
  paths.set(root.table.name, {
    path: [{ column: root.key, table: root.table.name, referencedColumn: root.key }],
    confidence: 'foreign-key',
  });
  const maybe = new Map<string, FoundPath>();
  for (const table of database.tables) {
    if (paths.has(table.name) || users.has(table.name) || isPlatformTable(table, database)) continue;
    const link =
      declaredLink(table, root, hints) ??
      tenantLink(table, root.table, database) ??
      columnLikeTheOthers(table, sources);
    if (link === undefined || (link.basis !== 'declared' && sources.published.forAll.has(table.name))) continue;
    // What a column is called says less than a key that every row has: it may name a tenant of somebody else's system.
    const isTold = link.notNull || table.policies.some(policy => isNamedIn(policy, link.column));
    const found = link.basis === 'name' && !isTold ? maybe : paths;
    found.set(table.name, { path: [hop(link)], confidence: link.basis });
  }
  for (const table of Object.keys(hints.hops ?? {})) paths.delete(table);
  addChains(sources, paths, users, maybe);
  return paths;
}

/** A profile with a tenant column belongs to the tenant; one without belongs to its user. */
function aliasesWithoutTenant({ database, principal, root }: OwnerSources): readonly string[] {
  return (principal?.aliases ?? []).filter(name => {
    const table = tableNamed(database, name);
    return table === undefined || root === undefined || tenantLink(table, root.table, database) === undefined;
  });
}

function declaredLink(
  table: Table,
  root: FoundRoot,
  hints: TenancyHints,
): (Omit<Link, 'basis'> & { readonly basis: 'declared' }) | undefined {
  const column = hints.tenantColumns?.[table.name];
  if (column === undefined) return undefined;
  return {
    column,
    table: root.table.name,
    referencedColumn: root.key,
    notNull: isNotNull(table, column),
    cascade: false,
    basis: 'declared',
  };
}

/** A column called and typed as the tenant column of the tables that have a key, or compared with it in a policy. */
function columnLikeTheOthers(table: Table, { database, root, uses }: OwnerSources): Link | undefined {
  if (root === undefined) return undefined;
  const type = root.table.columns.find(column => column.name === root.key)?.type ?? '';
  // The key of a row beside the tenant's (`private_info.id`) is named like every key.
  const known = namesOfTenant(database, root.table);
  const keyed = new Set(foreignLinks(table, database).map(link => link.column));
  const free = table.columns.filter(column => !keyed.has(column.name) && sameKind(column.type, type));
  const base = { table: root.table.name, referencedColumn: root.key, cascade: false };
  const byPolicy = free.find(column =>
    usesOf(uses, table.name, column.name).some(use => use.inside === 'own' && isTenantTerm(use, known)),
  );
  if (byPolicy !== undefined) return { ...base, column: byPolicy.name, notNull: byPolicy.notNull, basis: 'policy' };
  const byName = free.find(
    column => known.has(plainName(column.name)) || /^tenant_?(id|uuid)?$/.test(plainName(column.name)),
  );
  return byName === undefined ? undefined : { ...base, column: byName.name, notNull: byName.notNull, basis: 'name' };
}

/** What columns that name a tenant are called. */
const namesOfTenant = onceForBoth((database: DatabaseModel, root: Table): ReadonlySet<string> => {
  const named = tablesAround(root, database).flatMap(table => {
    const column = tenantLink(table, root, database)?.column;
    return column === undefined || column === keyOf(table) ? [] : [column];
  });
  return new Set(named.map(plainName));
});

function isTenantTerm(use: PolicyUse, known: ReadonlySet<string>): boolean {
  if (use.with.kind === 'setting') return /org|tenant|team|workspace|company|account/i.test(use.with.name);
  if (use.with.kind === 'principal') return /claims\..*(org|tenant|team|workspace|company)/i.test(use.with.attribute);
  return use.with.kind === 'column' && use.with.row !== 'self' && known.has(plainName(use.with.column));
}

function addChains(
  sources: OwnerSources,
  paths: Map<string, FoundPath>,
  users: ReadonlySet<string>,
  /** Tables that have a way to a tenant unless a required key leads to one. */
  maybe: Paths,
): void {
  const { database, principal, uses, hints, root, published } = sources;
  const personal = personalTables(database, users);
  const theirs = new Set(database.tables.filter(isTheirs).map(table => table.name));
  for (let round = 0; round < 24; round += 1) {
    // A key that every row has says more than one that some have, however far it is to the tenant.
    const found = chained(link => link.notNull);
    if (found.length === 0) found.push(...[...maybe].filter(([name]) => !paths.has(name)));
    if (found.length === 0) found.push(...chained(() => true));
    if (found.length === 0) found.push(...counterparts(database, paths, personal));
    const apart = new Set([...personal, ...theirs, ...published.forAll]);
    if (found.length === 0) found.push(...oneOfSeveral(sources, paths, theirs));
    if (found.length === 0) found.push(...namedChains(database, paths, apart));
    for (const [name, path] of found) paths.set(name, path);
    if (found.length === 0) return;
  }

  function isTheirs(table: Table): boolean {
    const user = principal === undefined ? undefined : userLinks(table, principal, database, uses)[0];
    return user?.notNull === true && isTheirsByPolicy(table, user.column);
  }

  function chained(counts: (link: Link) => boolean): [string, FoundPath][] {
    const found: [string, FoundPath][] = [];
    for (const table of database.tables) {
      if (paths.has(table.name) || users.has(table.name) || isPlatformTable(table, database)) continue;
      const declared = hints.hops?.[table.name];
      if (declared !== undefined) {
        const further = declared.table === root?.table.name ? [] : paths.get(declared.table)?.path;
        if (further !== undefined) found.push([table.name, { path: [declared, ...further], confidence: 'declared' }]);
        continue;
      }
      const link = bestChain(table, sources, paths, counts);
      const target = link === undefined ? undefined : paths.get(link.table);
      if (link === undefined || target === undefined) continue;
      // Optional reference to a tenant's row, but a user in every row: it is the user's.
      const user = principal === undefined ? undefined : userLinks(table, principal, database, uses)[0];
      const isPersonal = (user?.notNull === true && !isActorColumn(user.column)) || personal.has(table.name);
      if ((!link.notNull && isPersonal) || theirs.has(table.name)) continue;
      found.push([table.name, through(link, target)]);
    }
    return found;
  }
}

/** What refers to a row belongs to whom that belongs to. */
function through(link: Link, { path, ways }: FoundPath): FoundPath {
  const before = (way: OwnerPath): OwnerPath => [hop(link), ...way];
  const all = ways?.map(way => ({ path: before(way.path) }));
  return {
    path: before(path),
    ...(isSeveral(all) ? { ways: all } : {}),
    confidence: 'foreign-key',
  };
}

/** Tables whose rows name a row of one of several others, as comments on tasks and projects: each is as its own one leads. */
function oneOfSeveral(
  { database, principal, uses, published }: OwnerSources,
  paths: Paths,
  apart: ReadonlySet<string>,
): readonly [string, FoundPath][] {
  return database.tables.flatMap((table): readonly [string, FoundPath][] => {
    if (paths.has(table.name) || apart.has(table.name) || isPlatformTable(table, database)) return [];
    const columns = [...polymorphicColumns(table, database)];
    const [column] = columns;
    const isTheirs = principal !== undefined && userLinks(table, principal, database, uses).some(link => link.notNull);
    if (column !== undefined && isTheirs && !isNotNull(table, column)) return [];
    if (column === undefined || columns.length > 1 || published.forAll.has(table.name)) return [];
    const references = polymorphicReferences(table, database).filter(reference => reference.column === column);
    const tables = new Map(references.map(reference => [reference.table, reference]));
    const ways = [...tables.values()].flatMap((reference): readonly OwnerWay[] => {
      const target = paths.get(reference.table);
      const { referencedColumn, table: to } = reference;
      return target === undefined || target.ways !== undefined
        ? []
        : [{ path: [{ column, table: to, referencedColumn }, ...target.path], ...unlessOf(reference, references) }];
    });
    const [only] = ways;
    // Of one that leads nowhere nobody can say whose it is.
    if (only === undefined || ways.length < tables.size) return [];
    return [[table.name, { path: only.path, ...(isSeveral(ways) ? { ways } : {}), confidence: 'policy' }]];
  });
}

function isSeveral(ways: readonly OwnerWay[] | undefined): ways is OwnerWays {
  return ways !== undefined && ways.length > 1;
}

/** The kinds of rows for which conditions look in the other tables alone. */
function unlessOf(
  reference: PolymorphicReference,
  references: readonly PolymorphicReference[],
): Pick<OwnerWay, 'unless'> {
  const [[column] = []] = reference.when;
  const [own, others] = [true, false].map(isOwn =>
    references.filter(({ table }) => (table === reference.table) === isOwn).map(({ when }) => when.get(column ?? '')),
  );
  if (column === undefined || own === undefined || own.includes(undefined)) return {};
  const values = (others ?? []).flatMap(kinds => kinds ?? []);
  return { unless: { column, values: [...new Set(values)].filter(value => !own.flat().includes(value)) } };
}

/** Every policy asks for the user alone: a row that says what he has read of a channel is his, whosever the channel is. */
function isTheirsByPolicy({ policies }: Table, column: string): boolean {
  const permissive = policies.filter(
    policy => policy.permissive && !policy.roles.every(role => role === 'service_role'),
  );
  return (
    isUserColumn(column) &&
    permissive.some(policy => policy.command === 'all' || policy.command === 'select') &&
    permissive.every(policy => {
      const conditions = [policy.usingPredicate, policy.checkPredicate].filter(each => each !== undefined);
      return conditions.length > 0 && conditions.every(each => isUsersOwn(each, column));
    })
  );
}

function isUsersOwn(predicate: Predicate, column: string): boolean {
  if (predicate.kind !== 'compare' || predicate.operator !== '=') return false;
  const sides = [predicate.left, predicate.right];
  return (
    sides.some(term => term.kind === 'column' && term.row === 'self' && term.column === column) &&
    sides.some(isUserTerm)
  );
}

/** The users' tables, and those whose every row is a part of a user's own row. */
function personalTables(database: DatabaseModel, users: ReadonlySet<string>): ReadonlySet<string> {
  const personal = new Set(users);
  for (let grown = true; grown;) {
    grown = false;
    for (const table of database.tables) {
      const isPart = foreignLinks(table, database).some(
        link => link.notNull && link.table !== table.name && personal.has(link.table) && !isActorColumn(link.column),
      );
      if (personal.has(table.name) || !isPart) continue;
      personal.add(table.name);
      grown = true;
    }
  }
  return personal;
}

/** Tables without a way of their own to a tenant, to each of whose rows one owned row refers alone: parts of it. */
function counterparts(
  database: DatabaseModel,
  paths: ReadonlyMap<string, FoundPath>,
  personal: ReadonlySet<string>,
): readonly [string, FoundPath][] {
  const found = new Map<string, FoundPath>();
  for (const table of database.tables) {
    if (
      paths.has(table.name) ||
      personal.has(table.name) ||
      isPlatformTable(table, database) ||
      isAuthenticationTable(table)
    )
      continue;
    for (const owner of database.tables) {
      const path = paths.get(owner.name);
      const link = foreignLinks(owner, database).find(
        candidate =>
          candidate.table === table.name &&
          owner.uniqueKeys.some(key => key.length === 1 && key[0] === candidate.column),
      );
      if (path === undefined || link === undefined || found.has(table.name)) continue;
      const back: OwnerHop = { column: link.referencedColumn, table: owner.name, referencedColumn: link.column };
      found.set(table.name, { path: [back, ...path.path], confidence: 'foreign-key' });
    }
  }
  return [...found];
}

/** Tables without any key, with a column called after an owned table and typed as its key: `project_id`. */
function namedChains(
  database: DatabaseModel,
  paths: ReadonlyMap<string, FoundPath>,
  personal: ReadonlySet<string>,
): readonly [string, FoundPath][] {
  return database.tables.flatMap((table): readonly [string, FoundPath][] => {
    if (
      paths.has(table.name) ||
      personal.has(table.name) ||
      isPlatformTable(table, database) ||
      isAuthenticationTable(table)
    )
      return [];
    const links = database.tables.flatMap(target => {
      const path = paths.get(target.name);
      const link = path === undefined ? undefined : namedLink(table, target);
      return path === undefined || link === undefined ? [] : [{ link, path }];
    });
    const [best] = links.toSorted(
      (left, right) =>
        Number(right.link.notNull) - Number(left.link.notNull) || left.path.path.length - right.path.path.length,
    );
    return best === undefined ? [] : [[table.name, { path: [hop(best.link), ...best.path.path], confidence: 'name' }]];
  });
}

function bestChain(
  table: Table,
  { database, published, memberships }: OwnerSources,
  paths: Paths,
  counts: (link: Link, target: FoundPath) => boolean = () => true,
): Link | undefined {
  const links = foreignLinks(table, database).filter(link => {
    const target = paths.get(link.table);
    return (
      link.table !== table.name &&
      target !== undefined &&
      isOwnership(table, link.column, published) &&
      counts(link, target)
    );
  });
  // A key to a membership says which of the tenant's people it was; what he did it to says more of whose the row is.
  const people = new Set(memberships.map(membership => membership.table));
  const isAsked = ({ column }: Link): boolean => table.policies.some(policy => isNamedIn(policy, column));
  const rank = (link: Link): number =>
    (link.notNull ? 4 : 0) +
    (isAsked(link) ? 3 : 0) +
    (link.cascade ? 2 : 0) -
    (paths.get(link.table)?.path.length ?? 0) / 10 -
    (people.has(link.table) ? 0.05 : 0);
  return [...links].sort((left, right) => rank(right) - rank(left))[0];
}

function userPaths(sources: OwnerSources, tenants: Paths): Paths {
  const { database, principal, uses } = sources;
  const paths = new Map<string, FoundPath>();
  if (principal === undefined) return paths;
  const self: OwnerHop = { column: principal.key, table: principal.table.name, referencedColumn: principal.key };
  paths.set(principal.table.name, { path: [self], confidence: 'foreign-key' });
  for (const table of database.tables) {
    if (paths.has(table.name) || tenants.has(table.name)) continue;
    const key = keyOf(table);
    if (principal.aliases.includes(table.name) && key !== undefined) {
      paths.set(table.name, { path: [{ ...self, column: key }], confidence: 'foreign-key' });
      continue;
    }
    const link =
      table.name === 'storage.objects'
        ? storageOwner(self)
        : userLinks(table, principal, database, uses).find(candidate =>
            isOwnership(table, candidate.column, sources.published),
          );
    if (link !== undefined) paths.set(table.name, { path: [hop(link)], confidence: link.basis });
  }
  for (const [table, path] of byAddress(sources, self))
    if (!paths.has(table) && !tenants.has(table)) paths.set(table, path);
  addUserChains(sources, paths, tenants);
  for (const [name, path] of oneOfSeveral(sources, paths, new Set(tenants.keys()))) paths.set(name, path);
  return paths;
}

/** Rows that name their user by his address alone: policies compare the column with the caller's, of this table or of others. */
function byAddress({ database, principal, uses, published }: OwnerSources, self: OwnerHop): Paths {
  const address = principal?.table.columns.find(({ name }) => isAddress(name));
  const asked = uses.filter(use => use.inside === 'own' && isAddressTerm(use.with));
  const names = new Set(asked.map(({ column }) => plainName(column)));
  const found = new Map<string, FoundPath>();
  for (const table of database.tables) {
    if (address === undefined || isPlatformTable(table, database) || published.forAll.has(table.name)) continue;
    const columns = table.columns.filter(
      ({ name, type }) => /^(text|character|citext)/.test(type) && names.has(plainName(name)),
    );
    const isAsked = ({ name }: Column): boolean => asked.some(use => use.table === table.name && use.column === name);
    const told = columns.find(isAsked) ?? columns.find(({ name }) => plainName(name) !== plainName(address.name));
    if (told === undefined) continue;
    const first: OwnerHop = { column: told.name, table: self.table, referencedColumn: address.name };
    found.set(table.name, { path: [first, self], confidence: isAsked(told) ? 'policy' : 'name' });
  }
  return found;
}

function isAddressTerm(term: Term): boolean {
  return term.kind === 'principal' && term.attribute === 'user.email';
}

/** Who changed a row last does not own it, nor does one of the staff who wrote for everybody. */
function isOwnership(table: Table, column: string, published: Published): boolean {
  if (published.forAll.has(table.name)) return isNotNull(table, column) && !isActorColumn(column);
  if (!isActorColumn(column)) return true;
  return !/^(last_)?(updated|modified|edited|changed)_by/.test(plainName(column)) && !published.tables.has(table.name);
}

/** Supabase writes the uploader into `owner_id`. */
function storageOwner(self: OwnerHop): Link {
  return { ...self, column: 'owner_id', notNull: false, cascade: false, basis: 'name' };
}

function addUserChains(sources: OwnerSources, paths: Map<string, FoundPath>, tenants: Paths): void {
  // Where a row hangs on somebody's own row and on one that somebody wrote down (a company, a tag), it is the former's part.
  const isOwn = ({ path }: FoundPath): boolean => !isActorColumn(path.at(-1)?.column ?? '');
  addUserRounds(sources, paths, tenants, (link, target) => link.notNull && isOwn(target));
  addUserRounds(sources, paths, tenants, (_link, target) => isOwn(target));
  addUserRounds(sources, paths, tenants, () => true);
}

function addUserRounds(
  sources: OwnerSources,
  paths: Map<string, FoundPath>,
  tenants: Paths,
  counts: (link: Link, target: FoundPath) => boolean,
): void {
  const { database } = sources;
  for (let round = 0; round < 12; round += 1) {
    const found: [string, FoundPath][] = [];
    for (const table of database.tables) {
      if (paths.has(table.name) || tenants.has(table.name) || isPlatformTable(table, database)) continue;
      const link = bestChain(table, sources, paths, counts);
      const target = link === undefined ? undefined : paths.get(link.table);
      if (link !== undefined && target !== undefined) found.push([table.name, through(link, target)]);
    }
    for (const [name, path] of found) paths.set(name, path);
    if (found.length === 0) return;
  }
}

function hop(link: Omit<Link, 'basis'>): OwnerHop {
  return { column: link.column, table: link.table, referencedColumn: link.referencedColumn };
}

/** The key of rows that are tenants of a kind of their own: a conversation, a party of two. */
export function keyOfItself({ table, ownership }: Owner): string | undefined {
  if (ownership.kind !== 'tenant' || ownership.path.length > 1) return undefined;
  const [hop] = ownership.path;
  return hop.table === table ? hop.column : undefined;
}
