import type { Node, Program } from 'oxc-parser';
import type { Binding, Expression } from './ir.ts';

/** The specifier of `require('…')` with a constant. */
export function requiredBy(node: Node): string | undefined {
  if (node.type === 'ParenthesizedExpression' || node.type === 'TSAsExpression' || node.type === 'TSNonNullExpression')
    return requiredBy(node.expression);
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'require')
    return undefined;
  const [only, ...others] = node.arguments;
  return only?.type === 'Literal' && typeof only.value === 'string' && others.length === 0 ? only.value : undefined;
}

/** `module.exports`. */
export function isModuleExports(node: Node): boolean {
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier' || node.object.name !== 'module')
    return false;
  const { property } = node;
  return node.computed
    ? property.type === 'Literal' && property.value === 'exports'
    : property.type === 'Identifier' && property.name === 'exports';
}

const exporting = /\bmodule\s*(?:\.\s*exports|\[\s*['"]exports)|\bexports\s*[.[]|\bexport\s*=/;

/** Whether a module exports as CommonJS does: by assigning, and with no `export` of its own. */
export function usesCommonExports(program: Program, text: string): boolean {
  return exporting.test(text) && !program.body.some(node => isExport(node));
}

function isExport(node: Node): boolean {
  switch (node.type) {
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return node.exportKind !== 'type';
    case 'ExportDefaultDeclaration':
      return node.declaration.type !== 'TSInterfaceDeclaration';
    default:
      return false;
  }
}

/** What one assignment exports; without a name it is the whole module. */
export interface CommonExport {
  readonly name: string | undefined;
  readonly value: Expression;
  readonly at: number;
}

/** What an expression statement exports: `module.exports = …`, `exports.name = …`, both at once. */
export function commonExportOf(expression: Expression, whole: Binding): readonly CommonExport[] {
  if (expression.kind !== 'assign' || expression.operator !== '=') return [];
  const { target, value, at } = expression;
  const inner = commonExportOf(value, whole);
  const assigned = lastValue(value);
  if (target.kind === 'name' && target.binding === whole) {
    const names =
      assigned.kind === 'object'
        ? assigned.properties.flatMap((property): CommonExport[] =>
            property.kind === 'field' && property.getter !== true
              ? [{ name: property.key, value: property.value, at: property.at }]
              : [],
          )
        : [];
    return [...inner, { name: undefined, value: assigned, at }, ...names];
  }
  const member = target.kind === 'target' ? target.expression : undefined;
  const isNamed = member?.kind === 'member' && member.object.kind === 'name' && member.object.binding === whole;
  return isNamed ? [...inner, { name: member.property, value: assigned, at }] : inner;
}

/** `a` of `exports = module.exports = a`. */
function lastValue(value: Expression): Expression {
  return value.kind === 'assign' ? lastValue(value.value) : value;
}
