import { tenancySentence } from '../tenancy-words.ts';
import { objectName, type Cell } from '../../core/cell.ts';
import type { Finding } from '../../core/finding.ts';
import { groupBy } from '../../core/group.ts';
import { listed } from '../../core/list.ts';
import { compareText, formatPlace } from '../../core/place.ts';
import type { RulesResult } from '../../core/result.ts';
import { humanizeTable } from '../../checks/harm.ts';
import { summarizeAttempt } from '../attempt.ts';
import { toMatrices } from '../matrix.ts';
import { commands, orderCells, orderFindings } from '../order.ts';
import { splitTranscript } from '../transcript.ts';
import { standings, standingSign, standingWord, worstStanding } from '../standing.ts';
import { count, grouped, repairWords } from '../words.ts';
import { brokenReasons, brokenSentence } from '../broken.ts';
import {
  causeRepair,
  causeSentence,
  causesWithFindings,
  causeTitle,
  type CauseWithFindings,
  isFolded,
  type NumberedFinding,
} from '../causes.ts';
import { changeLines } from './changes.ts';
import { explainFinding, transcriptLines } from './finding.ts';
import { gateLines } from './gate.ts';
import { gapLines, heading, problemLines, suppressedLines } from './heading.ts';
import { matrixLegend, matrixLines } from './matrix.ts';
import {
  hanging,
  indented,
  type Pen,
  paragraph,
  severityPaint,
  standingPaint,
  type TerminalOptions,
  verdictSentence,
} from './pen.ts';
import { cellLines, renderObject } from './rules-object.ts';
import { speedLines } from './speed.ts';
import { clean, padEnd, padStart } from './text.ts';
import { findingNumber } from './trace.ts';

/** The database on one screen: what holds and how that is known, each leak with how it is done, the matrix. */
export function renderRules(pen: Pen, result: RulesResult, options: TerminalOptions): readonly string[] {
  if (options.focus !== undefined) return renderFocus(pen, result, options.focus, options.all === true);
  const findings = orderFindings(result.findings);
  const all = options.all === true;
  const numbered = findings.map((finding, index) => ({ finding, number: index + 1 }));
  const causes = causesWithFindings(result, numbered);
  const matrices = toMatrices(result.cells);
  const asked = [
    ...(result.diff === undefined ? [] : changeLines(pen, result.diff, all)),
    ...(result.gate === undefined ? [] : gateLines(pen, result.gate, findings.length)),
    ...(result.speeds === undefined ? [] : speedLines(pen, result.speeds)),
  ];
  const isWhole = asked.length === 0 || all;
  return [
    ...heading(pen, 'drydock rules', result),
    ...asked,
    ...verdictLines(pen, result),
    ...knownLines(pen, result),
    ...problemLines(pen, result.problems ?? []),
    ...replayLines(pen, result, all),
    ...brokenLines(pen, result.cells, all),
    ...causesLines(pen, causes, all),
    ...findingsLines(
      pen,
      numbered.filter(({ finding }) => all || !isFolded(finding, causes)),
      causes.length === 0,
      all,
    ),
    ...(isWhole ? matrices.flatMap(matrix => matrixLines(pen, matrix, all)) : []),
    ...(isWhole && matrices.length > 0 ? [...matrixLegend(pen, result.cells), ''] : []),
    ...(all ? leakingCells(pen, result.cells) : []),
    ...suppressedLines(pen, result.suppressed ?? [], all),
    ...gapLines(pen, result.gaps, all, 'drydock rules --all'),
    ...hintLines(pen, findings.length, result.cells, all),
  ];
}

function hintLines(pen: Pen, findings: number, cells: readonly Cell[], all: boolean): readonly string[] {
  if (all || cells.length === 0) return [];
  const one = findings === 0 ? '' : 'drydock rules 1 shows finding 1 with its transcript, ';
  return [...paragraph(pen, `${one}drydock rules <table> everything about a table.`, 2, pen.quiet), ''];
}

function verdictLines(pen: Pen, result: RulesResult): readonly string[] {
  const objects = [...groupBy(result.cells, objectName).values()];
  const leaking = objects.filter(cells => worstStanding(cells) === 'leaks').length;
  const unknown = objects.filter(cells => worstStanding(cells) === 'unknown').length;
  const tenancy = tenancySentence(result.tenancy);
  const whole = `${objectWords(result.cells)}, ${count(result.cells.length, 'cell')} (role × command × object)`;
  const left = isPartly(result) ? 'Of what is left, ' : '';
  return [
    ...missingLines(pen, result),
    ...(leaking > 0 &&
    result.cells.every(({ verdict, role, tier }) => verdict !== 'leaks' || (role === 'owner' && tier === 'sql'))
      ? verdictSentence(
          pen,
          `On the owner's connection ${leaking} of ${count(objects.length, 'object')} ${leaking === 1 ? 'is' : 'are'} kept apart by the app's own code alone: policies do not bind the owner.`,
          false,
        )
      : leaking > 0
        ? verdictSentence(
            pen,
            `${left}${leaking} of ${count(objects.length, 'object')} ${leaking === 1 ? 'lets' : 'let'} one tenant at another's rows.`,
            false,
          )
        : objects.length === 0
          ? []
          : verdictSentence(
              pen,
              `${left}${left === '' ? 'No' : 'no'} object let one tenant at another's rows${unknown > 0 ? `; ${unknown} could not be told` : ''}.`,
              left === '',
            )),
    ...(objects.length === 0
      ? []
      : [
          ...paragraph(pen, whole, 2),
          ...standingLines(pen, 'objects', objects),
          ...standingLines(
            pen,
            'cells',
            result.cells.map(cell => [cell]),
          ),
        ]),
    ...paragraph(pen, clean(tenancy), 2, pen.quiet),
    '',
  ];
}

/** Whether so much of the schema could not be made that what holds of the rest says little. */
function isPartly({ replay: { statements, failed } }: RulesResult): boolean {
  return failed.length >= 20 && failed.length * 5 > statements;
}

/** Before anything else: that most was not looked at, and what would change that. */
function missingLines(pen: Pen, result: RulesResult): readonly string[] {
  if (!isPartly(result)) return [];
  const { statements, failed } = result.replay;
  const base = result.gaps.find(gap =>
    gap.reason.startsWith('The migrations build on something that they do not make'),
  );
  return [
    ...verdictSentence(
      pen,
      `${failed.length} of ${statements} statements did not replay: what they make was not judged.`,
      false,
    ),
    ...(base === undefined ? [] : paragraph(pen, clean(base.reason), 2)),
  ];
}

/** `28 tables, 2 views, 9 functions`. */
function objectWords(cells: readonly Cell[]): string {
  const kinds: readonly (readonly [string, string, readonly Cell['objectKind'][]])[] = [
    ['table', 'tables', ['table', 'foreign-table']],
    ['view', 'views', ['view', 'materialized-view']],
    ['function', 'functions', ['function']],
    ['bucket', 'buckets', ['bucket']],
  ];
  const numbers = kinds.map(([one, many, own]) => {
    const names = cells
      .filter(cell => own.includes(cell.objectKind))
      .map(cell => `${objectName(cell)} ${cell.bucket ?? ''}`);
    return { number: new Set(names).size, one, many };
  });
  return numbers
    .filter(({ number }) => number > 0)
    .map(({ number, one, many }) => count(number, one, many))
    .join(', ');
}

/** How many objects, or cells, stand how; an object counts by the cell that needs a reader most. */
function standingLines(pen: Pen, what: string, groups: readonly (readonly Cell[])[]): readonly string[] {
  const counts = groupBy(groups, worstStanding);
  const parts = standings
    .filter(standing => counts.has(standing) || standing === 'leaks' || standing === 'unknown')
    .map(standing => {
      const number = counts.get(standing)?.length ?? 0;
      const text = `${standingSign(standing)} ${grouped(number)} ${standingWord(standing)}`;
      return number === 0 ? pen.quiet(text) : standingPaint(pen, standing)(text);
    });
  return paragraph(pen, `${padEnd(`${what}:`, 9)}${parts.join(pen.quiet(' | '))}`, 2);
}

/** The findings, the first with its transcript; the rest in three lines each, and only so many that a screen holds them. */
function findingsLines(
  pen: Pen,
  findings: readonly NumberedFinding[],
  isShown: boolean,
  all: boolean,
): readonly string[] {
  const runs = all ? findings.map(first => ({ first, others: [] })) : runsOf(findings);
  const shown = all ? runs : runs.slice(0, mostFindings);
  const left = findings.length - shown.reduce((sum, { others }) => sum + 1 + others.length, 0);
  return [
    ...shown.flatMap(({ first: { finding, number }, others }, index) => [
      ...findingLines(pen, finding, number),
      ...sameLines(pen, finding, others),
      ...(all || (isShown && index === 0) ? [...evidenceOf(pen, finding), ''] : []),
    ]),
    ...(left > 0 ? [pen.quiet(`      … ${count(left, 'more finding')}: drydock rules --all`)] : []),
    ...(findings.length > 0 ? [''] : []),
  ];
}

const mostFindings = 10;

/** A finding, and those after it that say the same of other objects. */
interface Run {
  readonly first: NumberedFinding;
  readonly others: readonly NumberedFinding[];
}

function runsOf(findings: readonly NumberedFinding[]): readonly Run[] {
  return [...groupBy(findings, ({ finding }) => says(finding)).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ first, others }],
  );
}

/** What a finding tells, but for the object that it is about and whose rows of which table they are. */
function says({ check, severity, harm, object = '' }: Finding): string {
  const told = object === '' ? harm : harm.replaceAll(`'${object}'`, '…').replaceAll(humanizeTable(object), '…');
  return `${check} ${severity} ${told.replace(/(\bany [a-z ]+'s) [^.]*\.$/, '$1 ….')}`;
}

function sameLines(pen: Pen, first: Finding, others: readonly NumberedFinding[]): readonly string[] {
  if (others.length === 0) return [];
  const names = [...new Set(others.map(({ finding }) => nameBeside(first, finding)))];
  const told = names.length > 6 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : listed(names);
  const numbers = rangesOf(others.map(({ number }) => number));
  return paragraph(pen, `${listed(numbers)} the same for ${told}`, 6, pen.quiet);
}

/** `3`, `5–8`: numbers that follow each other are told as one. */
function rangesOf(numbers: readonly number[]): readonly string[] {
  const ranges: { readonly from: number; readonly to: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) ranges[ranges.length - 1] = { ...last, to: number };
    else ranges.push({ from: number, to: number });
  }
  const words = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`));
  return words.length > 6 ? [...words.slice(0, 5), `${words.length - 5} more`] : words;
}

/** What tells a finding from one that says the same: its object, or on the same object the policy that has to be changed as well. */
function nameBeside(first: Finding, { object, check, repair, line }: Finding): string {
  if (object === undefined || object !== first.object) return clean(object ?? check);
  const policy = repair?.['policy'];
  return typeof policy === 'string' ? `the policy '${clean(policy)}' (line ${line})` : clean(object);
}

/** What one function is at fault for, told once: the function, what rests on it, its repair, and how the first leak is done. */
function causesLines(pen: Pen, causes: readonly CauseWithFindings[], all: boolean): readonly string[] {
  return causes.flatMap(({ cause, findings }, index) => [
    ...hanging(pen, padStart('', 5), clean(causeTitle(cause, findings.length)), 0, text => pen.strong(pen.warm(text))),
    ...paragraph(pen, clean(causeSentence(cause)), 6),
    ...paragraph(pen, clean(causeRepair(cause)), 6, pen.quiet),
    ...(all ? [] : paragraph(pen, restingWords(findings), 6, pen.quiet)),
    ...(index > 0 || all ? [] : evidenceOf(pen, findings[0].finding)),
    '',
  ]);
}

/** The findings by number and object, as many as fit a few lines. */
function restingWords(findings: readonly NumberedFinding[]): string {
  const names = findings
    .slice(0, mostResting)
    .map(({ finding, number }) => `${number} ${clean(finding.object ?? finding.check)}`);
  const left = findings.length - names.length;
  return `${names.join(', ')}${left === 0 ? '' : ` and ${left} more: drydock rules --all`}`;
}

const mostResting = 24;

/** A finding: for a leak what leads to what, then the harm, the line of the migration and the repair. */
function findingLines(pen: Pen, finding: Finding, number: number): readonly string[] {
  const replays = finding.evidence.filter(evidence => evidence.kind === 'replay');
  const title =
    replays.length === 0
      ? `${finding.severity.toUpperCase()} ${clean(finding.object ?? finding.check)}`
      : leakTitle(replays);
  const paint = severityPaint(pen, finding.severity);
  const repair = repairWords(finding.repair?.kind);
  const last = [finding.file === '' ? '' : clean(formatPlace(finding)), repair].filter(text => text !== '').join(' · ');
  return [
    ...hanging(pen, padStart(String(number), 5), title, 0, text => pen.strong(paint(text))),
    ...paragraph(pen, clean(finding.harm), 6),
    ...(last === '' ? [] : paragraph(pen, last, 6, pen.quiet)),
  ];
}

interface Replay {
  readonly object: string;
  readonly role: string;
  readonly command: string;
  readonly transcript: string;
}

/** `LEAK members INSERT → 14 tables readable · authenticated · replayed in 3 statements`. */
function leakTitle(replays: readonly Replay[]): string {
  const [first] = replays;
  if (first === undefined) return '';
  const summaries = replays.map(replay => summarizeAttempt(replay.transcript));
  const widest = summaries.toSorted((left, right) => right.opened.length - left.opened.length)[0];
  const opened = widest?.opened.length ?? 0;
  const tried = new Set(replays.map(replay => replay.command));
  const told = commands
    .filter(command => tried.has(command))
    .map(command => command.toUpperCase())
    .join(', ');
  const roles = [...new Set(replays.map(replay => replay.role))].toSorted(compareText).join(', ');
  const statements = (opened > 0 ? widest : summaries[0])?.statements ?? 0;
  const consequence = opened === 0 ? '' : ` → ${count(opened, 'table')} readable`;
  return `LEAK ${clean(first.object)} ${told}${consequence} · ${clean(roles)} · replayed in ${count(statements, 'statement')}`;
}

/** One transcript, that which opens most and is the shortest: enough to see how it is done. */
function evidenceOf(pen: Pen, finding: Finding): readonly string[] {
  const [replay] = finding.evidence
    .filter(evidence => evidence.kind === 'replay')
    .map(evidence => ({
      ...evidence,
      opened: summarizeAttempt(evidence.transcript).opened.length,
      length: splitTranscript(evidence.transcript).attempt.split('\n').length,
    }))
    .toSorted((left, right) => right.opened - left.opened || left.length - right.length);
  if (replay === undefined) return [];
  return indented(pen, 3, narrower => transcriptLines(narrower, replay.transcript, pen.quiet));
}

function knownLines(pen: Pen, { known }: RulesResult): readonly string[] {
  if (known === undefined || known.count === 0) return [];
  return [
    ...paragraph(pen, `${count(known.count, 'finding')} left out, known ${clean(known.where)}.`, 2, pen.quiet),
    '',
  ];
}

function replayLines(pen: Pen, result: RulesResult, all: boolean): readonly string[] {
  const { files, statements, failed, isCopy } = result.replay;
  const shown = all ? failed : failed.filter(failure => failure.firstCause).slice(0, 5);
  const made =
    isCopy === true
      ? `A live catalog, copied in ${count(statements, 'statement')}`
      : `${count(files, 'migration')}, ${count(statements, 'statement')} replayed`;
  const whole = `${made}${failed.length > 0 ? `, ${failed.length} failed` : ''}`;
  return [
    pen.quiet(`  ${whole}`),
    ...shown.flatMap(failure =>
      paragraph(
        pen,
        `${failure.file === '' ? '' : `${formatPlace(failure)}  `}${failure.sqlstate}  ${clean(failure.message)}`,
        5,
        pen.quiet,
      ),
    ),
    ...(shown.length < failed.length
      ? [pen.quiet(`     … ${failed.length - shown.length} more, most of them for the same cause`)]
      : []),
    '',
  ];
}

/** Why the app itself gets nothing where it should. */
function brokenLines(pen: Pen, cells: readonly Cell[], all: boolean): readonly string[] {
  const reasons = brokenReasons(cells);
  if (reasons.length === 0) return [];
  const shown = all ? reasons : reasons.slice(0, mostReasons);
  return [
    pen.strong(`  ${brokenSentence(cells)}`),
    ...shown.flatMap(({ because, where }) => [
      ...paragraph(pen, clean(because), 5),
      ...paragraph(pen, clean(where), 5, pen.quiet),
    ]),
    ...(shown.length < reasons.length
      ? [pen.quiet(`     … ${count(reasons.length - shown.length, 'more reason')}: drydock rules --all`)]
      : []),
    '',
  ];
}

const mostReasons = 3;

function leakingCells(pen: Pen, cells: readonly Cell[]): readonly string[] {
  return orderCells(cells)
    .filter(cell => cell.verdict === 'leaks')
    .flatMap(cell => cellLines(pen, cell));
}

function renderFocus(pen: Pen, result: RulesResult, focus: string, all: boolean): readonly string[] {
  const findings = orderFindings(result.findings);
  const number = findingNumber(findings, focus);
  const finding = number === undefined ? undefined : findings[number - 1];
  if (finding !== undefined) {
    const cause = result.causes?.find(each => each.function === finding.causedBy);
    const lines = cause === undefined ? [] : paragraph(pen, clean(`${causeSentence(cause)} ${causeRepair(cause)}`), 0);
    return [...explainFinding(pen, finding, []), ...lines, ...(lines.length === 0 ? [] : [''])];
  }
  return renderObject(pen, result, focus, all);
}
