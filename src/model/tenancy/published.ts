import type { Predicate, Term } from '../../core/predicate.ts';
import { opensFor } from '../../core/rules.ts';
import { conjunctsOf } from '../../logic/equalities.ts';
import type { DatabaseModel, Policy, Table } from '../database/types.ts';
import { appRoles, type AppRoles } from './app-roles.ts';
import { isUserTerm } from './links.ts';
import { isPersonalColumn } from './names.ts';
import type { TenancyModel } from './types.ts';
import { fitsWindow } from './window.ts';

/**
 * Tables that the app's staff fills for everybody to read: a blog, a list of products. Who of them wrote a row down owns it no
 * more than a printer owns a book. Read from the conditions of the policies: whoever writes has to hold a role of the whole
 * app, and no condition for reading asks who calls.
 */
export function publishedTables(database: DatabaseModel, tenancy: TenancyModel): Published {
  const staff = appRoles(database, tenancy);
  const tables = database.tables.filter(
    table =>
      table.rowSecurity &&
      // Addresses of people are not meant for everybody, whoever wrote them down.
      !table.columns.some(column => isPersonalColumn(column.name)) &&
      table.policies.some(policy => isOpen(policy, staff)) &&
      (isFilledByStaff(table.policies, staff) || isFilledByMigrations(table)) &&
      !isFilledByFunction(table, database, staff),
  );
  const forAll = tables.filter(table => isForAll(table, tenancy, staff));
  return { tables: new Set(tables.map(({ name }) => name)), forAll: new Set(forAll.map(({ name }) => name)) };
}

/** Tables that the app's staff fills for everybody, by name. */
export interface Published {
  readonly tables: ReadonlySet<string>;
  /** Of these, those whose rows may name a tenant and are shown to all by what else they say: news that one of them is about. */
  readonly forAll: ReadonlySet<string>;
}

/** Nothing is published. */
export const nothingPublished: Published = { tables: new Set(), forAll: new Set() };

/**
 * Whose row it is decides nothing here: it need not be anybody's, outlives him, and everybody is shown those that staff has
 * marked. What is shown without a mark, or says more than one puts into a window, stays his.
 */
function isForAll(table: Table, { owners }: TenancyModel, staff: readonly AppRoles[]): boolean {
  const ownership = owners.find(owner => owner.table === table.name)?.ownership;
  if (ownership?.kind !== 'tenant' && ownership?.kind !== 'user') return false;
  const [{ column }] = ownership.path;
  const isOptional = table.columns.some(({ name, notNull }) => name === column && !notNull);
  const dies = table.foreignKeys.some(key => key.columns.includes(column) && key.onDelete === 'cascade');
  const open = table.policies
    .filter(policy => isOpen(policy, staff))
    .flatMap(({ usingPredicate }) => (usingPredicate === undefined ? [] : alternativesOf(usingPredicate)))
    .filter(condition => namesNobody(condition));
  return (
    isOptional && !dies && fitsWindow(table, column) && open.every(condition => conjunctsOf(condition).some(isMark))
  );
}

/** A column of the row that has to hold a constant. */
function isMark(condition: Predicate): boolean {
  if (condition.kind !== 'compare' || condition.operator !== '=') return false;
  const sides = [condition.left, condition.right];
  return sides.some(term => term.kind === 'column') && sides.some(term => term.kind === 'constant');
}

/** Whether some policy lets somebody write, and every such policy asks for a role of the whole app. */
export function isFilledByStaff(policies: readonly Policy[], staff: readonly AppRoles[]): boolean {
  const writing = policies.filter(isWriting);
  return writing.length > 0 && writing.every(policy => conditionsOf(policy).every(each => asksForStaff(each, staff)));
}

function isFilledByMigrations({ policies, filled }: Table): boolean {
  return filled === true && !policies.some(isWriting);
}

/** The service's key passes policies, and one that is for it alone says nothing of others. */
export function isWriting({ permissive, command, roles }: Policy): boolean {
  return permissive && command !== 'select' && !roles.every(role => role === 'service_role');
}

/** A function with its owner's rights that adds rows, and asks for no role, adds them for whoever calls it. */
export function isFilledByFunction({ name }: Table, { functions }: DatabaseModel, staff: readonly AppRoles[]): boolean {
  const writes = new RegExp(`insert\\s+into\\s+(?:"?\\w+"?\\.)?"?${plain(name)}"?(?![\\w$])`, 'i');
  const roles = staff.map(({ table }) => new RegExp(`(?<![\\w$])${plain(table)}(?![\\w$])`, 'i'));
  const askers = functions.filter(({ body }) => roles.some(role => role.test(body))).map(each => each.name);
  const asks = [...roles, ...askers.map(asker => new RegExp(`(?<![\\w$])${plain(asker)}\\s*\\(`, 'i'))];
  return functions.some(
    ({ securityDefiner, body }) => securityDefiner && writes.test(body) && !asks.some(each => each.test(body)),
  );
}

function plain(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).replaceAll(/\W/g, '\\$&');
}

/** Whether anybody on the internet may put rows into it in which people say who they are: what a form sends. */
export function isFilledByVisitors({ policies, columns }: Table): boolean {
  return (
    columns.some(column => isPersonalColumn(column.name)) &&
    policies.some(
      policy => policy.permissive && opensFor(policy, 'insert', ['anon']) && !conditionsOf(policy).some(asksForCaller),
    )
  );
}

/** Both conditions of a policy, as far as it has them. */
export function conditionsOf({ usingPredicate, checkPredicate }: Policy): readonly Predicate[] {
  return [usingPredicate, checkPredicate].filter(each => each !== undefined);
}

/** Whether only the app's staff, or nobody, meets the condition. */
export function asksForStaff(condition: Predicate, staff: readonly AppRoles[]): boolean {
  switch (condition.kind) {
    case 'false':
      return true;
    case 'and':
      return condition.operands.some(each => asksForStaff(each, staff));
    case 'or':
      return condition.operands.every(each => asksForStaff(each, staff));
    case 'compare':
      return condition.operator === '=' && isService(condition.left, condition.right);
    case 'exists':
      return staff.some(roles => roles.table === condition.row.table && isHeld(condition.row.where, roles));
    default:
      return false;
  }
}

function isService(...sides: readonly Term[]): boolean {
  return sides.some(isDatabaseRole) && sides.some(term => term.kind === 'constant' && term.value === 'service_role');
}

function isDatabaseRole(term: Term): boolean {
  return term.kind === 'principal' && term.attribute === 'database.role';
}

/** The caller's own row, with a role that the app does not give to everybody. */
function isHeld(where: Predicate, roles: AppRoles): boolean {
  const { userColumn, roleColumn, named, isPure, everyRow, flags, privileged, everywhere } = roles;
  const operands = conjunctsOf(where);
  const isOwn = operands.some(each => comparedWith(each, userColumn).some(isUserTerm));
  if (!isOwn) return false;
  if (everyRow === true || (isPure && roleColumn === undefined && named === undefined)) return true;
  const isOfNoTenant = operands.some(
    each => each.kind === 'is-null' && each.term.kind === 'column' && each.term.column === everywhere?.column,
  );
  if (isOfNoTenant && operands.some(each => isOneOf(each, roleColumn ?? '', everywhere?.roles ?? []))) return true;
  return operands.some(each => isPrivileged(each));

  function isPrivileged(each: Predicate): boolean {
    if (each.kind === 'or') return each.operands.every(isPrivileged);
    if (each.kind === 'exists' && each.row.table === named?.table)
      return conjunctsOf(each.row.where).some(one => isOneOf(one, named.label, privileged));
    return (
      (roleColumn !== undefined && isOneOf(each, roleColumn, privileged)) ||
      flags.some(flag => comparedWith(each, flag).some(term => term.kind === 'constant' && term.value === true))
    );
  }
}

function isOneOf(condition: Predicate, column: string, values: readonly string[]): boolean {
  if (condition.kind === 'or') return condition.operands.every(each => isOneOf(each, column, values));
  return comparedWith(condition, column).some(
    term => term.kind === 'constant' && typeof term.value === 'string' && values.includes(term.value),
  );
}

/** What a column of a row that is asked for has to equal. */
function comparedWith(condition: Predicate, column: string): readonly Term[] {
  if (condition.kind !== 'compare' || condition.operator !== '=') return [];
  const { left, right } = condition;
  const isColumn = (term: Term): boolean => term.kind === 'column' && term.row !== 'self' && term.column === column;
  return isColumn(left) ? [right] : isColumn(right) ? [left] : [];
}

/** A policy for reading that asks nobody who he is, beyond whether he is signed in, but where staff reads more. */
function isOpen({ permissive, command, roles, usingPredicate }: Policy, staff: readonly AppRoles[]): boolean {
  return (
    permissive &&
    command === 'select' &&
    roles.some(role => /^(public|anon|authenticated)$/.test(role)) &&
    usingPredicate !== undefined &&
    alternativesOf(usingPredicate).some(namesNobody) &&
    alternativesOf(usingPredicate).every(each => namesNobody(each) || asksForStaff(each, staff))
  );
}

/** Drafts are for staff, what is published for everybody: often said in one condition. */
export function alternativesOf(condition: Predicate): readonly Predicate[] {
  return condition.kind === 'or' ? condition.operands.flatMap(alternativesOf) : [condition];
}

/** Whether a condition asks nobody who he is: it is about the row alone. */
export function namesNobody(condition: Predicate): boolean {
  switch (condition.kind) {
    case 'true':
      return true;
    case 'and':
    case 'or':
      return condition.operands.every(namesNobody);
    case 'not':
      return namesNobody(condition.operand);
    case 'is-null':
      return condition.term.kind === 'principal' || isOfRow(condition.term);
    case 'compare': {
      const sides = [condition.left, condition.right];
      return sides.every(term => isOfRow(term) || isDatabaseRole(term));
    }
    default:
      return false;
  }
}

/** Whether the condition holds for some of those who ask, and not for others. */
function asksForCaller(condition: Predicate): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.some(asksForCaller);
    case 'not':
    case 'maybe-absent':
      return asksForCaller(condition.operand);
    case 'exists':
      return asksForCaller(condition.row.where);
    case 'is-null':
      return !isOfSomeRow(condition.term);
    case 'compare':
      return ![condition.left, condition.right].every(isOfSomeRow);
    case 'opaque':
      return true;
    default:
      return false;
  }
}

function isOfSomeRow(term: Term): boolean {
  if (term.kind === 'call') return term.arguments.every(isOfSomeRow);
  return term.kind === 'constant' || term.kind === 'column';
}

function isOfRow(term: Term): boolean {
  if (term.kind === 'call') return term.arguments.every(isOfRow);
  return term.kind === 'constant' || (term.kind === 'column' && term.row === 'self');
}
