import { groupBy } from '../../core/group.ts';
import { formatPlace } from '../../core/place.ts';
import type { Gate, GateFault } from '../../core/rules.ts';
import { gateSentence } from '../changes.ts';
import { block, hanging, type Pen, paragraph, verdictSentence } from './pen.ts';
import { clean } from './text.ts';

/** What tables with an owner lack, table by table, with the statements that would add it. `found` counts the findings beside it. */
export function gateLines(pen: Pen, gate: Gate, found: number): readonly string[] {
  const byTable = groupBy(gate.faults, fault => fault.table);
  return [
    ...verdictSentence(pen, clean(gateSentence(gate, found)), byTable.size === 0 && found === 0),
    ...paragraph(pen, gate.because, 2, pen.quiet),
    '',
    ...[...byTable].flatMap(([table, faults]) => tableLines(pen, table, faults)),
  ];
}

function tableLines(pen: Pen, table: string, faults: readonly GateFault[]): readonly string[] {
  const [first] = faults;
  const place = first === undefined || first.file === '' ? '' : `  ${pen.quiet(clean(formatPlace(first)))}`;
  return [
    `  ${pen.strong(clean(table))}${place}`,
    ...faults.flatMap(fault => [
      ...hanging(pen, '✗', clean(fault.message), 4),
      ...block(pen, clean(fault.sql), 6, pen.cool),
    ]),
    '',
  ];
}
