import type { Check } from '../../check.ts';
import { commandsOf, policyFindings, rolesOf } from '../leaks.ts';

/** A policy that lets rows of another tenant through, as a replay showed, for a reason that no other check names. */
export const check: Check = {
  id: 'database/policy-leaks',
  title: 'Policy lets another tenant in',
  severity: 'critical',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(
      input,
      'policy',
      (policy, leaks, whose) =>
        `Under the policy ${policy} on '${leaks[0]?.table.name ?? ''}', ${rolesOf(leaks)} may ${commandsOf(leaks)} rows ${whose ?? 'of another tenant'}.`,
    ),
    gaps: [],
  }),
};
