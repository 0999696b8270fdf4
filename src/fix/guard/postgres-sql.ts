import type { CallExpression, Expression, Node, TaggedTemplateExpression } from 'oxc-parser';
import { ancestors, findAll, isCall, isFunction, memberChain } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { bindingOf } from '../source/bindings.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';
import { referencesOf } from './references.ts';
import type { Reference, Variable } from './references.ts';

/** How a promise of rows is used: thrown away, awaited, or passed on. */
export type Use = 'statement' | 'await' | 'promise';

/** What an app does with a client of postgres.js by itself, beside giving it to an ORM. */
export type RawUse =
  | { readonly kind: 'query'; readonly parsed: ParsedFile; readonly node: TaggedTemplateExpression; readonly use: Use }
  | { readonly kind: 'unsafe'; readonly parsed: ParsedFile; readonly node: CallExpression; readonly use: Use }
  | { readonly kind: 'end'; readonly parsed: ParsedFile; readonly node: CallExpression }
  | { readonly kind: 'begin'; readonly parsed: ParsedFile; readonly node: CallExpression }
  /** An awaited query with parts that only postgres.js understands. */
  | { readonly kind: 'composed'; readonly parsed: ParsedFile; readonly node: TaggedTemplateExpression }
  /** A part of a query; it goes with the query that it is a part of. */
  | { readonly kind: 'part'; readonly parsed: ParsedFile; readonly node: Node }
  | { readonly kind: 'other'; readonly parsed: ParsedFile; readonly node: Node; readonly what: string };

/** Every raw use of a client. */
export function rawUses(app: GuardedApp, client: Variable): readonly RawUse[] {
  return referencesOf(app, client).flatMap(reference => rawUse(app, reference) ?? []);
}

/** Whether node-postgres can do all of it. */
export function isSimple(uses: readonly RawUse[]): boolean {
  return uses.every(use => use.kind === 'query' || use.kind === 'unsafe' || use.kind === 'end');
}

/** How the value of an expression is used, and the node that stands for it together with its `await`. */
export function useOf(parsed: ParsedFile, node: Node): { readonly use: Use; readonly outer: Node } | undefined {
  const parent = parsed.parentOf(node);
  switch (parent?.type) {
    case 'AwaitExpression':
      return parsed.parentOf(parent)?.type === 'ExpressionStatement'
        ? { use: 'statement', outer: parent }
        : { use: 'await', outer: parent };
    case 'ReturnStatement':
    case 'ArrowFunctionExpression':
    case 'ArrayExpression':
      return { use: 'promise', outer: node };
    case 'MemberExpression':
      return parent.object === node && parent.property.type === 'Identifier' && isThen(parent.property.name)
        ? { use: 'promise', outer: node }
        : undefined;
    default:
      return undefined;
  }
}

function isThen(name: string): boolean {
  return name === 'then' || name === 'catch' || name === 'finally';
}

function rawUse(app: GuardedApp, { parsed, node }: Reference): RawUse | undefined {
  const parent = parsed.parentOf(node);
  if (parent === undefined) return undefined;
  if (parent.type === 'TaggedTemplateExpression' && parent.tag === node) return queryUse(app, parsed, parent);
  if (parent.type === 'CallExpression' && parent.callee === node)
    return isInQuery(parsed, parent)
      ? { kind: 'part', parsed, node: parent }
      : { kind: 'other', parsed, node, what: 'a helper outside of its query' };
  if (parent.type === 'MemberExpression' && parent.object === node) return memberUse(parsed, parent);
  if (goesToAnOrm(app, parsed, node)) return undefined;
  // `globalForDb.sql = sql` keeps the client over reloads in development.
  if (parent.type === 'AssignmentExpression' && parent.right === node) return undefined;
  return { kind: 'other', parsed, node, what: 'handed on' };
}

function queryUse(app: GuardedApp, parsed: ParsedFile, node: TaggedTemplateExpression): RawUse {
  if (isInQuery(parsed, node)) return { kind: 'part', parsed, node };
  const used = useOf(parsed, node);
  const first = node.quasi.quasis[0]?.value.raw ?? '';
  const isStatement = /^\s*(?:select|insert|update|delete|with|merge|call)\b/i.test(first);
  if (used === undefined || (used.use === 'promise' && !isStatement))
    return { kind: 'other', parsed, node, what: 'a query that is run elsewhere, or a part of one' };
  if (node.quasi.expressions.every(value => isValue(app, parsed, value)))
    return { kind: 'query', parsed, node, use: used.use };
  return used.use === 'promise'
    ? { kind: 'other', parsed, node, what: 'a query of parts' }
    : { kind: 'composed', parsed, node };
}

function memberUse(parsed: ParsedFile, member: Node): RawUse | undefined {
  const call = parsed.parentOf(member);
  const name = member.type === 'MemberExpression' && member.property.type === 'Identifier' ? member.property.name : '';
  if (call === undefined || !isCall(call) || call.callee !== member)
    return { kind: 'other', parsed, node: member, what: `'${name}' of postgres.js` };
  if (isInQuery(parsed, call))
    return name === 'json' || name === 'array' ? undefined : { kind: 'part', parsed, node: call };
  switch (name) {
    case 'end':
      return { kind: 'end', parsed, node: call };
    case 'unsafe': {
      const used = useOf(parsed, call);
      if (used !== undefined && call.arguments.length <= 2)
        return { kind: 'unsafe', parsed, node: call, use: used.use };
      return { kind: 'other', parsed, node: call, what: `'unsafe' of postgres.js` };
    }
    case 'begin':
      return isPlainWork(call)
        ? { kind: 'begin', parsed, node: call }
        : { kind: 'other', parsed, node: call, what: 'a transaction with options, or with several queries at once' };
    default:
      return { kind: 'other', parsed, node: call, what: `'${name}' of postgres.js` };
  }
}

/** `sql.begin(async tx => …)`; an array of queries is not awaited by the guard. */
function isPlainWork({ arguments: [work, more] }: CallExpression): boolean {
  return more === undefined && work !== undefined && work.type !== 'SpreadElement' && isFunction(work) && work.async;
}

function goesToAnOrm(app: GuardedApp, parsed: ParsedFile, node: Node): boolean {
  const call = ancestors(parsed, node).find(isCall);
  if (call?.callee.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, call.callee.name);
  return declared?.kind === 'package' && declared.package === 'drizzle-orm/postgres-js';
}

function isInQuery(parsed: ParsedFile, node: Node): boolean {
  for (const outer of ancestors(parsed, node)) {
    if (outer.type === 'TemplateLiteral' && parsed.parentOf(outer)?.type === 'TaggedTemplateExpression') return true;
    if (isFunction(outer)) return false;
  }
  return false;
}

/** Whether what stands in a query is a value, and not a part of the query. */
function isValue(app: GuardedApp, parsed: ParsedFile, node: Expression): boolean {
  if (jsonValue(node) !== undefined) return true;
  if (findAll(node, (each): each is TaggedTemplateExpression => each.type === 'TaggedTemplateExpression').length > 0)
    return false;
  if (node.type === 'CallExpression') return !isHelper(app, parsed, node);
  if (node.type !== 'Identifier') return true;
  const binding = bindingOf(parsed, node, node.name);
  const init = binding.kind === 'variable' && binding.path.length === 0 ? binding.declarator.init : null;
  return init === null || init === undefined || isValue(app, parsed, init);
}

/** `sql(rows)`, or a function of the app that writes a part of a query. */
function isHelper(app: GuardedApp, parsed: ParsedFile, { callee }: CallExpression): boolean {
  const chain = memberChain(callee);
  if (chain?.root.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, chain.root.name);
  if (declared?.kind !== 'local') return false;
  const file = app.set.parsed(declared.file);
  const body = file === undefined ? undefined : topLevelFunctions(file).get(declared.name);
  if (body === undefined) return chain.names.length === 0 && !/^[A-Z]/.test(declared.name);
  return findAll(body, (each): each is TaggedTemplateExpression => each.type === 'TaggedTemplateExpression').length > 0;
}

/** The value in `sql.json(value)` and `sql.array(values)`. */
export function jsonValue(
  node: Expression,
): { readonly kind: 'json' | 'array'; readonly value: Expression } | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const name = memberChain(node.callee)?.names.at(-1);
  const [value] = node.arguments;
  if ((name !== 'json' && name !== 'array') || value === undefined || value.type === 'SpreadElement') return undefined;
  if (node.arguments.length > 1) return undefined;
  return { kind: name, value };
}
