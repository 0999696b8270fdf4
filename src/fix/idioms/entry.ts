import type { Node } from 'oxc-parser';
import { calleeName, functionsAround, isCall, isFunction } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';

/** What kind of code a place is in, which decides how it refuses. */
export type EntryForm = 'route' | 'page' | 'layout' | 'action' | 'api' | 'helper';

const routeMethods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

/** The kind of code around a node. */
export function entryKindOf(parsed: ParsedFile, node: Node): EntryForm {
  const around = functionsAround(parsed, node);
  if (hasDirective(parsed.program, 'use server') || around.some(each => isServerFunction(each))) return 'action';
  if (around.some(each => isToolBody(parsed, each))) return 'action';
  if (/(?:^|\/)pages\/api\//.test(parsed.file)) return 'api';
  if (/(?:^|\/)route\.[jt]sx?$/.test(parsed.file)) return 'route';
  if (/(?:^|\/)layout\.[jt]sx?$/.test(parsed.file)) return 'layout';
  if (/(?:^|\/)(?:page|template|default|opengraph-image|sitemap)\.[jt]sx?$/.test(parsed.file)) return 'page';
  return 'helper';
}

/** Whether a function says `'use server'` itself. */
export function isServerFunction(node: Node): boolean {
  return isFunction(node) && node.body?.type === 'BlockStatement' && hasDirective(node.body, 'use server');
}

// `tool({ …, execute: async input => … })`
function isToolBody(parsed: ParsedFile, node: FunctionNode): boolean {
  const property = parsed.parentOf(node);
  if (property?.type !== 'Property' || property.key.type !== 'Identifier' || property.key.name !== 'execute')
    return false;
  const object = parsed.parentOf(property);
  const call = object === undefined ? undefined : parsed.parentOf(object);
  return call !== undefined && isCall(call) && /tool$/i.test(calleeName(call) ?? '');
}

/** Whether a block begins with a directive. */
export function hasDirective(block: { readonly body: readonly Node[] }, directive: string): boolean {
  return block.body.some(
    statement =>
      statement.type === 'ExpressionStatement' && 'directive' in statement && statement.directive === directive,
  );
}

/** The function that a request enters, around a node: an exported handler, page or action, or the handler given to a wrapper. */
export function entryFunctionAround(parsed: ParsedFile, node: Node): FunctionNode | undefined {
  const around = functionsAround(parsed, node);
  const server = around.find(each => isServerFunction(each) || isToolBody(parsed, each));
  if (server !== undefined) return server;
  if (entryKindOf(parsed, node) === 'helper') return undefined;
  const outermost = around.at(-1);
  return outermost !== undefined && isEntry(parsed, outermost) ? outermost : undefined;
}

function isEntry(parsed: ParsedFile, node: FunctionNode): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = parsed.parentOf(at)) {
    if (at.type === 'ExportDefaultDeclaration') return true;
    if (at.type !== 'ExportNamedDeclaration') continue;
    if (entryKindOf(parsed, node) === 'action') return true;
    const { declaration } = at;
    const names =
      declaration?.type === 'FunctionDeclaration'
        ? [declaration.id?.name]
        : declaration?.type === 'VariableDeclaration'
          ? declaration.declarations.map(each => (each.id.type === 'Identifier' ? each.id.name : undefined))
          : [];
    return names.some(name => name !== undefined && (routeMethods.has(name) || name === 'generateMetadata'));
  }
  // `async function Page() {…} export default Page`
  const name = node.id?.name;
  return (
    name !== undefined &&
    parsed.program.body.some(
      statement =>
        statement.type === 'ExportDefaultDeclaration' &&
        statement.declaration.type === 'Identifier' &&
        statement.declaration.name === name,
    )
  );
}
