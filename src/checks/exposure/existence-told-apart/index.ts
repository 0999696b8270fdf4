import { humanizeTable, isOwned } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** Two answers after one look-up: one for a row that is not there, another for a row that is somebody else's. */
export const check = observedCheck({
  id: 'exposure/existence-told-apart',
  title: 'Existence of foreign rows can be told',
  severity: 'low',
  cwe: 203,
  kind: 'existence-oracle',
  faults: ({ place, entryPoint, table, absent, foreign }, { tenancy }) =>
    !isOwned(tenancy, table)
      ? []
      : [
          {
            harm: `Any signed-in user can find out which ids of other customers' ${humanizeTable(table)} exist.`,
            message: `'${entryPoint}' answers '${foreign}' for a row of '${table}' that is not the caller's, and '${absent}' for one that does not exist.`,
            entryPoints: [entryPoint],
            object: table,
            repair: { kind: 'same-answer', place, entryPoint, absent, foreign },
          },
        ],
});
