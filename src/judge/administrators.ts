import { makeNotes } from '../core/notes.ts';
import { and, equals, or, type Predicate, type RowVariable, type Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import { entails, membershipsOf, rootsOf, type World } from '../logic/entails.ts';
import { conjunctsOf, equalitiesOf, equalTo } from '../logic/equalities.ts';
import { termKey } from '../logic/terms.ts';
import type { AppModel, Fact, QueryPath } from '../model/app/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { membershipTables } from '../model/tenancy/memberships.ts';

/** Roles that anybody with an account may have, in whatever app. */
const ordinary =
  /^(?:user|users?_role|member|guest|viewer|reader|editor|author|contributor|customer|client|subscriber|participant|basic|free|pro|premium|paid|default|regular|normal|standard|owner|manager|agent|employee|student|teacher|patient)$/i;
/** Roles of those who run the app, as a column of the users' table holds them. */
const ofStaff = /admin|super|staff|root|operator|support|moderator|internal|^system$/i;
/** The same in the name of a column that says yes or no. */
const staffColumn =
  /^(?:is_?|has_?)?(?:super_?|site_?|global_?|platform_?|instance_?)?(?:admin|staff|superuser|operator)/i;
/** The same as a session or token carries it. */
const staffFlag =
  /^(?:user|token|claims|session)\.(?:\w+\.)?(?:is_?)?(?:super_?|site_?|global_?|platform_?|instance_?|app_?|system_?)?(?:admin|staff|superuser)$/i;
/** A role in the app, as a condition says it. */
const roleAttribute = 'user.role ';
const roleColumn = /(?:^|_)(?:role|user_?type|kind)s?$|[rR]oles?$/;
/** Roles beyond one tenant, where every user belongs to one. */
const beyondTenant = /super|platform|global|site|system|staff|internal|root/i;

/** What tells who runs the app, besides the tables. */
export interface StaffWorld extends World {
  /** Tenants that the app names itself and adds members to itself: whoever registers may be in them. */
  readonly joinable?: ReadonlySet<string>;
}

/** Whether only those who run the app as a whole come here; a role within a tenant does not reach beyond it. */
export function isAdministrator(model: QueryPath, world: StaffWorld): boolean {
  const strong = model.facts.filter(fact => fact.weakness === undefined);
  return strong.some(({ holds }) => {
    switch (holds.kind) {
      case 'role':
        return holds.tenant === undefined && holds.roles.every(role => isOfStaff(role, world));
      case 'condition':
        return asksOwnRole(holds.condition, strong, world);
      case 'row':
        return isStaffMembership(holds.row, strong, world);
      default:
        return false;
    }
  });
}

/** The tenants, as keys of the terms that name them, that the app names itself where it makes somebody a member. */
export function joinableTenants(app: AppModel | undefined, tenancy: TenancyModel): ReadonlySet<string> {
  const columns = new Map(tenancy.memberships.map(({ table, tenantColumn }) => [table, tenantColumn]));
  const named = (app?.queries ?? []).flatMap(({ query }) => {
    const column = columns.get(query.table);
    return query.operation === 'read' || column === undefined
      ? []
      : query.values.filter(each => each.column === column);
  });
  return new Set(named.filter(({ value }) => isNamedByApp(value)).map(({ value }) => termKey(value)));
}

/** The caller's membership in a tenant that the app names itself, its operator's own: no tenant is picked by who asks. */
function isStaffMembership(row: RowVariable, facts: readonly Fact[], world: StaffWorld): boolean {
  const membership = membershipTables(world.tenancy).find(each => each.table === row.table);
  // Where everybody is in one tenant the users' table says so.
  if (membership === undefined || row.table === world.tenancy.principal?.table) return false;
  const rows = [row, ...rowsIn(row.where), ...facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : []))];
  return (
    valuesOf(row, membership.userColumn).some(term => isCallersId(term, rows, world)) &&
    valuesOf(row, membership.tenantColumn).some(term => isOperators(term, world))
  );
}

/** The rows of sub-queries; what defines one of them holds of it wherever it is spoken of. */
function rowsIn(predicate: Predicate): readonly RowVariable[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(rowsIn);
    case 'exists':
      return [predicate.row, ...rowsIn(predicate.row.where)];
    default:
      return [];
  }
}

/** A tenant of the caller's is the one that the app names itself. */
function isStaffTenant(held: Term, named: Term, facts: readonly Fact[], world: StaffWorld): boolean {
  const { root } = world.tenancy;
  if (root === undefined || held.kind === 'constant' || !isOperators(named, world)) return false;
  if (!mayNameTenant(held, facts, world)) return false;
  const answer = entails(
    {
      row: {
        name: 'operator',
        table: root.table,
        where: equals({ kind: 'column', row: 'operator', column: root.key }, held),
      },
      rows: facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : [])),
      conditions: facts.flatMap(({ holds }) => (holds.kind === 'condition' ? [holds.condition] : [])),
      memberTenants: facts.flatMap(({ holds }) => (holds.kind === 'member' ? [holds.tenant] : [])),
      signedIn: facts.some(({ holds }) => holds.kind === 'signed-in'),
      absence: 'dropped',
    },
    world,
  );
  return answer.kind === 'owned' && answer.by !== 'nobody' && answer.by !== 'published';
}

/**
 * A value that nothing but constants is compared with, and that is no key (`status`, the code of an error), ties its row
 * to nobody: most comparisons with a text of the app's are of such a value, and need not be asked about.
 */
function mayNameTenant(held: Term, facts: readonly Fact[], world: StaffWorld): boolean {
  if (partsOf(held).some(part => part.kind === 'principal')) return true;
  if (held.kind === 'column' && (keyNames(world).has(held.column) || /(?:Id|_id)$/.test(held.column))) return true;
  const name = nameOf(held);
  return facts.some(({ holds }) => {
    if (holds.kind === 'row') return namesCompared(holds.row.where).has(name);
    if (holds.kind === 'condition') return namesCompared(holds.condition).has(name);
    return holds.kind === 'member' && nameOf(holds.tenant) === name;
  });
}

/** Columns of whichever row by their name: two rows may turn out to be one. */
function nameOf(term: Term): string {
  return term.kind === 'column' ? term.column : termKey(term);
}

const keyNameNotes = makeNotes<ReadonlySet<string>>();

/** Names of columns by which a row of whatever table is found, or hangs on another. */
function keyNames({ database, tenancy }: World): ReadonlySet<string> {
  const known = keyNameNotes.of(tenancy);
  if (known !== undefined) return known;
  const { principal, owners } = tenancy;
  const ofTables = database.tables.flatMap(({ primaryKey, uniqueKeys, foreignKeys }) => [
    ...primaryKey,
    ...uniqueKeys.filter(key => key.length === 1).flat(),
    ...foreignKeys.flatMap(key => key.columns),
  ]);
  const ofOwners = owners.flatMap(({ ownership, capabilityColumns }) => [
    ...capabilityColumns,
    ...(ownership.kind === 'tenant' || ownership.kind === 'user' ? ownership.path.map(({ column }) => column) : []),
  ]);
  const ofMembers = membershipsOf(tenancy).flatMap(({ tenantColumn, userColumn }) => [tenantColumn, userColumn]);
  const keys = [...rootsOf(tenancy).map(({ key }) => key), ...(principal === undefined ? [] : [principal.key])];
  return keyNameNotes.keep(tenancy, new Set([...ofTables, ...ofOwners, ...ofMembers, ...keys]));
}

const comparedNotes = makeNotes<ReadonlySet<string>>();

/** Names of what is compared with something that is no constant. */
function namesCompared(predicate: Predicate): ReadonlySet<string> {
  return comparedNotes.of(predicate) ?? comparedNotes.keep(predicate, new Set(findCompared(predicate)));
}

function findCompared(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'compare': {
      const { left, right } = predicate;
      return left.kind === 'constant' || right.kind === 'constant' ? [] : [nameOf(left), nameOf(right)];
    }
    case 'and':
    case 'or':
      return predicate.operands.flatMap(findCompared);
    case 'not':
    case 'maybe-absent':
      return findCompared(predicate.operand);
    case 'exists':
      return findCompared(predicate.row.where);
    default:
      return [];
  }
}

/** Named by the app itself, for nobody but those who run it. */
function isOperators(term: Term, world: StaffWorld): boolean {
  return isNamedByApp(term) && !forEverybody.test(wordsOf(term)) && world.joinable?.has(termKey(term)) !== true;
}

/** What the column of the row is certainly equal to. */
function valuesOf({ name, where }: RowVariable, column: string): readonly Term[] {
  const isOwn = (term: Term): boolean => term.kind === 'column' && term.row === name && term.column === column;
  return sureEqualities(where).flatMap(([left, right]) => (isOwn(left) ? [right] : isOwn(right) ? [left] : []));
}

/** The id of the session's user, whichever way it came: from the session or from the user's own row. */
function isCallersId(term: Term, rows: readonly RowVariable[], world: World): boolean {
  if (term.kind === 'principal') return term.attribute === 'user.id';
  if (term.kind === 'call')
    return term.name === 'one-of' && term.arguments.every(each => isCallersId(each, rows, world));
  const { principal } = world.tenancy;
  if (term.kind !== 'column' || principal === undefined || term.column !== principal.key) return false;
  const row = rows.find(each => each.name === term.row && each.table === principal.table);
  return (
    row !== undefined &&
    valuesOf(row, principal.key).some(value => value.kind === 'principal' && value.attribute === 'user.id')
  );
}

/** Tenants that are there for whoever tries the app. */
const forEverybody = /demo|guest|public|test|trial|default|sample|example|sandbox|playground|template|shared|communit/i;

function isNamedByApp(term: Term): boolean {
  return (
    term.kind === 'environment' || (term.kind === 'constant' && typeof term.value === 'string' && term.value !== '')
  );
}

function wordsOf(term: Term): string {
  return term.kind === 'environment' ? term.name : term.kind === 'constant' ? String(term.value) : '';
}

function isOfStaff(role: string, world: World): boolean {
  return !ordinary.test(role) && (!usersAreTenants(world) || beyondTenant.test(role));
}

/** A condition for everybody else: what only administrators of the app may do is theirs to do. */
export function withoutStaff(condition: Predicate, facts: readonly Fact[], world: StaffWorld): Predicate {
  switch (condition.kind) {
    case 'or': {
      const rest = condition.operands.filter(operand => !asksOwnRole(operand, facts, world));
      return rest.length === 0 || rest.length === condition.operands.length ? condition : or(rest);
    }
    case 'and': {
      const operands = condition.operands.map(operand => withoutStaff(operand, facts, world));
      return operands.every((operand, index) => operand === condition.operands[index]) ? condition : and(operands);
    }
    default:
      return condition;
  }
}

/** Each user belongs to one tenant, and to no other: what the users' table says of a role is said within the tenant. */
function usersAreTenants({ tenancy }: World): boolean {
  const { principal, memberships } = tenancy;
  return memberships.length > 0 && memberships.every(membership => membership.table === principal?.table);
}

/** The condition can only hold when the caller's own row of the users' table names a role of the app's staff. */
function asksOwnRole(condition: Predicate, facts: readonly Fact[], world: StaffWorld): boolean {
  switch (condition.kind) {
    case 'compare': {
      if (condition.operator !== '=') return false;
      const { left, right } = condition;
      const says = (held: Term, named: Term): boolean =>
        isStaffRole(held, named, facts, world) || isStaffTenant(held, named, facts, world);
      return says(left, right) || says(right, left);
    }
    case 'not':
      return condition.operand.kind === 'is-null' && isStaffFlag(condition.operand.term, facts, world);
    case 'and': {
      // What it says of rows beside the role holds where the role is held.
      const known = [...facts, ...condition.operands.flatMap(asFact)];
      return condition.operands.some(operand => asksOwnRole(operand, known, world));
    }
    case 'exists':
      return isStaffMembership(condition.row, facts, world);
    case 'or':
      return condition.operands.length > 0 && condition.operands.every(operand => asksOwnRole(operand, facts, world));
    default:
      return false;
  }
}

function asFact(operand: Predicate): readonly Fact[] {
  const place = { file: '', line: 0 };
  if (operand.kind === 'exists') return [{ holds: { kind: 'row', row: operand.row }, place, label: '' }];
  return operand.kind === 'compare' ? [{ holds: { kind: 'condition', condition: operand }, place, label: '' }] : [];
}

/** Whoever is signed in is somebody whom the installation names: an address in the code or in the environment. */
function isNamedPerson(held: Term, named: Term): boolean {
  if (held.kind !== 'principal' || (held.attribute !== 'user.email' && held.attribute !== 'user.id')) return false;
  if (named.kind === 'constant') return held.attribute === 'user.email' && /.@./.test(String(named.value));
  const parts = partsOf(named);
  return (
    parts.some(part => part.kind === 'environment' && !/demo|guest|public|test|trial/i.test(part.name)) &&
    parts.every(part => part.kind === 'environment' || part.kind === 'constant')
  );
}

function partsOf(term: Term): readonly Term[] {
  return term.kind === 'call' ? term.arguments.flatMap(partsOf) : [term];
}

function isStaffRole(held: Term, named: Term, facts: readonly Fact[], world: StaffWorld): boolean {
  if (isNamedPerson(held, named)) return true;
  if (named.kind === 'constant' && named.value === true && isCarriedFlag(held, world)) return true;
  if (held.kind === 'principal' && named.kind === 'constant' && held.attribute.startsWith(roleAttribute))
    return named.value === true && isOfStaff(held.attribute.slice(roleAttribute.length), world);
  if (held.kind !== 'column' || named.kind !== 'constant' || !isOwnRow(held.row, facts, world)) return false;
  if (named.value === true) return isStaffFlag(held, facts, world);
  if (typeof named.value !== 'string' || !roleColumn.test(held.column)) return false;
  return usersAreTenants(world) ? beyondTenant.test(named.value) : ofStaff.test(named.value);
}

/** What the server wrote into the session or token at sign-in, by the name of what it says. */
function isCarriedFlag(held: Term, world: World): boolean {
  if (held.kind !== 'principal' || !staffFlag.test(held.attribute)) return false;
  if (/unsafe|user_?metadata/i.test(held.attribute)) return false;
  return !usersAreTenants(world) || beyondTenant.test(held.attribute);
}

/** A column that says yes or no, of the caller's own row: it was tested, and it says yes. */
function isStaffFlag(held: Term, facts: readonly Fact[], world: StaffWorld): boolean {
  if (isCarriedFlag(held, world)) return true;
  if (held.kind !== 'column' || !staffColumn.test(held.column) || !isOwnRow(held.row, facts, world)) return false;
  if (usersAreTenants(world) && !beyondTenant.test(held.column)) return false;
  const { principal } = world.tenancy;
  const columns = tablesByName(world.database).get(principal?.table ?? '')?.columns ?? [];
  return columns.some(column => column.name === held.column && /^bool/i.test(column.type));
}

/** A row of the users' table that was found by the session's user. */
function isOwnRow(name: string, facts: readonly Fact[], { tenancy }: World): boolean {
  const { principal } = tenancy;
  const row = facts.find(({ holds }) => holds.kind === 'row' && holds.row.name === name)?.holds;
  if (principal === undefined || row?.kind !== 'row' || row.row.table !== principal.table) return false;
  const known = facts.flatMap(({ holds }) => {
    if (holds.kind === 'row') return sureEqualities(holds.row.where);
    return holds.kind === 'condition' ? sureEqualities(holds.condition) : [];
  });
  const isCaller = (column: string, attribute: string): boolean =>
    equalTo({ kind: 'column', row: name, column }, known).has(termKey({ kind: 'principal', attribute }));
  return isCaller(principal.key, 'user.id') || isCaller('email', 'user.email');
}

/** Equalities without which the condition does not hold; one of a list is no certain one. */
function sureEqualities(where: Predicate): readonly (readonly [Term, Term])[] {
  return conjunctsOf(where).flatMap(conjunct =>
    conjunct.kind === 'compare' && conjunct.among === undefined ? equalitiesOf(conjunct) : [],
  );
}
