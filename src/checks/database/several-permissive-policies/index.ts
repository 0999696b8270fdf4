import { rolesOfRole } from '../../../logic/roles.ts';
import { requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, Policy, Table } from '../../../model/database/types.ts';
import type { Check } from '../../check.ts';
import { filled, lintFinding, listed, policyRemark } from '../lint.ts';

/** Several permissive policies for one command and role: all of them are evaluated for each row, and the widest decides. */
export const check: Check = {
  id: 'database/several-permissive-policies',
  title: 'Several permissive policies for one command',
  severity: 'low',
  cwe: 400,
  needs: 'database',
  judge: ({ database }) => ({ findings: findings(database), gaps: [] }),
};

function findings(database: DatabaseModel) {
  const heaps = database.tables
    .filter(table => table.rowSecurity)
    .flatMap(table => {
      const policies = heapedOn(table, database);
      return policies.length === 0 ? [] : [{ table, policies }];
    });
  const remarks = filled(heaps.flatMap(({ policies }) => policies.map(policyRemark)));
  if (remarks === undefined) return [];
  const names = listed(heaps.map(({ table }) => table.name));
  return [
    lintFinding({
      subject: 'tables',
      message: `${names} ${heaps.length === 1 ? 'has' : 'have'} several permissive policies for one command and role, which are joined by 'or' and evaluated one after the other.`,
      harm: `Queries on ${names} pay for each of the policies on every row, and the widest of them decides alone.`,
      remarks,
    }),
  ];
}

/** Policies that another one of the same command and role stands beside. */
function heapedOn(table: Table, database: DatabaseModel): readonly Policy[] {
  const permissive = table.policies.filter(policy => policy.permissive);
  const heaped = requestRoles(database).flatMap(role => {
    const names = rolesOfRole(role, database);
    return (['select', 'insert', 'update', 'delete'] as const).flatMap(command => {
      const those = permissive.filter(
        policy =>
          (policy.command === command || policy.command === 'all') && policy.roles.some(name => names.has(name)),
      );
      return those.length > 1 ? those : [];
    });
  });
  return permissive.filter(policy => heaped.includes(policy));
}
