import { standsAlone, type Finding } from '../../core/finding.ts';
import type { EntryPoint, Path } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import type { Settling } from '../../core/policy.ts';
import type { TraceResult } from '../../core/result.ts';
import { select, suggestions } from '../select.ts';
import { orderFindings, orderPaths } from '../order.ts';
import { count, grouped, verdictWords } from '../words.ts';
import { explainFinding, explainPath, findingInBrief } from './finding.ts';
import { findingList, shortFingerprint } from './findings.ts';
import { gapLines, heading, problemLines, settlingLines, suppressedLines } from './heading.ts';
import { policyLines } from './policy.ts';
import { block, type Pen, paragraph, type TerminalOptions, verdictPaint, verdictSentence } from './pen.ts';
import { clean, cut, cutStart, padEnd } from './text.ts';

/** The paths of an app: the overview, or what `options.focus` names. */
export function renderTrace(pen: Pen, result: TraceResult, options: TerminalOptions): readonly string[] {
  if (result.policy !== undefined) return policyLines(result.policy);
  if (options.focus !== undefined) return renderFocus(pen, result, options.focus);
  if (options.only !== undefined) return renderOnly(pen, result, options);
  const findings = orderFindings(result.findings);
  return [
    ...heading(pen, 'drydock trace', result),
    ...verdictLines(pen, result),
    ...problemLines(pen, result.problems ?? []),
    ...findingLines(pen, findings, result, options.all === true),
    ...(options.all === true ? [...pathTable(pen, orderPaths(result.paths)), ''] : []),
    ...knownLines(pen, result),
    ...suppressedLines(pen, result.suppressed ?? [], options.all === true),
    ...settlingLines(pen, result.settlings ?? [], options.all === true ? undefined : 3),
    ...gapLines(pen, result.gaps, options.all === true, 'drydock trace --unknown'),
    ...nextLines(pen, findings, result),
  ];
}

function knownLines(pen: Pen, { known }: TraceResult): readonly string[] {
  if (known === undefined || known.count === 0) return [];
  return [pen.quiet(`  ${count(known.count, 'finding')} left out: known ${clean(known.where)}`), ''];
}

/** Numbers are those of the whole list; where some are left out, the fingerprint names the finding. */
function nameOf(finding: Finding, index: number, { known }: TraceResult): string {
  return known === undefined ? String(index + 1) : shortFingerprint(finding);
}

const inFull = 5;

/** The worst in full, the rest as a list that goes on counting; those that follow from one of them only by number. */
function findingLines(pen: Pen, findings: readonly Finding[], result: TraceResult, all: boolean): readonly string[] {
  const shown = all ? findings : findings.filter(standsAlone);
  const worst = all ? shown : shown.slice(0, inFull);
  const rest = shown.slice(worst.length);
  const followers = findings.length - shown.length;
  return [
    ...worst.flatMap((finding, index) =>
      findingInBrief(pen, finding, result.paths, {
        number: index + 1,
        name: nameOf(finding, index, result),
        leadsTo: findings.filter(other => other.consequenceOf === finding.fingerprint),
      }),
    ),
    ...(rest.length === 0 ? [] : [...findingList(pen, rest, { from: worst.length + 1 }), '']),
    ...(followers === 0
      ? []
      : [
          ...paragraph(
            pen,
            `${count(followers, 'more finding')} ${followers === 1 ? 'follows' : 'follow'} from these: the same unchecked value leads there. --all lists ${followers === 1 ? 'it' : 'them'}.`,
            2,
            pen.quiet,
          ),
          '',
        ]),
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
  const left = summary.querySites.unused;
  const unused = left === 0 ? '' : `, ${grouped(left)} more in functions that nothing calls`;
  const looked = `${count(summary.entryPoints, 'entry point')} · ${count(summary.files, 'file')} · ${grouped(summary.querySites.reached)} of ${count(summary.querySites.textual, 'query', 'queries')} reached${unused}`;
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

function nextLines(pen: Pen, findings: readonly Finding[], result: TraceResult): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const hint = (command: string, words: string): string => `  ${padEnd(command, 22)}${pen.quiet(words)}`;
  return [
    hint(`drydock trace ${nameOf(first, 0, result)}`, 'the first of them, step by step'),
    hint(`drydock fix ${shortFingerprint(first)}`, 'a verified repair for it'),
    '',
  ];
}

function renderFocus(pen: Pen, result: TraceResult, focus: string): readonly string[] {
  const findings = orderFindings(result.findings);
  const number = findingNumber(findings, focus);
  const finding = number === undefined ? undefined : findings[number - 1];
  if (finding !== undefined) return explainFinding(pen, finding, result.paths, findings);
  const selection = select(result, focus);
  if (selection === undefined) return nothingNamed(pen, result, focus);
  const paths = orderPaths(selection.paths);
  const title = [...heading(pen, `drydock trace ${clean(focus)}`, result)];
  const idle = selection.entryPoints.filter(
    entryPoint => !paths.some(path => path.entryPoint.name === entryPoint.name),
  );
  const rest = [...idleLines(pen, idle), ...settlingLines(pen, settlingsOf(result, paths))];
  // A table is a matter of many: all of them as a list, and those that need a reader in full.
  const needsReader = paths.filter(path => path.verdict === 'leaks' || path.verdict === 'unknown');
  const whole = selection.kind === 'entry' || paths.length === 1 ? paths : needsReader;
  return [
    ...title,
    ...(paths.length > whole.length || whole.length > mostExplained ? [...pathTable(pen, paths), ''] : []),
    ...whole.slice(0, mostExplained).flatMap(path => explainPath(pen, path)),
    ...rest,
  ];
}

const mostExplained = 8;

function nothingNamed(pen: Pen, result: TraceResult, focus: string): readonly string[] {
  const near = suggestions(result, focus);
  return [
    ...paragraph(pen, `No finding, entry point, table or file is called '${clean(focus)}'.`, 0),
    ...(near.length === 0
      ? paragraph(pen, "'drydock trace --all' lists them.", 0)
      : ['Did you mean', ...near.flatMap(name => block(pen, `drydock trace ${quoted(clean(name))}`, 2))]),
  ];
}

function quoted(name: string): string {
  return /[\s[\]()]/.test(name) ? `"${name}"` : name;
}

function idleLines(pen: Pen, entryPoints: readonly EntryPoint[]): readonly string[] {
  if (entryPoints.length === 0) return [];
  return [
    ...entryPoints.flatMap(entryPoint =>
      paragraph(pen, `${clean(entryPoint.name)} (${clean(formatPlace(entryPoint))}) reaches no query.`, 2),
    ),
    '',
  ];
}

/** What would settle the unknown ones among these paths. */
function settlingsOf(result: TraceResult, paths: readonly Path[]): readonly Settling[] {
  const notes = new Set(paths.filter(path => path.verdict === 'unknown').map(path => path.notes[0] ?? ''));
  const tables = new Set(paths.filter(path => path.verdict === 'unknown').map(path => path.sink.table));
  return (result.settlings ?? []).filter(
    settling => notes.has(settling.cause) || [...tables].some(table => settling.cause.includes(`'${table}'`)),
  );
}

/** The number of the finding that a number, a fingerprint or its beginning names. */
export function findingNumber(findings: readonly Finding[], name: string): number | undefined {
  if (/^\d{1,4}$/.test(name)) return Number(name) <= findings.length && Number(name) > 0 ? Number(name) : undefined;
  const index = findings.findIndex(
    finding => finding.fingerprint === name || (name.length >= 6 && finding.fingerprint.startsWith(name)),
  );
  return index < 0 ? undefined : index + 1;
}

function renderOnly(pen: Pen, result: TraceResult, options: TerminalOptions): readonly string[] {
  const paths = orderPaths(result.paths).filter(path => path.verdict === options.only);
  return [
    ...heading(pen, 'drydock trace', result),
    pen.strong(`  ${count(paths.length, 'path')}: ${options.only === undefined ? '' : verdictWords(options.only)}`),
    ...pathTable(pen, paths),
    '',
    ...(options.only === 'unknown' ? settlingLines(pen, result.settlings ?? []) : []),
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
