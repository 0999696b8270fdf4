import type { RescueResult } from '../../core/result.ts';
import { copyFolder, ledgerRows, reportFile, rescueSentence } from '../ledger.ts';
import { count } from '../words.ts';
import { gapLines, heading } from './heading.ts';
import { type Paint, type Pen, paragraph, plain, type TerminalOptions, verdictSentence } from './pen.ts';
import { clean, padEnd, padStart } from './text.ts';

/** The last screen of a rescue: the ledger before and after, what changed, where the report is. */
export function renderRescue(pen: Pen, result: RescueResult, options: TerminalOptions): readonly string[] {
  return [
    ...heading(pen, 'drydock rescue', result),
    ...verdictLines(pen, result),
    '',
    ...ledgerLines(pen, result),
    '',
    ...testLines(pen, result),
    ...openLines(pen, result),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock rescue --all'),
    ...placeLines(pen, result),
  ];
}

function verdictLines(pen: Pen, result: RescueResult): readonly string[] {
  const held = result.after.leaksExploited === 0 && result.after.ownAccessWorking >= result.before.ownAccessWorking;
  return verdictSentence(pen, rescueSentence(result), held);
}

function ledgerLines(pen: Pen, result: RescueResult): readonly string[] {
  const line = (label: string, before: string, after: string, paint: Paint): string =>
    `  ${padEnd(label, 32)}${padStart(before, 9)}  ${paint(padStart(after, 9))}`;
  return [
    pen.quiet(line('', 'before', 'after', plain)),
    ...ledgerRows(result).map(row => line(row.label, row.before, row.after, row.reached ? pen.cool : pen.warm)),
  ];
}

function testLines(pen: Pen, { tests }: RescueResult): readonly string[] {
  if (tests.written === 0) return ['  No regression test was written.', ''];
  return [
    ...paragraph(
      pen,
      `${count(tests.written, 'regression test')} written: ${tests.failingBefore} fail before the repairs, ${tests.passingAfter} pass after.`,
      2,
    ),
    '',
  ];
}

function openLines(pen: Pen, result: RescueResult): readonly string[] {
  if (result.unrepaired.length === 0) return [];
  const findings = [...result.traceBefore.findings, ...result.rulesBefore.findings];
  const harmOf = (fingerprint: string): string =>
    findings.find(finding => finding.fingerprint === fingerprint)?.harm ?? fingerprint;
  return [
    pen.strong(`  ${count(result.unrepaired.length, 'finding')} left for a person`),
    ...result.unrepaired.flatMap(entry => [
      ...paragraph(pen, clean(harmOf(entry.fingerprint)), 5),
      ...paragraph(pen, clean(entry.reason), 7, pen.quiet),
    ]),
    '',
  ];
}

function placeLines(pen: Pen, result: RescueResult): readonly string[] {
  const repairs = result.fixes.filter(each => each.offered).length;
  const changed = `${count(repairs, 'repair')} · ${count(result.filesChanged.length, 'file')} changed`;
  const row = (label: string, text: string): readonly string[] =>
    paragraph(pen, text, 10).map((line, index) => (index === 0 ? `  ${padEnd(label, 8)}${line.trimStart()}` : line));
  return [
    ...(result.branch === ''
      ? row('repairs', changed)
      : row('branch', `${clean(result.branch)} · ${changed} · one commit per repair; undo any: git revert`)),
    ...row('copy', clean(copyFolder(result))),
    ...row('report', clean(reportFile(result))),
    '',
  ];
}
