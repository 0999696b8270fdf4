import { objectName } from '../../../core/cell.ts';
import type { Check } from '../../check.ts';
import { findingsOf, leaksOf, rolesOf } from '../leaks.ts';

/** A function with its owner's rights that answers for, or changes, the tenant its arguments name, whoever calls. */
export const check: Check = {
  id: 'database/definer-function-without-caller-check',
  title: 'Definer function without a check of the caller',
  severity: 'critical',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'function'),
      input,
      {
        subject: leak => ('definition' in leak ? leak.definition.signature : ''),
        place: leak => ('definition' in leak ? leak.definition.definedAt : undefined),
        message: leaks => {
          const changes = leaks.some(({ cell }) => /changed|added|deleted/.test(cell.because));
          return `'${objectName(leaks[0].cell)}' runs with its owner's rights and does not ask who calls, so ${rolesOf(leaks)} may ${changes ? 'change' : 'read'} another tenant's rows through its arguments.`;
        },
        repair: leak => ({
          kind: 'guard-function',
          function: objectName(leak.cell),
          signature: 'definition' in leak ? leak.definition.signature : '',
        }),
        statement: leak => ('definition' in leak ? leak.definition.body.trim() : undefined),
      },
    ),
    gaps: [],
  }),
};
