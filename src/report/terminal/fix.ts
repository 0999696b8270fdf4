import type { VerificationStep, VerifiedFix } from '../../core/fix.ts';
import type { FixResult } from '../../core/result.ts';
import { count, verificationWords } from '../words.ts';
import { gapLines, heading } from './heading.ts';
import { diffBlock, type Pen, paragraph, type TerminalOptions, verdictSentence } from './pen.ts';
import { clean, padEnd } from './text.ts';

/** Repairs, each with what was tried on a copy; the diff of one, or of all on demand. */
export function renderFix(pen: Pen, result: FixResult, options: TerminalOptions): readonly string[] {
  const offered = result.fixes.filter(each => each.offered);
  const refused = result.fixes.filter(each => !each.offered);
  const withDiff = options.all === true || result.fixes.length <= 2;
  return [
    ...heading(pen, 'drydock fix', result),
    ...verdictLines(pen, offered.length, refused.length + result.unrepaired.length),
    ...offered.flatMap(each => fixLines(pen, each, withDiff)),
    ...refused.flatMap(each => fixLines(pen, each, false)),
    ...unrepairedLines(pen, result.unrepaired),
    ...guardLines(pen, result.guard),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock fix --all'),
    ...(withDiff || offered.length === 0 ? [] : [pen.quiet('  drydock fix --all shows every diff.'), '']),
  ];
}

function verdictLines(pen: Pen, offered: number, open: number): readonly string[] {
  if (offered === 0)
    return [...verdictSentence(pen, `No repair held, ${count(open, 'finding')} left open.`, false), ''];
  return [
    ...verdictSentence(pen, `${count(offered, 'repair')} held on a copy of your app.`, true),
    ...(open > 0 ? [`  ${count(open, 'finding')} left for a person to decide.`] : []),
    '',
  ];
}

/** One repair: title, why it closes the path, what was tried, what it changes. */
export function fixLines(pen: Pen, verified: VerifiedFix, withDiff: boolean): readonly string[] {
  const sign = verified.offered ? pen.cool('✓') : pen.warm('✗');
  const files = [...new Set([...verified.fix.edits, ...verified.fix.newFiles].map(change => clean(change.file)))];
  return [
    ...paragraph(pen, clean(verified.fix.title), 4, pen.strong).map((line, index) =>
      index === 0 ? `  ${sign} ${line.trimStart()}` : line,
    ),
    ...paragraph(pen, clean(verified.fix.explanation), 4),
    ...paragraph(pen, files.join(' · '), 4, pen.quiet),
    ...verified.verification.flatMap(step => stepLines(pen, step)),
    ...(withDiff ? ['', ...diffBlock(pen, clean(verified.diff), 4)] : []),
    '',
  ];
}

function stepLines(pen: Pen, step: VerificationStep): readonly string[] {
  const sign = step.outcome === 'passed' ? pen.cool('✓') : step.outcome === 'failed' ? pen.warm('✗') : pen.quiet('–');
  return paragraph(pen, clean(step.detail), 28, pen.quiet).map((line, index) =>
    index === 0 ? `    ${sign} ${padEnd(verificationWords(step.step), 21)} ${line.trimStart()}` : line,
  );
}

/** One repair for many findings, as a command of its own: it changes how the app connects. */
function guardLines(pen: Pen, guard: FixResult['guard']): readonly string[] {
  if (guard === undefined) return [];
  const many = count(guard.findings.length, 'finding');
  const what =
    'With the guard in your app every query carries who is asking, and Postgres keeps the rows of others back, whether the query asks for them or not.';
  return [
    pen.strong(`  One repair for ${many}`),
    ...paragraph(pen, what, 4),
    ...(guard.moved.length === 0 ? [] : paragraph(pen, moved(guard.moved), 4)),
    ...paragraph(pen, guard.files.map(clean).join(' · '), 4, pen.quiet),
    ...guard.verification.flatMap(step => stepLines(pen, step)),
    `    ${clean(guard.command)}`,
    '',
  ];
}

function moved(files: readonly string[]): string {
  return `It moves postgres.js to node-postgres in ${files.map(clean).join(', ')}: a statement of postgres.js cannot carry who is asking.`;
}

function unrepairedLines(pen: Pen, unrepaired: FixResult['unrepaired']): readonly string[] {
  if (unrepaired.length === 0) return [];
  return [
    pen.strong('  Without a repair'),
    ...unrepaired.flatMap(entry => [
      `     ${clean(entry.fingerprint)}`,
      ...paragraph(pen, clean(entry.reason), 7, pen.quiet),
    ]),
    '',
  ];
}
