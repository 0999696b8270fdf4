import { standsAlone, type Finding } from '../../core/finding.ts';
import type { TriageResult } from '../../core/result.ts';
import { orderFindings } from '../order.ts';
import { type Certainty, certaintyOf, count } from '../words.ts';
import { findingList, shortFingerprint } from './findings.ts';
import { gapLines, heading, problemLines, suppressedLines } from './heading.ts';
import { type Pen, paragraph, spread, type TerminalOptions } from './pen.ts';
import { clean, padEnd, widthOf } from './text.ts';

/** The first screen: is it happening, to whom, what to do now. */
export function renderTriage(pen: Pen, result: TriageResult, options: TerminalOptions): readonly string[] {
  // What follows from another finding is no way in of its own.
  const findings = orderFindings(result.findings).filter(finding => options.all === true || standsAlone(finding));
  const limit = options.all === true ? findings.length : 5;
  return [
    ...heading(pen, 'drydock', result),
    ...headline(pen, result),
    ...problemLines(pen, result.problems ?? []),
    ...summary(pen, result),
    ...findingList(pen, findings, 'fingerprint', limit),
    ...nextLines(pen, findings, limit),
    ...(findings.length > 0 ? [''] : lookedAt(pen, result)),
    ...todo(pen, result),
    ...suppressedLines(pen, result.suppressed ?? [], options.all === true),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock trace --unknown'),
  ];
}

/** How to see one of them whole, and where the rest are. */
function nextLines(pen: Pen, findings: readonly Finding[], limit: number): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const command = first.check.startsWith('database/') ? 'rules' : 'trace';
  const more = findings.length > limit ? `… ${findings.length - limit} more: drydock trace, drydock rules · ` : '';
  return paragraph(pen, `${more}the first, step by step: drydock ${command} ${shortFingerprint(first)}`, 6, pen.quiet);
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
  const own = result.findings.filter(standsAlone);
  return [
    ...paragraph(pen, [`${count(own.length, 'way')} in`, ...backing(own)].join(' · '), 4),
    ...(tables.length > 0
      ? row('reach', `${clean(tables.join(', '))} (${count(columns, 'column')}, ${secretColumns} of them secret)`)
      : []),
    ...(result.who.length > 0
      ? row('who', clean(result.who.map(each => `${each.principal}: ${each.findings}`).join(' · ')))
      : []),
    ...result.since
      .slice(0, 3)
      .flatMap((each, index) =>
        row(
          index === 0 ? 'since' : '',
          clean(
            `${each.findings} came with ${each.commit.slice(0, 7)} "${each.subject}" (${each.date}, ${each.author})`,
          ),
        ),
      ),
    '',
  ];
}

const backingWords: Readonly<Record<Certainty, string>> = {
  seen: 'seen in the running app',
  replayed: 'replayed in a copy of your database',
  policy: 'told from the policies',
  code: 'told from the code',
};

/** How many findings rest on which kind of evidence. */
function backing(findings: readonly Finding[]): readonly string[] {
  return (['seen', 'replayed', 'policy', 'code'] as const)
    .map(certainty => ({ certainty, number: findings.filter(finding => certaintyOf(finding) === certainty).length }))
    .filter(each => each.number > 0)
    .map(each => `${each.number} ${backingWords[each.certainty]}`);
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
      const command = step.command === undefined ? '' : `${pen.strong(padEnd(clean(step.command), 20))} `;
      const lead = `    ${index + 1}  ${command}`;
      const indent = widthOf(lead);
      return paragraph(pen, clean(step.action), indent).map((line, part) =>
        part === 0 ? lead + line.trimStart() : line,
      );
    }),
    '',
  ];
}
