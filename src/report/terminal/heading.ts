import type { Gap } from '../../core/gap.ts';
import { formatPlace } from '../../core/place.ts';
import type { Settling } from '../../core/policy.ts';
import type { ConfigProblem, SuppressedFinding } from '../../core/suppression.ts';
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

/** What the user wrote for Drydock and does not do what it says; it ends with exit code 2, so it stands first. */
export function problemLines(pen: Pen, problems: readonly ConfigProblem[]): readonly string[] {
  if (problems.length === 0) return [];
  return [
    pen.warm(`  ${count(problems.length, 'declaration')} of yours to mend`),
    ...problems.flatMap(problem => [
      ...paragraph(pen, clean(problem.message), 5),
      ...paragraph(pen, clean(formatPlace(problem)), 5, pen.quiet),
    ]),
    '',
  ];
}

/** How many findings were accepted, so that none goes in silence. */
export function suppressedLines(pen: Pen, suppressed: readonly SuppressedFinding[], all: boolean): readonly string[] {
  if (suppressed.length === 0) return [];
  const line = `  ${count(suppressed.length, 'finding')} accepted by drydock-ignore`;
  if (!all) return [pen.quiet(`${line}: --all lists them`), ''];
  return [
    pen.strong(line),
    ...suppressed.flatMap(({ finding, reason, place }) => [
      ...paragraph(pen, `${clean(finding.harm)} (${finding.check})`, 5),
      ...paragraph(pen, `${clean(reason)} · ${clean(formatPlace(place))}`, 7, pen.quiet),
    ]),
    '',
  ];
}

/** Declarations that would settle what could not be told, the most useful first, each as the line to write. */
export function settlingLines(pen: Pen, settlings: readonly Settling[], most = settlings.length): readonly string[] {
  if (settlings.length === 0) return [];
  const shown = settlings.slice(0, most);
  const paths = (list: readonly Settling[]): number => list.reduce((sum, each) => sum + each.paths, 0);
  const total = paths(settlings);
  return [
    pen.strong(
      `  ${count(shown.length, 'declaration')} ${shown.length === 1 ? 'settles' : 'settle'} ${count(paths(shown), 'path')} of ${total} that could not be judged`,
    ),
    ...shown.flatMap(({ cause, declaration, paths: number, ...place }) => [
      ...paragraph(
        pen,
        `${clean(cause)} ${count(number, 'path')}, the first at ${clean(formatPlace(place))}`,
        5,
        pen.quiet,
      ),
      ...paragraph(pen, clean(declaration), 7),
    ]),
    ...(shown.length < settlings.length
      ? [pen.quiet(`     … ${settlings.length - shown.length} more: drydock trace --unknown`)]
      : []),
    '',
  ];
}
