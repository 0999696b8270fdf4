import type { Evidence, Finding } from '../../core/finding.ts';
import type { Path, Step } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import { unreachable } from '../../core/unreachable.ts';
import { splitTranscript } from '../transcript.ts';
import {
  certaintyOf,
  certaintyWords,
  count,
  definitionWords,
  notesHeading,
  reasonWords,
  roleWords,
  sentence,
} from '../words.ts';
import { shortFingerprint } from './findings.ts';
import { block, type Paint, type Pen, plain, paragraph, severityPaint, spread } from './pen.ts';
import { sqlLines } from './sql.ts';
import { clean, cutStart, padStart, widthOf } from './text.ts';

/** One finding explained: the harm, each step from the browser to the row, why nothing stopped it, the evidence, the repair. */
export function explainFinding(pen: Pen, finding: Finding, paths: readonly Path[]): readonly string[] {
  const mine = paths.filter(path => finding.pathIds.includes(path.id));
  const [first, ...others] = mine;
  return [
    ...title(pen, finding),
    ...(first === undefined ? placeLines(pen, finding) : pathLines(pen, first)),
    ...otherPaths(pen, others),
    ...(first === undefined ? [] : noteLines(pen, first)),
    ...finding.evidence.flatMap(evidence => evidenceLines(pen, evidence)),
    pen.strong('  Repair'),
    `     drydock fix ${shortFingerprint(finding)}`,
    '',
  ];
}

function title(pen: Pen, finding: Finding): readonly string[] {
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
    pen.quiet(`${finding.check} · CWE-${finding.cwe}`),
    '',
  ];
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

function stepLines(pen: Pen, step: Step, number: number): readonly string[] {
  const label = clean(step.label);
  const place = cutStart(clean(formatPlace(step)), pen.width - 8);
  const head = `${padStart(String(number), 4)}  `;
  const oneLine = widthOf(label) + widthOf(place) + 8 <= pen.width;
  return [
    ...(oneLine
      ? spread(pen, `${head} ${label}`, pen.quiet(place))
      : [
          ...paragraph(pen, label, 7).map((line, index) => (index === 0 ? `${head} ${line.trimStart()}` : line)),
          `       ${pen.quiet(place)}`,
        ]),
    ...(step.code === undefined || step.code.trim() === '' ? [] : block(pen, clean(step.code).trim(), 7, pen.quiet)),
  ];
}

function otherPaths(pen: Pen, paths: readonly Path[]): readonly string[] {
  if (paths.length === 0) return [];
  return [
    pen.strong('  The same way in from'),
    ...paths.flatMap(path => paragraph(pen, clean(path.entryPoint.name), 5)),
    '',
  ];
}

function noteLines(pen: Pen, path: Path): readonly string[] {
  if (path.notes.length === 0) return [];
  return [pen.strong(`  ${notesHeading(path)}`), ...path.notes.flatMap(note => paragraph(pen, clean(note), 5)), ''];
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
