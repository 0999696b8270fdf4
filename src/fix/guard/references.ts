import type { Node } from 'oxc-parser';
import { bindingOf } from '../source/bindings.ts';
import { ancestors, findAll, isCall, isFunction } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importsOf } from '../source/edit-set.ts';
import { usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';

/** A variable at the top level of a file: a client, or the database made of it. */
export interface Variable {
  readonly file: string;
  readonly name: string;
}

/** One use of a variable, in the file that declares it or in one that imports it. */
export interface Reference {
  readonly parsed: ParsedFile;
  readonly node: Node;
}

/** The variable that a client is kept in; where a function makes it, the one that keeps what the function gave. */
export function variableOfClient(parsed: ParsedFile, value: Node): Variable | undefined {
  const direct = variableOf(parsed, value);
  const factory = direct === undefined ? functionAround(parsed, value) : factoryOf(parsed, direct.name);
  if (factory === undefined) return direct;
  const calls = findAll(parsed.program, isCall).filter(
    call => call.callee.type === 'Identifier' && call.callee.name === factory,
  );
  return calls.map(call => variableOf(parsed, call)).find(each => each !== undefined);
}

function functionAround(parsed: ParsedFile, value: Node): string | undefined {
  const around = ancestors(parsed, value).find(each => each.type === 'FunctionDeclaration');
  return around?.type === 'FunctionDeclaration' ? around.id?.name : undefined;
}

/** `const make = () => new Client()`: the variable is a function. */
function factoryOf(parsed: ParsedFile, name: string): string | undefined {
  return topLevelFunctions(parsed).has(name) && new RegExp(`\\b${name}\\(`).test(parsed.text) ? name : undefined;
}

/** The variable that a value is kept in, also by way of a function that remembers it; none where something else is made of it. */
export function variableOf(parsed: ParsedFile, value: Node): Variable | undefined {
  let inner = value;
  for (const outer of ancestors(parsed, value)) {
    if (outer.type === 'ExportDefaultDeclaration') return { file: parsed.file, name: 'default' };
    if (outer.type === 'VariableDeclarator') {
      const isTop = ancestors(parsed, outer).every(each => !isFunction(each));
      return outer.id.type === 'Identifier' && isTop ? { file: parsed.file, name: outer.id.name } : undefined;
    }
    const isPart = /^(?:Object|Array)Expression$/.test(outer.type) || isMadeOf(outer, inner);
    if (isPart || (isFunction(outer) && outer.body !== inner)) return undefined;
    inner = outer;
  }
  return undefined;
}

/** `drizzle(client)`, but not `remember('db', () => client)`, nor `guardPrisma(client)`, which gives it back. */
function isMadeOf(outer: Node, inner: Node): boolean {
  const isSame =
    outer.type === 'CallExpression' && outer.callee.type === 'Identifier' && outer.callee.name === 'guardPrisma';
  if (isSame) return false;
  return (outer.type === 'CallExpression' || outer.type === 'NewExpression') && !isFunction(inner);
}

/** Every use of a variable in the app. */
export function referencesOf(app: GuardedApp, variable: Variable): readonly Reference[] {
  return app.set.files.flatMap(file => {
    const parsed = mentions(app, file, variable) ? app.set.parsed(file) : undefined;
    if (parsed === undefined) return [];
    return localNames(app, parsed, variable).flatMap(local =>
      usesOf(parsed, local, importsOf(parsed))
        .filter(node => isTopLevel(parsed, node, local) && !declares(parsed, node))
        .map(node => ({ parsed, node })),
    );
  });
}

/** Whether an identifier means the variable. */
export function means(app: GuardedApp, parsed: ParsedFile, node: Node, variable: Variable): boolean {
  if (node.type !== 'Identifier' || !isTopLevel(parsed, node, node.name)) return false;
  return isVariable(app, parsed, node.name, variable);
}

/** Whether a name in a file leads to the variable, also as the file's `default`. */
function isVariable(app: GuardedApp, parsed: ParsedFile, name: string, variable: Variable): boolean {
  const found = app.set.declarationOf(parsed.file, name);
  if (found?.kind !== 'local' || found.file !== variable.file) return false;
  return found.name === variable.name || (found.name === 'default' && isDefault(app, variable));
}

function isDefault(app: GuardedApp, { file, name }: Variable): boolean {
  return new RegExp(`^export default ${name}\\b`, 'm').test(app.texts.read(file) ?? '');
}

// Reading every file's tree is dear; a file that names neither the variable nor the file can use neither.
function mentions(app: GuardedApp, file: string, variable: Variable): boolean {
  if (file === variable.file || isDefault(app, variable)) return true;
  return new RegExp(`\\b(?:${variable.name}|default)\\b`).test(app.texts.read(file) ?? '');
}

function localNames(app: GuardedApp, parsed: ParsedFile, variable: Variable): readonly string[] {
  if (parsed.file === variable.file) return [variable.name];
  const imported = importsOf(parsed).flatMap(each => each.specifiers.map(specifier => specifier.local.name));
  return imported.filter(local => isVariable(app, parsed, local, variable));
}

/** Whether no parameter or variable of a function hides the name here. */
function isTopLevel(parsed: ParsedFile, node: Node, name: string): boolean {
  const binding = bindingOf(parsed, node, name);
  if (binding.kind === 'module') return true;
  if (binding.kind === 'parameter') return false;
  return ancestors(parsed, binding.declarator).every(each => each.type !== 'BlockStatement');
}

function declares(parsed: ParsedFile, node: Node): boolean {
  const parent = parsed.parentOf(node);
  if (parent === undefined) return false;
  if (parent.type === 'VariableDeclarator') return parent.id === node;
  return /^(?:Import|Export)\w*Specifier$|^ExportDefaultDeclaration$|^TSTypeQuery$/.test(parent.type);
}
