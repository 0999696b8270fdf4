import type { Finding } from '../../core/finding.ts';
import { formatPlace } from '../../core/place.ts';
import { type Certainty, certaintyOf, certaintyWords } from '../words.ts';
import { type Pen, paragraph, severityPaint } from './pen.ts';
import { clean, cutStart, padEnd, padStart, widthOf, wrap } from './text.ts';

/** The findings as a numbered list: the harm, then entry point and place on a quiet line; last, what the words of certainty mean. */
export function findingList(pen: Pen, findings: readonly Finding[], limit = findings.length): readonly string[] {
  const shown = findings.slice(0, limit);
  if (shown.length === 0) return [];
  return [...shown.flatMap((finding, index) => findingLines(pen, finding, index + 1)), '', ...legend(pen, shown)];
}

const indent = 26;

function findingLines(pen: Pen, finding: Finding, number: number): readonly string[] {
  const severity = severityPaint(pen, finding.severity)(padEnd(finding.severity, 9));
  const certainty = padEnd(certaintyOf(finding), 9);
  const [first = '', ...rest] = wrap(clean(finding.harm), pen.width - indent);
  return [
    `${padStart(String(number), 4)}  ${severity} ${certainty} ${pen.strong(first)}`,
    ...rest.map(line => ' '.repeat(indent) + pen.strong(line)),
    ...whereLines(pen, finding),
  ];
}

function whereLines(pen: Pen, finding: Finding): readonly string[] {
  const room = pen.width - indent;
  const subject = clean(finding.entryPoint ?? finding.object ?? finding.check);
  // An action is named by its file already; its line is all that is missing.
  const place = subject.includes(finding.file) ? `line ${finding.line}` : clean(formatPlace(finding));
  const whole = `${subject} · ${place}`;
  if (widthOf(whole) <= room) return [' '.repeat(indent) + pen.quiet(whole)];
  return [...paragraph(pen, subject, indent, pen.quiet), ...paragraph(pen, cutStart(place, room), indent, pen.quiet)];
}

function legend(pen: Pen, findings: readonly Finding[]): readonly string[] {
  const met = new Set(findings.map(certaintyOf));
  const words = certainties.filter(each => met.has(each)).map(certaintyWords);
  return paragraph(pen, words.join(' · '), 16, pen.quiet);
}

const certainties: readonly Certainty[] = ['seen', 'replayed', 'policy', 'code'];
