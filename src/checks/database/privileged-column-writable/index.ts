import { plainName } from '../../../core/names.ts';
import { rolesOfRole } from '../../../logic/roles.ts';
import { mayUseColumn, requestRoles } from '../../../model/database/roles.ts';
import type { Column, DatabaseModel, Policy, Table } from '../../../model/database/types.ts';
import type { TenancyModel } from '../../../model/tenancy/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { ownerOf } from '../../harm.ts';
import { blamedIn, lintFinding, listed, withoutRefusedVisitors } from '../lint.ts';
import { membershipTables } from '../../../model/tenancy/memberships.ts';
import { functionNamed } from '../../../logic/named.ts';

/** Columns that say what a user may do or has paid for, in rows that the user may change himself. */
export const check: Check = {
  id: 'database/privileged-column-writable',
  title: 'Privileged column writable by its user',
  severity: 'medium',
  cwe: 1220,
  needs: 'database',
  judge: input => ({ findings: input.database.tables.flatMap(table => findingFor(table, input)), gaps: [] }),
};

function findingFor(table: Table, input: CheckInput): readonly CheckFinding[] {
  const { database, tenancy } = input;
  if (!table.rowSecurity || !isAccountLike(table, tenancy) || blamedIn(input).objects.has(table.name)) return [];
  const roles = withoutRefusedVisitors(requestRoles(database), table.name, input).filter(
    role => policiesFor(role, table, database).length > 0,
  );
  const columns = table.columns.filter(
    column =>
      isPrivileged(column, table, database) &&
      roles.some(
        role =>
          mayUseColumn(role, 'update', table, column.name, database) && !isPinned(column.name, role, table, database),
      ),
  );
  if (columns.length === 0) return [];
  const names = columns.map(column => column.name);
  const decides = columns.some(column => isAsked(column.name, table, database));
  const policies = roles.flatMap(role => policiesFor(role, table, database));
  const writers = roles.filter(role => names.some(name => mayUseColumn(role, 'update', table, name, database)));
  return [
    lintFinding({
      subject: table.name,
      message: `Whoever may change a row of '${table.name}' under ${listed(writers)} may also change ${listed(names)} in it.`,
      harm: decides
        ? `A user can give himself the rights that ${listed(names)} of '${table.name}' stands for.`
        : `A user can give himself what ${listed(names)} of '${table.name}' stands for, without paying or being allowed to.`,
      remarks: [
        {
          object: table.name,
          statement: `grant update on ${table.name} to ${writers.join(', ')}, under ${listed([...new Set(policies.map(({ name }) => name))])}`,
          place: policies[0]?.definedAt ?? table.definedAt,
        },
      ],
      ...(decides ? { severity: 'high' as const } : {}),
      repair: { kind: 'grant-other-columns', table: table.name, columns: names, roles: writers },
    }),
  ];
}

/** Rows that stand for a tenant, a user, or what one of them has bought. */
function isAccountLike(table: Table, tenancy: TenancyModel): boolean {
  if (membershipTables(tenancy).some(membership => membership.table === table.name)) return false;
  if (table.name === tenancy.root?.table || table.name === tenancy.principal?.table) return true;
  const ownership = ownerOf(tenancy, table.name)?.ownership;
  if (ownership?.kind !== 'tenant' && ownership?.kind !== 'user') return false;
  const [first, ...more] = ownership.path;
  const isOnePerOwner = more.length === 0 && table.uniqueKeys.some(key => key.length === 1 && key[0] === first.column);
  return isOnePerOwner || /subscription|billing|entitlement|credit/.test(plainName(table.name));
}

const paid =
  /^(plan|plan_id|plan_type|plan_name|tier|subscription_(status|tier|plan|id|ends?_at)|stripe_(customer|subscription|price|product)_id|credits?|credit_balance|credits_(left|remaining|balance)|is_(paid|premium|pro)|paid_until|premium_until|trial_ends?_at|billing_status|seats|seat_(count|limit))$/;
const rights =
  /^(is_(super_?)?(admin|user)|is_(super_?admin|superuser|staff|moderator|verified|banned)|super_?admin|user_role|app_role|account_role|access_level|role|permissions)$/;

function isPrivileged({ name }: Column, table: Table, database: DatabaseModel): boolean {
  const plain = plainName(name);
  if (paid.test(plain)) return true;
  // What `role` means shows where something asks for it: a job title is a role too.
  return rights.test(plain) && (plain.startsWith('is_') || isAsked(name, table, database));
}

/** Whether a policy or a function decides by the column. */
function isAsked(column: string, table: Table, database: DatabaseModel): boolean {
  const bare = table.name.split('.').at(-1) ?? table.name;
  const texts = [
    ...database.tables.flatMap(other => other.policies.flatMap(policy => [policy.using ?? '', policy.check ?? ''])),
    ...database.functions.map(definition => definition.body),
  ];
  const both = [new RegExp(`\\b${bare}\\b`), new RegExp(`\\b${column}\\b\\s*(=|<>|in\\b|is\\b|\\)|::|and\\b)`, 'i')];
  return rights.test(plainName(column)) && texts.some(text => both.every(pattern => pattern.test(text)));
}

function policiesFor(role: string, table: Table, database: DatabaseModel): readonly Policy[] {
  const names = rolesOfRole(role, database);
  return table.policies.filter(
    policy =>
      policy.permissive &&
      (policy.command === 'update' || policy.command === 'all') &&
      policy.using !== undefined &&
      policy.using !== 'false' &&
      policy.roles.some(name => names.has(name)),
  );
}

/** A check of the new row, or a trigger, that looks at the column keeps it as it should be, or at least means to. */
function isPinned(column: string, role: string, table: Table, database: DatabaseModel): boolean {
  const name = new RegExp(`\\b${column}\\b`);
  const restricting = table.policies.filter(policy => !policy.permissive);
  const checks = [...policiesFor(role, table, database), ...restricting].map(policy => policy.check ?? '');
  const bodies = (table.triggers ?? [])
    .filter(trigger => /\bbefore\b.*\bupdate\b/i.test(trigger.definition))
    .map(trigger => functionNamed(database, trigger.function)?.body ?? column);
  return [...checks, ...bodies].some(text => name.test(text) || /\bto_jsonb\s*\(\s*(new|old)\b/i.test(text));
}
