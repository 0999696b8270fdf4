import { objectName } from '../../../core/cell.ts';
import type { Check } from '../../check.ts';
import { commandsOf, findingsOf, leaksOf, rolesOf } from '../leaks.ts';

/** A table that requests can reach, with row security off and no policy: every role with a privilege on it reaches every tenant's rows. */
export const check: Check = {
  id: 'database/table-without-row-security',
  title: 'Table without row security',
  severity: 'critical',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'no-row-security'),
      input,
      {
        subject: leak => objectName(leak.cell),
        place: leak => ('table' in leak ? leak.table.definedAt : undefined),
        message: leaks =>
          `Row security is off on '${objectName(leaks[0].cell)}', and ${rolesOf(leaks)} may ${commandsOf(leaks)}.`,
        repair: leak => ({ kind: 'create-policies', table: objectName(leak.cell) }),
      },
    ),
    gaps: [],
  }),
};
