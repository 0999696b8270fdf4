import type { DatabaseClient } from '../model/app/types.ts';
import type { DatabaseModel, Policy, Table } from '../model/database/types.ts';
import { always, and, never, or } from '../core/predicate.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import type { Operation } from '../core/path.ts';
import { sqlName } from '../logic/closure.ts';
import { rolesOfRole } from '../logic/roles.ts';
import { mapTerms, renameRows } from '../logic/terms.ts';

/** What row security adds to a query: on the row as it is, and on the row as it is written. */
export interface PolicyEffect {
  readonly using: Predicate;
  readonly check: Predicate;
  /** Row security decides at all for this role and table. */
  readonly applies: boolean;
}

const none: PolicyEffect = { using: always, check: always, applies: false };

/**
 * The policies of a table as they act for a client: permissive ones joined by OR, restrictive ones by AND, none at all
 * means nothing. Settings are replaced by the values that the client gave them on this path.
 * https://www.postgresql.org/docs/18/ddl-rowsecurity.html
 */
export function policyEffect(
  table: Table,
  operation: Operation,
  client: DatabaseClient,
  database: DatabaseModel,
): PolicyEffect {
  const role = sqlRoleOf(client);
  if (role !== undefined && table.fromSchema === true && !bypasses(role, database)) return untold(table);
  if (role === undefined || !isUnderRowSecurity(table, role, database)) return none;
  const bind = (predicate: Predicate): Predicate => bindSettings(predicate, client);
  const reads = combine(table, 'select', role, database, policy => policy.usingPredicate);
  switch (operation) {
    case 'read':
      return { using: bind(reads), check: always, applies: true };
    case 'insert':
      return { using: always, check: bind(combine(table, 'insert', role, database, checkOf)), applies: true };
    case 'update':
      return {
        using: bind(and([reads, combine(table, 'update', role, database, policy => policy.usingPredicate)])),
        check: bind(combine(table, 'update', role, database, checkOf)),
        applies: true,
      };
    case 'delete':
      return {
        using: bind(and([reads, combine(table, 'delete', role, database, policy => policy.usingPredicate)])),
        check: always,
        applies: true,
      };
  }
}

/** Code names the table, and no migration tells its policies. */
function untold(table: Table): PolicyEffect {
  const unknown: Predicate = {
    kind: 'opaque',
    reason: `the policies of '${sqlName(table)}', which is in no migration that was read`,
  };
  return { using: unknown, check: unknown, applies: true };
}

/** The SQL role a client acts under; `undefined` is the connection's own, which owns the tables or bypasses policies. */
export function sqlRoleOf(client: DatabaseClient): string | undefined {
  if (client.sqlRole !== undefined) return client.sqlRole;
  return client.role === 'authenticated' || client.role === 'anon' ? client.role : undefined;
}

function checkOf(policy: Policy): Predicate | undefined {
  // Without WITH CHECK, USING is used for new rows too: https://www.postgresql.org/docs/18/sql-createpolicy.html
  return policy.checkPredicate ?? (policy.check === undefined ? policy.usingPredicate : undefined);
}

function combine(
  table: Table,
  command: 'select' | 'insert' | 'update' | 'delete',
  role: string,
  database: DatabaseModel,
  read: (policy: Policy) => Predicate | undefined,
): Predicate {
  const roles = rolesOfRole(role, database);
  const active = table.policies.filter(
    policy => (policy.command === 'all' || policy.command === command) && policy.roles.some(name => roles.has(name)),
  );
  const lowered = (policy: Policy): Predicate => {
    const predicate = read(policy) ?? {
      kind: 'opaque' as const,
      reason: `the policy '${policy.name}' was not lowered`,
    };
    return renameRows(predicate, row => (row === 'self' ? row : `${policy.name}/${row}`));
  };
  const permissive = active.filter(policy => policy.permissive).map(lowered);
  if (permissive.length === 0) return never;
  return and([or(permissive), ...active.filter(policy => !policy.permissive).map(lowered)]);
}

function isUnderRowSecurity(table: Table, role: string, database: DatabaseModel): boolean {
  if (bypasses(role, database)) return false;
  if (table.owner === role && !table.forceRowSecurity) return false;
  return table.rowSecurity;
}

function bypasses(role: string, database: DatabaseModel): boolean {
  const known = database.roles.find(entry => entry.name === role);
  return known?.superuser === true || known?.bypassRowSecurity === true;
}

function bindSettings(predicate: Predicate, client: DatabaseClient): Predicate {
  return mapTerms(predicate, (term): Term => {
    if (term.kind !== 'setting') return term;
    return client.settings.find(setting => setting.name === term.name)?.value ?? { kind: 'constant', value: null };
  });
}
