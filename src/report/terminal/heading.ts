import type { Gap } from '../../core/gap.ts';
import type { ResultBase } from '../../core/result.ts';
import { orderGaps } from '../order.ts';
import { count, duration, gapPlace, shortTarget } from '../words.ts';
import { type Pen, paragraph, spread } from './pen.ts';
import { clean } from './text.ts';

/** The first line of every screen: what was asked, of what, how long it took. */
export function heading(pen: Pen, title: string, result: ResultBase): readonly string[] {
  const name = `⚓ ${pen.strong(title)}  ${clean(shortTarget(result.target))}`;
  const stack = result.stack.map(clean).join(' · ');
  const time = pen.quiet(duration(result.elapsedMs));
  const whole = `${name}   ${pen.quiet(stack)}`;
  const fits = title.length + shortTarget(result.target).length + stack.length + 20 < pen.width;
  return fits
    ? [...spread(pen, whole, time), '']
    : [...spread(pen, name, time), ...paragraph(pen, stack, 2, pen.quiet), ''];
}

/** What could not be told, each with its place; a few unless all are asked for. */
export function gapLines(pen: Pen, gaps: readonly Gap[], all: boolean, more: string): readonly string[] {
  if (gaps.length === 0) return [];
  const shown = all ? orderGaps(gaps) : orderGaps(gaps).slice(0, 3);
  return [
    pen.strong(`  Could not tell, in ${count(gaps.length, 'place')}`),
    ...shown.flatMap(gap => [
      ...paragraph(pen, clean(gap.reason), 5),
      ...paragraph(pen, clean(gapPlace(gap)), 5, pen.quiet),
    ]),
    ...(shown.length < gaps.length ? [pen.quiet(`     … ${gaps.length - shown.length} more: ${more}`)] : []),
    '',
  ];
}
