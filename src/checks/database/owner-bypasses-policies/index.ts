import { objectName } from '../../../core/cell.ts';
import type { Check } from '../../check.ts';
import { findingsOf, leaksOf } from '../leaks.ts';

/** A table whose policies bind everyone but its owner, as whom apps outside Supabase mostly connect. */
export const check: Check = {
  id: 'database/owner-bypasses-policies',
  title: 'Owner bypasses policies',
  severity: 'medium',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'owner'),
      input,
      {
        subject: leak => objectName(leak.cell),
        place: leak => ('table' in leak ? (leak.table.policies[0]?.definedAt ?? leak.table.definedAt) : undefined),
        message: leaks =>
          `Policies of '${objectName(leaks[0].cell)}' do not apply to the role that owns it, and queries on the owner's connection reach every tenant's rows.`,
        harm: leak =>
          `On the owner's connection, only the filters in the app's own code keep the tenants' rows of '${objectName(leak.cell)}' apart.`,
        repair: leak => ({ kind: 'enable-force', table: objectName(leak.cell) }),
      },
    ),
    gaps: [],
  }),
};
