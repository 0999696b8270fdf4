import type { FasterForm, MeasuredPlan, PolicySpeed } from '../../core/rules.ts';
import { count, grouped } from '../words.ts';
import { block, hanging, type Pen, paragraph, verdictSentence } from './pen.ts';
import { clean } from './text.ts';

/** How long a tenant's list of each table takes, the slowest first, and what shows the same rows sooner. */
export function speedLines(pen: Pen, speeds: readonly PolicySpeed[]): readonly string[] {
  const ordered = speeds.toSorted((left, right) => sortable(right.asWritten) - sortable(left.asWritten));
  const slow = ordered.filter(speed => speed.faster !== undefined);
  return [
    ...verdictSentence(
      pen,
      speeds.length === 0
        ? 'No list was measured: no role may list a table with an owner under policies.'
        : slow.length === 0
          ? `${count(speeds.length, 'list')} measured; nothing that is known makes one of them faster.`
          : `${slow.length} of ${count(speeds.length, 'list')} can be faster.`,
      slow.length === 0,
    ),
    ...ordered.flatMap(speed => tableLines(pen, speed)),
    ...(speeds.length === 0 ? [] : ['']),
  ];
}

function sortable({ elapsedMs }: MeasuredPlan): number {
  return elapsedMs ?? Number.POSITIVE_INFINITY;
}

function tableLines(pen: Pen, speed: PolicySpeed): readonly string[] {
  const { table, role, rows, tenants, visible, asWritten, faster } = speed;
  return [
    `  ${pen.strong(clean(table))}  ${pen.quiet(clean(`${grouped(visible)} of ${grouped(rows)} rows, ${grouped(tenants)} tenants, as ${role}`))}`,
    ...hanging(pen, faster === undefined ? '·' : '✗', `${timeOf(asWritten)}  ${clean(asWritten.plan)}`, 4),
    ...(faster === undefined ? [] : fasterLines(pen, faster)),
  ];
}

function fasterLines(pen: Pen, faster: FasterForm): readonly string[] {
  return [
    ...hanging(pen, '✓', `${timeOf(faster)}  ${clean(faster.plan)}`, 4),
    ...faster.statements.flatMap(statement => block(pen, clean(statement), 6, pen.cool)),
    ...paragraph(pen, clean(faster.because), 6, pen.quiet),
  ];
}

function timeOf({ elapsedMs }: MeasuredPlan): string {
  return elapsedMs === undefined ? 'did not end in time' : `${elapsedMs.toFixed(1)} ms`;
}
