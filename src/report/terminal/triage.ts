import type { Finding } from '../../core/finding.ts';
import type { TriageResult } from '../../core/result.ts';
import { orderFindings } from '../order.ts';
import { certaintyOf, certaintyWords, count } from '../words.ts';
import { findingList } from './findings.ts';
import { gapLines, heading } from './heading.ts';
import { type Pen, paragraph, spread, type TerminalOptions } from './pen.ts';
import { clean, padEnd, widthOf } from './text.ts';

/** The first screen: is it happening, to whom, what to do now. */
export function renderTriage(pen: Pen, result: TriageResult, options: TerminalOptions): readonly string[] {
  const findings = orderFindings(result.findings);
  const limit = options.all === true ? findings.length : 5;
  return [
    ...heading(pen, 'drydock', result),
    ...headline(pen, result),
    ...summary(pen, result),
    ...findingList(pen, findings, limit),
    ...(findings.length > limit
      ? [pen.quiet(`      … ${findings.length - limit} more: drydock trace, drydock rules`)]
      : []),
    ...(findings.length > 0 ? [''] : lookedAt(pen, result)),
    ...todo(pen, result),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock trace --unknown'),
  ];
}

function headline(pen: Pen, result: TriageResult): readonly string[] {
  const paint =
    result.verdict === 'not-safe' ? pen.warm : result.verdict === 'safe-as-far-as-seen' ? pen.cool : pen.strong;
  const stamp =
    result.verdict === 'not-safe'
      ? 'NOT SAFE TO LAUNCH'
      : result.verdict === 'safe-as-far-as-seen'
        ? 'NO LEAK FOUND'
        : 'COULD NOT TELL';
  return [...spread(pen, pen.strong(clean(result.headline)), pen.strong(paint(stamp)), 2), ''];
}

function summary(pen: Pen, result: TriageResult): readonly string[] {
  if (result.findings.length === 0) return [];
  const row = (label: string, text: string): readonly string[] =>
    paragraph(pen, text, 10).map((line, index) =>
      index === 0 ? `    ${pen.quiet(padEnd(label, 6))}${line.trimStart()}` : line,
    );
  const { tables, columns, secretColumns } = result.reach;
  return [
    ...paragraph(pen, [`${count(result.findings.length, 'way')} in`, ...backing(result.findings)].join(' · '), 4),
    ...(tables.length > 0
      ? row('reach', `${clean(tables.join(', '))} (${count(columns, 'column')}, ${secretColumns} of them secret)`)
      : []),
    ...(result.who.length > 0
      ? row('who', clean(result.who.map(each => `${each.principal}: ${each.findings}`).join(' · ')))
      : []),
    ...result.since
      .slice(0, 3)
      .flatMap(each =>
        row(
          'since',
          clean(
            `${each.findings} of them came with ${each.commit.slice(0, 7)} "${each.subject}" (${each.date}, ${each.author})`,
          ),
        ),
      ),
    '',
  ];
}

/** How many findings rest on which kind of evidence. */
export function backing(findings: readonly Finding[]): readonly string[] {
  return (['seen', 'replayed', 'policy', 'code'] as const)
    .map(certainty => ({ certainty, number: findings.filter(finding => certaintyOf(finding) === certainty).length }))
    .filter(each => each.number > 0)
    .map(each => `${each.number} ${certaintyWords(each.certainty)}`);
}

function lookedAt(pen: Pen, result: TriageResult): readonly string[] {
  const trace =
    result.trace === undefined
      ? 'The code was not traced.'
      : `${count(result.trace.summary.paths, 'path')} from ${count(result.trace.summary.entryPoints, 'entry point')} were judged, ${result.trace.summary.unknown} could not be told.`;
  const rules =
    result.rules === undefined
      ? 'The database was not looked at.'
      : `${count(result.rules.cells.length, 'attempt')} were made in a copy of your database.`;
  return [
    ...paragraph(pen, trace, 4),
    ...paragraph(pen, rules, 4),
    ...paragraph(pen, "The running app was not tried: 'drydock probe' does.", 4, pen.quiet),
    '',
  ];
}

function todo(pen: Pen, result: TriageResult): readonly string[] {
  if (result.todo.length === 0) return [];
  return [
    pen.strong('  Do this now'),
    ...result.todo.flatMap((step, index) => {
      const lead = `    ${index + 1}  ${step.command === undefined ? '' : pen.strong(padEnd(clean(step.command), 20))} `;
      const indent = step.command === undefined ? 8 : Math.max(28, widthOf(lead));
      return paragraph(pen, clean(step.action), indent).map((line, part) =>
        part === 0 ? padEnd(lead, indent) + line.trimStart() : line,
      );
    }),
    '',
  ];
}
