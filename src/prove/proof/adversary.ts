import { once } from '../../core/once.ts';
import type { Column, DatabaseModel, Table } from '../../model/database/types.ts';
import { isComparedWithUser, policyUses } from '../../model/tenancy/links.ts';
import { appRoles, type AppRoles } from '../../model/tenancy/app-roles.ts';
import type { Owner, OwnerPath, TenancyModel } from '../../model/tenancy/types.ts';
import { rowsFoundBySettings } from '../../model/tenancy/found-by-setting.ts';
import { isShareNoun } from '../../model/tenancy/names.ts';
import { isOwnersWish, showingsOf, type Mark } from '../../model/tenancy/shown.ts';
import { isPublishedFlag } from '../../logic/published.ts';
import { all, any, every, not, same, symbol, type Variable } from '../../logic/smt/formula.ts';
import { booleans } from '../../logic/smt/value.ts';
import type { Session } from '../../logic/smt/session.ts';
import type { Vocabulary } from '../../logic/smt/vocabulary.ts';
import { platformTable } from '../../model/database/platform.ts';
import { tableNamed } from '../../logic/named.ts';
import { ownerOfTable, waysOf } from '../../model/tenancy/owner-of.ts';

/** Whose data is at stake, and what ties nobody but its own people to it. */
export interface World {
  readonly vocabulary: Vocabulary;
  readonly session: Session;
  readonly tenancy: TenancyModel;
  /** The key of the tenant, or of the user, whose row is reached. */
  readonly victim: string;
  readonly kind: 'tenant' | 'user';
}

/** A named assertion, and the table that it is about. */
export interface Premise {
  readonly name: string;
  readonly kind: World['kind'];
  readonly formula: string;
  /** For a premise that the attacker's own writes could break. */
  readonly table?: string;
  /** A sentence for the reader. */
  readonly says: string;
}

/** The rows on the way from a row to its owner's key. */
export interface OwnerChain {
  readonly variables: readonly Variable[];
  /** Each is there and is the one that the row before refers to. */
  readonly links: readonly string[];
  readonly key: string;
  readonly known: string;
}

/** The chain of a row of a table; undefined where rows have no owner, or one on several ways. */
function chainOf(vocabulary: Vocabulary, owner: Owner, row: string): OwnerChain | undefined {
  const [chain, ...others] = chainsOf(vocabulary, owner, row);
  return others.length === 0 ? chain : undefined;
}

/** A chain for each way on which a row of the table may lead to its owner; none where one of them cannot be followed. */
export function chainsOf(vocabulary: Vocabulary, owner: Owner, row: string): readonly OwnerChain[] {
  const chains = waysOf(owner).map(({ path, unless }) => {
    const chain = chainAlong(vocabulary, owner.table, path, row);
    const table = tableOf(vocabulary, owner.table);
    const column = table?.columns.find(({ name }) => name === unless?.column);
    if (chain === undefined || table === undefined || column === undefined) return chain;
    const { term, isNull } = vocabulary.column(table, column, row);
    const others = (unless?.values ?? []).map(value => any([isNull, not(same(term, vocabulary.constant(value)))]));
    return { ...chain, links: [...chain.links, ...others] };
  });
  return chains.every(chain => chain !== undefined) ? chains : [];
}

function chainAlong(vocabulary: Vocabulary, table: string, path: OwnerPath, row: string): OwnerChain | undefined {
  const variables: Variable[] = [];
  const links: string[] = [];
  let [at, current] = [tableOf(vocabulary, table), row];
  for (const [index, hop] of path.entries()) {
    const column = at?.columns.find(candidate => candidate.name === hop.column);
    if (at === undefined || column === undefined) return undefined;
    if (index === path.length - 1) {
      const { term, isNull } = vocabulary.column(at, column, current);
      return { variables, links, key: term, known: not(isNull) };
    }
    const next = tableOf(vocabulary, hop.table);
    const referenced = next?.columns.find(candidate => candidate.name === hop.referencedColumn);
    if (next === undefined || referenced === undefined) return undefined;
    const variable = vocabulary.row(next.name);
    variables.push(variable);
    links.push(...leadsTo(vocabulary, at, current, { column, target: next, referenced }, variable.name));
    [at, current] = [next, variable.name];
  }
  return undefined;
}

/** The other row is there, and it is the one that the row refers to. */
function leadsTo(
  vocabulary: Vocabulary,
  table: Table,
  row: string,
  { column, target, referenced }: UsedReference,
  other: string,
): readonly string[] {
  const [from, to] = [vocabulary.column(table, column, row), vocabulary.column(target, referenced, other)];
  return [vocabulary.live(target.name, other), not(from.isNull), not(to.isNull), same(from.term, to.term)];
}

function tableOf({ database }: Vocabulary, name: string): Table | undefined {
  return tableNamed(database, name);
}

/** The row belongs to the victim. */
export function belongs(
  { vocabulary, victim }: World,
  owner: Owner,
  row: string,
): { readonly variables: readonly Variable[]; readonly condition: string } | undefined {
  const chains = chainsOf(vocabulary, owner, row);
  return chains.length === 0
    ? undefined
    : {
        variables: chains.flatMap(chain => chain.variables),
        condition: any(chains.map(chain => all([...chain.links, chain.known, same(chain.key, victim)]))),
      };
}

/** A column of the row holds who asks: the key or the address. */
export function namesUser(
  world: World,
  table: Table,
  row: string,
  user: readonly string[] = identities(world),
): string {
  const { vocabulary } = world;
  const columns = table.columns.filter(
    column => column.type !== 'boolean' && vocabulary.used.get(table.name)?.has(column.name) === true,
  );
  const cased = unaryIn(vocabulary, /^\|(lower|upper|btrim) /);
  // A setting is a text: who is named by it is named by what it is cast to.
  const casts = unaryIn(vocabulary, cast);
  return any(
    columns.flatMap(column => {
      const { term, isNull } = vocabulary.column(table, column, row);
      const list = /\[\]$|^jsonb?$/.test(column.type);
      return user.map(who =>
        all([
          not(isNull),
          any([
            same(term, who),
            ...cased.flatMap(name => [
              same(`(${name} ${term})`, who),
              same(`(${name} ${term})`, `(${name} ${who})`),
              same(term, `(${name} ${who})`),
            ]),
            ...casts.map(name => same(term, `(${name} ${who})`)),
            ...(list ? [who, ...casts.map(name => `(${name} ${who})`)].map(each => held(vocabulary, term, each)) : []),
          ]),
        ]),
      );
    }),
  );
}

/** Functions of one argument that were asked about, by their symbols. */
function unaryIn({ functions }: Vocabulary, symbols: RegExp): readonly string[] {
  return [...functions].flatMap(([name, count]) => (count === 1 && symbols.test(name) ? [name] : []));
}

const cast = /^\|cast /;

function held(vocabulary: Vocabulary, list: string, element: string): string {
  return vocabulary.call('holds', [list, element], [], 'Bool');
}

function identities({ session }: World): readonly string[] {
  return session.signedIn ? [session.user().term, session.email().term] : [];
}

/**
 * What holds of somebody whom nothing ties to the victim, for each table that was used; with `consistent` also that rows
 * which refer to the victim's are the victim's.
 */
export function premises(world: World, consistent = false): readonly Premise[] {
  const { vocabulary, session } = world;
  const tables = [...vocabulary.used.keys()].flatMap(name => tableOf(vocabulary, name) ?? []);
  return [
    ...(session.signedIn ? tables.flatMap(table => [...outsider(world, table), ...stranger(world, table)]) : []),
    ...(session.signedIn ? unprivileged(world) : []),
    ...(session.signedIn && world.kind === 'user' ? apart(world) : []),
    ...tables.flatMap(table => unshared(world, table)),
    ...(consistent ? tables.flatMap(table => consistency(world, table)) : []),
    ...trust(world),
    ...(session.signedIn ? found(world) : []),
    ...named(world),
    ...canonical(world),
    ...(session.signedIn ? tables.flatMap(table => address(world, table)) : []),
    ...(session.signedIn ? nobodyNamed(world) : []),
  ];
}

function ownerOf(world: World, table: Table): Owner | undefined {
  return ownerOfTable(world.tenancy, table.name);
}

const outsiderOf = ({ name }: Table): string => `outsider of ${name}`;

const strangerIn = ({ name }: Table): string => `stranger in ${name}`;

const noStaffIn = ({ name }: Table): string => `no staff in ${name}`;

/** The names of what is taken for granted of a table's rows that name who asks. */
export function premisesAbout(
  table: Table,
  kind: World['kind'],
  database: DatabaseModel,
  tenancy: TenancyModel,
): readonly string[] {
  const owner = ownerOfTable(tenancy, table.name);
  const isStaffed = appRoles(database, tenancy).some(roles => roles.table === table.name);
  return [
    owner?.ownership.kind === kind ? outsiderOf(table) : strangerIn(table),
    ...(isStaffed ? [noStaffIn(table)] : []),
  ];
}

/** No row of the victim names who asks. */
function outsider(world: World, table: Table): readonly Premise[] {
  const { vocabulary } = world;
  const owner = ownerOf(world, table);
  if (owner?.ownership.kind !== world.kind) return [];
  const row = vocabulary.row(table.name);
  const theirs = belongs(world, owner, row.name);
  if (theirs === undefined) return [];
  const base = [vocabulary.live(table.name, row.name), theirs.condition];
  const variables = [row, ...theirs.variables];
  const direct = every(variables, not(all([...base, namesUser(world, table, row.name)])));
  const indirect = referencesToOwn(world, table, row.name).map(reference =>
    every([...variables, ...reference.variables], not(all([...base, reference.condition]))),
  );
  return [
    {
      kind: world.kind,
      name: outsiderOf(table),
      table: table.name,
      formula: all([direct, ...indirect]),
      says: `no row of '${table.name}' that belongs to the ${world.kind} names who asks`,
    },
  ];
}

/** A key of the row leads to a row that belongs to who asks: to the profile, say. */
function referencesToOwn(
  world: World,
  table: Table,
  row: string,
): readonly { readonly variables: readonly Variable[]; readonly condition: string }[] {
  const { vocabulary, session } = world;
  return usedReferences(world, table).flatMap(({ column, target, referenced }) => {
    const owner = ownerOf(world, target);
    if (owner?.ownership.kind !== 'user') return [];
    const other = vocabulary.row(target.name);
    const chain = chainOf(vocabulary, owner, other.name);
    if (chain === undefined) return [];
    return [
      {
        variables: [other, ...chain.variables],
        condition: all([
          ...leadsTo(vocabulary, table, row, { column, target, referenced }, other.name),
          ...chain.links,
          chain.known,
          same(chain.key, session.user().term),
        ]),
      },
    ];
  });
}

interface UsedReference {
  readonly column: Table['columns'][number];
  readonly target: Table;
  readonly referenced: Table['columns'][number];
}

function usedReferences({ vocabulary }: World, table: Table): readonly UsedReference[] {
  const used = vocabulary.used.get(table.name);
  return table.foreignKeys.flatMap(({ columns: [name = '', ...others], table: to, referencedColumns: [key = ''] }) => {
    const target = tableOf(vocabulary, to);
    const column = table.columns.find(candidate => candidate.name === name);
    const referenced = target?.columns.find(candidate => candidate.name === key);
    const isUsed = used?.has(name) === true && vocabulary.used.get(to)?.has(key) === true;
    return others.length > 0 || target === undefined || column === undefined || referenced === undefined || !isUsed
      ? []
      : [{ column, target, referenced }];
  });
}

/** No row that names who asks leads to the victim, in tables whose rows do not belong to tenants. */
function stranger(world: World, table: Table): readonly Premise[] {
  const { vocabulary, victim } = world;
  if (ownerOf(world, table)?.ownership.kind === world.kind) return [];
  const row = vocabulary.row(table.name);
  const names = namesUser(world, table, row.name);
  const base = [vocabulary.live(table.name, row.name), names];
  const direct = every([row], not(all([...base, namesUser(world, table, row.name, [victim])])));
  const indirect = usedReferences(world, table).flatMap(({ column, target, referenced }) => {
    const owner = ownerOf(world, target);
    if (owner === undefined || owner.ownership.kind !== world.kind) return [];
    const other = vocabulary.row(target.name);
    const theirs = belongs(world, owner, other.name);
    if (theirs === undefined) return [];
    const leads = all([
      ...leadsTo(vocabulary, table, row.name, { column, target, referenced }, other.name),
      theirs.condition,
    ]);
    return [every([row, other, ...theirs.variables], not(all([...base, leads])))];
  });
  return [
    {
      kind: world.kind,
      name: strangerIn(table),
      table: table.name,
      formula: all([direct, ...indirect]),
      says: `no row of '${table.name}' ties who asks to the ${world.kind}`,
    },
  ];
}

/** Who asks has no role of the whole app but those that the app gives to people like him. */
function unprivileged(world: World): readonly Premise[] {
  const { vocabulary, session, kind, tenancy } = world;
  return appRoles(vocabulary.database, tenancy).flatMap(roles => {
    const table = tableOf(vocabulary, roles.table);
    const user = table?.columns.find(column => column.name === roles.userColumn);
    if (table === undefined || user === undefined || !vocabulary.used.has(table.name)) return [];
    const row = vocabulary.row(table.name);
    const { term, isNull } = vocabulary.column(table, user, row.name);
    const mine = all([vocabulary.live(table.name, row.name), not(isNull), same(term, session.user().term)]);
    const formula =
      namedPrivilege(world, table, roles, row, mine) ??
      every([row], not(all([mine, any(privilegesOf(world, table, roles, row.name))])));
    return [
      {
        kind,
        name: noStaffIn(table),
        table: table.name,
        formula,
        says: `'${table.name}' gives who asks no role of the whole app`,
      },
    ];
  });
}

/** The row refers to a role whose name makes more of him than of others; undefined where roles have no names, or all do. */
function namedPrivilege(
  { vocabulary }: World,
  table: Table,
  { named, given, privileged }: AppRoles,
  row: Variable,
  mine: string,
): string | undefined {
  const target = named === undefined ? undefined : tableOf(vocabulary, named.table);
  const [column, key, label] = [
    table.columns.find(({ name }) => name === named?.column),
    target?.columns.find(({ name }) => name === named?.key),
    target?.columns.find(({ name }) => name === named?.label),
  ];
  if (given.length === 0 || target === undefined || column === undefined || key === undefined || label === undefined)
    return undefined;
  const role = vocabulary.row(target.name);
  const leads = leadsTo(vocabulary, table, row.name, { column, target, referenced: key }, role.name);
  const said = vocabulary.column(target, label, role.name);
  const names = any(privileged.map(value => same(said.term, vocabulary.constant(value))));
  return every([row, role], not(all([mine, ...leads, names])));
}

/** What in a row about somebody makes him more than other people. */
function privilegesOf({ vocabulary }: World, table: Table, roles: AppRoles, row: string): readonly string[] {
  const named = (name: string): { readonly term: string; readonly isNull: string } | undefined => {
    const column = table.columns.find(candidate => candidate.name === name);
    return column === undefined ? undefined : vocabulary.column(table, column, row);
  };
  const role = roles.roleColumn === undefined ? undefined : named(roles.roleColumn);
  const isOneOf = (values: readonly string[]): string =>
    role === undefined ? 'false' : any(values.map(value => same(role.term, vocabulary.constant(value))));
  // A row that says nothing else is a privilege, unless it is one that the app gives.
  const isRole = roles.everyRow === true || (roles.isPure && !hasDefault(table, roles));
  const byRole = isRole ? not(isOneOf(roles.given)) : isOneOf(roles.privileged);
  const byFlag = roles.flags.flatMap(flag => {
    const value = named(flag);
    return value === undefined ? [] : [all([not(value.isNull), same(value.term, booleans.t)])];
  });
  const tenant = roles.everywhere === undefined ? undefined : named(roles.everywhere.column);
  const byTenant = tenant === undefined ? [] : [all([tenant.isNull, isOneOf(roles.everywhere?.roles ?? [])])];
  return [byRole, ...byFlag, ...byTenant];
}

/** What everybody gets who is written down is no privilege. */
function hasDefault(table: Table, { roleColumn }: AppRoles): boolean {
  return table.columns.some(column => column.name === roleColumn && column.hasDefault);
}

/** Who asks and the user whose row it is are members of no common tenant. */
function apart(world: World): readonly Premise[] {
  const { vocabulary, session, tenancy, victim } = world;
  const memberships = [...tenancy.memberships, ...(tenancy.otherRoots ?? []).flatMap(root => root.memberships)];
  return memberships.flatMap(membership => {
    const table = tableOf(vocabulary, membership.table);
    const user = table?.columns.find(column => column.name === membership.userColumn);
    const tenant = table?.columns.find(column => column.name === membership.tenantColumn);
    if (
      table === undefined ||
      user === undefined ||
      tenant === undefined ||
      vocabulary.used.get(table.name) === undefined
    )
      return [];
    const [mine, theirs] = [vocabulary.row(table.name), vocabulary.row(table.name)];
    const member = vocabulary.column(table, user, theirs.name).term;
    const tenantOfTheirs = vocabulary.column(table, tenant, theirs.name).term;
    const isTheirs = all([
      vocabulary.live(table.name, theirs.name),
      membership.lists === undefined ? same(member, victim) : held(vocabulary, member, victim),
    ]);
    const isMine = all([
      vocabulary.live(table.name, mine.name),
      membership.lists === undefined
        ? same(vocabulary.column(table, user, mine.name).term, session.user().term)
        : namesUser(world, table, mine.name),
    ]);
    const formula = all([
      every(
        [mine, theirs],
        not(all([isTheirs, isMine, same(vocabulary.column(table, tenant, mine.name).term, tenantOfTheirs)])),
      ),
      every([theirs], not(all([isTheirs, any(namedBySession(world, tenantOfTheirs))]))),
    ]);
    return [
      {
        kind: 'user',
        name: `apart in ${table.name}`,
        table: table.name,
        formula,
        says: 'who asks and the user whose row it is share no tenant',
      },
    ];
  });
}

/** A row that refers to a row of the victim is the victim's, too; and the victim's rows refer to the victim's. */
function consistency(world: World, table: Table): readonly Premise[] {
  const { vocabulary, victim, kind } = world;
  const owner = ownerOf(world, table);
  if (owner?.ownership.kind !== kind) return [];
  const [first] = owner.ownership.path;
  const pairs = usedReferences(world, table).flatMap(({ column, target, referenced }) => {
    const other = ownerOf(world, target);
    if (column.name === first.column || other?.ownership.kind !== kind) return [];
    const [row, to] = [vocabulary.row(table.name), vocabulary.row(target.name)];
    const [here, there] = [chainOf(vocabulary, owner, row.name), chainOf(vocabulary, other, to.name)];
    if (here === undefined || there === undefined) return [];
    const refers = all([
      vocabulary.live(table.name, row.name),
      ...leadsTo(vocabulary, table, row.name, { column, target, referenced }, to.name),
      ...here.links,
      ...there.links,
      here.known,
      there.known,
    ]);
    const [mine, its] = [same(here.key, victim), same(there.key, victim)];
    const variables = [row, to, ...here.variables, ...there.variables];
    return [
      {
        inward: every(variables, not(all([refers, its, not(mine)]))),
        outward: every(variables, not(all([refers, mine, not(its)]))),
      },
    ];
  });
  if (pairs.length === 0) return [];
  return [
    {
      kind,
      name: `consistent ${table.name}`,
      table: table.name,
      formula: all(pairs.map(pair => pair.inward)),
      says: `rows of '${table.name}' that refer to rows of the ${kind} belong to it`,
    },
    {
      kind,
      name: `contained ${table.name}`,
      table: table.name,
      formula: all(pairs.map(pair => pair.outward)),
      says: `rows of '${table.name}' that belong to the ${kind} refer to rows of its own`,
    },
  ];
}

/** Values that a file's path is made of: none of them is the user's, nor of a tenant that the user belongs to. */
export function pathPremises(world: World, parts: readonly string[]): readonly Premise[] {
  const { vocabulary, session, tenancy } = world;
  if (!session.signedIn || parts.length === 0) return [];
  const tables = [...vocabulary.used.keys()].flatMap(name => tableOf(vocabulary, name) ?? []);
  const direct = parts.flatMap(part => identities(world).map(who => not(same(part, who))));
  const rows = tables.flatMap(table => {
    const row = vocabulary.row(table.name);
    const columns = table.columns.filter(column => vocabulary.used.get(table.name)?.has(column.name) === true);
    const meant = any(
      columns.flatMap(column => parts.map(part => same(vocabulary.column(table, column, row.name).term, part))),
    );
    const found = [vocabulary.live(table.name, row.name), meant];
    const own = every([row], not(all([...found, namesUser(world, table, row.name)])));
    const chain = withOwner(vocabulary, tenancy, table, row.name);
    if (chain === undefined) return [own];
    // Nor is the tenant of the row one that names the user.
    return [
      own,
      ...tables.flatMap(other => {
        const member = vocabulary.row(other.name);
        const theirs = withOwner(vocabulary, tenancy, other, member.name);
        if (theirs === undefined) return [];
        const shared = [...chain.links, ...theirs.links, chain.known, theirs.known, same(chain.key, theirs.key)];
        const named = [vocabulary.live(other.name, member.name), namesUser(world, other, member.name)];
        return [
          every([row, ...chain.variables, member, ...theirs.variables], not(all([...found, ...shared, ...named]))),
        ];
      }),
    ];
  });
  return [
    {
      kind: world.kind,
      name: 'path',
      formula: all([...direct, ...rows]),
      says: 'the path of the file names neither the user, nor a row of the user’s, nor one of a tenant that the user belongs to',
    },
  ];
}

function withOwner(vocabulary: Vocabulary, tenancy: TenancyModel, table: Table, row: string): OwnerChain | undefined {
  const owner = ownerOfTable(tenancy, table.name);
  return owner?.ownership.kind === 'tenant' ? chainOf(vocabulary, owner, row) : undefined;
}

const visibilities = /^(visibility|sharing|privacy|access|access_level|access_type|audience|share_mode|sharing_mode)$/;

/** What the victim shows to everybody by its own wish is no leak. */
function unshared(world: World, table: Table): readonly Premise[] {
  const { vocabulary } = world;
  const owner = ownerOf(world, table);
  if (owner === undefined || (owner.ownership.kind !== 'tenant' && owner.ownership.kind !== 'user')) return [];
  const row = vocabulary.row(table.name);
  const used = vocabulary.used.get(table.name);
  const open = table.columns
    .filter(column => used?.has(column.name) === true)
    .flatMap(column => {
      const { term, isNull } = vocabulary.column(table, column, row.name);
      if (column.type === 'boolean' && isPublishedFlag(column.name))
        return isOwnersWish(column, table) ? [all([not(isNull), same(term, booleans.t)])] : [];
      if (isPublishedFlag(column.name) && /^timestamp|^date/.test(column.type)) return [not(isNull)];
      const closed = visibilities.test(column.name) ? closedValue(vocabulary) : undefined;
      return closed === undefined ? [] : [any([isNull, not(same(term, closed))])];
    });
  const shares = isShareNoun(table.name) && !isMembership(world, table);
  if (open.length === 0 && !shares) return [];
  const theirs = owner.ownership.kind === world.kind ? belongs(world, owner, row.name) : undefined;
  if (theirs === undefined) return [];
  const shown = shares ? 'true' : any(open);
  return [
    {
      kind: world.kind,
      name: unsharedOf(table),
      table: table.name,
      formula: every(
        [row, ...theirs.variables],
        not(all([vocabulary.live(table.name, row.name), theirs.condition, shown])),
      ),
      says: shares
        ? `nothing of the ${world.kind} stands in '${table.name}'`
        : `the ${world.kind} has not published the row, nor one above it, in '${table.name}'`,
    },
  ];
}

/** The name of what is taken for granted of rows of a table that the victim has not shown to others. */
export function unsharedOf({ name }: Table): string {
  return `unshared ${name}`;
}

/** The row holds what a policy shows to others by design. */
export function isOnDisplay({ vocabulary, tenancy }: World, table: Table, row: string): string {
  const showings = showingsOf(table, vocabulary.database, tenancy);
  return any(showings.map(({ marks }) => all(marks.map(mark => isMarked(vocabulary, table, row, mark)))));
}

function isMarked(vocabulary: Vocabulary, table: Table, row: string, { column: name, value, orEmpty }: Mark): string {
  const column = table.columns.find(candidate => candidate.name === name);
  if (column === undefined) return 'false';
  const { term, isNull } = vocabulary.column(table, column, row);
  const holds = all([not(isNull), same(term, value === true ? booleans.t : vocabulary.constant(value))]);
  return orEmpty ? any([isNull, holds]) : holds;
}

/** The value that keeps a row closed, as the policies write it. */
function closedValue(vocabulary: Vocabulary): string | undefined {
  const names = ['private', 'restricted', 'confidential', 'none', 'off', 'disabled'].map(value => symbol(`'${value}'`));
  return (
    names.find(name => vocabulary.declarations().includes(`(declare-fun ${name} `)) ?? vocabulary.constant('private')
  );
}

function isMembership({ tenancy }: World, table: Table): boolean {
  return tenancy.memberships.some(membership => membership.table === table.name);
}

/** The address in the token is the one in the platform's table of users. */
function address({ vocabulary, session, kind }: World, table: Table): readonly Premise[] {
  const [key, email] = ['id', 'email'].map(name => table.columns.find(column => column.name === name));
  const used = vocabulary.used.get(table.name);
  if (
    table.name !== platformTable(vocabulary.database, 'auth.users')?.name ||
    key === undefined ||
    email === undefined ||
    used?.has('email') !== true
  )
    return [];
  const row = vocabulary.row(table.name);
  const isUser = same(vocabulary.column(table, key, row.name).term, session.user().term);
  const { term, isNull } = vocabulary.column(table, email, row.name);
  const formula = every(
    [row],
    any([not(all([vocabulary.live(table.name, row.name), isUser])), isNull, same(term, session.email().term)]),
  );
  return [{ kind, name: 'address', formula, says: 'the address in the token is the one that the user confirmed' }];
}

/** Whose address stands in a condition works for the app: who attacks has another one. */
function nobodyNamed({ vocabulary, session, kind }: World): readonly Premise[] {
  const named = addressesWritten(vocabulary.database);
  if (named.length === 0) return [];
  const email = session.email().term;
  const cased = [...vocabulary.functions].map(([name]) => name).filter(name => /^\|(lower|upper|btrim) /.test(name));
  const forms = [email, ...cased.map(name => `(${name} ${email})`)];
  const formula = all(named.flatMap(each => forms.map(form => not(same(form, vocabulary.constant(each))))));
  return [{ kind, name: 'nobody named', formula, says: 'who asks has none of the addresses that conditions name' }];
}

const addressesWritten = once(({ tables, functions }: DatabaseModel): readonly string[] => {
  const policies = tables.flatMap(table => table.policies);
  const text = [
    ...policies.flatMap(({ using = '', check = '' }) => [using, check]),
    ...functions.map(({ body }) => body),
  ].join('\n');
  return [...new Set([...text.matchAll(/'([\w.+-]+@[\w-]+(?:\.[\w-]+)+)'/g)].map(([, address = '']) => address))];
});

/** A row that names several tenants belongs to each of them: who asks is in none. */
export function otherParties(world: World, table: Table, row: string): string {
  const { vocabulary, session, tenancy } = world;
  const owner = ownerOf(world, table);
  if (!session.signedIn || owner?.ownership.kind !== 'tenant') return 'true';
  const [first] = owner.ownership.path;
  const keys = table.foreignKeys.filter(key => key.table === tenancy.root?.table && key.columns.length === 1);
  const parties = table.columns.filter(
    column =>
      column.name !== first.column &&
      keys.some(key => key.columns[0] === column.name) &&
      vocabulary.used.get(table.name)?.has(column.name) === true,
  );
  const tables = [...vocabulary.used.keys()].flatMap(name => tableOf(vocabulary, name) ?? []);
  return all(
    parties.flatMap(column => {
      const { term, isNull } = vocabulary.column(table, column, row);
      return tables.flatMap(other => {
        const member = vocabulary.row(other.name);
        const chain = withOwner(vocabulary, tenancy, other, member.name);
        if (chain === undefined) return [];
        const inside = [
          vocabulary.live(other.name, member.name),
          ...chain.links,
          chain.known,
          not(isNull),
          same(chain.key, term),
        ];
        return [every([member, ...chain.variables], not(all([...inside, namesUser(world, other, member.name)])))];
      });
    }),
  );
}

/** What the server wrote into the session names the key, one formula for each way to. */
function namedBySession({ vocabulary, session }: World, key: string): readonly string[] {
  // A key in a setting is a text: what it is cast to names the tenant as well.
  const casts = unaryIn(vocabulary, cast);
  return [...session.trusted.keys()].flatMap(term => [
    same(term, key),
    ...casts.map(name => same(`(${name} ${term})`, key)),
    vocabulary.call('holds', [term, key], [], 'Bool'),
  ]);
}

/** The premise that claims and settings name no tenant but the user's own. */
export const trustedSession = 'trusted session';

/** Nobody has the empty text for a key: a session that says nothing of who asks names no row. */
function named(world: World): readonly Premise[] {
  const { vocabulary, victim, kind } = world;
  const empty = symbol(`''`);
  if (!vocabulary.declarations().includes(`(declare-fun ${empty} `)) return [];
  const tables = [...vocabulary.used.keys()].flatMap(name => tableOf(vocabulary, name) ?? []);
  const rows = tables.flatMap(table => {
    const row = vocabulary.row(table.name);
    const keys = keyColumns(world, table).map(column => vocabulary.column(table, column, row.name));
    if (keys.length === 0) return [];
    const isEmpty = any(keys.map(({ term, isNull }) => all([not(isNull), same(term, empty)])));
    return [every([row], not(all([vocabulary.live(table.name, row.name), isEmpty])))];
  });
  return [{ kind, name: 'named', formula: all([not(same(victim, empty)), ...rows]), says: 'no key is the empty text' }];
}

/** A text that is cast to a key is written as Postgres writes it: in capitals, it would be another text and the same key. */
function canonical(world: World): readonly Premise[] {
  const { vocabulary, kind } = world;
  if (makesTenants(world)) return [];
  return unaryIn(vocabulary, /^\|cast text uuid\//).map(name => {
    const value = vocabulary.value();
    const back = vocabulary.call('text of', [`(${name} ${value.name})`]);
    return {
      kind,
      name: 'canonical',
      formula: every([value], same(back, value.name)),
      says: 'texts that are cast to uuid are written as Postgres writes a uuid, so that no two of them are the same key',
    };
  });
}

/** Whether requests add tenants themselves, with a key of their choice. */
function makesTenants({ vocabulary, session, tenancy }: World): boolean {
  const root = tenancy.root === undefined ? undefined : tableOf(vocabulary, tenancy.root.table);
  const isGranted = root?.grants.some(grant => grant.role === session.role && grant.privilege === 'insert') === true;
  return (
    isGranted &&
    (!root.rowSecurity ||
      root.policies.some(({ permissive, command }) => permissive && (command === 'insert' || command === 'all')))
  );
}

/** Texts that are keys, of this row or of another, and that no default of the column fills. */
function keyColumns({ vocabulary, tenancy }: World, table: Table): readonly Column[] {
  const { used, database } = vocabulary;
  const uses = policyUses(database);
  const members = tenancy.memberships
    .filter(membership => membership.table === table.name)
    .flatMap(({ userColumn, tenantColumn }) => [userColumn, tenantColumn]);
  const ownership = ownerOfTable(tenancy, table.name)?.ownership;
  const names = new Set([
    ...table.primaryKey,
    ...table.foreignKeys.flatMap(({ columns }) => columns),
    ...members,
    ...(ownership !== undefined && 'path' in ownership ? [ownership.path[0].column] : []),
  ]);
  return table.columns.filter(
    ({ name, type, hasDefault, randomDefault }) =>
      used.get(table.name)?.has(name) === true &&
      /^(text|character|citext)/.test(type) &&
      (!hasDefault || randomDefault === true) &&
      (names.has(name) || isComparedWithUser(uses, table.name, name)),
  );
}

/** What the server wrote into the session finds no row of the victim's: a token of a sign-in is its user's own. */
function found(world: World): readonly Premise[] {
  const { vocabulary, session, kind } = world;
  return [...rowsFoundBySettings(vocabulary.database)].flatMap(([setting, { table: name, column: key }]) => {
    const table = tableOf(vocabulary, name);
    const column = table?.columns.find(each => each.name === key);
    if (table === undefined || column === undefined || vocabulary.used.get(name)?.has(key) !== true) return [];
    const owner = ownerOf(world, table);
    const { term } = session.setting(setting);
    if (owner === undefined || !session.trusted.has(term)) return [];
    const row = vocabulary.row(name);
    const chain = chainOf(vocabulary, owner, row.name);
    if (chain === undefined || (kind === 'user' && owner.ownership.kind === 'tenant')) return [];
    const value = vocabulary.column(table, column, row.name).term;
    const forms = [term, ...unaryIn(vocabulary, cast).map(name => `(${name} ${term})`)];
    const isFound = any(forms.map(each => same(value, each)));
    const isOwn =
      owner.ownership.kind === 'user' ? same(chain.key, session.user().term) : not(same(chain.key, world.victim));
    const formula = every(
      [row, ...chain.variables],
      any([not(all([vocabulary.live(name, row.name), isFound, ...chain.links, chain.known])), isOwn]),
    );
    const says = `the row of '${name}' that the server finds by the session (setting ${setting}) is the user’s own`;
    return [{ kind, name: `found by ${setting}`, table: name, formula, says }];
  });
}

/** No field of any object in the list is the key. */
function namedByNone(vocabulary: Vocabulary, list: string, key: string): string {
  const [element, field] = [vocabulary.value(), vocabulary.value()];
  const value = vocabulary.call('text of field', [element.name, field.name]);
  const forms = [value, ...unaryIn(vocabulary, cast).map(name => `(${name} ${value})`)];
  return every(
    [element, field],
    not(all([held(vocabulary, list, element.name), any(forms.map(form => same(form, key)))])),
  );
}

/** What the server wrote into the session names nothing of the victim's. */
function trust(world: World): readonly Premise[] {
  const { vocabulary, session, victim } = world;
  if (session.trusted.size === 0) return [];
  const casts = unaryIn(vocabulary, cast);
  const keys = [victim, ...casts.map(name => `(${name} ${victim})`)];
  // A map by tenants has nothing under the victim's key, and no object in a list names it.
  const missing = [...session.several].flatMap(([term, as]) =>
    as === 'map'
      ? keys.map(key => vocabulary.call('no field', [term, key], [], 'Bool'))
      : [namedByNone(vocabulary, term, victim)],
  );
  const formula = all([...namedBySession(world, victim).map(not), ...missing]);
  const users = platformTable(vocabulary.database, 'auth.users');
  return [
    {
      kind: world.kind,
      name: trustedSession,
      // Claims are copies of what stands there.
      ...(users === undefined ? {} : { table: users.name }),
      formula,
      says: `what the server put into the session (${[...session.trusted.values()].join(', ')}) names no tenant but the user’s own`,
    },
  ];
}
