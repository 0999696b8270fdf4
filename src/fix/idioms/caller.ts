import type { CallExpression, Node } from 'oxc-parser';
import { addImports } from '../context.ts';
import type { FixContext } from '../context.ts';
import { callsOf, originOf, parameterPattern, parameterType, patternPath } from '../source/bindings.ts';
import type { CallSite } from '../source/bindings.ts';
import { styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import {
  ancestors,
  calleeName,
  functionsAround,
  indentAt,
  isCall,
  isDirective,
  textOf,
  walk,
} from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { propertyNode } from '../source/query-site.ts';
import { entryFunctionAround, entryKindOf, isServerFunction } from './entry.ts';
import type { EntryForm } from './entry.ts';
import { boundNames, isMethod, mayBeEmpty, nameOfFunction, parameterName, valueText } from './session.ts';
import type { SessionSnippet, Wanted } from './session.ts';
import { isRenderedAhead, makeDynamic } from './rendering.ts';
import { stopWhenEmpty } from './stop-when-empty.ts';

/** Code that evaluates to the caller's tenant or user at a place; what has to be added for it is in the edits already. */
export interface CallerValue {
  readonly text: string;
  /** The library leaves it empty for a session without a tenant; a question before its use was added. */
  readonly mayBeEmpty?: true;
}

/** How a value is looked for. */
export interface CallerQuestion {
  readonly wanted: Wanted;
  /** The name a new parameter gets: the tenant column's property. */
  readonly name: string;
}

const callDepth = 4;

/**
 * The expression by which the code at `node` can say who is asking, found as its siblings find it: a variable in scope,
 * the handler's wrapper, a parameter that carries the session, the look-up at the head of an entry point, or a new
 * parameter that every caller fills.
 */
export function callerAt(
  context: FixContext,
  edits: EditSet,
  at: { readonly parsed: ParsedFile; readonly node: Node },
  question: CallerQuestion,
  depth = 0,
): CallerValue | undefined {
  const value =
    inScope(context, at, question) ??
    fromWrapper(context, edits, at, question) ??
    fromTypedParameter(context, edits, at, question) ??
    fromHead(context, edits, at, question) ??
    (depth < callDepth ? fromParameter(context, edits, at, question, depth) : undefined);
  if (value?.mayBeEmpty === true) stopWhenEmpty(context, edits, at, value.text);
  return value;
}

type At = { readonly parsed: ParsedFile; readonly node: Node };

function inScope(context: FixContext, { parsed, node }: At, { wanted }: CallerQuestion): CallerValue | undefined {
  const found: CallerValue[] = [];
  for (const scope of ancestors(parsed, node)) {
    if (scope.type === 'BlockStatement') {
      for (const statement of scope.body) {
        if (statement.start >= node.start || statement.type !== 'VariableDeclaration') continue;
        for (const declarator of statement.declarations) {
          for (const name of boundNames(declarator.id)) {
            const value = sessionText(context, parsed, {
              declarator: declarator.id,
              init: declarator.init,
              name,
              wanted,
            });
            if (value !== undefined) found.push(value);
          }
        }
      }
    }
    // What an inline action closes over travels to the browser and back.
    if (isServerFunction(scope)) break;
  }
  const sure = found.filter(value => value.mayBeEmpty === undefined);
  return [...(sure.length > 0 ? sure : found)].sort((left, right) => left.text.length - right.text.length)[0];
}

function sessionText(
  context: FixContext,
  parsed: ParsedFile,
  variable: {
    readonly declarator: Node;
    readonly init: import('oxc-parser').Expression | null;
    readonly name: string;
    readonly wanted: Wanted;
  },
): CallerValue | undefined {
  if (variable.init === null) return undefined;
  const origin = originOf(parsed, variable.init);
  if (origin.kind !== 'call') return undefined;
  const full = context.sessions.pathIn(origin.parsed, origin.call, variable.wanted);
  if (full === undefined || !startsWith(full, origin.path)) return undefined;
  const text = valueText(variable.declarator, full.slice(origin.path.length));
  if (text === undefined) return undefined;
  return mayBeEmpty(full) ? { text, mayBeEmpty: true } : { text };
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, index) => path[index] === name);
}

function fromWrapper(
  context: FixContext,
  edits: EditSet,
  { parsed, node }: At,
  { wanted }: CallerQuestion,
): CallerValue | undefined {
  for (const around of functionsAround(parsed, node)) {
    const outer = parsed.parentOf(around);
    if (outer === undefined || !isCall(outer)) continue;
    const wrapper = context.sessions.wrappers.find(each => each.wanted === wanted && each.name === calleeName(outer));
    if (wrapper === undefined) continue;
    const parameter = around.params[wrapper.index];
    if (parameter === undefined) return insertParameter(edits, parsed, around, wrapper.path);
    const pattern = parameterPattern(parameter);
    const direct = valueText(pattern, wrapper.path);
    if (direct !== undefined) return { text: direct };
    const [first] = wrapper.path;
    if (pattern.type === 'ObjectPattern' && first !== undefined && patternPath(pattern, first) === undefined) {
      const last = pattern.properties.at(-1);
      if (last === undefined) edits.replace(parsed, pattern, `{ ${first} }`);
      else edits.insert(parsed, last.end, `, ${first}`, 'shared');
      return { text: wrapper.path.join('.') };
    }
  }
  return undefined;
}

function insertParameter(
  edits: EditSet,
  parsed: ParsedFile,
  around: FunctionNode,
  path: readonly string[],
): CallerValue | undefined {
  const [first] = path;
  const open = parsed.text.indexOf('(', around.start);
  if (first === undefined || parsed.text[open + 1] !== ')') return undefined;
  edits.insert(parsed, open + 1, `{ ${first} }`, 'shared');
  return { text: path.join('.') };
}

function fromTypedParameter(
  context: FixContext,
  edits: EditSet,
  { parsed, node }: At,
  { wanted, name }: CallerQuestion,
): CallerValue | undefined {
  for (const around of functionsAround(parsed, node)) {
    for (const [index, parameter] of around.params.entries()) {
      const type = parameterType(parameter);
      const path = type === undefined ? undefined : context.sessions.types.get(type)?.[wanted];
      const pattern = parameterPattern(parameter);
      const text = path === undefined ? undefined : valueText(pattern, path);
      if (text !== undefined && !isServerFunction(around)) return { text };
      if (
        pattern.type === 'Identifier' &&
        pattern.name === name &&
        isFilledFromSession(context, parsed, around, { index, path: [] }, wanted)
      )
        return { text: name };
      if (
        pattern.type === 'ObjectPattern' &&
        isFilledFromSession(context, parsed, around, { index, path: [name] }, wanted)
      ) {
        const last = pattern.properties.find(property => property.type === 'Property');
        if (patternPath(pattern, name) === undefined && last !== undefined)
          edits.insert(parsed, last.start, `${name}, `, 'shared');
        return { text: valueText(pattern, [name]) ?? name };
      }
    }
    if (isServerFunction(around)) return undefined;
  }
  return undefined;
}

// A helper that has the tenant as an argument already: right when callers fill it from the session.
function isFilledFromSession(
  context: FixContext,
  parsed: ParsedFile,
  around: FunctionNode,
  at: { readonly index: number; readonly path: readonly string[] },
  wanted: Wanted,
): boolean {
  if (entryFunctionAround(parsed, around.body ?? around) === around) return false;
  const name = nameOfFunction(parsed, around);
  if (name === undefined) return false;
  const calls = callsOf(context.set, { file: parsed.file, name, isMethod: isMethod(parsed, around) });
  return (
    calls.length > 0 &&
    calls.every(({ parsed: caller, call }) => {
      const argument = call.arguments[at.index];
      if (argument === undefined || argument.type === 'SpreadElement') return false;
      const [first] = at.path;
      if (first === undefined) return isSessionValue(context, caller, argument, wanted, 0);
      const property = argument.type === 'ObjectExpression' ? propertyNode(argument, first) : undefined;
      return property !== undefined && isSessionValue(context, caller, property.value, wanted, 0);
    })
  );
}

/** Whether an expression is the caller's own tenant or user, as far as names lead. */
export function isSessionValue(
  context: FixContext,
  parsed: ParsedFile,
  expression: import('oxc-parser').Expression,
  wanted: Wanted,
  depth: number,
): boolean {
  const origin = originOf(parsed, expression);
  if (origin.kind === 'call') {
    const full = context.sessions.pathIn(origin.parsed, origin.call, wanted);
    return full !== undefined && full.join('.') === origin.path.join('.');
  }
  if (origin.kind !== 'parameter' || depth > 2) return false;
  const outer = parsed.parentOf(origin.function);
  if (outer !== undefined && isCall(outer)) {
    return context.sessions.wrappers.some(
      each =>
        each.wanted === wanted && each.name === calleeName(outer) && each.path.join('.') === origin.path.join('.'),
    );
  }
  const parameter = origin.function.params[origin.index];
  const type = parameter === undefined ? undefined : parameterType(parameter);
  if (type !== undefined && context.sessions.types.get(type)?.[wanted]?.join('.') === origin.path.join('.'))
    return true;
  return origin.path.length <= 1 && isFilledFromSession(context, parsed, origin.function, origin, wanted);
}

const forms: Readonly<Record<EntryForm, readonly EntryForm[]>> = {
  route: ['route', 'action', 'page'],
  page: ['page', 'layout', 'action'],
  layout: ['layout', 'page', 'action'],
  action: ['action', 'page', 'layout', 'route'],
  api: ['api'],
  helper: [],
};

function fromHead(
  context: FixContext,
  edits: EditSet,
  { parsed, node }: At,
  { wanted }: CallerQuestion,
): CallerValue | undefined {
  const entry = entryFunctionAround(parsed, node);
  if (entry === undefined || entry.body?.type !== 'BlockStatement') return undefined;
  const snippet = snippetFor(context, parsed, node, wanted);
  if (snippet === undefined) return undefined;
  const value = insertHead(context, edits, { parsed, entry }, snippet);
  return value !== undefined && mayBeEmpty(value.text.split('.')) ? { ...value, mayBeEmpty: true } : value;
}

/** The look-up of the session that siblings of this kind of entry point write. */
export function snippetFor(
  context: FixContext,
  parsed: ParsedFile,
  node: Node,
  wanted: Wanted,
): SessionSnippet | undefined {
  for (const form of forms[entryKindOf(parsed, node)]) {
    const fitting = context.sessions.snippets.filter(each => each.wanted === wanted && each.form === form);
    // A page's guard (`redirect`) is right in an action; a route's (`return …401`) is right in routes only.
    const usable = fitting.filter(each => form === entryKindOf(parsed, node) || each.guard === undefined);
    const same = usable.find(each => each.file === parsed.file) ?? usable[0];
    if (same !== undefined) return same;
  }
  return undefined;
}

/** Writes the look-up of the session at the head of an entry point. */
export function insertHead(
  context: FixContext,
  edits: EditSet,
  at: { readonly parsed: ParsedFile; readonly entry: FunctionNode },
  snippet: SessionSnippet,
): CallerValue | undefined {
  const { parsed, entry } = at;
  const { body } = entry;
  if (body?.type !== 'BlockStatement' || !entry.async) return undefined;
  const renamed = renaming(entry, snippet);
  if (renamed === undefined) return undefined;
  const free = uniqueNames(parsed, entry, snippet.binds);
  const rename = (text: string) =>
    [...renamed, ...free].reduce((current, [from, to]) => replaceWord(current, from, to), text);
  const directive = body.body.filter(statement => isDirective(statement)).at(-1);
  const bare = body.body.find(
    statement => statement.type === 'ExpressionStatement' && isInitOf(snippet.statement, textOf(parsed, statement)),
  );
  const first = body.body.find(statement => !isDirective(statement));
  const indent = first === undefined ? `${indentAt(parsed, entry.start)}  ` : indentAt(parsed, first.start);
  const lines = [snippet.statement, ...(snippet.guard === undefined ? [] : [snippet.guard])].map(line =>
    rename(reindent(line, indent)),
  );
  const offset = directive === undefined ? body.start + 1 : directive.end;
  if (isRenderedAhead(parsed)) makeDynamic(edits, parsed);
  addImports(context, edits, parsed, snippet.imports);
  if (bare !== undefined && snippet.guard === undefined) {
    const [declaration = ''] = lines;
    edits.insert(parsed, bare.start, declaration.slice(0, declaration.indexOf('=') + 2), 'shared');
    return { text: rename(snippet.value) };
  }
  edits.insert(parsed, offset, lines.map(line => `\n${indent}${withStyle(parsed, line)}`).join(''), 'shared');
  return { text: rename(snippet.value) };
}

// `await requireViewer();` stands there already, only its answer is not kept.
function isInitOf(declaration: string, statement: string): boolean {
  const init = declaration.slice(declaration.indexOf('=') + 1);
  return init.replace(/[;\s]/g, '') === statement.replace(/[;\s]/g, '');
}

function withStyle(parsed: ParsedFile, line: string): string {
  return styleOf(parsed).end === '' ? line.replace(/;$/, '') : line;
}

// The sibling's `request` is this function's parameter at the same position, whatever it is called here.
function renaming(entry: FunctionNode, snippet: SessionSnippet): readonly (readonly [string, string])[] | undefined {
  const pairs: (readonly [string, string])[] = [];
  for (const [name, index] of snippet.parameters) {
    const own = parameterName(entry, index);
    if (own === undefined) return undefined;
    if (own !== name) pairs.push([name, own]);
  }
  return pairs;
}

function uniqueNames(
  parsed: ParsedFile,
  entry: FunctionNode,
  binds: readonly string[],
): readonly (readonly [string, string])[] {
  const used = new Set<string>();
  walk(entry, each => {
    if (each.type === 'Identifier') used.add(each.name);
  });
  for (const statement of parsed.program.body) {
    if (statement.type === 'ImportDeclaration')
      for (const specifier of statement.specifiers) used.add(specifier.local.name);
  }
  return binds.flatMap(name => {
    if (!used.has(name)) return [];
    const other = [
      `current${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      `caller${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    ].find(each => !used.has(each));
    return other === undefined ? [] : [[name, other] as const];
  });
}

function replaceWord(text: string, from: string, to: string): string {
  return text.replace(new RegExp(`(?<![\\w$.])${from}(?![\\w$])`, 'g'), to);
}

function reindent(text: string, indent: string): string {
  const [first = '', ...rest] = text.split('\n');
  const old = rest.length === 0 ? '' : (/^[ \t]*/.exec(rest.at(-1) ?? '')?.[0] ?? '');
  return [first, ...rest.map(line => (line.startsWith(old) ? indent + line.slice(old.length) : line))].join('\n');
}

function fromParameter(
  context: FixContext,
  edits: EditSet,
  { parsed, node }: At,
  question: CallerQuestion,
  depth: number,
): CallerValue | undefined {
  const around = functionsAround(parsed, node).find(
    each => nameOfFunction(parsed, each) !== undefined && isCallable(parsed, each),
  );
  const name = around === undefined ? undefined : nameOfFunction(parsed, around);
  if (around === undefined || name === undefined || entryFunctionAround(parsed, node) === around) return undefined;
  const known = around.params.findIndex(parameter => boundNames(parameterPattern(parameter)).includes(question.name));
  const calls = callsOf(context.set, { file: parsed.file, name, isMethod: isMethod(parsed, around) });
  if (
    calls.length === 0 ||
    calls.some(({ call }) => call.arguments.some(argument => argument.type === 'SpreadElement'))
  )
    return undefined;
  if (known !== -1) return undefined;
  const index = positionForParameter(around);
  if (calls.some(({ call }) => call.arguments.length < index)) return undefined;
  for (const site of calls) {
    const value = callerAt(context, edits, { parsed: site.parsed, node: site.call }, question, depth + 1);
    if (value === undefined) return undefined;
    insertArgument(edits, site, index, value.text);
  }
  addParameter(edits, parsed, around, index, `${question.name}: string`);
  return { text: question.name };
}

function isCallable(parsed: ParsedFile, node: FunctionNode): boolean {
  const parent = parsed.parentOf(node);
  if (parent?.type === 'Property') return false;
  return node.body !== null;
}

// Required parameters stand before optional ones.
function positionForParameter(node: FunctionNode): number {
  const optional = node.params.findIndex(
    parameter =>
      parameter.type === 'AssignmentPattern' ||
      parameter.type === 'RestElement' ||
      (parameter.type === 'Identifier' && Boolean(parameter.optional)),
  );
  return optional === -1 ? node.params.length : optional;
}

function insertArgument(edits: EditSet, { parsed, call }: CallSite, index: number, text: string): void {
  const next = call.arguments[index];
  const last = call.arguments.at(-1);
  if (next !== undefined) edits.insert(parsed, next.start, `${text}, `, 'shared');
  else if (last !== undefined) edits.insert(parsed, last.end, `, ${text}`, 'shared');
  else edits.insert(parsed, openingParenthesis(parsed, call), text, 'shared');
}

function openingParenthesis(parsed: ParsedFile, call: CallExpression): number {
  return parsed.text.indexOf('(', call.typeArguments?.end ?? call.callee.end) + 1;
}

function addParameter(edits: EditSet, parsed: ParsedFile, node: FunctionNode, index: number, text: string): void {
  const next = node.params[index];
  const last = node.params.at(-1);
  if (next !== undefined) edits.insert(parsed, next.start, `${text}, `, 'shared');
  else if (last !== undefined) edits.insert(parsed, endOfParameter(parsed, last), `, ${text}`, 'shared');
  else edits.insert(parsed, openOfParameters(parsed, node), text, 'shared');
}

function endOfParameter(parsed: ParsedFile, parameter: FunctionNode['params'][number]): number {
  const annotation = 'typeAnnotation' in parameter ? parameter.typeAnnotation : undefined;
  return Math.max(parameter.end, annotation?.end ?? 0, textOf(parsed, parameter).length + parameter.start);
}

function openOfParameters(parsed: ParsedFile, node: FunctionNode): number {
  return parsed.text.indexOf('(', node.typeParameters?.end ?? node.id?.end ?? node.start) + 1;
}
