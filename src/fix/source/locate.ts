import type { CallExpression, Node } from 'oxc-parser';
import type { EntryPoint } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import { findAll, functionsAround, isCall, isFunction, lineAt } from './parsed-file.ts';
import type { FunctionNode, ParsedFile } from './parsed-file.ts';
import type { SourceSet } from './source-set.ts';
import { topLevelFunctions } from './source-set.ts';

/** The innermost statement that begins on a line, or that holds it. */
export function statementAt(parsed: ParsedFile, line: number): Node | undefined {
  const statements = findAll(parsed.program, isStatement).filter(
    node => lineAt(parsed, node.start) <= line && lineAt(parsed, node.end) >= line,
  );
  const beginning = statements.filter(node => lineAt(parsed, node.start) === line);
  const candidates = beginning.length > 0 ? beginning : statements;
  return beginning.length > 0 ? candidates[0] : candidates.at(-1);
}

/** The calls that begin on a line, outermost first. */
export function callsAt(parsed: ParsedFile, place: Place): readonly CallExpression[] {
  const last = place.endLine ?? place.line;
  return findAll(parsed.program, isCall).filter(
    call => lineAt(parsed, call.start) >= place.line && lineAt(parsed, call.start) <= last,
  );
}

/** The function that an entry point runs. */
export function entryFunction(
  sources: SourceSet,
  entry: Pick<EntryPoint, 'file' | 'line' | 'symbol'>,
): { readonly parsed: ParsedFile; readonly entry: FunctionNode } | undefined {
  const parsed = sources.parsed(entry.file);
  if (parsed === undefined) return undefined;
  const named = topLevelFunctions(parsed).get(entry.symbol);
  if (named !== undefined) return { parsed, entry: named };
  const byLine = findAll(parsed.program, isFunction).filter(
    node => lineAt(parsed, node.start) <= entry.line && lineAt(parsed, node.end) >= entry.line,
  );
  const exported = byLine.find(node => functionsAround(parsed, node).length === 0);
  const inner = byLine.filter(node => lineAt(parsed, node.start) === entry.line).at(-1);
  const fallback = entry.symbol === 'default' ? defaultFunction(parsed) : undefined;
  const found = fallback ?? inner ?? exported;
  return found === undefined ? undefined : { parsed, entry: found };
}

function defaultFunction(parsed: ParsedFile): FunctionNode | undefined {
  for (const statement of parsed.program.body) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = statement.declaration;
    if (isFunction(value)) return value;
    if (value.type === 'Identifier') return topLevelFunctions(parsed).get(value.name);
    return findAll(value, isFunction)[0];
  }
  return undefined;
}

function isStatement(node: Node): node is Node {
  return /Statement$|^VariableDeclaration$/.test(node.type) && node.type !== 'BlockStatement';
}
