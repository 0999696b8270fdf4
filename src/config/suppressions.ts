import type { Place } from '../core/place.ts';

/** A comment `drydock-ignore <check>: reason`, as it stands in a file. */
export interface Suppression extends Place {
  readonly checks: readonly string[];
  readonly reason: string;
  /** The line of code that it speaks of: its own, or the next one that is no comment. */
  readonly target: number;
}

const marker = /(^|[\s;,{}()])(\/\/|\/\*+|--)\s*drydock-ignore\b[ \t]*(.*)$/;
const commentOnly = /^\s*(?:\/\/|\/\*|\*|--|\{\s*\/\*|$)/;

/** Reads the suppressions of one file. `--` begins a comment in SQL, `//` and `/*` in code. */
export function readSuppressions(file: string, text: string): readonly Suppression[] {
  if (!text.includes('drydock-ignore')) return [];
  const sql = file.endsWith('.sql');
  const lines = text.split(/\r?\n/);
  return lines.flatMap((content, index): readonly Suppression[] => {
    const match = marker.exec(content);
    if (match === null || (match[2] === '--') !== sql) return [];
    const alone = /^\s*(?:\{\s*)?$/.test(content.slice(0, match.index + (match[1] ?? '').length));
    const { checks, reason } = parse(match[3] ?? '');
    return [{ file, line: index + 1, checks, reason, target: alone ? nextCode(lines, index) : index + 1 }];
  });
}

function parse(text: string): { readonly checks: readonly string[]; readonly reason: string } {
  const plain = text.replace(/\*\/\s*\}?\s*$/, '').trim();
  const colon = plain.indexOf(':');
  const names = colon < 0 ? plain : plain.slice(0, colon);
  const reason = colon < 0 ? '' : plain.slice(colon + 1).trim();
  return {
    checks: names.split(/[\s,]+/).filter(name => name !== ''),
    // The placeholder of the line that Drydock prints is no reason.
    reason: /^<.*>$/.test(reason) ? '' : reason,
  };
}

function nextCode(lines: readonly string[], index: number): number {
  for (let next = index + 1; next < lines.length; next += 1) if (!commentOnly.test(lines[next] ?? '')) return next + 1;
  return index + 1;
}
