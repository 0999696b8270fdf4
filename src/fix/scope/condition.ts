import type { Expression } from 'oxc-parser';
import { addImports, codeTableOf } from '../context.ts';
import type { FixContext } from '../context.ts';
import { isSessionValue } from '../idioms/caller.ts';
import type { RowOwnership } from '../idioms/ownership.ts';
import { propertyOf } from '../source/code-tables.ts';
import type { CodeTable } from '../source/code-tables.ts';
import type { EditSet } from '../source/edit-set.ts';
import { calleeName, indentAt, lineAt, memberChain, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { meansTable } from '../source/query-site.ts';
import type { Work } from './work.ts';

/** Adds a condition to those of a query, in place of one on the same column that the caller chose. */
export function addConjunct(
  { parsed, edits, codeTable, ownership, context }: Work,
  argument: Expression,
  condition: string,
): void {
  const existing =
    ownership.hops.length === 1 && codeTable !== undefined
      ? ownConjunct(argument, propertyOf(codeTable, ownership.hops[0].column))
      : undefined;
  if (existing !== undefined && !isRight(context, parsed, existing, ownership)) {
    edits.replace(parsed, existing, condition);
    for (const name of ['eq', 'inArray'])
      if (condition.includes(`${name}(`)) edits.import(parsed, { name, from: 'drizzle-orm' });
    return;
  }
  edits.import(parsed, { name: 'and', from: 'drizzle-orm' });
  if (argument.type === 'CallExpression' && calleeName(argument) === 'and') {
    const last = argument.arguments.at(-1);
    if (last === undefined) edits.insert(parsed, argument.end - 1, condition);
    else
      edits.insert(
        parsed,
        last.end,
        lineAt(parsed, last.start) === lineAt(parsed, argument.start)
          ? `, ${condition}`
          : `,\n${indentAt(parsed, last.start)}${condition}`,
      );
    return;
  }
  edits.insert(parsed, argument.start, 'and(');
  edits.insert(parsed, argument.end, `, ${condition})`);
}

/** Whether a condition compares the owner with the session already. */
export function isRight(
  context: FixContext,
  parsed: ParsedFile,
  conjunct: Expression,
  ownership: RowOwnership,
): boolean {
  const value = conjunct.type === 'CallExpression' ? conjunct.arguments[1] : undefined;
  return (
    value !== undefined && value.type !== 'SpreadElement' && isSessionValue(context, parsed, value, ownership.wanted, 0)
  );
}

/** `eq(notes.accountId, …)` as a conjunct of its own, also where it is only there under a condition. */
export function ownConjunct(argument: Expression, property: string | undefined): Expression | undefined {
  if (property === undefined) return undefined;
  const conjuncts =
    argument.type === 'CallExpression' && calleeName(argument) === 'and' ? argument.arguments : [argument];
  for (const conjunct of conjuncts) {
    if (conjunct.type === 'SpreadElement') continue;
    const inner = optionalPart(conjunct);
    if (inner.type !== 'CallExpression' || calleeName(inner) !== 'eq') continue;
    const left = inner.arguments[0];
    if (left !== undefined && left.type !== 'SpreadElement' && memberChain(left)?.names.at(-1) === property)
      return conjunct;
  }
  return undefined;
}

// `accountId ? eq(…) : undefined`, `accountId && eq(…)`
function optionalPart(node: Expression): Expression {
  if (node.type === 'ConditionalExpression')
    return node.consequent.type === 'CallExpression' ? node.consequent : node.alternate;
  return node.type === 'LogicalExpression' ? node.right : node;
}

/** The condition that a row has the caller as its owner, over as many tables as it takes. */
export function drizzleCondition(
  work: Work,
  table: string,
  client: string,
  joined: readonly Expression[],
): string | undefined {
  const { context, parsed, edits, codeTable, ownership, value } = work;
  if (codeTable === undefined) return undefined;
  const build = (hops: RowOwnership['hops'], holder: CodeTable, text: string): string | undefined => {
    const [hop, ...rest] = hops;
    const property = propertyOf(holder, hop.column);
    const [next] = rest;
    if (property === undefined) return undefined;
    if (next === undefined) {
      edits.import(parsed, { name: 'eq', from: 'drizzle-orm' });
      return `eq(${text}.${property}, ${value})`;
    }
    const parent = codeTableOf(context, hop.table);
    const key = parent === undefined ? undefined : propertyOf(parent, hop.referencedColumn);
    if (parent === undefined || key === undefined) return undefined;
    const present = joined.find(each => meansTable(context, parsed, each, parent));
    if (present !== undefined) return build([next, ...rest.slice(1)], parent, textOf(parsed, present));
    const qualifier = text.includes('.') ? `${text.slice(0, text.lastIndexOf('.'))}.` : '';
    if (qualifier === '') importTable(context, edits, parsed, parent);
    const parentText = qualifier + parent.name;
    const inner = build([next, ...rest.slice(1)], parent, parentText);
    if (inner === undefined) return undefined;
    edits.import(parsed, { name: 'inArray', from: 'drizzle-orm' });
    return `inArray(${text}.${property}, ${client}.select({ ${key}: ${parentText}.${key} }).from(${parentText}).where(${inner}))`;
  };
  return build(ownership.hops, codeTable, table);
}

/** Imports a table object, from where the file has its others. */
export function importTable(context: FixContext, edits: EditSet, parsed: ParsedFile, table: CodeTable): void {
  for (const statement of parsed.program.body) {
    if (statement.type !== 'ImportDeclaration' || statement.importKind === 'type') continue;
    const target = context.set.resolve(parsed.file, statement.source.value);
    if (target === undefined) continue;
    const declaration = context.set.declarationOf(target, table.name);
    if (
      declaration?.kind === 'local' &&
      declaration.file === table.file &&
      statement.specifiers.some(each => each.type === 'ImportSpecifier')
    ) {
      edits.import(parsed, { name: table.name, from: statement.source.value });
      return;
    }
  }
  addImports(context, edits, parsed, [{ name: table.name, from: `file:${table.file}` }]);
}
