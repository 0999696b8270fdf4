import { nameOf } from '../../../model/app/observe/predicates.ts';
import { observedCheck } from '../../observed.ts';

/** A statement in SQL is put together from what the caller sent: they can make it say anything, of any tenant's rows. */
export const check = observedCheck({
  id: 'path/sql-built-from-input',
  title: 'SQL built from input',
  severity: 'critical',
  cwe: 89,
  kind: 'given-part',
  faults: ({ part, entryPoint, value }) =>
    part !== 'sql'
      ? []
      : [
          {
            harm: 'Whoever can send a request can run a statement of their own, on the rows of every customer.',
            message: `'${entryPoint}' puts '${nameOf(value)}', which the caller sends, into the text of a statement in SQL.`,
            entryPoints: [entryPoint],
          },
        ],
});
