import { parseSync, visitorKeys } from 'oxc-parser';
import type { CallExpression, Expression, Node, Program } from 'oxc-parser';

/** One source file with its syntax tree, as the fixers look at it. */
export interface ParsedFile {
  readonly file: string;
  readonly text: string;
  readonly program: Program;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
  /** The node around a node; undefined for the program. */
  readonly parentOf: (node: Node) => Node | undefined;
}

/** A function of any form. */
export type FunctionNode = Extract<
  Node,
  {
    type:
      | 'FunctionDeclaration'
      | 'FunctionExpression'
      | 'ArrowFunctionExpression'
      | 'TSDeclareFunction'
      | 'TSEmptyBodyFunctionExpression';
  }
>;

/** Parses a TypeScript file; undefined when it has a syntax error (a fix never touches what it cannot read). */
export function parseFile(file: string, text: string): ParsedFile | undefined {
  const result = parseSync(file, text, { preserveParens: false, sourceType: 'module' });
  if (result.errors.some(error => error.severity === 'Error')) return undefined;
  const parents = new WeakMap<Node, Node>();
  linkParents(result.program, parents);
  return { file, text, program: result.program, lineStarts: startsOfLines(text), parentOf: node => parents.get(node) };
}

/** Calls `visit` for the node and everything under it, in source order. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
}

/** All nodes under `node` (itself included) that `test` accepts. */
export function findAll<T extends Node>(node: Node, test: (node: Node) => node is T): readonly T[] {
  const found: T[] = [];
  walk(node, each => {
    if (test(each)) found.push(each);
  });
  return found;
}

/** The node's parents, innermost first. */
export function ancestors(parsed: ParsedFile, node: Node): readonly Node[] {
  const result: Node[] = [];
  for (let at = parsed.parentOf(node); at !== undefined; at = parsed.parentOf(at)) result.push(at);
  return result;
}

/** The functions around a node, innermost first. */
export function functionsAround(parsed: ParsedFile, node: Node): readonly FunctionNode[] {
  return ancestors(parsed, node).filter(isFunction);
}

/** The statement that holds the node. */
export function statementOf(parsed: ParsedFile, node: Node): Node | undefined {
  let inner: Node = node;
  for (const outer of ancestors(parsed, node)) {
    if (outer.type === 'BlockStatement' || outer.type === 'Program' || outer.type === 'SwitchCase') return inner;
    inner = outer;
  }
  return undefined;
}

/** The source text of a node. */
export function textOf(parsed: ParsedFile, node: { readonly start: number; readonly end: number }): string {
  return parsed.text.slice(node.start, node.end);
}

/** The line of an offset, from 1. */
export function lineAt(parsed: ParsedFile, offset: number): number {
  let low = 0;
  let high = parsed.lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((parsed.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** The white space a line begins with, for the line that holds `offset`. */
export function indentAt(parsed: ParsedFile, offset: number): string {
  const start = parsed.lineStarts[lineAt(parsed, offset) - 1] ?? 0;
  return /^[ \t]*/.exec(parsed.text.slice(start))?.[0] ?? '';
}

/** Whether a node is a function of any form. */
export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
  );
}

/** Whether a node is a call. */
export function isCall(node: Node): node is CallExpression {
  return node.type === 'CallExpression';
}

/** Strips `await`, `as`, `satisfies`, `!` and the wrapper of an optional chain. */
export function unwrap(node: Expression): Expression {
  switch (node.type) {
    case 'AwaitExpression':
      return unwrap(node.argument);
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return unwrap(node.expression);
    case 'ChainExpression':
      return unwrap(node.expression);
    default:
      return node;
  }
}

/** `a.b.c` as its root and names; undefined for anything else. Optional links count as plain ones. */
export function memberChain(
  node: Expression,
): { readonly root: Expression; readonly names: readonly string[] } | undefined {
  const names: string[] = [];
  let at: Expression = unwrap(node);
  while (at.type === 'MemberExpression') {
    if (at.computed || at.property.type !== 'Identifier') return undefined;
    names.unshift(at.property.name);
    at = unwrap(at.object);
  }
  return { root: at, names };
}

/** Whether a statement is a directive (`'use server'`); the parser gives every expression statement the field. */
export function isDirective(statement: Node): boolean {
  return (
    statement.type === 'ExpressionStatement' && 'directive' in statement && typeof statement.directive === 'string'
  );
}

/** The name a call is made by: `f` for `f()`, `g` for `a.b.g()`. */
export function calleeName(call: CallExpression): string | undefined {
  const callee = unwrap(call.callee);
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier'
    ? callee.property.name
    : undefined;
}

/** The text of a plain string, or of a template without expressions. */
export function stringValue(node: Node | undefined | null): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** The name of a property key, when it is not computed. */
export function keyName(key: Node): string | undefined {
  if (key.type === 'Identifier') return key.name;
  return stringValue(key);
}

function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = [];
  for (const key of visitorKeys[node.type] ?? []) {
    const value: unknown = Reflect.get(node, key);
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) children.push(each);
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function linkParents(node: Node, parents: WeakMap<Node, Node>): void {
  for (const child of childrenOf(node)) {
    parents.set(child, node);
    linkParents(child, parents);
  }
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
