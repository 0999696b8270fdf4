import type { Check } from '../../check.ts';
import { policyFindings } from '../leaks.ts';

/** A policy that takes the tenant from `user_metadata`, which every user may write through the auth API. */
export const check: Check = {
  id: 'database/policy-trusts-user-metadata',
  title: 'Policy trusts user metadata',
  severity: 'critical',
  cwe: 639,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(
      input,
      'user-metadata',
      (policy, leaks) =>
        `The policy ${policy} on '${leaks[0]?.table.name ?? ''}' compares with 'user_metadata', which the user writes himself.`,
    ),
    gaps: [],
  }),
};
