import { and, or, type Predicate, type Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import type { World } from '../logic/entails.ts';
import { conjunctsOf, equalitiesOf, equalTo } from '../logic/equalities.ts';
import { termKey } from '../logic/terms.ts';
import type { Fact, QueryPath } from '../model/app/types.ts';

/** Roles that anybody with an account may have, in whatever app. */
const ordinary =
  /^(?:user|users?_role|member|guest|viewer|reader|editor|author|contributor|customer|client|subscriber|participant|basic|free|pro|premium|paid|default|regular|normal|standard|owner|manager|agent|employee|student|teacher|patient)$/i;
/** Roles of those who run the app, as a column of the users' table holds them. */
const ofStaff = /admin|super|staff|root|operator|support|moderator|internal|^system$/i;
/** The same in the name of a column that says yes or no. */
const staffColumn =
  /^(?:is_?|has_?)?(?:super_?|site_?|global_?|platform_?|instance_?)?(?:admin|staff|superuser|operator)/i;
/** A role in the app, as a condition says it. */
const roleAttribute = 'user.role ';
const roleColumn = /(?:^|_)(?:role|user_?type|kind)s?$|[rR]oles?$/;
/** Roles beyond one tenant, where every user belongs to one. */
const beyondTenant = /super|platform|global|site|system|staff|internal|root/i;

/** Whether only those who run the app as a whole come here; a role within a tenant does not reach beyond it. */
export function isAdministrator(model: QueryPath, world: World): boolean {
  const strong = model.facts.filter(fact => fact.weakness === undefined);
  return strong.some(({ holds }) =>
    holds.kind === 'role'
      ? holds.tenant === undefined && holds.roles.every(role => isOfStaff(role, world))
      : holds.kind === 'condition' && asksOwnRole(holds.condition, strong, world),
  );
}

function isOfStaff(role: string, world: World): boolean {
  return !ordinary.test(role) && (!usersAreTenants(world) || beyondTenant.test(role));
}

/** A condition for everybody else: what only administrators of the app may do is theirs to do. */
export function withoutStaff(condition: Predicate, facts: readonly Fact[], world: World): Predicate {
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
function asksOwnRole(condition: Predicate, facts: readonly Fact[], world: World): boolean {
  switch (condition.kind) {
    case 'compare': {
      if (condition.operator !== '=') return false;
      const { left, right } = condition;
      return isStaffRole(left, right, facts, world) || isStaffRole(right, left, facts, world);
    }
    case 'not':
      return condition.operand.kind === 'is-null' && isStaffFlag(condition.operand.term, facts, world);
    case 'and': {
      // What it says of rows beside the role holds where the role is held.
      const known = [...facts, ...condition.operands.flatMap(asFact)];
      return condition.operands.some(operand => asksOwnRole(operand, known, world));
    }
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

function isStaffRole(held: Term, named: Term, facts: readonly Fact[], world: World): boolean {
  if (isNamedPerson(held, named)) return true;
  if (held.kind === 'principal' && named.kind === 'constant' && held.attribute.startsWith(roleAttribute))
    return named.value === true && isOfStaff(held.attribute.slice(roleAttribute.length), world);
  if (held.kind !== 'column' || named.kind !== 'constant' || !isOwnRow(held.row, facts, world)) return false;
  if (named.value === true) return isStaffFlag(held, facts, world);
  if (typeof named.value !== 'string' || !roleColumn.test(held.column)) return false;
  return usersAreTenants(world) ? beyondTenant.test(named.value) : ofStaff.test(named.value);
}

/** A column that says yes or no, of the caller's own row: it was tested, and it says yes. */
function isStaffFlag(held: Term, facts: readonly Fact[], world: World): boolean {
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
