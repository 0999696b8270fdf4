import type { CallExpression, Expression } from 'oxc-parser';
import { calleeName, findAll, isCall, keyName, memberChain, stringValue } from './parsed-file.ts';
import type { ParsedFile } from './parsed-file.ts';
import type { SourceSet } from './source-set.ts';

/** A table as the code names it: a Drizzle table object and its columns' properties. */
export interface CodeTable {
  /** SQL name, with the schema unless it is `public`. */
  readonly table: string;
  readonly file: string;
  /** The exported name. */
  readonly name: string;
  /** Property by SQL column. */
  readonly properties: ReadonlyMap<string, string>;
}

const tableCalls = new Set(['pgTable', 'pgTableCreator', 'table']);

/** Every Drizzle table that the app declares. */
export function readCodeTables(sources: SourceSet): readonly CodeTable[] {
  return sources.files.flatMap(file => {
    const text = sources.read(file);
    if (text === undefined || !/pgTable|pgSchema|\.table\(/.test(text)) return [];
    const parsed = sources.parsed(file);
    return parsed === undefined ? [] : tablesOf(parsed);
  });
}

/** The property of a column, as `notes.accountId` needs it. */
export function propertyOf(table: CodeTable, column: string): string | undefined {
  return table.properties.get(column);
}

/** The names by which a table's rows are included: its own, and those of relations to it (`accounts: many(account)`). */
export function relationNames(sources: SourceSet, table: CodeTable): ReadonlySet<string> {
  const names = new Set([table.name]);
  for (const file of sources.files) {
    const text = sources.read(file) ?? '';
    if (!text.includes('relations(')) continue;
    for (const match of text.matchAll(/(\w+):\s*(?:many|one)\(\s*(\w+)/g))
      if (match[2] === table.name && match[1] !== undefined) names.add(match[1]);
  }
  return names;
}

function tablesOf(parsed: ParsedFile): readonly CodeTable[] {
  const found: CodeTable[] = [];
  for (const call of findAll(parsed.program, isCall)) {
    const name = calleeName(call);
    if (name === undefined || !tableCalls.has(name)) continue;
    const table = stringValue(call.arguments[0]);
    const columns = call.arguments[1];
    const declarator = parsed.parentOf(call);
    if (table === undefined || columns?.type !== 'ObjectExpression') continue;
    if (declarator?.type !== 'VariableDeclarator' || declarator.id.type !== 'Identifier') continue;
    const properties = new Map<string, string>();
    for (const property of columns.properties) {
      if (property.type !== 'Property') continue;
      const key = keyName(property.key);
      if (key === undefined) continue;
      const column = columnName(parsed, property.value) ?? snakeCase(key);
      properties.set(column, key);
    }
    found.push({ table: schemaOf(parsed, call) + table, file: parsed.file, name: declarator.id.name, properties });
  }
  return found;
}

// `text('account_id').notNull()` names its column; `accountId()` may be a function of this file that does.
function columnName(parsed: ParsedFile, value: Expression): string | undefined {
  let at: Expression = value;
  while (at.type === 'CallExpression') {
    const callee: Expression = at.callee;
    if (callee.type === 'MemberExpression') {
      at = callee.object;
      continue;
    }
    const direct = stringValue(at.arguments[0]);
    if (direct !== undefined || callee.type !== 'Identifier') return direct;
    return columnOfFactory(parsed, callee.name);
  }
  return undefined;
}

function columnOfFactory(parsed: ParsedFile, name: string): string | undefined {
  for (const statement of parsed.program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration') continue;
    for (const each of declaration.declarations) {
      if (each.id.type !== 'Identifier' || each.id.name !== name || each.init?.type !== 'ArrowFunctionExpression')
        continue;
      if (each.init.body.type !== 'BlockStatement') return columnName(parsed, each.init.body);
    }
  }
  return undefined;
}

function schemaOf(parsed: ParsedFile, call: CallExpression): string {
  const chain = memberChain(call.callee);
  if (chain === undefined || chain.names.length === 0 || chain.root.type !== 'Identifier') return '';
  const root = chain.root.name;
  for (const each of findAll(parsed.program, node => node.type === 'VariableDeclarator')) {
    if (each.id.type !== 'Identifier' || each.id.name !== root || each.init?.type !== 'CallExpression') continue;
    if (calleeName(each.init) === 'pgSchema') return `${stringValue(each.init.arguments[0]) ?? ''}.`;
  }
  return '';
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
