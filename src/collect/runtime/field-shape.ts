import type { LoadedModule, ModuleLoader } from './modules.ts';
import { argumentsOf, identifierName, list, memberPath, property, text, type Node } from './syntax.ts';

/** One named value of a request. */
export interface Field {
  readonly name: string;
  readonly shape: FieldShape;
}

/** What a value must look like to be accepted. */
export type FieldShape = { readonly optional: boolean } & (
  | {
      readonly kind: 'string';
      readonly format?: 'uuid' | 'email' | 'url' | 'date' | 'datetime';
      readonly prefix?: string;
      readonly values?: readonly string[];
      readonly minimum?: number;
      readonly maximum?: number;
    }
  | { readonly kind: 'number'; readonly minimum?: number; readonly maximum?: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date' }
  | { readonly kind: 'list'; readonly item: FieldShape }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  | { readonly kind: 'form-data' }
  | { readonly kind: 'unknown' }
);

const deepest = 8;

/** The shape that a zod schema accepts; `undefined` when the expression is no schema. */
export function shapeOfSchema(
  loader: ModuleLoader,
  module: LoadedModule,
  node: Node,
  depth = 0,
): FieldShape | undefined {
  if (depth > deepest) return undefined;
  if (node.type === 'Identifier') {
    const target = loader.declared(module, identifierName(node) ?? '');
    return target === undefined ? undefined : shapeOfSchema(loader, target.module, target.node, depth + 1);
  }
  if (node.type === 'MemberExpression') return memberSchema(loader, module, node, depth);
  if (node.type !== 'CallExpression') return undefined;
  const callee = property(node, 'callee');
  const method = memberPath(callee).at(-1) ?? '';
  const receiver = property(callee, 'object');
  const base = baseSchema({ loader, module, depth }, node, method, receiver);
  if (base !== undefined) return base;
  const inner = receiver === undefined ? undefined : shapeOfSchema(loader, module, receiver, depth + 1);
  return inner === undefined ? undefined : refine({ loader, module, depth }, inner, method, argumentsOf(node));
}

interface Context {
  readonly loader: ModuleLoader;
  readonly module: LoadedModule;
  readonly depth: number;
}

function baseSchema(context: Context, node: Node, method: string, receiver: Node | undefined): FieldShape | undefined {
  const path = memberPath(receiver);
  if (
    path[0] !== 'z' ||
    path.length > 2 ||
    (path.length === 2 && !/^(?:coerce|iso)$/.test(path[1] ?? '')) ||
    receiver?.type === 'CallExpression'
  )
    return undefined;
  const [first, second] = argumentsOf(node);
  const inside = (inner: Node | undefined): FieldShape =>
    (inner === undefined ? undefined : shapeOfSchema(context.loader, context.module, inner, context.depth + 1)) ?? {
      kind: 'unknown',
      optional: false,
    };
  switch (method) {
    case 'string':
      return { kind: 'string', optional: false };
    case 'uuid':
    case 'uuidv4':
    case 'guid':
      return { kind: 'string', format: 'uuid', optional: false };
    case 'email':
      return { kind: 'string', format: 'email', optional: false };
    case 'url':
      return { kind: 'string', format: 'url', optional: false };
    case 'datetime':
      return { kind: 'string', format: 'datetime', optional: false };
    case 'date':
      return path[1] === 'iso'
        ? { kind: 'string', format: 'date', optional: false }
        : { kind: 'date', optional: false };
    case 'number':
    case 'int':
    case 'bigint':
      return { kind: 'number', optional: false };
    case 'boolean':
    case 'stringbool':
      return { kind: 'boolean', optional: false };
    case 'enum':
    case 'nativeEnum':
      return { kind: 'string', values: literalTexts(context, first), optional: false };
    case 'literal':
      return literalShape(first);
    case 'array':
    case 'set':
      return { kind: 'list', item: inside(first), optional: false };
    case 'object':
    case 'strictObject':
    case 'looseObject':
      return { kind: 'object', fields: objectFields(context, first), optional: false };
    case 'record':
      return { kind: 'object', fields: [], optional: false };
    case 'union':
    case 'discriminatedUnion':
      return inside(list((method === 'union' ? first : second)?.['elements'])[0]);
    case 'optional':
    case 'nullish':
      return { ...inside(first), optional: true };
    case 'preprocess':
      return inside(second);
    case 'any':
    case 'unknown':
    case 'json':
      return { kind: 'unknown', optional: false };
    default:
      return undefined;
  }
}

function objectFields(context: Context, node: Node | undefined): readonly Field[] {
  return list(node?.['properties']).flatMap(entry => {
    if (entry.type === 'SpreadElement') {
      const source = property(entry, 'argument');
      const spread =
        source === undefined ? undefined : shapeOfSchema(context.loader, context.module, source, context.depth + 1);
      return spread?.kind === 'object' ? [...spread.fields] : [];
    }
    const name = identifierName(entry['key']) ?? text(property(entry, 'key'));
    const value = property(entry, 'value');
    if (name === undefined || value === undefined) return [];
    return [
      {
        name,
        shape:
          shapeOfSchema(context.loader, context.module, value, context.depth + 1) ??
          ({ kind: 'unknown', optional: false } as const),
      },
    ];
  });
}

function refine(context: Context, shape: FieldShape, method: string, given: readonly Node[]): FieldShape {
  const [first] = given;
  const count = first?.type === 'Literal' && typeof first['value'] === 'number' ? first['value'] : undefined;
  switch (method) {
    case 'optional':
    case 'nullish':
    case 'default':
    case 'prefault':
    case 'catch':
      return { ...shape, optional: true };
    case 'array':
      return { kind: 'list', item: shape, optional: false };
    case 'uuid':
    case 'email':
    case 'url':
    case 'datetime':
    case 'date':
      return shape.kind === 'string' ? { ...shape, format: method } : shape;
    case 'startsWith': {
      const prefix = text(first);
      return shape.kind === 'string' && prefix !== undefined ? { ...shape, prefix } : shape;
    }
    case 'min':
    case 'gte':
      return (shape.kind === 'string' || shape.kind === 'number') && count !== undefined
        ? { ...shape, minimum: count }
        : shape;
    case 'positive':
      return shape.kind === 'number' ? { ...shape, minimum: 1 } : shape;
    case 'max':
    case 'lte':
    case 'length':
      return (shape.kind === 'string' || shape.kind === 'number') && count !== undefined
        ? { ...shape, maximum: count, ...(method === 'length' ? { minimum: count } : {}) }
        : shape;
    case 'partial':
      return shape.kind === 'object'
        ? { ...shape, fields: shape.fields.map(field => ({ ...field, shape: { ...field.shape, optional: true } })) }
        : shape;
    case 'extend':
    case 'safeExtend':
      return shape.kind === 'object' ? { ...shape, fields: [...shape.fields, ...objectFields(context, first)] } : shape;
    case 'merge': {
      const other =
        first === undefined ? undefined : shapeOfSchema(context.loader, context.module, first, context.depth + 1);
      return shape.kind === 'object' && other?.kind === 'object'
        ? { ...shape, fields: [...shape.fields, ...other.fields] }
        : shape;
    }
    case 'pick':
    case 'omit': {
      const names = new Set(list(first?.['properties']).flatMap(entry => identifierName(entry['key']) ?? []));
      return shape.kind === 'object'
        ? { ...shape, fields: shape.fields.filter(field => names.has(field.name) === (method === 'pick')) }
        : shape;
    }
    default:
      return shape;
  }
}

/** `schema.shape.name`. */
function memberSchema(loader: ModuleLoader, module: LoadedModule, node: Node, depth: number): FieldShape | undefined {
  const object = property(node, 'object');
  if (object?.type !== 'MemberExpression' || identifierName(object['property']) !== 'shape') return undefined;
  const source = property(object, 'object');
  const shape = source === undefined ? undefined : shapeOfSchema(loader, module, source, depth + 1);
  return shape?.kind === 'object'
    ? shape.fields.find(field => field.name === identifierName(node['property']))?.shape
    : undefined;
}

function literalTexts(context: Context, node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.type === 'TSAsExpression') return literalTexts(context, property(node, 'expression'));
  if (node.type === 'ArrayExpression') return list(node['elements']).flatMap(element => text(element) ?? []);
  if (node.type === 'ObjectExpression')
    return list(node['properties']).flatMap(entry => text(property(entry, 'value')) ?? []);
  const target =
    node.type === 'Identifier' && context.depth < deepest
      ? context.loader.declared(context.module, identifierName(node) ?? '')
      : undefined;
  return target === undefined
    ? []
    : literalTexts({ ...context, module: target.module, depth: context.depth + 1 }, target.node);
}

function literalShape(node: Node | undefined): FieldShape {
  if (node?.type === 'Literal' && typeof node['value'] === 'boolean') return { kind: 'boolean', optional: false };
  if (node?.type === 'Literal' && typeof node['value'] === 'number')
    return { kind: 'number', minimum: node['value'], maximum: node['value'], optional: false };
  return { kind: 'string', values: [text(node) ?? ''], optional: false };
}

/** The shape that a TypeScript annotation describes; `undefined` when there is none. */
export function shapeOfType(
  loader: ModuleLoader,
  module: LoadedModule,
  node: Node | undefined,
  depth = 0,
): FieldShape | undefined {
  if (node === undefined || depth > deepest) return undefined;
  const inside = (inner: Node | undefined): FieldShape =>
    shapeOfType(loader, module, inner, depth + 1) ?? { kind: 'unknown', optional: false };
  switch (node.type) {
    case 'TSTypeAnnotation':
      return inside(property(node, 'typeAnnotation'));
    case 'TSStringKeyword':
      return { kind: 'string', optional: false };
    case 'TSNumberKeyword':
      return { kind: 'number', optional: false };
    case 'TSBooleanKeyword':
      return { kind: 'boolean', optional: false };
    case 'TSArrayType':
      return { kind: 'list', item: inside(property(node, 'elementType')), optional: false };
    case 'TSTypeOperator':
      return inside(property(node, 'typeAnnotation'));
    case 'TSLiteralType':
      return literalShape(property(node, 'literal'));
    case 'TSUnionType':
      return unionShape(list(node['types']).map(inside), list(node['types']));
    case 'TSTypeLiteral':
      return { kind: 'object', fields: memberFields(loader, module, list(node['members']), depth), optional: false };
    case 'TSInterfaceDeclaration':
      return {
        kind: 'object',
        fields: memberFields(loader, module, list(property(node, 'body')?.['body']), depth),
        optional: false,
      };
    case 'TSTypeAliasDeclaration':
      return inside(property(node, 'typeAnnotation'));
    case 'TSTypeReference':
      return referenceShape(loader, module, node, depth);
    default:
      return { kind: 'unknown', optional: false };
  }
}

function unionShape(shapes: readonly FieldShape[], nodes: readonly Node[]): FieldShape {
  const optional = nodes.some(node => node.type === 'TSUndefinedKeyword' || node.type === 'TSNullKeyword');
  const rest = shapes.filter((_, index) => !/^TS(?:Undefined|Null)Keyword$/.test(nodes[index]?.type ?? ''));
  const values = rest.flatMap(shape => (shape.kind === 'string' ? (shape.values ?? []) : []));
  const [first] = rest;
  if (values.length > 0 && values.length === rest.length) return { kind: 'string', values, optional };
  return { ...(first ?? { kind: 'unknown' }), optional };
}

function memberFields(
  loader: ModuleLoader,
  module: LoadedModule,
  members: readonly Node[],
  depth: number,
): readonly Field[] {
  return members.flatMap(member => {
    const name = identifierName(member['key']) ?? text(property(member, 'key'));
    if (member.type !== 'TSPropertySignature' || name === undefined) return [];
    const shape =
      shapeOfType(loader, module, property(member, 'typeAnnotation'), depth + 1) ??
      ({ kind: 'unknown', optional: false } as const);
    return [{ name, shape: { ...shape, optional: shape.optional || member['optional'] === true } }];
  });
}

function referenceShape(loader: ModuleLoader, module: LoadedModule, node: Node, depth: number): FieldShape | undefined {
  const typeName = property(node, 'typeName');
  const name = identifierName(typeName) ?? identifierName(typeName?.['right']) ?? '';
  const [argument] = list(property(node, 'typeArguments')?.['params'] ?? property(node, 'typeParameters')?.['params']);
  if (name === 'FormData') return { kind: 'form-data', optional: false };
  if (name === 'Date') return { kind: 'date', optional: false };
  if (/^(?:infer|input|output|TypeOf)$/.test(name)) {
    const source = argument?.type === 'TSTypeQuery' ? property(argument, 'exprName') : undefined;
    return source === undefined ? undefined : shapeOfSchema(loader, module, source, depth + 1);
  }
  if (/^(?:Array|ReadonlyArray|Set)$/.test(name))
    return {
      kind: 'list',
      item: shapeOfType(loader, module, argument, depth + 1) ?? { kind: 'unknown', optional: false },
      optional: false,
    };
  if (/^(?:Partial|Readonly|Required|Promise)$/.test(name)) {
    const inner = shapeOfType(loader, module, argument, depth + 1);
    return name === 'Partial' && inner?.kind === 'object'
      ? { ...inner, fields: inner.fields.map(field => ({ ...field, shape: { ...field.shape, optional: true } })) }
      : inner;
  }
  const target = loader.declared(module, name);
  return target === undefined
    ? { kind: 'unknown', optional: false }
    : shapeOfType(loader, target.module, target.node, depth + 1);
}
