import type { Node } from 'oxc-parser';
import { bindingOf } from '../source/bindings.ts';
import { ancestors, isFunction } from '../source/parsed-file.ts';
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

/** The variable that a value is kept in, also by way of a function that remembers it; none where something else is made of it. */
export function variableOf(parsed: ParsedFile, value: Node): Variable | undefined {
  let inner = value;
  for (const outer of ancestors(parsed, value)) {
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

/** `drizzle(client)`, but not `remember('db', () => client)`. */
function isMadeOf(outer: Node, inner: Node): boolean {
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
  const found = app.set.declarationOf(parsed.file, node.name);
  return found?.kind === 'local' && found.file === variable.file && found.name === variable.name;
}

// Reading every file's tree is dear; a file that names neither the variable nor the file can use neither.
function mentions(app: GuardedApp, file: string, variable: Variable): boolean {
  if (file === variable.file) return true;
  return new RegExp(`\\b(?:${variable.name}|default)\\b`).test(app.texts.read(file) ?? '');
}

function localNames(app: GuardedApp, parsed: ParsedFile, variable: Variable): readonly string[] {
  if (parsed.file === variable.file) return [variable.name];
  const imported = importsOf(parsed).flatMap(each => each.specifiers.map(specifier => specifier.local.name));
  return imported.filter(local => {
    const found = app.set.declarationOf(parsed.file, local);
    return found?.kind === 'local' && found.file === variable.file && found.name === variable.name;
  });
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
