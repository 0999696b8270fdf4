import pc from 'picocolors';
import type { Severity, Verdict } from '../../core/verdict.ts';
import type { Standing } from '../standing.ts';
import { padStart, widthOf, wrap, wrapLines } from './text.ts';

/** What the terminal can do, and what of the result is asked for. */
export interface TerminalOptions {
  readonly columns: number;
  readonly colour: boolean;
  readonly unicode: boolean;
  /** Number of a finding, its fingerprint, an entry point or a table: explain this instead of the overview. */
  readonly focus?: string;
  /** Only paths or cells with this verdict. */
  readonly only?: Verdict;
  /** Everything that the overview leaves out: every path, transcript and diff. */
  readonly all?: boolean;
}

/** Colours and width of one rendering. One warm colour for what leaks, one cool for what holds, the rest quiet. */
export interface Pen {
  readonly width: number;
  readonly warm: Paint;
  readonly cool: Paint;
  readonly quiet: Paint;
  readonly strong: Paint;
  readonly added: Paint;
  readonly removed: Paint;
}

/** Colours a text, or leaves it. */
export type Paint = (text: string) => string;

/** The pen for a terminal. Lines never fill the last column, and stay readable on a very wide screen. */
export function makePen(options: TerminalOptions): Pen {
  const colours = pc.createColors(options.colour);
  return {
    width: Math.max(40, Math.min(options.columns, 132)),
    warm: colours.red,
    cool: colours.cyan,
    quiet: colours.dim,
    strong: colours.bold,
    added: colours.cyan,
    removed: colours.red,
  };
}

/** A line with one part at the left edge and one at the right; on two lines where both do not fit. */
export function spread(pen: Pen, left: string, right: string, indent = 0): readonly string[] {
  const room = pen.width - indent;
  const margin = ' '.repeat(indent);
  if (widthOf(left) + widthOf(right) + 2 <= room) return [margin + left + padStart(right, room - widthOf(left))];
  return [margin + left, ...(right === '' ? [] : [margin + padStart(right, room)])];
}

/** A paragraph behind a sign; its further lines stand under its first word. */
export function hanging(pen: Pen, sign: string, text: string, indent: number, paint: Paint = plain): readonly string[] {
  const [first = '', ...rest] = paragraph(pen, text, indent + sign.length + 1, paint);
  return [`${' '.repeat(indent)}${paint(sign)} ${first.trimStart()}`, ...rest];
}

/** A paragraph, wrapped and indented. */
export function paragraph(pen: Pen, text: string, indent: number, paint: Paint = plain): readonly string[] {
  return wrap(text, pen.width - indent).map(line => ' '.repeat(indent) + paint(line));
}

/** The sentence that a screen comes down to, warm when something leaks and cool when it holds. */
export function verdictSentence(pen: Pen, text: string, holds: boolean): readonly string[] {
  return paragraph(pen, text, 2, line => pen.strong(holds ? pen.cool(line) : pen.warm(line)));
}

/** Lines made for the room that is left of an indent, and indented. */
export function indented(pen: Pen, by: number, make: (pen: Pen) => readonly string[]): readonly string[] {
  return make({ ...pen, width: pen.width - by }).map(line => (line === '' ? '' : ' '.repeat(by) + line));
}

/** A text that keeps its line breaks, indented. */
export function block(pen: Pen, text: string, indent: number, paint: Paint = plain): readonly string[] {
  return wrapLines(text.trimEnd(), pen.width - indent).map(line =>
    line === '' ? '' : ' '.repeat(indent) + paint(line),
  );
}

/** A unified diff with its signs coloured. */
export function diffBlock(pen: Pen, diff: string, indent: number): readonly string[] {
  return wrapLines(diff.trimEnd(), pen.width - indent).map(line => {
    const paint = line.startsWith('+') ? pen.added : line.startsWith('-') ? pen.removed : pen.quiet;
    return ' '.repeat(indent) + paint(line);
  });
}

/** The paint of a verdict. */
export function verdictPaint(pen: Pen, verdict: Verdict): Paint {
  return verdict === 'leaks'
    ? pen.warm
    : verdict === 'isolated'
      ? pen.cool
      : verdict === 'unknown' || verdict === 'broken'
        ? pen.strong
        : pen.quiet;
}

/** The paint of a standing: warm for what leaks, cool for what is proved alone. */
export function standingPaint(pen: Pen, standing: Standing): Paint {
  if (standing === 'leaks') return pen.warm;
  if (standing === 'proved') return pen.cool;
  return standing === 'unknown' || standing === 'broken' ? pen.strong : plain;
}

/** The paint of a severity: only what is urgent is warm. */
export function severityPaint(pen: Pen, severity: Severity): Paint {
  return severity === 'critical' ? text => pen.strong(pen.warm(text)) : severity === 'high' ? pen.warm : plain;
}

/** Leaves a text as it is. */
export function plain(text: string): string {
  return text;
}

const ascii: readonly (readonly [string, string])[] = [
  ['⚓', '#'],
  ['·', '-'],
  ['…', '~'],
  ['→', '>'],
  ['▲', '^'],
  ['✓', 'v'],
  ['✗', 'x'],
  ['≈', '='],
  ['‹', '<'],
  ['›', '>'],
  ['–', '-'],
  ['×', 'x'],
  ['—', '-'],
  ['’', "'"],
];

/** The same text for a terminal without Unicode; each sign becomes one character, so that columns stay. */
export function toAscii(text: string): string {
  return ascii.reduce((current, [sign, replacement]) => current.replaceAll(sign, replacement), text);
}
