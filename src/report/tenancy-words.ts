import type { RulesResult } from '../core/result.ts';

/** Who a tenant, a user and a member is, in one sentence. */
export function tenancySentence({
  root,
  principal,
  memberships,
  tenantColumns,
}: Omit<RulesResult['tenancy'], 'owners'>): string {
  const users = principal === undefined ? '' : `, a user a row of ${principal}`;
  const members = memberships.length === 0 ? '' : `, members are in ${memberships.join(', ')}`;
  if (root !== undefined) return `A tenant is a row of ${root}${users}${members}.`;
  if (tenantColumns === undefined) return 'No tenant was found in the schema.';
  return `No table holds the tenants, only their keys are known (${tenantColumns.join(', ')})${users}${members}.`;
}
