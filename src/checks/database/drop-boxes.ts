import { opensFor } from '../../core/rules.ts';
import { withoutComments } from '../../core/sql-text.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { appRoles } from '../../model/tenancy/app-roles.ts';
import { asksForStaff, conditionsOf } from '../../model/tenancy/published.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
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
  return table.rowSecurity && others.length === 0 && !isActedOn(table, database) && !isReadElsewhere(table, database);
}

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
