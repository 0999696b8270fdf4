/**
 * Whether a body of PL/pgSQL runs a text of which nobody can say what it leaves: one that does not begin with its command, or
 * that takes in what is neither a literal nor a quoted name. In small letters, without comments.
 * https://www.postgresql.org/docs/current/plpgsql-statements.html#PLPGSQL-STATEMENTS-EXECUTING-DYN
 */
export function runsAssembled(plain: string, parameters: readonly string[] = []): boolean {
  return [...plain.matchAll(/\bexecute\b(?!\s+(?:function|procedure|on)\b)/g)].some(({ index }) => {
    const text = outlineOf(expressionAt(plain, index + 'execute'.length), { plain, parameters, within: [] });
    return text === undefined || !text.split(';').every(one => one.trim() === '' || isTold(one));
  });
}

/** These leave nothing by themselves: a temporary table has a word of its own, and what is called by a quoted name is chosen. */
function isTold(statement: string): boolean {
  return begins.test(statement) && !/\btemp(?:orary)?\b|\bset_config\b/.test(statement) && !chosen.test(statement);
}

const begins =
  /^\s*(?:select|insert|update|delete|with|merge|truncate|lock|notify|refresh|analyze|comment|alter\s+(?:table|index|sequence)|create\s+(?:unique\s+)?index|drop\s+(?:table|index|view)|set\s+(?:local|constraints))\b/;
const chosen = /(?<!\b(?:into|on|table)\s+(?:if\s+\w+\s+)?(?:only\s+)?(?:[\w"]+\.|\0"?\.)?)\0"?\s*\(/;

interface Body {
  readonly plain: string;
  readonly parameters: readonly string[];
  /** Variables whose text is being read: what they are added to is read where it is given to them. */
  readonly within: readonly string[];
}

/** The text that an expression gives, with a zero for each quoted name or value; nothing where it cannot be told. */
function outlineOf(expression: string, body: Body): string | undefined {
  const parts = splitAt(expression, token => token === '||').map(part => outlineOfPart(part.trim(), body));
  return parts.includes(undefined) ? undefined : parts.join('');
}

function outlineOfPart(part: string, body: Body): string | undefined {
  const formatted = /^(?:pg_catalog\.)?format\s*\(([\s\S]*)\)$/.exec(part)?.[1];
  if (formatted !== undefined) {
    const text = literalOf(splitAt(formatted, token => token === ',')[0]?.trim() ?? '');
    return text === undefined || placed.test(text) ? undefined : text.replaceAll(/%(?:\d+\$)?[\d-]*[il]/g, '\0');
  }
  if (quoted.test(part)) return '\0';
  return literalOf(part) ?? (/^[a-z_]\w*$/.test(part) ? outlineOfVariable(part, body) : undefined);
}

/** `%s` places what is given as it is. */
const placed = /%(?:\d+\$)?[\d-]*s/;
const quoted =
  /^(?:(?:pg_catalog\.)?quote_(?:ident|literal|nullable)\s*\([\s\S]*\)(?:::text)?|[\w.]+\s*::\s*(?:regclass|int|integer|bigint|uuid)|tg_(?:table_name|table_schema|relid|op))$/;

function literalOf(part: string): string | undefined {
  return /^'((?:[^']|'')*)'$/.exec(part)?.[1] ?? /^(\$\w*\$)([\s\S]*)\1$/.exec(part)?.[2];
}

/** All that a body gives to a variable, one after the other: what is added to it is no beginning. */
function outlineOfVariable(name: string, { plain, parameters, within }: Body): string | undefined {
  if (within.includes(name)) return '';
  const others = new RegExp(
    String.raw`\b(?:into\s+(?:strict\s+)?[\w.,\s]*|for(?:each)?\s+|inout\s+|out\s+)\b${name}\b`,
  );
  const given = [
    ...plain.matchAll(new RegExp(String.raw`(?<![\w.])${name}\b(?:\s+(?:text|varchar))?\s*(?::=|=|default\b)`, 'g')),
  ];
  if (given.length === 0 || within.length > 2 || parameters.includes(name) || others.test(plain)) return undefined;
  const texts = given.map(({ index, 0: whole }) => expressionAt(plain, index + whole.length));
  const isAdded = (text: string): boolean => new RegExp(String.raw`^\s*${name}\s*\|\|`).test(text);
  if (texts.every(isAdded)) return undefined;
  const outlines = texts.map(text => {
    const outline = outlineOf(text, { plain, parameters, within: [...within, name] });
    return outline === undefined || isAdded(text) || isTold(outline) ? outline : undefined;
  });
  return outlines.includes(undefined) ? undefined : outlines.join(' ');
}

/** What stands there, up to the end of the statement or to what is given to it. */
function expressionAt(plain: string, from: number): string {
  const [expression = ''] = splitAt(plain.slice(from), token => /^(?:;|using|into|loop)$/.test(token));
  return /^\(([\s\S]*)\)$/.exec(expression.trim())?.[1] ?? expression;
}

/** Splits a text where one of its words or signs, outside of quotes and brackets, is one to split at. */
function splitAt(text: string, ends: (token: string) => boolean): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/e'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|(\$\w*\$)[\s\S]*?\1|\w+|\|\||[\s\S]/g)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth === 0 && ends(token)) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts;
}
