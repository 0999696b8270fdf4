import type { Expression, Node } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import type { EntryPoint } from '../../core/path.ts';
import type { JudgedPath } from '../../checks/check.ts';
import { codeTableOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { callerAt, isSessionValue } from '../idioms/caller.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import { isMethod, nameOfFunction } from '../idioms/session.ts';
import type { Wanted } from '../idioms/session.ts';
import { bindingOf, callsOf, originOf } from '../source/bindings.ts';
import { propertyOf } from '../source/code-tables.ts';
import { createEditSet } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import {
  ancestors,
  calleeName,
  findAll,
  functionsAround,
  isCall,
  lineAt,
  memberChain,
  stringValue,
} from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { propertyNode } from '../source/query-site.ts';

interface Work {
  readonly context: FixContext;
  readonly edits: EditSet;
  readonly entry: EntryPoint;
  readonly wanted: Wanted;
  readonly name: string;
}

const callDepth = 4;

/** Gives a helper that scopes by its argument the caller's own tenant, where an entry point passes what the client sent. */
export function fillArgument(finding: Finding, context: FixContext): Draft | Refused {
  const edits = createEditSet();
  let filled = 0;
  for (const path of pathsOf(finding, context)) {
    const ownership = ownershipOf(context, path.sink.table);
    const parsed = context.set.parsed(path.sink.file);
    if (ownership === undefined || parsed === undefined) continue;
    const work: Work = {
      context,
      edits,
      entry: path.entryPoint,
      wanted: ownership.wanted,
      name: ownership.hops[0].column,
    };
    for (const expression of scopingValues(context, parsed, path)) if (fill(work, parsed, expression, 0)) filled += 1;
  }
  if (filled === 0) return { refused: 'The value that scopes the query is not passed in from an entry point.' };
  return {
    title: `Take the tenant in ${finding.entryPoint ?? finding.file} from the session`,
    explanation: 'The query is scoped by a value that the client sent; it is now the one that the session names.',
    edits: edits.edits(),
    basis: 'sibling',
  };
}

// What stands against the owner's column in the query, and what a scoped client around it was opened with.
function scopingValues(context: FixContext, parsed: ParsedFile, path: JudgedPath): readonly Expression[] {
  const table = codeTableOf(context, path.sink.table);
  const ownership = ownershipOf(context, path.sink.table);
  const columns = new Set(ownership?.hops.map(hop => hop.column));
  const properties = new Set(
    [...columns].flatMap(column => [column, ...(table === undefined ? [] : [propertyOf(table, column) ?? column])]),
  );
  const within = (node: Node) =>
    lineAt(parsed, node.end) >= path.sink.line &&
    lineAt(parsed, node.start) <= (path.sink.endLine ?? path.sink.line + 12);
  const found: Expression[] = [];
  for (const call of findAll(parsed.program, isCall)) {
    if (!within(call) || calleeName(call) !== 'eq') continue;
    const [left, right] = call.arguments;
    if (left === undefined || right === undefined || left.type === 'SpreadElement' || right.type === 'SpreadElement')
      continue;
    const name = stringValue(left) ?? memberChain(left)?.names.at(-1);
    if (name !== undefined && properties.has(name)) found.push(right);
  }
  for (const template of findAll(parsed.program, node => node.type === 'TaggedTemplateExpression')) {
    if (!within(template)) continue;
    for (const [index, quasi] of template.quasi.quasis.entries()) {
      const expression = template.quasi.expressions[index];
      if (
        expression !== undefined &&
        [...columns].some(column => new RegExp(`\\b${column}"?\\s*=\\s*$`, 'i').test(quasi.value.raw))
      )
        found.push(expression);
    }
  }
  if (path.model.client.settings.some(setting => setting.value.kind === 'client'))
    found.push(...scopeArguments(parsed, path));
  return found;
}

// `forAccount(id, tx => …)`: the plain arguments beside the callback that holds the query.
function scopeArguments(parsed: ParsedFile, path: JudgedPath): readonly Expression[] {
  const calls = findAll(parsed.program, isCall).filter(
    call => lineAt(parsed, call.start) <= path.sink.line && lineAt(parsed, call.end) >= path.sink.line,
  );
  return calls.flatMap(call => {
    const callback = call.arguments.find(
      each => each.type === 'ArrowFunctionExpression' || each.type === 'FunctionExpression',
    );
    if (callback === undefined || lineAt(parsed, callback.end) < path.sink.line) return [];
    return call.arguments.flatMap(each =>
      each.type === 'Identifier' || each.type === 'MemberExpression' ? [each] : [],
    );
  });
}

function fill(work: Work, parsed: ParsedFile, expression: Expression, depth: number): boolean {
  const { context, wanted } = work;
  if (isSessionValue(context, parsed, expression, wanted, 0)) return false;
  const origin = originOf(parsed, expression);
  if (origin.kind === 'parameter' && !isInEntry(work, parsed, expression)) {
    const name = nameOfFunction(parsed, origin.function);
    if (name === undefined || depth >= callDepth) return false;
    const calls = callsOf(context.set, { file: parsed.file, name, isMethod: isMethod(parsed, origin.function) });
    let filled = false;
    for (const site of calls) {
      const argument = site.call.arguments[origin.index];
      if (argument === undefined || argument.type === 'SpreadElement') continue;
      const [first] = origin.path;
      const property =
        first === undefined || argument.type !== 'ObjectExpression' ? undefined : propertyNode(argument, first);
      if (first !== undefined && property === undefined) continue;
      const leadsThere =
        site.parsed.file !== work.entry.file
          ? originOf(site.parsed, property?.value ?? argument).kind === 'parameter'
          : isInEntry(work, site.parsed, site.call);
      if (leadsThere && fill(work, site.parsed, property?.value ?? argument, depth + 1)) filled = true;
    }
    return filled;
  }
  return isInEntry(work, parsed, expression) && replaceValue(work, parsed, expression);
}

function isInEntry({ entry }: Work, parsed: ParsedFile, node: Node): boolean {
  if (parsed.file !== entry.file) return false;
  const outermost = functionsAround(parsed, node).at(-1);
  const top = ancestors(parsed, node).at(-2);
  if (outermost === undefined || top === undefined) return false;
  return lineAt(parsed, top.start) <= entry.line && lineAt(parsed, top.end) >= entry.line;
}

function replaceValue(work: Work, parsed: ParsedFile, expression: Expression): boolean {
  const { context, edits, wanted, name } = work;
  const value = callerAt(context, edits, { parsed, node: expression }, { wanted, name });
  if (value === undefined) return false;
  const declared = soleUse(parsed, expression);
  const parent = parsed.parentOf(expression);
  if (declared !== undefined && declared.start > valueEnd(parsed, value.text, expression))
    edits.replace(parsed, declared, value.text);
  else if (parent?.type === 'Property' && parent.shorthand)
    edits.replace(parsed, parent, `${expression.type === 'Identifier' ? expression.name : name}: ${value.text}`);
  else edits.replace(parsed, expression, value.text);
  return true;
}

// `const accountId = query.get('accountId') ?? …;` used once: its value is replaced, and the name stays.
function soleUse(parsed: ParsedFile, expression: Expression): Expression | undefined {
  if (expression.type !== 'Identifier') return undefined;
  const binding = bindingOf(parsed, expression, expression.name);
  if (binding.kind !== 'variable' || binding.path.length > 0 || binding.declarator.init === null) return undefined;
  const scope = functionsAround(parsed, expression).at(-1);
  const uses =
    scope === undefined
      ? []
      : findAll(scope, node => node.type === 'Identifier').filter(
          node => node.name === expression.name && node.start > binding.declarator.end,
        );
  return uses.length === 1 ? binding.declarator.init : undefined;
}

// The session has to be known where the name is declared.
function valueEnd(parsed: ParsedFile, text: string, expression: Expression): number {
  const root = text.split('.')[0] ?? text;
  const binding = bindingOf(parsed, expression, root);
  return binding.kind === 'variable' ? binding.declarator.end : 0;
}
