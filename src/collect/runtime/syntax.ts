/** A node of the syntax tree, read loosely: the reader looks for shapes and passes over what it does not know. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** True for anything that has a node's shape. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The child node under a key. */
export function property(node: Node | undefined, key: string): Node | undefined {
  const child = node?.[key];
  return isNode(child) ? child : undefined;
}

/** The nodes of a list under a key; holes are left out. */
export function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The node and everything below it, in source order. */
export function nodesIn(root: Node): readonly Node[] {
  const found: Node[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if (!isNode(value)) return;
    found.push(value);
    for (const [key, child] of Object.entries(value)) if (key !== 'parent' && typeof child === 'object') visit(child);
  };
  visit(root);
  return found;
}

/** The name of an identifier. */
export function identifierName(value: unknown): string | undefined {
  return isNode(value) &&
    (value.type === 'Identifier' || value.type === 'PrivateIdentifier') &&
    typeof value['name'] === 'string'
    ? value['name']
    : undefined;
}

/** The text of a string literal or of a template without holes. */
export function text(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node?.type !== 'TemplateLiteral' || list(node['expressions']).length > 0) return undefined;
  const value = list(node['quasis'])[0]?.['value'];
  return typeof value === 'object' && value !== null && 'cooked' in value && typeof value.cooked === 'string'
    ? value.cooked
    : undefined;
}

/** `a.b.c` as names; calls and indexes on the way are passed over (`a().b` gives `a`, `b`). */
export function memberPath(node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.type === 'MemberExpression')
    return [
      ...memberPath(property(node, 'object')),
      identifierName(node['property']) ?? text(property(node, 'property')) ?? '?',
    ];
  if (node.type === 'CallExpression') return memberPath(property(node, 'callee'));
  if (node.type === 'ChainExpression' || node.type === 'TSNonNullExpression' || node.type === 'TSAsExpression')
    return memberPath(property(node, 'expression'));
  if (node.type === 'AwaitExpression') return memberPath(property(node, 'argument'));
  const name = identifierName(node);
  return name === undefined ? [] : [name];
}

/** The arguments of a call; spreads are left out. */
export function argumentsOf(call: Node): readonly Node[] {
  return list(call['arguments']).filter(argument => argument.type !== 'SpreadElement');
}
