import { indentAt } from '../source/parsed-file.ts';
import type { QuerySite } from '../source/query-site.ts';
import { conditionPlace } from '../source/sql-text.ts';
import type { RowOwnership } from '../idioms/ownership.ts';
import type { Work } from './work.ts';

/** Ties a tagged SQL template to the caller; the reason when it cannot be. */
export function scopeTemplate(work: Work, site: Extract<QuerySite, { kind: 'sql-template' }>): string | undefined {
  const { parsed, value } = work;
  const { quasi } = site.node;
  const start = quasi.start + 1;
  const raw = parsed.text.slice(start, quasi.end - 1);
  const blanked = blankHoles(site, raw, start);
  const place = conditionPlace(blanked, work.target.table);
  const condition = place === undefined ? undefined : sqlCondition(work, place.alias, `\${${value}}`);
  if (place === undefined || condition === undefined) return 'The SQL is not a single plain statement on the table.';
  insertSql(work, start, raw, place, condition);
  return undefined;
}

// Drizzle writes tables into templates as `${orders}`; a hole that is a table's name is put in as that name.
function blankHoles(site: Extract<QuerySite, { kind: 'sql-template' }>, raw: string, start: number): string {
  let text = raw;
  for (const expression of site.node.quasi.expressions) {
    const from = expression.start - 2 - start;
    const length = expression.end + 1 - expression.start + 2;
    text = text.slice(0, from) + '_'.repeat(length) + text.slice(from + length);
  }
  return text;
}

/** Ties a SQL text with numbered values to the caller; the reason when it cannot be. */
export function scopeText(work: Work, site: Extract<QuerySite, { kind: 'sql-text' }>): string | undefined {
  const { parsed, edits, value } = work;
  const start = site.text.start + 1;
  const raw = parsed.text.slice(start, site.text.end - 1);
  if (site.text.type === 'TemplateLiteral' && site.text.expressions.length > 0)
    return 'The SQL text is put together at run time.';
  const place = conditionPlace(raw, work.target.table);
  const numbers = [...raw.matchAll(/\$(\d+)/g)].map(match => Number(match[1]));
  const next = Math.max(0, ...numbers) + 1;
  const condition = place === undefined ? undefined : sqlCondition(work, place.alias, `$${next}`);
  if (place === undefined || condition === undefined) return 'The SQL is not a single plain statement on the table.';
  if (site.values === undefined) edits.insert(parsed, site.text.end, `, [${value}]`);
  else if (site.values.type === 'ArrayExpression') {
    const last = site.values.elements.at(-1);
    if (last === undefined || last === null) edits.replace(parsed, site.values, `[${value}]`);
    else edits.insert(parsed, last.end, `, ${value}`);
  } else return 'The values of the query are put together elsewhere.';
  insertSql(work, start, raw, place, condition);
  return undefined;
}

function insertSql(
  work: Work,
  start: number,
  raw: string,
  place: NonNullable<ReturnType<typeof conditionPlace>>,
  condition: string,
): void {
  const { parsed, edits } = work;
  const multiline = raw.includes('\n');
  const lead = multiline ? `\n${indentAt(parsed, start + place.at)}` : ' ';
  const word = place.before.trim();
  if (place.parenthesis !== undefined) {
    edits.insert(parsed, start + place.parenthesis.open, '(');
    edits.insert(parsed, start + place.at, `)${lead}${word} ${condition}`);
    return;
  }
  edits.insert(parsed, start + place.at, `${lead}${word} ${condition}`);
}

function sqlCondition({ ownership }: Work, alias: string, value: string): string | undefined {
  const build = (hops: RowOwnership['hops'], name: string): string => {
    const [hop, ...rest] = hops;
    const [next] = rest;
    if (next === undefined) return `${name}.${hop.column} = ${value}`;
    return `${name}.${hop.column} in (select ${hop.referencedColumn} from ${hop.table} where ${build([next, ...rest.slice(1)], hop.table)})`;
  };
  return build(ownership.hops, alias);
}
