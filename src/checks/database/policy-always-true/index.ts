import type { Check } from '../../check.ts';
import { commandsOf, policyFindings, rolesOf } from '../leaks.ts';

/** A permissive policy whose condition is true for every row: policies are joined by `or`, so no other one narrows it. */
export const check: Check = {
  id: 'database/policy-always-true',
  title: 'Policy that is always true',
  severity: 'critical',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(
      input,
      'always-true',
      (policy, leaks, whose) =>
        `The policy ${policy} on '${leaks[0]?.table.name ?? ''}' is true for every row, so ${rolesOf(leaks)} may ${commandsOf(leaks)} rows ${whose ?? 'of every tenant'}.`,
    ),
    gaps: [],
  }),
};
