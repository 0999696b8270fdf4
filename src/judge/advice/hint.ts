import type { DiffLine } from '../../core/advice.ts';

/** The lines of a query that change when the condition of a sibling is added; empty where that cannot be told from the text. */
export function hintFor(code: string, condition: string): readonly DiffLine[] {
  if (/^(?:\w+\.)?(?:eq|inArray)\(/.test(condition)) return callHint(code, condition);
  if (condition.startsWith('.')) return chainHint(code, condition);
  if (/^[\w"']+\s*:/.test(condition) || /^\w+$/.test(condition)) return objectHint(code, condition);
  return /=\s*(?:\$|any)/i.test(condition) ? sqlHint(code, condition) : [];
}

/** `.where(eq(a, b))` becomes `.where(and(eq(a, b), condition))`. */
function callHint(code: string, condition: string): readonly DiffLine[] {
  const start = /(?:\.where\(|\bwhere:\s*)/.exec(code);
  if (start === null) {
    const from = lineWith(code, /\.(?:from|update|delete)\(/);
    return from === undefined ? [] : [kept(from), added(`.where(${condition})`)];
  }
  const opening = start.index + start[0].length;
  const inner = balanced(code, opening);
  if (inner === undefined || inner.trim() === '') return [];
  const flat = inner.replaceAll(/\s+/g, ' ').trim().replace(/,$/, '');
  const whole = flat.startsWith('and(') && flat.endsWith(')');
  const joined = whole ? `${flat.slice(0, -1)}, ${condition})` : `and(${flat}, ${condition})`;
  const close = start[0].endsWith('(') ? ')' : '';
  return [
    removed(`${start[0].trim()}${space(start[0])}${flat}${close}`),
    added(`${start[0].trim()}${space(start[0])}${joined}${close}`),
  ];
}

function space(opening: string): string {
  return opening.endsWith('(') ? '' : ' ';
}

/** `where: { id }` becomes `where: { id, teamId: … }`. */
function objectHint(code: string, condition: string): readonly DiffLine[] {
  const line = lineWith(code, /\bwhere:\s*\{/);
  if (line === undefined) return [];
  const next = line.replace(/\bwhere:\s*\{\s*/, match => `${match.trimEnd()} ${condition}, `).trimEnd();
  return [removed(line), added(next)];
}

/** `.eq('id', id)` is followed by one more. */
function chainHint(code: string, condition: string): readonly DiffLine[] {
  const line = lineWith(code, /\.(?:eq|match|in)\(/) ?? lineWith(code, /\.(?:select|update|delete)\(/);
  return line === undefined ? [] : [kept(line), added(condition)];
}

function sqlHint(code: string, condition: string): readonly DiffLine[] {
  const line = lineWith(code, /\bwhere\b/i);
  if (line === undefined) return [];
  return [removed(line), added(line.replace(/\bwhere\b\s*/i, match => `${match.trimEnd()} ${condition} and `))];
}

function lineWith(code: string, pattern: RegExp): string | undefined {
  return code
    .split('\n')
    .find(line => pattern.test(line))
    ?.trim();
}

const longest = 240;

/** The text from `start` to the bracket that closes it, or to the comma behind it. */
function balanced(code: string, start: number): string | undefined {
  let depth = 0;
  for (let index = start; index < Math.min(code.length, start + longest); index += 1) {
    const character = code.charAt(index);
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      if (depth === 0) return code.slice(start, index);
      depth -= 1;
    } else if (character === ',' && depth === 0) return code.slice(start, index);
  }
  return undefined;
}

function kept(text: string): DiffLine {
  return { sign: ' ', text };
}

function added(text: string): DiffLine {
  return { sign: '+', text };
}

function removed(text: string): DiffLine {
  return { sign: '-', text };
}
