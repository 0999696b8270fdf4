/** Where a condition goes into a SQL text, and what has to be written there. */
export interface SqlInsertion {
  readonly at: number;
  readonly before: string;
  readonly after: string;
  /** Set when the existing condition has to be put into parentheses. */
  readonly parenthesis?: { readonly open: number; readonly close: number };
  /** The table's alias, or its name. */
  readonly alias: string;
}

const tail =
  /\b(?:group\s+by|having|window|order\s+by|limit|offset|fetch|for\s+(?:update|share|no\s+key|key)|returning|union|intersect|except|on\s+conflict)\b/gi;
const keywords = new Set([
  'where',
  'set',
  'join',
  'inner',
  'left',
  'right',
  'full',
  'cross',
  'on',
  'using',
  'group',
  'order',
  'limit',
  'offset',
  'returning',
  'for',
  'union',
  'as',
  'having',
  'values',
  'select',
]);

/**
 * Finds where one more condition on `table` is written in a single select, update or delete. `text` may hold
 * `${…}` holes; they must have been blanked to the same length. Undefined where the statement is not that simple.
 */
export function conditionPlace(text: string, table: string): SqlInsertion | undefined {
  const flat = blankNested(text);
  const name = table.replace(/^.*\./, '');
  const mention = new RegExp(
    `\\b(?:from|join|update)\\s+(?:only\\s+)?(?:"?\\w+"?\\.)?"?${name}"?(?!\\w)(?:\\s+(?:as\\s+)?"?([a-z_]\\w*)"?)?`,
    'i',
  ).exec(flat);
  if (mention === null) return undefined;
  const alias = mention[1] !== undefined && !keywords.has(mention[1].toLowerCase()) ? mention[1] : name;
  const where = lastMatch(flat, /\bwhere\b/gi, mention.index);
  const from = where === undefined ? mention.index + mention[0].length : where + 'where'.length;
  tail.lastIndex = from;
  const end = tail.exec(flat)?.index ?? flat.length;
  const stop = text.slice(0, end).replace(/[\s;]+$/, '').length;
  const at = Math.max(stop, from);
  if (where === undefined) return { at, before: '\nwhere ', after: '', alias };
  const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
  const hasOr = /\bor\b/i.test(flat.slice(start, at));
  return { at, before: '\nand ', after: '', alias, ...(hasOr ? { parenthesis: { open: start, close: at } } : {}) };
}

// Sub-queries and string constants are overwritten, so that only the outer statement is looked at.
function blankNested(text: string): string {
  let depth = 0;
  let quoted = false;
  let result = '';
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    else if (!quoted && character === ')') depth -= 1;
    result += (depth > 0 || quoted) && character !== '\n' ? '_' : character;
    if (!quoted && character === '(') depth += 1;
  }
  return result;
}

function lastMatch(text: string, pattern: RegExp, from: number): number | undefined {
  return [...text.matchAll(pattern)]
    .map(match => match.index)
    .filter(index => index > from)
    .at(-1);
}
