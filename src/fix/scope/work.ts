import type { CallExpression, Node, ObjectExpression } from 'oxc-parser';
import type { Place } from '../../core/place.ts';
import type { FixContext } from '../context.ts';
import type { RowOwnership } from '../idioms/ownership.ts';
import type { CodeTable } from '../source/code-tables.ts';
import type { EditSet } from '../source/edit-set.ts';
import { findAll, indentAt, lineAt } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';

/** A query that is to be tied to the caller. */
export interface ScopeTarget {
  readonly table: string;
  readonly place: Place;
}

/** A query that gets the owner's condition, with the code that evaluates to the caller's tenant or user. */
export interface Work {
  readonly context: FixContext;
  readonly edits: EditSet;
  readonly parsed: ParsedFile;
  readonly target: ScopeTarget;
  readonly ownership: RowOwnership;
  readonly codeTable: CodeTable | undefined;
  readonly value: string;
}

/** What stands before the next call of a chain: a chain that is broken over lines goes on so. */
export function chainBreak(parsed: ParsedFile, call: CallExpression): string {
  const { callee } = call;
  if (callee.type !== 'MemberExpression') return '';
  const between = parsed.text.slice(callee.object.end, callee.property.start);
  return between.includes('\n') ? `\n${indentAt(parsed, callee.property.start)}` : '';
}

/** What stands between the properties of an object literal. */
export function separatorAfter(parsed: ParsedFile, object: ObjectExpression, last: Node): string {
  return lineAt(parsed, object.start) === lineAt(parsed, last.start) ? ', ' : `,\n${indentAt(parsed, last.start)}`;
}

/** The object literals that an argument gives to a write. */
export function objectsOf(parsed: ParsedFile, argument: Node): readonly ObjectExpression[] {
  if (argument.type === 'ObjectExpression') return [argument];
  if (argument.type === 'ArrayExpression')
    return argument.elements.flatMap(each => (each === null ? [] : objectsOf(parsed, each)));
  // `rows.map(row => ({ … }))`
  if (argument.type === 'CallExpression') {
    return argument.arguments.flatMap(each =>
      each.type === 'ArrowFunctionExpression' && each.body.type === 'ObjectExpression' ? [each.body] : [],
    );
  }
  if (argument.type !== 'Identifier') return [];
  const declarator = findAll(parsed.program, node => node.type === 'VariableDeclarator').find(
    each => each.id.type === 'Identifier' && each.id.name === argument.name && each.end < argument.start,
  );
  return declarator?.init?.type === 'ObjectExpression' ? [declarator.init] : [];
}
