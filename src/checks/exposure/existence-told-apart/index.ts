import { objectName } from '../../../core/cell.ts';
import type { CheckInput } from '../../check.ts';
import { humanizeTable, isOwned } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** Two answers after one look-up: one for a row that is not there, another for a row that is somebody else's. */
export const check = observedCheck({
  id: 'exposure/existence-told-apart',
  title: 'Existence of foreign rows can be told',
  severity: 'low',
  cwe: 203,
  kind: 'existence-oracle',
  faults: ({ place, entryPoint, table, absent, foreign }, input) =>
    !isOwned(input.tenancy, table) || isHidden(entryPoint, table, input)
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

/** Policies keep the rows of others back from every look-up: those are not there for whoever asks. */
function isHidden(entryPoint: string, table: string, { paths, cells }: CheckInput): boolean {
  const reads = paths.filter(
    ({ entryPoint: { name }, sink }) => name === entryPoint && sink.table === table && sink.operation === 'read',
  );
  return (
    reads.length > 0 &&
    reads.every(({ model, sink }) => {
      const role = model.client.sqlRole ?? sink.role;
      const own = cells.filter(cell => cell.role === role && cell.command === 'select' && objectName(cell) === table);
      return own.length > 0 && own.every(cell => cell.verdict === 'isolated');
    })
  );
}
