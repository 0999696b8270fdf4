import type { Check } from '../../check.ts';
import { commandsOf, policyFindings } from '../leaks.ts';

/** A policy that does not ask whose row the new row is: rows can be written, or moved, into another tenant. */
export const check: Check = {
  id: 'database/write-check-without-tenant',
  title: 'Write check without the tenant',
  severity: 'high',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(
      input,
      'write-check',
      (policy, leaks) =>
        `The policy ${policy} on '${leaks[0]?.table.name ?? ''}' lets ${commandsOf(leaks)} write a row that belongs to another tenant.`,
    ),
    gaps: [],
  }),
};
