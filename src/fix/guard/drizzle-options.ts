import type { CallExpression, Expression, NewExpression, Node } from 'oxc-parser';
import { keyName } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { GuardedApp } from './app.ts';

/** Whether what is called is a name of a package. */
export function isFromPackage(
  app: GuardedApp,
  parsed: ParsedFile,
  call: CallExpression | NewExpression,
  name: string,
): boolean {
  if (call.callee.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, call.callee.name);
  return declared?.kind === 'package' && declared.package === name;
}

/** The first of these properties that an object has. */
export function optionValue(
  object: Expression,
  names: readonly string[],
): { readonly key: string; readonly value: Expression; readonly at?: Node } | undefined {
  for (const property of object.type === 'ObjectExpression' ? object.properties : []) {
    if (property.type !== 'Property') continue;
    const key = keyName(property.key);
    if (key !== undefined && names.includes(key)) return { key, value: property.value, at: property.key };
  }
  return undefined;
}

/** Whether an expression is the address of a database rather than a client. */
export function isAddress(value: Expression): boolean {
  return [
    'MemberExpression',
    'TSNonNullExpression',
    'TSAsExpression',
    'Literal',
    'TemplateLiteral',
    'LogicalExpression',
  ].includes(value.type);
}
