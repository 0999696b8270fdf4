import type { Check } from '../../check.ts';
import { commandsOf, findingsOf, leaksOf, objectName, rolesOf } from '../leaks.ts';

/** A view that reads with its owner's rights: the policies of its tables apply to the owner, and he passes them all. */
export const check: Check = {
  id: 'database/view-bypasses-policies',
  title: 'View bypasses policies',
  severity: 'critical',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'view'),
      input,
      {
        subject: leak => objectName(leak.cell),
        place: leak => ('view' in leak ? leak.view.definedAt : undefined),
        message: leaks => {
          const kind = 'view' in leaks[0] && leaks[0].view.materialized ? 'materialized view' : 'view';
          return `The ${kind} '${objectName(leaks[0].cell)}' reads its tables with its owner's rights, so ${rolesOf(leaks)} may ${commandsOf(leaks)} rows of every tenant through it.`;
        },
        repair: leak =>
          'view' in leak && leak.view.materialized
            ? {
                kind: 'revoke-grant',
                object: objectName(leak.cell),
                view: objectName(leak.cell),
                role: leak.cell.role,
                privilege: 'select',
              }
            : { kind: 'security-invoker', view: objectName(leak.cell) },
        statement: leak => ('view' in leak ? leak.view.definition.trim() : undefined),
      },
    ),
    gaps: [],
  }),
};
