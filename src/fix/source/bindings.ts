import type { CallExpression, Expression, Node, ParamPattern, VariableDeclarator } from 'oxc-parser';
import {
  ancestors,
  calleeName,
  findAll,
  isCall,
  isFunction,
  keyName,
  memberChain,
  unwrap,
  walk,
} from './parsed-file.ts';
import type { FunctionNode, ParsedFile } from './parsed-file.ts';
import type { SourceSet } from './source-set.ts';

/** What a name stands for where it is used. `path` leads from the bound value to the name (destructuring). */
export type Binding =
  | { readonly kind: 'variable'; readonly declarator: VariableDeclarator; readonly path: readonly string[] }
  | {
      readonly kind: 'parameter';
      readonly function: FunctionNode;
      readonly index: number;
      readonly path: readonly string[];
    }
  | { readonly kind: 'module' };

/** Where the value of an expression comes from, as far as plain names lead. */
export type Origin =
  | {
      readonly kind: 'call';
      readonly parsed: ParsedFile;
      readonly call: CallExpression;
      readonly declarator: VariableDeclarator | undefined;
      readonly path: readonly string[];
    }
  | {
      readonly kind: 'parameter';
      readonly parsed: ParsedFile;
      readonly function: FunctionNode;
      readonly index: number;
      readonly path: readonly string[];
    }
  | { readonly kind: 'other' };

const originDepth = 6;

/** The binding of a name at a node. */
export function bindingOf(parsed: ParsedFile, at: Node, name: string): Binding {
  for (const scope of ancestors(parsed, at)) {
    if (isFunction(scope)) {
      for (const [index, parameter] of scope.params.entries()) {
        const path = patternPath(parameterPattern(parameter), name);
        if (path !== undefined) return { kind: 'parameter', function: scope, index, path };
      }
    }
    if (scope.type !== 'BlockStatement' && scope.type !== 'Program') continue;
    for (const statement of scope.body) {
      const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declaration?.type !== 'VariableDeclaration') continue;
      for (const declarator of declaration.declarations) {
        const path = patternPath(declarator.id, name);
        if (path !== undefined) return { kind: 'variable', declarator, path };
      }
    }
  }
  return { kind: 'module' };
}

/** Follows an expression through variables and destructuring to the call or parameter that it comes from. */
export function originOf(parsed: ParsedFile, expression: Expression, depth = 0): Origin {
  const chain = memberChain(expression);
  if (chain === undefined || depth > originDepth) return { kind: 'other' };
  if (chain.root.type === 'CallExpression') {
    return { kind: 'call', parsed, call: chain.root, declarator: undefined, path: chain.names };
  }
  if (chain.root.type === 'LogicalExpression') return originOf(parsed, chain.root.left, depth + 1);
  if (chain.root.type !== 'Identifier') return { kind: 'other' };
  const binding = bindingOf(parsed, chain.root, chain.root.name);
  switch (binding.kind) {
    case 'parameter':
      return {
        kind: 'parameter',
        parsed,
        function: binding.function,
        index: binding.index,
        path: [...binding.path, ...chain.names],
      };
    case 'variable': {
      if (binding.declarator.init === null) return { kind: 'other' };
      const inner = originOf(parsed, binding.declarator.init, depth + 1);
      if (inner.kind === 'other') return inner;
      const path = [...inner.path, ...binding.path, ...chain.names];
      return inner.kind === 'call'
        ? { ...inner, path, declarator: inner.declarator ?? binding.declarator }
        : { ...inner, path };
    }
    case 'module':
      return { kind: 'other' };
  }
}

/** The names that a function's parameter binds, by their path. */
export function patternPath(pattern: Node, name: string): readonly string[] | undefined {
  switch (pattern.type) {
    case 'Identifier':
      return pattern.name === name ? [] : undefined;
    case 'AssignmentPattern':
      return patternPath(pattern.left, name);
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        if (property.type !== 'Property') continue;
        const inner = patternPath(property.value, name);
        const key = keyName(property.key);
        if (inner !== undefined && key !== undefined) return [key, ...inner];
      }
      return undefined;
    case 'ArrayPattern':
      for (const [index, element] of pattern.elements.entries()) {
        const inner = element === null ? undefined : patternPath(element, name);
        if (inner !== undefined) return [String(index), ...inner];
      }
      return undefined;
    default:
      return undefined;
  }
}

/** The pattern of a parameter. */
export function parameterPattern(parameter: ParamPattern): Node {
  if (parameter.type === 'TSParameterProperty') return parameter.parameter;
  return parameter.type === 'RestElement' ? parameter.argument : parameter;
}

/** The name of a parameter's declared type, without its arguments. */
export function parameterType(parameter: ParamPattern): string | undefined {
  const pattern = parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter;
  const annotation = 'typeAnnotation' in pattern ? pattern.typeAnnotation?.typeAnnotation : undefined;
  if (annotation?.type !== 'TSTypeReference') return undefined;
  return annotation.typeName.type === 'Identifier' ? annotation.typeName.name : undefined;
}

/** A call of a function, in the file that makes it. */
export interface CallSite {
  readonly parsed: ParsedFile;
  readonly call: CallExpression;
}

/** Every call of a function that the app declares: by resolved name, and by method name for a member of a class or object. */
export function callsOf(
  sources: SourceSet,
  target: { readonly file: string; readonly name: string; readonly isMethod: boolean },
): readonly CallSite[] {
  const found: CallSite[] = [];
  for (const file of sources.files) {
    if (!(sources.read(file) ?? '').includes(target.name)) continue;
    const parsed = sources.parsed(file);
    if (parsed === undefined) continue;
    for (const call of findAll(parsed.program, isCall)) {
      if (calleeName(call) === target.name && callsTarget(sources, parsed, call, target)) found.push({ parsed, call });
    }
  }
  return found;
}

/** The names an expression or statement uses without declaring them itself. */
export function freeNames(node: Node): readonly string[] {
  const names = new Set<string>();
  const bound = new Set<string>();
  walk(node, each => {
    if (each.type === 'VariableDeclarator') collectBound(each.id, bound);
    if (isFunction(each)) for (const parameter of each.params) collectBound(parameterPattern(parameter), bound);
  });
  collectUses(node, names);
  return [...names].filter(name => !bound.has(name)).sort();
}

function collectUses(node: Node, names: Set<string>): void {
  walk(node, each => {
    if (each.type === 'Identifier') names.add(each.name);
  });
  // Property names are identifiers in the tree and no uses.
  walk(node, each => {
    if (each.type === 'MemberExpression' && !each.computed && each.property.type === 'Identifier') {
      if (!usesElsewhere(node, each.property)) names.delete(each.property.name);
    }
    if (each.type === 'Property' && !each.computed && !each.shorthand && each.key.type === 'Identifier') {
      if (!usesElsewhere(node, each.key)) names.delete(each.key.name);
    }
  });
}

function usesElsewhere(node: Node, property: { readonly name: string; readonly start: number }): boolean {
  let used = false;
  const propertyStarts = new Set<number>();
  walk(node, each => {
    if (each.type === 'MemberExpression' && !each.computed) propertyStarts.add(each.property.start);
    if (each.type === 'Property' && !each.computed && !each.shorthand) propertyStarts.add(each.key.start);
  });
  walk(node, each => {
    if (each.type === 'Identifier' && each.name === property.name && !propertyStarts.has(each.start)) used = true;
  });
  return used;
}

function collectBound(pattern: Node, bound: Set<string>): void {
  walk(pattern, each => {
    if (each.type === 'Identifier') bound.add(each.name);
  });
}

function callsTarget(
  sources: SourceSet,
  parsed: ParsedFile,
  call: CallExpression,
  target: { readonly file: string; readonly name: string; readonly isMethod: boolean },
): boolean {
  const callee = unwrap(call.callee);
  if (callee.type === 'MemberExpression') {
    if (target.isMethod) return true;
    // `notes.list()` after `import * as notes`.
    const object = unwrap(callee.object);
    if (object.type !== 'Identifier') return false;
    const declaration = sources.declarationOf(parsed.file, object.name);
    return declaration?.kind === 'local' && declaration.name === '*' && declaration.file === target.file;
  }
  if (callee.type !== 'Identifier' || target.isMethod) return false;
  const declaration = sources.declarationOf(parsed.file, callee.name);
  return declaration?.kind === 'local' && declaration.file === target.file && declaration.name === target.name;
}
