import type { FasterForm, PolicySpeed } from '../../core/rules.ts';
import { orderSpeeds, speedsSentence, speedTime, speedVolume } from '../speeds.ts';
import { block, hanging, type Pen, paragraph, verdictSentence } from './pen.ts';
import { clean } from './text.ts';

/** How long a tenant's list of each table takes, the slowest first, and what shows the same rows sooner. */
export function speedLines(pen: Pen, speeds: readonly PolicySpeed[]): readonly string[] {
  const ordered = orderSpeeds(speeds);
  const isFast = speeds.every(speed => speed.faster === undefined);
  return [
    ...verdictSentence(pen, speedsSentence(speeds), isFast),
    ...ordered.flatMap(speed => tableLines(pen, speed)),
    ...(speeds.length === 0 ? [] : ['']),
  ];
}

function tableLines(pen: Pen, speed: PolicySpeed): readonly string[] {
  const { table, asWritten, faster } = speed;
  return [
    `  ${pen.strong(clean(table))}  ${pen.quiet(clean(speedVolume(speed)))}`,
    ...hanging(pen, faster === undefined ? '·' : '✗', `${speedTime(asWritten)}  ${clean(asWritten.plan)}`, 4),
    ...(faster === undefined ? [] : fasterLines(pen, faster)),
  ];
}

function fasterLines(pen: Pen, faster: FasterForm): readonly string[] {
  return [
    ...hanging(pen, '✓', `${speedTime(faster)}  ${clean(faster.plan)}`, 4),
    ...faster.statements.flatMap(statement => block(pen, clean(statement), 6, pen.cool)),
    ...paragraph(pen, clean(faster.because), 6, pen.quiet),
  ];
}
