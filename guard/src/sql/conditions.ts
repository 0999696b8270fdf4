import { bareName, quoteLiteral, quoteName, quoteQualified } from './names.ts';
import type { Settled, TableRule } from './options.ts';

/** Which rows of a table the app's role reads, and which it may write. */
export interface Conditions {
  readonly read: string;
  readonly write: string;
}

/** The conditions of a table; none for tables whose rows are nobody's. */
export function conditionsOf(rule: TableRule, plan: Settled): Conditions | undefined {
  const table = quoteName(bareName(rule.table));
  switch (rule.kind) {
    case 'tenant':
    case 'child':
      return both(owned(rule, table, plan));
    case 'user': {
      const own = `${table}.${quoteName(rule.column)} = ${asking(plan)}`;
      const colleagues = `${table}.${quoteName(rule.column)} = any (${colleaguesOf(plan)})`;
      return { read: rule.readableBy === 'tenant' ? colleagues : own, write: own };
    }
    case 'tenants': {
      const key = `${table}.${quoteName(rule.key ?? 'id')}`;
      return { read: `${key} = any (${tenantsOf(plan)})`, write: `${key} = ${current(plan)}` };
    }
    case 'users': {
      const key = `${table}.${quoteName(rule.key ?? 'id')}`;
      return { read: `${key} = any (${colleaguesOf(plan)})`, write: `${key} = ${asking(plan)}` };
    }
    case 'reference':
    case 'auth':
      return undefined;
  }
}

/** A member sees their own memberships everywhere, for the list of their tenants, and those of the tenant they work in. */
export function membershipConditions(plan: Settled): Conditions {
  const { table, user, tenant } = plan.membership;
  const name = quoteName(bareName(table));
  const write = `${name}.${quoteName(tenant)} = ${current(plan)}`;
  return { read: `${name}.${quoteName(user)} = ${asking(plan)} or ${write}`, write };
}

/**
 * In a sub-select, so that Postgres asks once for a statement and not once for a row; `nullif`, because a setting that was
 * once set locally reads as '' afterwards and '' is no uuid. https://www.postgresql.org/docs/current/ddl-rowsecurity.html
 */
function setting({ setting: name, type }: Settled['tenant']): string {
  const read = `nullif(current_setting(${quoteLiteral(name)}, true), '')`;
  return `(select ${type === 'text' ? read : `${read}::${type}`})`;
}

function current(plan: Settled): string {
  return setting(plan.tenant);
}

function asking(plan: Settled): string {
  return setting(plan.user);
}

/** An array is read once and can be looked up in an index; `in (select …)` reads the whole table. */
function tenantsOf(plan: Settled): string {
  const { table, user, tenant, where } = plan.membership;
  return `array_append(array(
    select m.${quoteName(tenant)}
    from ${quoteQualified(table)} as m
    where m.${quoteName(user)} = ${asking(plan)}${where === undefined ? '' : ` and (${where})`}
  ), ${current(plan)})`;
}

function colleaguesOf(plan: Settled): string {
  const { table, user, tenant } = plan.membership;
  return `array_append(array(
    select m.${quoteName(user)}
    from ${quoteQualified(table)} as m
    where m.${quoteName(tenant)} = ${current(plan)}
  ), ${asking(plan)})`;
}

function both(condition: string): Conditions {
  return { read: condition, write: condition };
}

/** That a row, called `row`, is the tenant's: by its own column, or by that of the row it belongs to. */
function owned(rule: TableRule, row: string, plan: Settled, depth = 1): string {
  if (rule.kind === 'tenant') return `${row}.${quoteName(rule.column)} = ${current(plan)}`;
  if (rule.kind === 'user') return `${row}.${quoteName(rule.column)} = ${asking(plan)}`;
  if (rule.kind !== 'child') throw new TypeError(`'${rule.table}' has no tenant that a row below it could have.`);
  if (depth > deepest)
    throw new TypeError(`The parents of '${rule.table}' go in a circle or more than ${deepest} deep.`);
  const parent = plan.tables.find(other => other.table === rule.parent);
  if (parent === undefined) throw new TypeError(`'${rule.parent}', the parent of '${rule.table}', is not listed.`);
  const name = `parent_${depth}`;
  return `exists (
    select
    from ${quoteQualified(parent.table)} as ${name}
    where ${name}.${quoteName(rule.key ?? 'id')} = ${row}.${quoteName(rule.column)}
      and ${owned(parent, name, plan, depth + 1)}
  )`;
}

const deepest = 8;
