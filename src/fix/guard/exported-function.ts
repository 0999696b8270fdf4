import type { Node } from 'oxc-parser';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { usesOf } from './app.ts';

/** A function that a file exports where it declares it. */
export interface ExportedFunction {
  /** The statement that exports it. */
  readonly statement: Node;
  readonly body: FunctionNode;
  readonly isDefault: boolean;
}

/** What `export const GET = withSession(…)` makes. */
export function exportedCall(parsed: ParsedFile, name: string): Node | undefined {
  const statement = exportOf(parsed, name);
  const declaration = statement?.type === 'ExportNamedDeclaration' ? statement.declaration : undefined;
  if (declaration?.type !== 'VariableDeclaration') return undefined;
  const only = declaration.declarations.find(each => each.id.type === 'Identifier' && each.id.name === name);
  return only?.init?.type === 'CallExpression' && only.id.type === 'Identifier' && !only.id.typeAnnotation
    ? only.init
    : undefined;
}

/** The exported function of a name, where it is written out and the file itself does not use it. */
export function exportedFunction(parsed: ParsedFile, name: string): ExportedFunction | undefined {
  for (const statement of parsed.program.body) {
    if (statement.type === 'ExportDefaultDeclaration' && name === 'default') {
      const value = statement.declaration;
      if (value.type === 'FunctionDeclaration' && !isUsed(parsed, value.id?.name, value))
        return { statement, body: value, isDefault: true };
      if (value.type === 'ArrowFunctionExpression') return { statement, body: value, isDefault: true };
      return undefined;
    }
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const { declaration } = statement;
    if (declaration?.type === 'FunctionDeclaration' && declaration.id?.name === name)
      return isUsed(parsed, name, declaration) ? undefined : { statement, body: declaration, isDefault: false };
    if (declaration?.type !== 'VariableDeclaration' || declaration.declarations.length !== 1) continue;
    const [only] = declaration.declarations;
    if (only?.id.type !== 'Identifier' || only.id.name !== name) continue;
    const { init } = only;
    return init?.type === 'ArrowFunctionExpression' && only.id.typeAnnotation === null
      ? { statement, body: init, isDefault: false }
      : undefined;
  }
  return undefined;
}

/** The statement that exports a name, whatever its value is. */
export function exportOf(parsed: ParsedFile, name: string): Node | undefined {
  return parsed.program.body.find(statement => {
    if (statement.type === 'ExportDefaultDeclaration') return name === 'default';
    if (statement.type !== 'ExportNamedDeclaration') return false;
    const { declaration } = statement;
    if (declaration?.type === 'FunctionDeclaration') return declaration.id?.name === name;
    return (
      declaration?.type === 'VariableDeclaration' &&
      declaration.declarations.some(each => each.id.type === 'Identifier' && each.id.name === name)
    );
  });
}

function isUsed(parsed: ParsedFile, name: string | undefined, declaration: Node): boolean {
  if (name === undefined) return false;
  return usesOf(parsed, name, []).some(use => !(declaration.start <= use.start && use.end <= declaration.end));
}
