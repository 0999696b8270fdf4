import { callValue } from '../calls.ts';
import { memberOf } from '../expressions.ts';
import { valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, bottom, choose, isBottom } from '../operations.ts';
import { noteHarmless } from './given.ts';
import { constant, objectOf, undefinedValue, type Alternative, type PlainType, type Value } from '../value.ts';

/** What a schema lets through, whatever library it is written with. */
export interface Schema {
  /** Its methods are those of another library than Zod. */
  readonly dialect?: Dialect;
  readonly type: 'object' | 'text' | 'scalar' | 'array' | 'union' | 'literal' | 'any' | 'record';
  /** What `typeof` gives for what it lets through. */
  readonly plain?: PlainType | undefined;
  readonly fields: ReadonlyMap<string, Value>;
  readonly options: readonly Value[];
  readonly literal: Value | undefined;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly fallback: Value | undefined;
  readonly open: boolean;
  readonly transforms: readonly Value[];
  /** What is done with a value before it is looked at (`preprocess`). */
  readonly before?: Value;
}

interface SchemaNative extends NativeValue {
  readonly schema: Schema;
}

/** The methods of schemas that are not Zod's: what a call of one gives. */
export interface Dialect {
  readonly name: string;
  readonly method: (schema: Schema, name: string, call: Call) => Value | undefined;
}

/** A schema that lets everything through. */
export const plain: Schema = {
  type: 'any',
  fields: new Map(),
  options: [],
  literal: undefined,
  optional: false,
  nullable: false,
  fallback: undefined,
  open: false,
  transforms: [],
};

/** The schema that a value is. */
export function schemaOf(value: Value | undefined): Schema | undefined {
  return value?.kind === 'native' && 'schema' in value.native ? (value.native as SchemaNative).schema : undefined;
}

/** A schema as a value of the program. */
export function schemaValue(schema: Schema): Value {
  const parts = [...schema.fields].map(([name, field]) => `${name}:${valueKey(field)}`).join(',');
  const native: SchemaNative = {
    name: 'schema',
    key: `${schema.dialect?.name ?? ''}schema ${schema.type}${schema.plain ?? ''}${schema.optional ? '?' : ''}${schema.nullable ? '0' : ''}${schema.open ? '+' : ''}{${parts}}[${schema.options.map(option => valueKey(option)).join('|')}]${schema.literal === undefined ? '' : valueKey(schema.literal)}${schema.transforms.map(part => valueKey(part)).join(',')}${schema.before === undefined ? '' : `<${valueKey(schema.before)}`}`,
    schema,
    method: (name, call) => (schema.dialect?.method ?? method)(schema, name, call),
    member: name => {
      if (name === 'shape') return { kind: 'object', fields: schema.fields, spread: [] };
      if (name === 'options' || name === 'enum') return { kind: 'array', items: schema.options };
      return undefined;
    },
  };
  return nativeValue(native);
}

function method(schema: Schema, name: string, call: Call): Value | undefined {
  const [first, second] = call.arguments;
  switch (name) {
    case 'parse':
      return applied(call, schema, first ?? undefinedValue);
    case 'parseAsync':
      return { kind: 'promise', value: apply(call, schema, first ?? undefinedValue), facts: [] };
    case 'safeParse':
      return safely(call, schema, first ?? undefinedValue);
    case 'safeParseAsync':
    case 'spa':
      return { kind: 'promise', value: safely(call, schema, first ?? undefinedValue), facts: [] };
    case 'optional':
      return schemaValue({ ...schema, optional: true });
    case 'nullish':
      return schemaValue({ ...schema, optional: true, nullable: true });
    case 'nullable':
      return schemaValue({ ...schema, nullable: true });
    case 'default':
    case 'catch':
    case 'prefault':
      return schemaValue({ ...schema, optional: false, fallback: first ?? undefinedValue });
    case 'extend':
    case 'safeExtend':
      return schemaValue({
        ...schema,
        fields: new Map([...schema.fields, ...(first?.kind === 'object' ? first.fields : [])]),
      });
    case 'merge':
    case 'and':
      return both(schema, schemaOf(first) ?? plain);
    case 'pick':
      return schemaValue({
        ...schema,
        fields: new Map([...schema.fields].filter(([field]) => first?.kind === 'object' && first.fields.has(field))),
      });
    case 'omit':
      return schemaValue({
        ...schema,
        fields: new Map([...schema.fields].filter(([field]) => !(first?.kind === 'object' && first.fields.has(field)))),
      });
    case 'partial':
      return schemaValue({
        ...schema,
        fields: new Map(
          [...schema.fields].map(([field, value]) => [
            field,
            schemaValue({ ...(schemaOf(value) ?? plain), optional: true }),
          ]),
        ),
      });
    case 'required':
      return schemaValue({
        ...schema,
        fields: new Map(
          [...schema.fields].map(([field, value]) => [
            field,
            schemaValue({ ...(schemaOf(value) ?? plain), optional: false }),
          ]),
        ),
      });
    case 'passthrough':
    case 'loose':
    case 'catchall':
      return schemaValue({ ...schema, open: true });
    case 'array':
      return schemaValue({ ...plain, type: 'array', options: [schemaValue(schema)] });
    case 'or':
      return schemaValue({
        ...plain,
        type: 'union',
        options: [schemaValue(schema), ...(first === undefined ? [] : [first])],
      });
    case 'transform':
      return first === undefined
        ? schemaValue(schema)
        : schemaValue({ ...schema, transforms: [...schema.transforms, first] });
    case 'pipe':
      return first ?? schemaValue(schema);
    case 'keyof':
      return schemaValue({ ...plain, type: 'text' });
    default:
      // Refinements and descriptions leave the shape as it is.
      return second === undefined || first !== undefined || name !== '' ? schemaValue(schema) : undefined;
  }
}

/** What a schema makes of a value: the same provenance, required fields present, unknown fields gone. */
export function applySchema(call: Call, schema: Value | undefined, value: Value): Value {
  const known = schemaOf(schema);
  return known === undefined ? value : apply(call, known, value);
}

function applied(call: Call, schema: Schema, value: Value): Value {
  const result = apply(call, schema, value);
  if (isBottom(result)) call.frame.dead = true;
  return result;
}

function safely(call: Call, schema: Schema, value: Value): Value {
  const data = apply(call, schema, value);
  const failure = objectOf({
    success: constant(false),
    data: undefinedValue,
    error: call.machine.opaque(call.frame, call.at, 'a validation error'),
  });
  if (isBottom(data)) return failure;
  return choose([
    { value: objectOf({ success: constant(true), data, error: undefinedValue }), facts: [] },
    { value: failure, facts: [] },
  ]);
}

function apply(call: Call, schema: Schema, value: Value): Value {
  const alternatives = alternativesOf(value);
  const results = alternatives.flatMap((alternative): Alternative[] => {
    const result = applyPlain(call, schema, alternative.value);
    return isBottom(result) ? [] : [{ value: result, facts: alternative.facts }];
  });
  return results.length === 0 ? bottom : choose(results);
}

function applyPlain(call: Call, schema: Schema, value: Value): Value {
  const { before, ...after } = schema;
  if (before !== undefined) {
    const given = callValue(call.machine, call.frame, before, [value], { at: call.at, end: call.end });
    return isBottom(given) ? bottom : apply(call, after, given);
  }
  if (value.kind === 'constant' && value.value === undefined) {
    if (schema.fallback !== undefined) return schema.fallback;
    return schema.optional || schema.type === 'any' ? value : bottom;
  }
  if (value.kind === 'constant' && value.value === null)
    return schema.nullable || schema.type === 'any' ? value : bottom;
  // Neither an object nor a list is a text.
  if (value.kind === 'constant' && ['object', 'array', 'record'].includes(schema.type)) return bottom;
  let result = shaped(call, schema, value);
  if (schema.fallback !== undefined && result.kind === 'term')
    result = choose([
      { value: { ...result, maybeUndefined: false }, facts: [] },
      { value: schema.fallback, facts: [] },
    ]);
  for (const transform of schema.transforms)
    result = callValue(call.machine, call.frame, transform, [result], { at: call.at, end: call.end });
  return result;
}

function shaped(call: Call, schema: Schema, value: Value): Value {
  switch (schema.type) {
    case 'object': {
      const fields = new Map<string, Value>();
      for (const [name, field] of schema.fields) {
        const inner = schemaOf(field);
        const given = memberOf(call.machine, call.frame, value, name, call.at, true);
        const result = inner === undefined ? given : apply(call, inner, given);
        if (isBottom(result)) return bottom;
        fields.set(name, result);
      }
      const object: Value = { kind: 'object', fields, spread: schema.open ? [value] : [] };
      return schema.optional && value.kind === 'term'
        ? choose([
            { value: object, facts: [] },
            { value: undefinedValue, facts: [] },
          ])
        : object;
    }
    case 'array': {
      if (value.kind !== 'term') return value;
      const [element] = schema.options;
      const path =
        value.term.kind === 'client' || value.term.kind === 'tool-argument'
          ? { ...value.term, path: `${value.term.path}[]` }
          : value.term;
      const one = applySchema(call, element, { kind: 'term', term: path, maybeUndefined: false });
      const list: Value = { kind: 'list', element: one, rows: undefined, facts: [] };
      return schema.optional
        ? choose([
            { value: list, facts: [] },
            { value: undefinedValue, facts: [] },
          ])
        : list;
    }
    case 'union': {
      const results = schema.options
        .map(option => applySchema(call, option, value))
        .filter(result => !isBottom(result));
      return results.length === 0 ? bottom : choose(results.map(result => ({ value: result, facts: [] })));
    }
    case 'literal':
      return ofLiteral(schema.literal, value);
    case 'text':
    case 'scalar':
      // An object is no text; what has a form of its own that is not followed may be one.
      if (value.kind === 'object' || value.kind === 'row') return bottom;
      if (value.kind !== 'term') return value;
      if (schema.type === 'scalar' || schema.options.length > 0) noteHarmless(call.machine, value.term);
      return {
        kind: 'term',
        term: value.term,
        maybeUndefined: schema.optional,
        ...(schema.type === 'text' && !schema.optional && !schema.nullable ? { truthy: true } : {}),
        ...(schema.plain === undefined || schema.nullable ? {} : { type: schema.plain }),
      };
    case 'any':
    case 'record':
      if (value.kind !== 'term') return value;
      return schema.optional || schema.type === 'any' ? value : { ...value, maybeUndefined: false };
  }
}

/** What is one certain text or number: an object is none, and another constant is another one. */
function ofLiteral(literal: Value | undefined, value: Value): Value {
  if (value.kind === 'object' || value.kind === 'row') return bottom;
  if (value.kind === 'constant' && literal?.kind === 'constant' && value.value !== literal.value) return bottom;
  return literal ?? value;
}

const texts: ReadonlySet<string> = new Set([
  'string',
  'uuid',
  'email',
  'url',
  'guid',
  'cuid',
  'cuid2',
  'ulid',
  'nanoid',
  'enum',
  'nativeEnum',
  'date',
  'datetime',
  'time',
  'jwt',
  'base64',
  'templateLiteral',
]);
const scalars: ReadonlySet<string> = new Set(['number', 'int', 'boolean', 'bigint', 'stringbool', 'float64', 'int32']);

/** A date is an object, and an enumeration may be of numbers. */
function typeOfText(name: string): PlainType | undefined {
  return /^(?:date|enum|nativeEnum)$/.test(name) ? undefined : 'string';
}

function typeOfScalar(name: string): PlainType | undefined {
  if (name === 'bigint') return undefined;
  return /bool/.test(name) ? 'boolean' : 'number';
}

/** `z.string()`, `z.object({…})`: a schema by the name of its maker. */
export const anySchema: Handler = call => {
  const receiver = call.machine.memory.get('receiver');
  const path =
    typeof receiver === 'object' && receiver !== null && 'receiver' in receiver
      ? (receiver.receiver as Extract<Value, { kind: 'external' }>).path
      : '';
  const name = path.replaceAll('()', '').split('.').at(-1) ?? '';
  const [first, second] = call.arguments;
  if (name === 'object' || name === 'strictObject' || name === 'looseObject' || name === 'interface') {
    return schemaValue({
      ...plain,
      type: 'object',
      fields: first?.kind === 'object' ? first.fields : new Map(),
      open: name === 'looseObject',
    });
  }
  if (texts.has(name))
    return schemaValue({ ...plain, type: 'text', plain: typeOfText(name), options: choicesIn(first) });
  if (scalars.has(name)) return schemaValue({ ...plain, type: 'scalar', plain: typeOfScalar(name) });
  if (name === 'array' || name === 'set')
    return schemaValue({ ...plain, type: 'array', options: first === undefined ? [] : [first] });
  if (name === 'union' || name === 'discriminatedUnion') {
    const options = name === 'union' ? first : second;
    return schemaValue({ ...plain, type: 'union', options: options?.kind === 'array' ? options.items : [] });
  }
  if (name === 'literal') return schemaValue({ ...plain, type: 'literal', literal: first });
  if (name === 'record' || name === 'map') return schemaValue({ ...plain, type: 'record' });
  if (name === 'optional' || name === 'nullish') return schemaValue({ ...(schemaOf(first) ?? plain), optional: true });
  if (name === 'nullable') return schemaValue({ ...(schemaOf(first) ?? plain), nullable: true });
  if (name === 'preprocess')
    return schemaValue({ ...(schemaOf(second) ?? plain), ...(first?.kind === 'function' ? { before: first } : {}) });
  if (name === 'intersection') return both(schemaOf(first) ?? plain, schemaOf(second) ?? plain);
  return schemaValue(plain);
};

/** What satisfies two schemas: has the fields of both, with one of the shapes of a union. */
function both(left: Schema, right: Schema): Value {
  const isUnion = ({ type, options }: Schema): boolean => type === 'union' && options.length > 0;
  const among = ({ options }: Schema, join: (option: Schema) => Value): Value =>
    schemaValue({ ...plain, type: 'union', options: options.map(option => join(schemaOf(option) ?? plain)) });
  if (isUnion(right)) return among(right, option => both(left, option));
  if (isUnion(left)) return among(left, option => both(option, right));
  return schemaValue({ ...left, fields: new Map([...left.fields, ...right.fields]) });
}

/** The values that an enumeration allows. */
function choicesIn(value: Value | undefined): readonly Value[] {
  if (value?.kind === 'array') return value.items;
  return value?.kind === 'object' ? [...value.fields.values()].filter(inner => inner.kind === 'constant') : [];
}

/** zod's constructors, whatever the import looks like. */
export const zodHandlers: Readonly<Record<string, Handler>> = { 'zod/*#*': anySchema };
