import type { Expression, ObjectExpression } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import { addImports, codeTableOf, ownerOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { refusalAt } from '../idioms/refusal.ts';
import { relationNames } from '../source/code-tables.ts';
import type { CodeTable } from '../source/code-tables.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import { findAll, indentAt, keyName, lineAt, stringValue, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { meansTable, propertyNode, querySites } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { entryOf } from './copied-guards.ts';

/** Reads the columns that are shown, without those that nobody's browser should hold. */
export function narrowColumns(finding: Finding, context: FixContext): Draft | Refused {
  const path = pathsOf(finding, context)[0];
  const hinted: unknown = finding.repair?.['table'];
  const table = typeof hinted === 'string' ? hinted : (path?.sink.table ?? finding.object);
  const codeTable = table === undefined ? undefined : codeTableOf(context, table);
  if (table !== undefined && codeTable === undefined) return narrowSupabase(finding, context, table);
  if (table === undefined || codeTable === undefined)
    return { refused: "The table whose columns are shown is not in the code's schema." };
  const secrets = secretProperties(finding, context, table, codeTable);
  if (secrets.length === 0) return { refused: `Which columns of '${table}' are secret is not known.` };
  const edits = createEditSet();
  const files = [...new Set([path?.sink.file, finding.file, entryOf(finding, context)?.parsed.file])].flatMap(file =>
    file === undefined ? [] : [file],
  );
  const narrowed = files.some(file => {
    const parsed = context.set.parsed(file);
    return (
      parsed !== undefined &&
      narrowFile(context, edits, parsed, {
        codeTable,
        secrets,
        near: path?.sink.file === file ? path.sink.line : finding.line,
      })
    );
  });
  if (!narrowed) return { refused: `No query that reads all columns of '${table}' was found.` };
  for (const file of files) narrowTypes(context, edits, file, codeTable, secrets);
  return {
    title: `Leave ${secrets.join(', ')} out of what ${finding.entryPoint ?? finding.file} reads`,
    explanation: `${secrets.length === 1 ? 'The column is' : 'The columns are'} not shown, and reached the browser because the whole row was read.`,
    edits: edits.edits(),
    basis: 'tenancy',
  };
}

// `.select('*')` becomes the list of the table's other columns.
function narrowSupabase(finding: Finding, context: FixContext, table: string): Draft | Refused {
  const secrets = new Set([...hintedColumns(finding), ...(ownerOf(context, table)?.secretColumns ?? [])]);
  const columns = context.database.tables.find(each => each.name === table)?.columns.map(column => column.name) ?? [];
  const shown = columns.filter(column => !secrets.has(column));
  const files = [...new Set([pathsOf(finding, context)[0]?.sink.file, finding.file])].flatMap(file => file ?? []);
  for (const parsed of files.flatMap(file => context.set.parsed(file) ?? [])) {
    const sites = querySites(parsed).filter(site => site.kind === 'supabase' && site.table === table);
    const nearest = sites.toSorted(
      (left, right) => distance(parsed, left.node, finding.line) - distance(parsed, right.node, finding.line),
    )[0];
    const select = nearest?.kind === 'supabase' ? nearest.calls.find(each => each.name === 'select')?.call : undefined;
    const argument = select?.arguments[0];
    const text = stringValue(argument);
    if (select === undefined || shown.length === 0 || (argument !== undefined && text === undefined)) continue;
    const list =
      text === undefined || text.trim() === '*'
        ? shown
        : text
            .split(',')
            .map(each => each.trim())
            .filter(each => !secrets.has(each));
    const edits = createEditSet();
    const { quote } = styleOf(parsed);
    const literal = `${quote}${list.join(', ')}${quote}`;
    if (argument === undefined) edits.insert(parsed, select.end - 1, literal);
    else edits.replace(parsed, argument, literal);
    return {
      title: `Leave ${[...secrets].join(', ')} out of what ${finding.entryPoint ?? finding.file} reads`,
      explanation: 'What is not shown reached the browser because the whole row was read.',
      edits: edits.edits(),
      basis: 'tenancy',
    };
  }
  return { refused: `No query that reads all columns of '${table}' was found.` };
}

function hintedColumns(finding: Finding): readonly string[] {
  const hinted: unknown = finding.repair?.['columns'];
  return Array.isArray(hinted) ? hinted.filter((each: unknown): each is string => typeof each === 'string') : [];
}

/** Answers alike for a row that is not there and one that belongs to somebody else. */
export function sameAnswer(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return { refused: `'${finding.file}' cannot be parsed.` };
  const branches = findAll(parsed.program, node => node.type === 'IfStatement').filter(node =>
    /\b40[13]\b|[Ff]orbidden|redirect\(/.test(textOf(parsed, node.consequent)),
  );
  const branch = [...branches].sort(
    (left, right) => distance(parsed, left, finding.line) - distance(parsed, right, finding.line),
  )[0];
  if (branch === undefined || distance(parsed, branch, finding.line) > 12)
    return { refused: `No answer that tells the two apart was found at ${finding.file}:${finding.line}.` };
  const refusal = refusalAt(context.set, parsed, branch);
  const edits = createEditSet();
  const { consequent } = branch;
  if (consequent.type === 'BlockStatement' && consequent.body.length === 1 && consequent.body[0] !== undefined)
    edits.replace(parsed, consequent, refusal.statement);
  else if (consequent.type === 'BlockStatement') {
    const last = consequent.body.at(-1);
    if (last === undefined) return { refused: 'The branch is empty.' };
    edits.replace(parsed, last, refusal.statement);
  } else edits.replace(parsed, consequent, refusal.statement);
  addImports(context, edits, parsed, refusal.imports);
  return {
    title: `Answer as for a missing row in ${finding.entryPoint ?? finding.file}`,
    explanation: 'The two answers told anybody which ids exist; a row of another tenant is now simply not there.',
    edits: edits.edits(),
    basis: 'sibling',
  };
}

function distance(parsed: ParsedFile, node: { readonly start: number; readonly end: number }, line: number): number {
  const start = lineAt(parsed, node.start);
  const end = lineAt(parsed, node.end);
  return line >= start && line <= end ? 0 : Math.min(Math.abs(start - line), Math.abs(end - line));
}

function secretProperties(
  finding: Finding,
  context: FixContext,
  table: string,
  codeTable: CodeTable,
): readonly string[] {
  const columns = hintedColumns(finding);
  const known = ownerOf(context, table)?.secretColumns ?? [];
  return [...new Set([...columns, ...known])].flatMap(column => codeTable.properties.get(column) ?? []);
}

interface Narrowing {
  readonly codeTable: CodeTable;
  readonly secrets: readonly string[];
  readonly near: number;
}

function narrowFile(context: FixContext, edits: EditSet, parsed: ParsedFile, what: Narrowing): boolean {
  const sites = [...querySites(parsed)].sort(
    (left, right) => distance(parsed, left.node, what.near) - distance(parsed, right.node, what.near),
  );
  return sites.some(site => narrowSite(context, edits, parsed, site, what));
}

function narrowSite(
  context: FixContext,
  edits: EditSet,
  parsed: ParsedFile,
  site: QuerySite,
  what: Narrowing,
): boolean {
  if (site.kind === 'relational') {
    const isRoot = site.name === what.codeTable.name;
    if (isRoot)
      return narrowOptions(edits, parsed, site.argument ?? parsed.text.indexOf('(', site.node.callee.end) + 1, what);
    return includesOfTable(site.argument, relationNames(context.set, what.codeTable)).some(value =>
      narrowOptions(edits, parsed, value, what),
    );
  }
  if (site.kind !== 'drizzle' || !site.tables.some(each => meansTable(context, parsed, each, what.codeTable)))
    return false;
  const name = site.tables.find(each => meansTable(context, parsed, each, what.codeTable));
  const tableText = name === undefined ? what.codeTable.name : textOf(parsed, name);
  for (const method of ['select', 'selectDistinct', 'returning']) {
    const call = site.calls.get(method);
    if (call === undefined) continue;
    const argument = call.arguments[0];
    if (argument === undefined && site.tables.length === 1) {
      const shown = [...what.codeTable.properties.values()].filter(each => !what.secrets.includes(each));
      edits.insert(parsed, call.end - 1, columnList(parsed, endOfCallee(call), shown, tableText));
      return true;
    }
    if (argument?.type === 'ObjectExpression')
      return dropProperties(edits, parsed, argument, property =>
        mentionsSecret(parsed, property, tableText, what.secrets),
      );
  }
  return false;
}

function endOfCallee(call: { readonly callee: { readonly end: number } }): number {
  return call.callee.end;
}

function columnList(parsed: ParsedFile, at: number, shown: readonly string[], table: string): string {
  const oneLine = `{ ${shown.map(each => `${each}: ${table}.${each}`).join(', ')} }`;
  const indent = indentAt(parsed, at);
  if (oneLine.length + indent.length < 90) return oneLine;
  return `{\n${shown.map(each => `${indent}  ${each}: ${table}.${each},\n`).join('')}${indent}}`;
}

function mentionsSecret(parsed: ParsedFile, value: Expression, table: string, secrets: readonly string[]): boolean {
  return secrets.some(secret => textOf(parsed, value) === `${table}.${secret}`);
}

function dropProperties(
  edits: EditSet,
  parsed: ParsedFile,
  object: ObjectExpression,
  isSecret: (value: Expression) => boolean,
): boolean {
  let dropped = false;
  for (const [index, property] of object.properties.entries()) {
    if (property.type !== 'Property' || !isSecret(property.value)) continue;
    const next = object.properties[index + 1];
    const previous = object.properties[index - 1];
    edits.replace(
      parsed,
      next === undefined
        ? { start: previous?.end ?? property.start, end: property.end }
        : { start: property.start, end: next.start },
      '',
    );
    dropped = true;
  }
  return dropped;
}

// `columns: { keyHash: false }`, or the named ones without the secret.
function narrowOptions(
  edits: EditSet,
  parsed: ParsedFile,
  options: ObjectExpression | Expression | number,
  { secrets }: Narrowing,
): boolean {
  const excluded = `columns: { ${secrets.map(each => `${each}: false`).join(', ')} }`;
  if (typeof options === 'number') {
    edits.insert(parsed, options, `{ ${excluded} }`);
    return true;
  }
  if (options.type !== 'ObjectExpression') {
    edits.replace(parsed, options, `{ ${excluded} }`);
    return true;
  }
  const columns = propertyNode(options, 'columns');
  if (columns?.value.type === 'ObjectExpression') {
    const { value } = columns;
    return value.properties
      .filter(
        property =>
          property.type === 'Property' &&
          secrets.includes(keyName(property.key) ?? '') &&
          textOf(parsed, property.value) === 'true',
      )
      .map(property =>
        dropProperties(edits, parsed, value, each => property.type === 'Property' && each === property.value),
      )
      .some(Boolean);
  }
  const [first] = options.properties;
  if (first === undefined) edits.replace(parsed, options, `{ ${excluded} }`);
  else
    edits.insert(
      parsed,
      first.start,
      `${excluded},${lineAt(parsed, first.start) === lineAt(parsed, options.start) ? ' ' : `\n${indentAt(parsed, first.start)}`}`,
    );
  return true;
}

function includesOfTable(options: ObjectExpression | undefined, names: ReadonlySet<string>): readonly Expression[] {
  const included = options === undefined ? undefined : propertyNode(options, 'with')?.value;
  if (included?.type !== 'ObjectExpression') return [];
  return included.properties.flatMap(property => {
    if (property.type !== 'Property') return [];
    const own = names.has(keyName(property.key) ?? '') ? [property.value] : [];
    return [...own, ...(property.value.type === 'ObjectExpression' ? includesOfTable(property.value, names) : [])];
  });
}

// A component that takes whole rows takes rows without the secrets now.
function narrowTypes(
  context: FixContext,
  edits: EditSet,
  file: string,
  codeTable: CodeTable,
  secrets: readonly string[],
): void {
  const parsed = context.set.parsed(file);
  if (parsed === undefined) return;
  const targets = parsed.program.body.flatMap(statement =>
    statement.type === 'ImportDeclaration' ? (context.set.resolve(file, statement.source.value) ?? []) : [],
  );
  for (const target of new Set(targets)) {
    const other = context.set.parsed(target);
    if (other === undefined || target === codeTable.file || !/\.[jt]sx$/.test(target)) continue;
    for (const node of findAll(other.program, each => each.type === 'TSTypeQuery')) {
      const text = textOf(other, node);
      const name = /^typeof (\w+)\.\$inferSelect$/.exec(text)?.[1];
      const declaration = name === undefined ? undefined : context.set.declarationOf(target, name);
      if (declaration?.kind !== 'local' || declaration.name !== codeTable.name) continue;
      const inParentheses = other.text[node.start - 1] === '(' && other.text[node.end] === ')';
      const span = inParentheses ? { start: node.start - 1, end: node.end + 1 } : node;
      edits.replace(other, span, `Omit<${text}, ${secrets.map(each => `'${each}'`).join(' | ')}>`);
    }
  }
}
