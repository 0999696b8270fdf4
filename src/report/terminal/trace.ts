import type { Finding } from '../../core/finding.ts';
import type { Path } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import type { TraceResult } from '../../core/result.ts';
import { orderFindings, orderPaths } from '../order.ts';
import { count, grouped, verdictWords } from '../words.ts';
import { explainFinding, findingInBrief, pathLines } from './finding.ts';
import { findingList, shortFingerprint } from './findings.ts';
import { gapLines, heading, problemLines, suppressedLines } from './heading.ts';
import { type Pen, paragraph, type TerminalOptions, verdictPaint, verdictSentence } from './pen.ts';
import { clean, cut, cutStart, padEnd } from './text.ts';

/** The paths of an app: the overview, or what `options.focus` names. */
export function renderTrace(pen: Pen, result: TraceResult, options: TerminalOptions): readonly string[] {
  if (options.focus !== undefined) return renderFocus(pen, result, options.focus);
  if (options.only !== undefined) return renderOnly(pen, result, options);
  const findings = orderFindings(result.findings);
  return [
    ...heading(pen, 'drydock trace', result),
    ...verdictLines(pen, result),
    ...problemLines(pen, result.problems ?? []),
    ...findingLines(pen, findings, result, options.all === true),
    ...(options.all === true ? [...pathTable(pen, orderPaths(result.paths)), ''] : []),
    ...suppressedLines(pen, result.suppressed ?? [], options.all === true),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock trace --only unknown'),
    ...nextLines(pen, findings),
  ];
}

const inFull = 5;

/** The worst in full, the rest as a list that goes on counting. */
function findingLines(pen: Pen, findings: readonly Finding[], result: TraceResult, all: boolean): readonly string[] {
  const worst = all ? findings : findings.slice(0, inFull);
  const rest = findings.slice(worst.length);
  return [
    ...worst.flatMap((finding, index) => findingInBrief(pen, finding, result.paths, index + 1)),
    ...(rest.length === 0 ? [] : [...findingList(pen, rest, { from: worst.length + 1 }), '']),
  ];
}

function verdictLines(pen: Pen, result: TraceResult): readonly string[] {
  const { summary } = result;
  const verdict =
    summary.leaks > 0
      ? verdictSentence(
          pen,
          `${summary.leaks} of ${count(summary.paths, 'path')} ${summary.leaks === 1 ? 'leaks' : 'leak'}.`,
          false,
        )
      : cleanVerdict(pen, result);
  const rest = (['isolated', 'public', 'broken', 'unknown'] as const)
    .filter(each => summary[each] > 0)
    .map(each => `${grouped(summary[each])} ${each}`)
    .join(' · ');
  const looked = `${count(summary.entryPoints, 'entry point')} · ${count(summary.files, 'file')} · ${grouped(summary.querySites.reached)} of ${count(summary.querySites.textual, 'query', 'queries')} reached`;
  return [...verdict, ...paragraph(pen, rest, 2), ...paragraph(pen, looked, 2, pen.quiet), ''];
}

function cleanVerdict(pen: Pen, { summary }: TraceResult): readonly string[] {
  if (summary.paths === 0) return paragraph(pen, 'No path from an entry point to a query was found.', 2, pen.strong);
  const sentence =
    summary.unknown === 0
      ? `None of ${count(summary.paths, 'path')} leaks.`
      : `None of the ${count(summary.paths - summary.unknown, 'path')} that could be judged leaks.`;
  return verdictSentence(pen, sentence, true);
}

function nextLines(pen: Pen, findings: readonly Finding[]): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const hint = (command: string, words: string): string => `  ${padEnd(command, 22)}${pen.quiet(words)}`;
  return [
    hint('drydock trace 1', 'the first of them, step by step'),
    hint(`drydock fix ${shortFingerprint(first)}`, 'a verified repair for it'),
    '',
  ];
}

function renderFocus(pen: Pen, result: TraceResult, focus: string): readonly string[] {
  const findings = orderFindings(result.findings);
  const number = findingNumber(findings, focus);
  const finding = number === undefined ? undefined : findings[number - 1];
  if (finding !== undefined) return explainFinding(pen, finding, result.paths);
  const paths = orderPaths(result.paths).filter(path => isNamed(path, focus));
  if (paths.length === 0)
    return paragraph(
      pen,
      `No finding, entry point or table is called '${clean(focus)}'. 'drydock trace --all' lists them.`,
      0,
    );
  if (paths.length === 1) return paths.flatMap(path => pathLines(pen, path));
  return [...heading(pen, `drydock trace ${clean(focus)}`, result), ...pathTable(pen, paths), ''];
}

/** The number of the finding that a number, a fingerprint or its beginning names. */
export function findingNumber(findings: readonly Finding[], name: string): number | undefined {
  if (/^\d{1,4}$/.test(name)) return Number(name) <= findings.length && Number(name) > 0 ? Number(name) : undefined;
  const index = findings.findIndex(
    finding => finding.fingerprint === name || (name.length >= 6 && finding.fingerprint.startsWith(name)),
  );
  return index < 0 ? undefined : index + 1;
}

function isNamed(path: Path, name: string): boolean {
  return (
    path.id === name ||
    path.entryPoint.name === name ||
    path.entryPoint.route === name ||
    path.sink.table === name ||
    path.entryPoint.file === name ||
    path.sink.file === name
  );
}

function renderOnly(pen: Pen, result: TraceResult, options: TerminalOptions): readonly string[] {
  const paths = orderPaths(result.paths).filter(path => path.verdict === options.only);
  return [
    ...heading(pen, 'drydock trace', result),
    pen.strong(`  ${count(paths.length, 'path')}: ${options.only === undefined ? '' : verdictWords(options.only)}`),
    ...pathTable(pen, paths),
    '',
    ...(options.only === 'unknown' ? gapLines(pen, result.gaps, true, '') : []),
  ];
}

function pathTable(pen: Pen, paths: readonly Path[]): readonly string[] {
  const room = pen.width - 13;
  const names = Math.min(Math.max(...paths.map(path => [...path.entryPoint.name].length), 0), Math.floor(room * 0.45));
  return paths.map(path => {
    const verdict = verdictPaint(pen, path.verdict)(padEnd(path.verdict, 9));
    const name = padEnd(cut(clean(path.entryPoint.name), names), names);
    const left = room - names - 2;
    const target = cut(`${path.sink.operation} ${clean(path.sink.table)}`, Math.floor(left * 0.45));
    return `  ${verdict} ${name}  ${padEnd(target, Math.floor(left * 0.45))} ${pen.quiet(cutStart(clean(formatPlace(path.sink)), left - Math.floor(left * 0.45) - 1))}`;
  });
}
