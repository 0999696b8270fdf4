import type { Expression, ObjectExpression } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import { addImports, codeTableOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { callerAt } from '../idioms/caller.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import { refusalAt } from '../idioms/refusal.ts';
import { propertyOf } from '../source/code-tables.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import { findAll, functionsAround, indentAt, statementOf, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { meansTable, propertyNode, querySiteAt } from '../source/query-site.ts';
import { importTable } from '../scope/condition.ts';

/** Looks the referenced row up among the caller's own before a reference to it is written. */
export function verifyReference(finding: Finding, context: FixContext): Draft | Refused {
  const hint = finding.repair;
  const path = pathsOf(finding, context)[0];
  const table = text(hint?.['table']) ?? path?.sink.table;
  const column = text(hint?.['column']);
  const references = text(hint?.['references']) ?? referencedTable(context, table, column);
  const parsed = context.set.parsed(finding.file);
  if (table === undefined || column === undefined || references === undefined || parsed === undefined)
    return { refused: 'Which reference is written is not known.' };
  const codeTable = codeTableOf(context, table);
  const parent = codeTableOf(context, references);
  const ownership = ownershipOf(context, references);
  const key = parent === undefined ? undefined : keyProperty(context, parent, references, table, column);
  if (codeTable === undefined || parent === undefined || ownership === undefined || key === undefined)
    return { refused: `'${references}' is not in the code's schema, or has no owner.` };
  const site = querySiteAt(parsed, {
    ...finding,
    matches: each =>
      each.kind === 'drizzle' &&
      each.operation !== 'read' &&
      each.tables.some(name => meansTable(context, parsed, name, codeTable)),
  });
  if (site?.kind !== 'drizzle')
    return { refused: `No write to '${table}' was found at ${finding.file}:${finding.line}.` };
  const written = writtenValue(
    parsed,
    site.calls.get('values') ?? site.calls.get('set'),
    propertyOf(codeTable, column) ?? column,
  );
  if (written === undefined) return { refused: `Where '${column}' comes from is not written here.` };
  const edits = createEditSet();
  const value = callerAt(
    context,
    edits,
    { parsed, node: site.node },
    { wanted: ownership.wanted, name: propertyOf(parent, ownership.hops[0].column) ?? 'tenantId' },
  );
  const ownerProperty = ownership.hops.length === 1 ? propertyOf(parent, ownership.hops[0].column) : undefined;
  if (value === undefined || ownerProperty === undefined)
    return { refused: `How '${references}' is tied to the caller cannot be written here.` };
  const statement = statementOf(parsed, site.node);
  if (statement === undefined) return { refused: 'The write is not a statement of its own.' };
  importTable(context, edits, parsed, parent);
  for (const name of ['and', 'eq']) edits.import(parsed, { name, from: 'drizzle-orm' });
  const refusal = refusalAt(context.set, parsed, site.node);
  addImports(context, edits, parsed, refusal.imports);
  const { end } = styleOf(parsed);
  const indent = indentAt(parsed, statement.start);
  const name = freeName(parsed, site.node, singular(parent.name));
  const optional = isNullable(context, table, column);
  const inner = optional ? `${indent}  ` : indent;
  const lookup = [
    `const [${name}] = await ${textOf(parsed, site.client)}`,
    `${inner}  .select({ ${key}: ${parent.name}.${key} })`,
    `${inner}  .from(${parent.name})`,
    `${inner}  .where(and(eq(${parent.name}.${key}, ${written}), eq(${parent.name}.${ownerProperty}, ${value.text})))${end}`,
    `${inner}if (!${name}) ${refusal.statement}`,
  ].join('\n');
  edits.insert(
    parsed,
    statement.start,
    optional ? `if (${written}) {\n${inner}${lookup}\n${indent}}\n${indent}` : `${lookup}\n${indent}`,
  );
  return {
    title: `Check that ${references} belong to the caller before ${finding.entryPoint ?? finding.file} refers to them`,
    explanation: `A row of another tenant could be named in '${column}' and was read back through the join; it is now looked up among the caller's own first.`,
    edits: edits.edits(),
    basis: 'sibling',
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function referencedTable(
  context: FixContext,
  table: string | undefined,
  column: string | undefined,
): string | undefined {
  const model = context.database.tables.find(each => each.name === table);
  return model?.foreignKeys.find(key => key.columns.length === 1 && key.columns[0] === column)?.table;
}

function keyProperty(
  context: FixContext,
  parent: Parameters<typeof propertyOf>[0],
  references: string,
  table: string,
  column: string,
): string | undefined {
  const model = context.database.tables.find(each => each.name === table);
  const key = model?.foreignKeys.find(each => each.columns[0] === column && each.table === references)
    ?.referencedColumns[0];
  return propertyOf(parent, key ?? 'id');
}

function isNullable(context: FixContext, table: string, column: string): boolean {
  const model = context.database.tables.find(each => each.name === table)?.columns.find(each => each.name === column);
  return model?.notNull === false;
}

// `values({ ...body.data, accountId })`: the column is a field of what is spread.
function writtenValue(
  parsed: ParsedFile,
  call: { readonly arguments: readonly (Expression | { readonly type: 'SpreadElement' })[] } | undefined,
  property: string,
): string | undefined {
  const argument = call?.arguments[0];
  if (argument === undefined || argument.type === 'SpreadElement') return undefined;
  if (argument.type === 'MemberExpression' || argument.type === 'Identifier')
    return `${textOf(parsed, argument)}.${property}`;
  if (argument.type !== 'ObjectExpression') return undefined;
  const own = propertyNode(argument, property);
  if (own !== undefined) return own.shorthand ? property : withoutDefault(parsed, own.value);
  return spreadOf(parsed, argument, property);
}

// `customerId ?? null` is looked up as `customerId`.
function withoutDefault(parsed: ParsedFile, value: Expression): string {
  return value.type === 'LogicalExpression' && value.operator === '??'
    ? textOf(parsed, value.left)
    : textOf(parsed, value);
}

function spreadOf(parsed: ParsedFile, object: ObjectExpression, property: string): string | undefined {
  const spread = object.properties.find(each => each.type === 'SpreadElement');
  return spread?.type === 'SpreadElement' ? `${textOf(parsed, spread.argument)}.${property}` : undefined;
}

function singular(name: string): string {
  return name.endsWith('ies')
    ? `${name.slice(0, -3)}y`
    : name.endsWith('s') && !name.endsWith('ss')
      ? name.slice(0, -1)
      : `owned${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function freeName(parsed: ParsedFile, node: Parameters<typeof functionsAround>[1], name: string): string {
  const scope = functionsAround(parsed, node).at(-1) ?? parsed.program;
  const used = new Set(findAll(scope, each => each.type === 'Identifier').map(each => each.name));
  return used.has(name) ? `own${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
}
