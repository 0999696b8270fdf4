import { opensFor } from '../../core/rules.ts';
import { withoutComments } from '../../core/sql-text.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { appRoles } from '../../model/tenancy/app-roles.ts';
import { asksForStaff, conditionsOf, isFilledByVisitors } from '../../model/tenancy/published.ts';
import { isMembershipNoun, isRoleColumn } from '../../model/tenancy/names.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { objectName } from '../../core/cell.ts';
import type { CheckInput } from '../check.ts';
import { ownerOf } from '../harm.ts';
import { callsOthers, writing } from './counters.ts';
import { functionNamed } from '../../logic/named.ts';

/**
 * A table into which requests put rows that no request is shown: what a form sends, page views, errors of a browser. Nobody
 * but the app's server and its staff reads them, so that a row in another's name deceives these alone.
 */
export function isDropBox(table: Table, database: DatabaseModel, tenancy: TenancyModel): boolean {
  const staff = appRoles(database, tenancy);
  const isForStaff = (policy: Policy): boolean => {
    const conditions = conditionsOf(policy);
    return conditions.length > 0 && conditions.every(condition => asksForStaff(condition, staff));
  };
  const others = table.policies.filter(
    policy =>
      (['select', 'update', 'delete'] as const).some(command => opensFor(policy, command, ['anon', 'authenticated'])) &&
      !isForStaff(policy),
  );
  return (
    table.rowSecurity &&
    others.length === 0 &&
    !letsIn.test(table.name) &&
    !isActedOn(table, database) &&
    !isReadElsewhere(table, database)
  );
}

/**
 * A table that a form for visitors fills, for the tenant that it names: anybody on the internet may add rows, in which people
 * say who they are, nobody but that tenant's own is shown them, and nothing in the database goes by them. Rows with a role, a
 * secret or a code are more than that, and so are invitations.
 */
export function isVisitorsForm(table: Table, { database, tenancy, cells }: CheckInput): boolean {
  const owner = ownerOf(tenancy, table.name);
  const isOpenOtherwise = cells.some(
    cell => objectName(cell) === table.name && cell.verdict === 'leaks' && cell.command !== 'insert',
  );
  return (
    table.rowSecurity &&
    owner?.ownership.kind === 'tenant' &&
    owner.secretColumns.length === 0 &&
    owner.capabilityColumns.length === 0 &&
    isFilledByVisitors(table) &&
    !isOpenOtherwise &&
    !isMembershipNoun(table.name, tenancy.root?.table ?? '') &&
    !letsIn.test(table.name) &&
    !table.columns.some(({ name }) => isRoleColumn(name)) &&
    !isActedOn(table, database) &&
    !isReadElsewhere(table, database)
  );
}

/** By whose rows an app takes people in, though the database does not: it reads them with rights of its own. */
const letsIn = /invit|grants?$|permissions?$|credential|allow_?list|white_?list/i;

/** Whether a row in it sets something off. */
function isActedOn({ triggers = [] }: Table, database: DatabaseModel): boolean {
  return triggers.some(trigger => {
    const definition = functionNamed(database, trigger.function);
    if (definition === undefined) return true;
    const body = withoutComments(definition.body);
    return body.search(writing) >= 0 || callsOthers(body, definition, database);
  });
}

/** Whether a view, a policy of another table or a function may show it. */
function isReadElsewhere({ name }: Table, { tables, views, functions }: DatabaseModel): boolean {
  const plain = name.slice(name.lastIndexOf('.') + 1).replaceAll(/\W/g, '\\$&');
  const isNamedIn = (text: string): boolean => new RegExp(`(?<![\\w$])${plain}(?![\\w$])`).test(text);
  return (
    views.some(({ reads, definition }) => reads.includes(name) || isNamedIn(definition)) ||
    functions.some(definition => isOpen(definition) && isNamedIn(withoutComments(definition.body))) ||
    tables.some(
      other =>
        other.name !== name && other.policies.some(({ using = '', check = '' }) => isNamedIn(`${using} ${check}`)),
    )
  );
}

/** Whether requests, or a trigger, may have it run. */
function isOpen({ returns, grants }: DatabaseFunction): boolean {
  return /trigger/.test(returns) || grants.some(({ role }) => role !== 'service_role' && role !== 'postgres');
}
