import type { Finding } from '../../core/finding.ts';
import { formatPlace } from '../../core/place.ts';
import { type Certainty, certaintyOf } from '../words.ts';
import { type Pen, paragraph, severityPaint } from './pen.ts';
import { clean, cutStart, padEnd, padStart, widthOf, wrap } from './text.ts';

/** How the findings of a list are named, so that a command can be given the name. */
export type Naming = { readonly from: number } | 'fingerprint';

/**
 * The findings as a list: the harm, then entry point and place on a quiet line; last, what the words of certainty mean.
 * Numbers are those of one command; the first screen mixes findings of several, and names them by fingerprint.
 */
export function findingList(
  pen: Pen,
  findings: readonly Finding[],
  naming: Naming = { from: 1 },
  limit = findings.length,
): readonly string[] {
  const shown = findings.slice(0, limit);
  if (shown.length === 0) return [];
  const names = shown.map((finding, index) =>
    naming === 'fingerprint' ? `  ${shortFingerprint(finding)}` : padStart(String(naming.from + index), 4),
  );
  return [
    ...shown.flatMap((finding, index) => findingLines(pen, finding, names[index] ?? '')),
    '',
    ...legend(pen, shown),
  ];
}

/** The beginning of a fingerprint, long enough to be the only one. */
export function shortFingerprint(finding: Finding): string {
  return clean(finding.fingerprint.slice(0, 8));
}

function findingLines(pen: Pen, finding: Finding, name: string): readonly string[] {
  const indent = widthOf(name) + 22;
  const severity = severityPaint(pen, finding.severity)(padEnd(finding.severity, 9));
  const certainty = padEnd(certaintyOf(finding), 9);
  const [first = '', ...rest] = wrap(clean(finding.harm), pen.width - indent);
  return [
    `${name}  ${severity} ${certainty} ${pen.strong(first)}`,
    ...rest.map(line => ' '.repeat(indent) + pen.strong(line)),
    ...whereLines(pen, finding, indent),
  ];
}

function whereLines(pen: Pen, finding: Finding, indent: number): readonly string[] {
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
  const words = certainties.filter(each => met.has(each)).map(each => `${each}: ${meanings[each]}`);
  return paragraph(pen, words.join(' · '), 6, pen.quiet);
}

const meanings: Readonly<Record<Certainty, string>> = {
  seen: 'in the running app',
  replayed: 'in a copy of your database',
  policy: 'follows from the policy',
  code: 'follows from the code',
};

const certainties: readonly Certainty[] = ['seen', 'replayed', 'policy', 'code'];
