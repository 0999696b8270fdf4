import { objectName } from '../../../core/cell.ts';
import type { Check } from '../../check.ts';
import { commandsOf, findingsOf, leaksOf, rolesOf } from '../leaks.ts';

/** A table with policies on which row security was never turned on: none of them applies. */
export const check: Check = {
  id: 'database/policies-not-enabled',
  title: 'Policies written, never enabled',
  severity: 'critical',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'not-enabled'),
      input,
      {
        subject: leak => objectName(leak.cell),
        place: leak => ('table' in leak ? (leak.table.policies[0]?.definedAt ?? leak.table.definedAt) : undefined),
        message: leaks =>
          `'${objectName(leaks[0].cell)}' has policies, but row security is off, so ${rolesOf(leaks)} may ${commandsOf(leaks)} without them.`,
        repair: leak => ({ kind: 'enable-policies', table: objectName(leak.cell) }),
      },
    ),
    gaps: [],
  }),
};
