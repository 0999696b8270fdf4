import type { Advice } from '../../core/advice.ts';
import { isUsualAround, type Evidence, type Finding } from '../../core/finding.ts';
import type { Path, Step } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import { unreachable } from '../../core/unreachable.ts';
import { splitTranscript } from '../transcript.ts';
import {
  certaintyOf,
  certaintyWords,
  confidenceWords,
  count,
  definitionWords,
  notesHeading,
  reasonWords,
  repairWords,
  roleWords,
  sentence,
} from '../words.ts';
import { shortFingerprint } from './findings.ts';
import { block, type Paint, type Pen, plain, paragraph, severityPaint, spread, verdictPaint } from './pen.ts';
import { sqlLines } from './sql.ts';
import { clean, cut, cutStart, padStart, widthOf } from './text.ts';

/** One finding explained: the harm, each step from the browser to the row, why nothing stopped it, the evidence, the repair. */
export function explainFinding(
  pen: Pen,
  finding: Finding,
  paths: readonly Path[],
  all: readonly Finding[] = [],
): readonly string[] {
  const [first, ...others] = pathsOf(finding, paths);
  const { advice } = finding;
  return [
    ...title(pen, finding, all),
    ...(first === undefined ? placeLines(pen, finding) : pathLines(pen, first)),
    ...otherPaths(pen, others),
    ...(first === undefined ? [] : noteLines(pen, first, advice)),
    ...finding.evidence.flatMap(evidence => evidenceLines(pen, evidence)),
    ...requestLines(pen, advice),
    ...repairLines(pen, finding),
    ...restsOn(pen, advice),
    ...suppressLines(pen, advice),
  ];
}

const mostSteps = 5;

/** How a finding stands in the list: its number, what a command calls it, and the findings that follow from it. */
export interface Listed {
  readonly number: number;
  readonly name: string;
  readonly leadsTo: readonly Finding[];
}

/** One finding as the overview shows the worst: everything that a reader acts on, in as few lines as it takes. */
export function findingInBrief(
  pen: Pen,
  finding: Finding,
  paths: readonly Path[],
  { number, name, leadsTo }: Listed,
): readonly string[] {
  const [path] = pathsOf(finding, paths);
  const severity = severityPaint(pen, finding.severity)(finding.severity);
  const { advice } = finding;
  return [
    ...numbered(pen, number, clean(finding.harm), `${severity} · ${certaintyWords(certaintyOf(finding))}`),
    ...(path === undefined
      ? [...paragraph(pen, clean(finding.message), 4), ...paragraph(pen, clean(formatPlace(finding)), 4, pen.quiet)]
      : briefPath(pen, path)),
    ...briefNearby(pen, path, advice),
    ...(advice?.request === undefined
      ? []
      : labelled(pen, 'see it', clean([advice.request.text, advice.request.note ?? ''].join('   ').trim()))),
    ...labelled(pen, 'around', neighboursSentence(finding)),
    ...labelled(pen, 'leads to', consequencesSentence(leadsTo)),
    ...labelled(pen, 'repair', repairSentence(finding)),
    ...hintLines(pen, finding, 13),
    ...labelled(pen, 'rule', `${finding.check} · CWE-${finding.cwe} · drydock trace ${name} tells all`, pen.quiet),
    '',
  ];
}

/** What else is reached through the same look-up: `views, user teams and 3 more`. */
function consequencesSentence(findings: readonly Finding[]): string {
  const objects = [...new Set(findings.flatMap(({ object }) => object ?? []))];
  const [shown, left] = [objects.slice(0, 4), Math.max(0, objects.length - 4)];
  if (shown.length === 0) return '';
  return clean(`${shown.join(', ')}${left === 0 ? '' : ` and ${left} more`}, by the same unchecked value`);
}

function pathsOf(finding: Finding, paths: readonly Path[]): readonly Path[] {
  const mine = paths.filter(path => finding.pathIds.includes(path.id));
  const named = mine.find(path => path.entryPoint.name === finding.entryPoint);
  return named === undefined ? mine : [named, ...mine.filter(path => path !== named)];
}

function numbered(pen: Pen, number: number, harm: string, certainty: string): readonly string[] {
  const lead = `${padStart(String(number), 2)}  `;
  if (widthOf(lead) + widthOf(harm) + widthOf(certainty) + 2 <= pen.width)
    return spread(pen, lead + pen.strong(harm), certainty);
  const [first = '', ...rest] = paragraph(pen, harm, 4, pen.strong);
  return [lead + first.trimStart(), ...rest, `    ${certainty}`];
}

function briefPath(pen: Pen, path: Path): readonly string[] {
  const steps =
    path.steps.length <= mostSteps ? path.steps : [...path.steps.slice(0, mostSteps - 1), ...path.steps.slice(-1)];
  const left = path.steps.length - steps.length;
  return [
    `    ${clean(path.entryPoint.name)}`,
    ...steps.flatMap((step, index) => [
      ...(left > 0 && index === steps.length - 1 ? [pen.quiet(`      … ${count(left, 'step')} between`)] : []),
      briefStep(pen, step, left > 0 && index === steps.length - 1 ? path.steps.length : index + 1),
    ]),
    ...briefSql(pen, path),
    ...(path.unbound === undefined ? paragraph(pen, `▲ ${reasonWords(path.reason)}`, 7, pen.warm) : []),
  ];
}

const mostSql = 400;

/** A query as long as a screen tells nobody anything: what is before and around its unbound part. */
function briefSql(pen: Pen, path: Path): readonly string[] {
  const sql = path.sql.replaceAll(/\s+/g, ' ').trim();
  const unbound = path.unbound?.replaceAll(/\s+/g, ' ').trim();
  const end = unbound === undefined ? 0 : sql.indexOf(unbound) + unbound.length;
  const shown = sql.length <= mostSql || end > mostSql ? sql.slice(0, Math.max(mostSql, end)) : sql.slice(0, mostSql);
  return sqlLines(pen, shown.length < sql.length ? `${shown} …` : shown, path.unbound, reasonWords(path.reason), 7);
}

function briefStep(pen: Pen, step: Step, number: number): string {
  const label = clean(step.label);
  const code = clean(step.code ?? '').trim();
  const text = code === '' || code === label ? label : `${cut(label, 34)}  ${code}`;
  const place = cutStart(clean(formatPlace(step)), Math.floor(pen.width * 0.42));
  const room = pen.width - 8 - widthOf(place) - 2;
  const shown = cut(text, room);
  return `    ${padStart(String(number), 2)} ${shown}${' '.repeat(Math.max(1, room - widthOf(shown) + 2))}${pen.quiet(place)}`;
}

function briefNearby(pen: Pen, path: Path | undefined, advice: Advice | undefined): readonly string[] {
  const checks = advice?.nearby ?? [];
  if (checks.length === 0)
    return path === undefined || path.verdict !== 'leaks' ? [] : labelled(pen, 'because', clean(path.notes[0] ?? ''));
  return checks
    .slice(-2)
    .flatMap(check =>
      labelled(pen, 'no help', `${clean(check.label)} (${clean(formatPlace(check))}): ${clean(check.why)}`),
    );
}

function labelled(pen: Pen, label: string, text: string, paint: Paint = plain): readonly string[] {
  if (text === '') return [];
  const [first = '', ...rest] = paragraph(pen, text, 13, paint);
  return [`    ${pen.quiet(`${label}${' '.repeat(Math.max(1, 9 - label.length))}`)}${first.trimStart()}`, ...rest];
}

/** What is missing, in the words of a sibling that has it, and the command that repairs. */
function repairSentence(finding: Finding): string {
  const sibling = finding.advice?.sibling;
  const command = `drydock fix ${shortFingerprint(finding)}`;
  const words = repairWords(finding.repair?.kind);
  const parts = [
    ...(words === '' ? [] : [words]),
    ...(sibling === undefined
      ? []
      : [
          sibling.hint.length > 0
            ? `as in ${clean(formatPlace(sibling))}`
            : `${clean(sibling.condition)} as in ${clean(formatPlace(sibling))}`,
        ]),
    command,
  ];
  return parts.join(' · ');
}

function hintLines(pen: Pen, finding: Finding, indent: number): readonly string[] {
  return (finding.advice?.sibling?.hint ?? []).flatMap(({ sign, text }) =>
    block(pen, `${sign} ${clean(text)}`, indent, sign === '+' ? pen.added : sign === '-' ? pen.removed : pen.quiet),
  );
}

function title(pen: Pen, finding: Finding, all: readonly Finding[]): readonly string[] {
  const severity = severityPaint(pen, finding.severity)(finding.severity);
  const certainty = `${severity} · ${certaintyWords(certaintyOf(finding))}`;
  const harm = clean(finding.harm);
  const lines =
    widthOf(harm) + widthOf(certainty) + 4 <= pen.width
      ? spread(pen, pen.strong(harm), certainty)
      : [...paragraph(pen, harm, 0, pen.strong), certainty];
  return [
    ...lines,
    ...paragraph(pen, clean(finding.message), 0),
    ...siblingLines(pen, finding),
    ...paragraph(pen, neighboursSentence(finding), 0),
    ...causeLines(pen, finding, all),
    pen.quiet(`${finding.check} · CWE-${finding.cwe}`),
    '',
  ];
}

/** Which finding this one follows from, and what follows from this one. */
function causeLines(pen: Pen, finding: Finding, all: readonly Finding[]): readonly string[] {
  const index = all.findIndex(other => other.fingerprint === finding.consequenceOf);
  const cause = all[index];
  const leadsTo = consequencesSentence(all.filter(other => other.consequenceOf === finding.fingerprint));
  return [
    ...(cause === undefined
      ? []
      : paragraph(pen, `It follows from finding ${index + 1}, and goes with its repair: ${clean(cause.harm)}`, 0)),
    ...(leadsTo === '' ? [] : paragraph(pen, `It leads to ${leadsTo}.`, 0)),
  ];
}

/** Whether it is usual for its surroundings that nobody has to sign in. */
function neighboursSentence(finding: Finding): string {
  const { neighbours } = finding;
  if (neighbours === undefined) return '';
  const { folder, asking, all } = neighbours;
  const others = `the ${count(all, 'other entry point')} in ${clean(folder)}`;
  return isUsualAround(finding)
    ? `${asking === 0 ? 'none' : asking} of ${others} ${asking < 2 ? 'asks' : 'ask'} who is calling: this may be meant for visitors`
    : `${asking === all ? 'all' : asking} of ${others} ask who is calling`;
}

/** What the app does elsewhere with the same rows. */
function siblingLines(pen: Pen, { siblings, object }: Finding): readonly string[] {
  if (siblings === undefined || siblings.checked === 0 || object === undefined) return [];
  const others = count(siblings.all, 'other query', 'other queries');
  const asks = siblings.all === 1 ? 'The one' : `${siblings.checked} of the`;
  const rest = siblings.all === 1 ? 'other query' : others;
  return paragraph(
    pen,
    `${asks} ${rest} on '${clean(object)}' ${siblings.checked === 1 ? 'is' : 'are'} tied to the caller.`,
    0,
  );
}

function placeLines(pen: Pen, finding: Finding): readonly string[] {
  return [...paragraph(pen, `at ${clean(formatPlace(finding))}`, 2), ''];
}

/** A path in numbered steps, ending with the query and what the database makes of it. */
export function pathLines(pen: Pen, path: Path): readonly string[] {
  const last = path.steps.length;
  return [
    `  ${pen.strong(clean(path.entryPoint.name))}`,
    '',
    ...path.steps.flatMap((step, index) => stepLines(pen, step, index + 1)),
    ...sqlLines(pen, path.sql, path.unbound, reasonWords(path.reason), 7),
    `${padStart(String(last + 1), 4)}   ${path.verdict === 'leaks' ? 'database lets it through' : 'database'}`,
    ...paragraph(
      pen,
      `${roleWords(path.sink.role)} (${clean(path.sink.client)}, ${path.sink.operation} on ${clean(path.sink.table)})`,
      7,
      pen.quiet,
    ),
    '',
  ];
}

/** One path explained: its verdict, the steps with their places, the query, and what the verdict rests on. */
export function explainPath(pen: Pen, path: Path): readonly string[] {
  const what = `${path.verdict} · ${path.sink.operation} ${clean(path.sink.table)} · ${reasonWords(path.reason)}`;
  return [
    ...paragraph(pen, what, 0, verdictPaint(pen, path.verdict)),
    ...pathLines(pen, path),
    ...noteLines(pen, path, undefined),
  ];
}

function stepLines(pen: Pen, step: Step, number: number): readonly string[] {
  const label = clean(step.label);
  const place = cutStart(clean(formatPlace(step)), pen.width - 8);
  const head = `${padStart(String(number), 4)}  `;
  const oneLine = widthOf(label) + widthOf(place) + 8 <= pen.width;
  const code = clean(step.code ?? '').trim();
  return [
    ...(oneLine
      ? spread(pen, `${head} ${label}`, pen.quiet(place))
      : [
          ...paragraph(pen, label, 7).map((line, index) => (index === 0 ? `${head} ${line.trimStart()}` : line)),
          `       ${pen.quiet(place)}`,
        ]),
    ...(code === '' || code === label ? [] : block(pen, code, 7, pen.quiet)),
  ];
}

function otherPaths(pen: Pen, paths: readonly Path[]): readonly string[] {
  const names = [...new Set(paths.map(path => path.entryPoint.name))];
  if (names.length === 0) return [];
  return [pen.strong('  The same way in from'), ...names.flatMap(name => paragraph(pen, clean(name), 5)), ''];
}

function noteLines(pen: Pen, path: Path, advice: Advice | undefined): readonly string[] {
  const nearby = advice?.nearby ?? [];
  if (path.notes.length + nearby.length === 0) return [];
  return [
    pen.strong(`  ${notesHeading(path)}`),
    ...path.notes.flatMap(note => paragraph(pen, clean(note), 5)),
    ...nearby.flatMap(check => [
      ...paragraph(pen, `${clean(check.label)}: ${clean(check.why)}`, 5),
      ...paragraph(pen, clean(formatPlace(check)), 7, pen.quiet),
    ]),
    '',
  ];
}

function requestLines(pen: Pen, advice: Advice | undefined): readonly string[] {
  const request = advice?.request;
  if (request === undefined) return [];
  return [
    pen.strong('  A request that shows it, with two tenants of your own'),
    ...block(pen, clean(request.text), 5),
    ...(request.note === undefined ? [] : paragraph(pen, clean(request.note), 5)),
    ...request.placeholders.flatMap(({ name, means }) => paragraph(pen, `${name}: ${clean(means)}`, 7, pen.quiet)),
    '',
  ];
}

function repairLines(pen: Pen, finding: Finding): readonly string[] {
  const sibling = finding.advice?.sibling;
  const command = `     drydock fix ${shortFingerprint(finding)}`;
  const words = repairWords(finding.repair?.kind);
  const what = words === '' ? [] : paragraph(pen, sentence(words), 5);
  if (sibling === undefined) return [pen.strong('  Repair'), ...what, command, ''];
  const where = `as in ${clean(formatPlace(sibling))} (${clean(sibling.entryPoint)}), which is right${sibling.sameTable ? '' : ', on another table'}:`;
  return [
    pen.strong('  Repair'),
    ...what,
    ...paragraph(pen, where, 5),
    ...sibling.code.flatMap(line => block(pen, `  ${clean(line)}`, 5, pen.quiet)),
    ...paragraph(pen, `and here, at ${clean(formatPlace(finding))}, in the sibling's names:`, 5),
    ...(sibling.hint.length > 0
      ? hintLines(pen, finding, 7)
      : block(pen, `+ ${clean(sibling.condition)}`, 7, pen.added)),
    command,
    '',
  ];
}

function restsOn(pen: Pen, advice: Advice | undefined): readonly string[] {
  if (advice === undefined || advice.assumptions.length === 0) return [];
  return [
    pen.strong(`  ${confidenceWords(advice.confidence)}`),
    ...advice.assumptions.flatMap(assumption => paragraph(pen, clean(assumption), 5)),
    '',
  ];
}

function suppressLines(pen: Pen, advice: Advice | undefined): readonly string[] {
  if (advice === undefined) return [];
  return [
    ...paragraph(pen, `If it is right as it is, above ${clean(formatPlace(advice.suppress.place))}:`, 2, pen.quiet),
    ...block(pen, clean(advice.suppress.comment), 5, pen.quiet),
    '',
  ];
}

/** What backs a finding, so that it can be repeated. */
export function evidenceLines(pen: Pen, evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case 'path':
      return [];
    case 'policy':
      return [
        ...paragraph(pen, `${definitionWords(evidence.statement)} ${clean(evidence.object)}`, 2, pen.strong),
        ...block(pen, clean(evidence.statement), 5),
        '',
      ];
    case 'replay':
      return [
        ...paragraph(
          pen,
          `Replayed in a copy of your database, ${clean(evidence.command)} as ${clean(evidence.role)}`,
          2,
          pen.strong,
        ),
        ...transcriptLines(pen, evidence.transcript),
        '',
      ];
    case 'probe':
      return [
        ...paragraph(pen, `Seen in the running app, as ${clean(evidence.principal)}`, 2, pen.strong),
        ...block(pen, requestText(evidence.request), 5),
        ...block(pen, `→ ${evidence.answer.status} ${clean(evidence.answer.excerpt)}`.trimEnd(), 5, pen.warm),
        ...paragraph(pen, clean(sentence(evidence.observed)), 5),
        '',
      ];
    default:
      return unreachable(evidence);
  }
}

/** What a transcript tries; the rows it begins with are many lines and the same for a whole table. */
export function transcriptLines(pen: Pen, transcript: string, paint: Paint = plain): readonly string[] {
  const { rows, attempt } = splitTranscript(transcript);
  const note =
    rows === undefined
      ? []
      : paragraph(
          pen,
          `The ${count(rows.trimEnd().split('\n').length, 'line')} before it, which make the rows, are in the report with --json or --html.`,
          5,
          pen.quiet,
        );
  return [...block(pen, clean(attempt), 5, paint), ...note];
}

/** A request as one reads it: method, address, headers that matter, body. */
export function requestText(request: Extract<Evidence, { kind: 'probe' }>['request']): string {
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const body = request.body === undefined ? [] : [request.body];
  return clean([`${request.method} ${request.url}`, ...headers, ...body].join('\n'));
}
