import type { Policy, Table } from '../../../model/database/types.ts';
import type { Check } from '../../check.ts';
import { lintFinding, policyRemark } from '../lint.ts';

/** A policy for updates with a condition for the new row and none for the old one: it lets no row be changed. */
export const check: Check = {
  id: 'database/update-policy-without-using',
  title: 'Update policy without USING',
  severity: 'medium',
  cwe: 863,
  needs: 'database',
  judge: ({ database }) => ({
    findings: database.tables.flatMap(table =>
      table.policies
        .filter(policy => isIdle(policy, table))
        .map(policy =>
          lintFinding({
            subject: `${policy.table} ${policy.name}`,
            message: `The policy '${policy.name}' on '${policy.table}' says which rows an update may write and not which rows it may change, so it lets no row be changed.`,
            harm: `Nobody can change rows of '${policy.table}' by this policy, not even their owners.`,
            remarks: [policyRemark(policy)],
            repair: { kind: 'add-using', table: policy.table, policy: policy.name },
          }),
        ),
    ),
    gaps: [],
  }),
};

/** https://www.postgresql.org/docs/current/sql-createpolicy.html: without a USING expression no row is there to update. */
function isIdle(policy: Policy, table: Table): boolean {
  if (!table.rowSecurity || policy.command !== 'update' || !policy.permissive || policy.using !== undefined)
    return false;
  return !table.policies.some(
    other =>
      other.permissive &&
      other.using !== undefined &&
      (other.command === 'update' || other.command === 'all') &&
      policy.roles.some(role => other.roles.includes(role) || other.roles.includes('public')),
  );
}
