import type { CallExpression, Expression, Node, ObjectExpression } from 'oxc-parser';
import { propertyOf, relationNames } from '../source/code-tables.ts';
import { indentAt, keyName, lineAt, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { propertyNode } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { addConjunct, drizzleCondition, importTable, isRight, ownConjunct } from './condition.ts';
import type { Work } from './work.ts';

/** Ties a relational Drizzle query, or what it includes, to the caller; the reason when it cannot be. */
export function scopeRelational(work: Work, site: Extract<QuerySite, { kind: 'relational' }>): string | undefined {
  const { codeTable } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const included = includesOf(site.argument, relationNames(work.context.set, codeTable));
  const rootIsRight = site.name !== codeTable.name || (site.argument !== undefined && isScoped(work, site.argument));
  const open = included.filter(each => each.options === undefined || !isScoped(work, each.options));
  if (!rootIsRight) return scopeOptions(work, site, { options: site.argument, at: openingOf(work.parsed, site.node) });
  const [first] = open;
  if (first === undefined) return 'The query and what it includes are tied to the caller already.';
  return scopeOptions(work, site, { options: first.options, at: first.value });
}

function openingOf(parsed: ParsedFile, call: CallExpression): number {
  return parsed.text.indexOf('(', call.callee.end) + 1;
}

function isScoped(work: Work, options: ObjectExpression): boolean {
  const { codeTable, ownership, context, parsed } = work;
  const where = propertyNode(options, 'where')?.value;
  if (where === undefined || codeTable === undefined) return false;
  const condition = where.type === 'ArrowFunctionExpression' ? where.body : where;
  if (condition.type === 'BlockStatement') return false;
  const existing = ownConjunct(condition, propertyOf(codeTable, ownership.hops[0].column));
  return existing !== undefined && isRight(context, parsed, existing, ownership);
}

// `at` is the offset where new options go, or the `true` that they replace.
function scopeOptions(
  work: Work,
  site: Extract<QuerySite, { kind: 'relational' }>,
  holder: { readonly options: ObjectExpression | undefined; readonly at: number | Expression },
): string | undefined {
  const { parsed, edits, codeTable, context } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const { options } = holder;
  const where = options === undefined ? undefined : propertyNode(options, 'where');
  const callback = where?.value.type === 'ArrowFunctionExpression' ? where.value : undefined;
  const first = callback?.params[0];
  const tableText = first?.type === 'Identifier' ? first.name : codeTable.name;
  if (callback === undefined) importTable(context, edits, parsed, codeTable);
  const condition = drizzleCondition(work, tableText, textOf(parsed, site.client), []);
  if (condition === undefined)
    return `The columns that lead from '${work.target.table}' to its owner are not in the code's schema.`;
  if (options === undefined) {
    if (typeof holder.at === 'number') edits.insert(parsed, holder.at, `{ where: ${condition} }`);
    else edits.replace(parsed, holder.at, `{ where: ${condition} }`);
    return undefined;
  }
  if (where === undefined) {
    const [property] = options.properties;
    const onOneLine = property !== undefined && lineAt(parsed, property.start) === lineAt(parsed, options.start);
    if (property === undefined) edits.replace(parsed, options, `{ where: ${condition} }`);
    else
      edits.insert(
        parsed,
        property.start,
        `where: ${condition},${onOneLine ? ' ' : `\n${indentAt(parsed, property.start)}`}`,
      );
    return undefined;
  }
  const body = callback === undefined ? where.value : callback.body;
  if (body.type === 'BlockStatement' || !isExpression(body))
    return 'The condition is computed by a function with several statements.';
  addConjunct(work, body, condition);
  return undefined;
}

function isExpression(node: Node): node is Expression {
  return /Expression$|^Identifier$|^Literal$/.test(node.type) && node.type !== 'TSParameterProperty';
}

interface Include {
  readonly options: ObjectExpression | undefined;
  readonly value: Expression;
}

/** `with: { notes: { … } }` at any depth: the includes of the table, by the relation's name. */
export function includesOf(options: ObjectExpression | undefined, names: ReadonlySet<string>): readonly Include[] {
  const included = options === undefined ? undefined : propertyNode(options, 'with')?.value;
  if (included?.type !== 'ObjectExpression') return [];
  return included.properties.flatMap(property => {
    if (property.type !== 'Property') return [];
    const inner = property.value.type === 'ObjectExpression' ? property.value : undefined;
    const own = names.has(keyName(property.key) ?? '') ? [{ options: inner, value: property.value }] : [];
    return [...own, ...includesOf(inner, names)];
  });
}
