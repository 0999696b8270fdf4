import type { Node, Statement } from 'oxc-parser';
import { addImports } from '../context.ts';
import type { FixContext } from '../context.ts';
import { bindingOf, freeNames, parameterPattern, parameterType, patternPath } from '../source/bindings.ts';
import { styleOf } from '../source/edit-set.ts';
import type { EditSet, ImportNeed } from '../source/edit-set.ts';
import { calleeName, findAll, indentAt, isCall, isDirective, statementOf, textOf } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { entryKindOf } from './entry.ts';
import { refusalAt } from './refusal.ts';
import { boundNames, importsFor } from './session.ts';

/** A statement of a sibling, to be written into another function with everything that it needs. */
export interface Copy {
  readonly from: { readonly parsed: ParsedFile; readonly statement: Node };
  readonly to: { readonly parsed: ParsedFile; readonly entry: FunctionNode };
}

interface Plan {
  readonly lines: string[];
  readonly imports: ImportNeed[];
  /** Offset after which the copied statements go. */
  after: number;
}

const declarationDepth = 3;

/** Writes a sibling's statement into another entry point; the reason when something that it uses cannot be had there. */
export function copyStatement(context: FixContext, edits: EditSet, copy: Copy): string | undefined {
  const { parsed, entry } = copy.to;
  const { body } = entry;
  if (body?.type !== 'BlockStatement') return copyIntoExpression(context, edits, copy);
  const directive = body.body.filter(statement => isDirective(statement)).at(-1);
  const plan: Plan = { lines: [], imports: [], after: directive === undefined ? body.start + 1 : directive.end };
  const refused = planStatement(context, edits, copy, plan, 0);
  if (refused !== undefined) return refused;
  if (/\bawait\b/.test(plan.lines.join('\n')) && !entry.async) return `The function at ${parsed.file} is not async.`;
  const first = body.body.find(statement => !isDirective(statement));
  const indent = first === undefined ? `${indentAt(parsed, entry.start)}  ` : indentAt(parsed, first.start);
  const missing = plan.lines.filter(line => !parsed.text.slice(body.start, body.end).includes(line));
  if (missing.length === 0) return 'The guard stands there already.';
  const [only] = missing;
  const weaker =
    missing.length === 1 && only !== undefined && isBareCall(copy.from.statement)
      ? weakerGuard(context, parsed, entry)
      : undefined;
  if (weaker !== undefined && only !== undefined) {
    edits.replace(parsed, weaker, only, 'shared');
    addImports(context, edits, parsed, plan.imports);
    return undefined;
  }
  edits.insert(parsed, plan.after, missing.map(line => `\n${indent}${shifted(line, indent)}`).join(''), 'shared');
  addImports(context, edits, parsed, plan.imports);
  return undefined;
}

function isBareCall(statement: Node): boolean {
  return (
    statement.type === 'ExpressionStatement' &&
    statement.expression.type === 'AwaitExpression' &&
    isCall(statement.expression.argument)
  );
}

// `await requireViewer();` asks less than the guard that is copied; it gives way to it.
function weakerGuard(context: FixContext, parsed: ParsedFile, entry: FunctionNode): Node | undefined {
  if (entry.body?.type !== 'BlockStatement') return undefined;
  const first = entry.body.body.find(statement => !isDirective(statement));
  if (
    first?.type !== 'ExpressionStatement' ||
    first.expression.type !== 'AwaitExpression' ||
    !isCall(first.expression.argument)
  )
    return undefined;
  return context.sessions.asksWho(parsed, first.expression.argument) ? first : undefined;
}

// `async ({ member }) => respond(…)` becomes a function with a block first.
function copyIntoExpression(context: FixContext, edits: EditSet, copy: Copy): string | undefined {
  const { parsed, entry } = copy.to;
  const { body } = entry;
  if (entry.type !== 'ArrowFunctionExpression' || body === null || body.type === 'BlockStatement')
    return 'The function has no body.';
  const plan: Plan = { lines: [], imports: [], after: body.start };
  const refused = planStatement(context, edits, copy, plan, 0);
  if (refused !== undefined) return refused;
  const { end } = styleOf(parsed);
  const indent = indentAt(parsed, entry.start);
  edits.insert(
    parsed,
    body.start,
    `{\n${plan.lines.map(line => `${indent}  ${shifted(line, `${indent}  `)}\n`).join('')}${indent}  return `,
  );
  edits.insert(parsed, body.end, `${end}\n${indent}}`);
  addImports(context, edits, parsed, plan.imports);
  return undefined;
}

function planStatement(context: FixContext, edits: EditSet, copy: Copy, plan: Plan, depth: number): string | undefined {
  const { from, to } = copy;
  const parameterNames: (readonly [string, string])[] = [];
  const own = new Set(
    findAll(from.statement, each => each.type === 'VariableDeclarator').flatMap(each => boundNames(each.id)),
  );
  const parts = partsToCopy(copy);
  for (const name of new Set(parts.nodes.flatMap(node => freeNames(node)))) {
    if (own.has(name)) continue;
    const binding = bindingOf(from.parsed, from.statement, name);
    if (binding.kind === 'module') {
      const needs = importsFor(context.set, from.parsed, [identifierNode(from.statement, name) ?? from.statement]);
      const need = needs?.imports.find(each => each.name === name);
      if (need !== undefined) plan.imports.push(need);
      else if (needs === undefined) return `'${name}' is not exported.`;
      continue;
    }
    const present = bindingOf(to.parsed, firstStatement(to.entry) ?? to.entry, name);
    if (binding.kind === 'parameter') {
      const refused = bindParameter(
        context,
        edits,
        copy,
        { name, index: binding.index, path: binding.path, function: binding.function },
        parameterNames,
      );
      if (refused !== undefined) return refused;
      continue;
    }
    if (present.kind === 'variable') {
      const statement = statementOf(to.parsed, present.declarator);
      if (statement !== undefined) plan.after = Math.max(plan.after, statement.end);
      continue;
    }
    if (present.kind === 'parameter') continue;
    const declaration = statementOf(from.parsed, binding.declarator);
    if (declaration === undefined || depth >= declarationDepth) return `'${name}' cannot be had in ${to.parsed.file}.`;
    const refused = planStatement(
      context,
      edits,
      { from: { parsed: from.parsed, statement: declaration }, to },
      plan,
      depth + 1,
    );
    if (refused !== undefined) return refused;
  }
  const text = parameterNames.reduce(
    (current, [old, name]) => current.replace(new RegExp(`(?<![\\w$.])${old}(?![\\w$])`, 'g'), name),
    parts.text(context, edits),
  );
  if (!plan.lines.includes(text)) plan.lines.push(text);
  return undefined;
}

// Where the sibling is of another kind, only its question is copied; the answer is this kind's own.
function partsToCopy({ from, to }: Copy): {
  readonly nodes: readonly Node[];
  readonly text: (context: FixContext, edits: EditSet) => string;
} {
  const { statement } = from;
  const sameForm = entryKindOf(from.parsed, statement) === entryKindOf(to.parsed, firstStatement(to.entry) ?? to.entry);
  if (statement.type !== 'IfStatement' || (sameForm && !/return\s*\(?\s*</.test(textOf(from.parsed, statement)))) {
    return { nodes: [statement], text: () => textOf(from.parsed, statement) };
  }
  return {
    nodes: [statement.test],
    text: (context, edits) => {
      const refusal = refusalAt(context.set, to.parsed, firstStatement(to.entry) ?? to.entry);
      addImports(context, edits, to.parsed, refusal.imports);
      return `if (${textOf(from.parsed, statement.test)}) ${refusal.statement}`;
    },
  };
}

function bindParameter(
  context: FixContext,
  edits: EditSet,
  copy: Copy,
  parameter: {
    readonly name: string;
    readonly index: number;
    readonly path: readonly string[];
    readonly function: FunctionNode;
  },
  renamed: (readonly [string, string])[],
): string | undefined {
  const { parsed, entry } = copy.to;
  const target = entry.params[parameter.index];
  const pattern = target === undefined ? undefined : parameterPattern(target);
  const source = parameter.function.params[parameter.index];
  if (pattern === undefined) {
    if (parameter.path.length > 0 && !sameWrapper(copy, parameter.function))
      return `'${parameter.name}' cannot be had in ${parsed.file}.`;
    if (parameter.index !== entry.params.length || source === undefined)
      return `'${parameter.name}' is no parameter of ${parsed.file}.`;
    const text = parameter.path.length === 0 ? textOf(copy.from.parsed, source) : `{ ${parameter.name} }`;
    const type = parameterType(source);
    const declared = type === undefined ? undefined : importsForType(copy, type);
    if (declared !== undefined) addImports(context, edits, parsed, [declared]);
    const open = parsed.text.indexOf('(', entry.typeParameters?.end ?? entry.id?.end ?? entry.start) + 1;
    const last = entry.params.at(-1);
    edits.insert(parsed, last === undefined ? open : last.end, last === undefined ? text : `, ${text}`, 'shared');
    return undefined;
  }
  if (parameter.path.length === 0) {
    if (pattern.type !== 'Identifier') return `The parameters of ${parsed.file} are taken apart.`;
    if (pattern.name !== parameter.name) renamed.push([parameter.name, pattern.name]);
    return undefined;
  }
  const [first] = parameter.path;
  if (pattern.type !== 'ObjectPattern' || first === undefined || !sameWrapper(copy, parameter.function)) {
    return `'${parameter.name}' cannot be had in ${parsed.file}.`;
  }
  if (patternPath(pattern, parameter.name) !== undefined) return undefined;
  const last = pattern.properties.at(-1);
  if (last === undefined) edits.replace(parsed, pattern, `{ ${first} }`);
  else edits.insert(parsed, last.end, `, ${first}`, 'shared');
  return undefined;
}

function importsForType(copy: Copy, type: string): ImportNeed | undefined {
  for (const statement of copy.from.parsed.program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    if (statement.specifiers.some(each => each.local.name === type))
      return { name: type, from: statement.source.value };
  }
  return undefined;
}

function sameWrapper({ from, to }: Copy, source: FunctionNode): boolean {
  const theirs = from.parsed.parentOf(source);
  const ours = to.parsed.parentOf(to.entry);
  if (theirs === undefined || !isCall(theirs))
    return (
      (ours === undefined || !isCall(ours)) &&
      to.entry.params.length > 0 &&
      parameterTypeText(from.parsed, source) === parameterTypeText(to.parsed, to.entry)
    );
  return ours !== undefined && isCall(ours) && calleeName(theirs) === calleeName(ours);
}

function parameterTypeText(parsed: ParsedFile, node: FunctionNode): string {
  const [first] = node.params;
  return first === undefined ? '' : textOf(parsed, first).replace(/^[^:]*:/, '');
}

function firstStatement(entry: FunctionNode): Statement | undefined {
  const { body } = entry;
  if (body?.type !== 'BlockStatement') return undefined;
  return body.body.filter((statement): statement is Statement => !isDirective(statement)).at(-1);
}

function identifierNode(node: Node, name: string): Node | undefined {
  return findAll(node, each => each.type === 'Identifier').find(each => each.name === name);
}

function shifted(text: string, indent: string): string {
  const [first = '', ...rest] = text.split('\n');
  const last = rest.at(-1);
  const old = last === undefined ? '' : (/^[ \t]*/.exec(last)?.[0] ?? '');
  return [first, ...rest.map(line => (line.startsWith(old) ? indent + line.slice(old.length) : line))].join('\n');
}
