import type { Call, Handler } from '../machine.ts';
import { choose, isBottom } from '../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../value.ts';
import { anySchema, applySchema, plain, schemaOf, schemaValue, type Dialect, type Schema } from './zod.ts';

/** The name by which a function of a library is called: the last of its path. */
function calledName(call: Call): string {
  const held = call.machine.memory.get('receiver') as
    | { readonly receiver?: Extract<Value, { kind: 'external' }> }
    | undefined;
  return held?.receiver?.path.replaceAll('()', '').split('.').at(-1) ?? '';
}

/** What a schema lets through; when it lets nothing through the code after it is never reached. */
function parsed(call: Call, schema: Value | undefined, value: Value | undefined): Value {
  const result = applySchema(call, schema, value ?? undefinedValue);
  if (isBottom(result)) call.frame.dead = true;
  return result;
}

/** A result that says whether it is one; `field` holds what was let through. */
function judged(call: Call, schema: Value | undefined, value: Value | undefined, field: string): Value {
  const result = applySchema(call, schema, value ?? undefinedValue);
  const issues = call.machine.opaque(call.frame, call.at, 'what a validation found');
  const failure = objectOf({ success: constant(false), [field]: undefinedValue, issues, error: issues });
  if (isBottom(result)) return failure;
  const success = objectOf({
    success: constant(true),
    [field]: result,
    issues: undefinedValue,
    error: undefinedValue,
  });
  return choose([
    { value: success, facts: [] },
    { value: failure, facts: [] },
  ]);
}

function promise(value: Value): Value {
  return { kind: 'promise', value, facts: [] };
}

// Valibot ------------------------------------------------------------------------------------------------------------

const valibot: Handler = call => {
  const [first, second] = call.arguments;
  const name = calledName(call).replace(/_$/, '');
  const inner = schemaOf(first) ?? plain;
  switch (name) {
    case 'parse':
      return parsed(call, first, second);
    case 'parseAsync':
      return promise(parsed(call, first, second));
    case 'safeParse':
      return judged(call, first, second, 'output');
    case 'safeParseAsync':
      return promise(judged(call, first, second, 'output'));
    case 'pipe':
      return first ?? schemaValue(plain);
    case 'optional':
    case 'nullish':
    case 'undefinedable':
      return schemaValue({
        ...inner,
        optional: second === undefined,
        nullable: inner.nullable || name === 'nullish',
        fallback: second,
      });
    case 'nullable':
    case 'nullableAsync':
      return schemaValue({ ...inner, nullable: true });
    case 'fallback':
      return schemaValue({ ...inner, fallback: second });
    case 'picklist':
      return schemaValue({ ...plain, type: 'text', options: first?.kind === 'array' ? first.items : [] });
    case 'variant':
    case 'union':
      return schemaValue({ ...plain, type: 'union', options: itemsOf(name === 'union' ? first : second) });
    default:
      return anySchema(call);
  }
};

function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : [];
}

// Yup and Joi --------------------------------------------------------------------------------------------------------

const makers: Readonly<Record<string, Partial<Schema>>> = {
  string: { type: 'text', plain: 'string' },
  date: { type: 'text' },
  number: { type: 'scalar', plain: 'number' },
  boolean: { type: 'scalar', plain: 'boolean' },
  bool: { type: 'scalar', plain: 'boolean' },
};

/** What both name alike. Nothing is required unless it says so. */
function changed(schema: Schema, name: string, { arguments: values }: Call): Schema {
  const [first] = values;
  switch (name) {
    case 'required':
    case 'defined':
    case 'exist':
      return { ...schema, optional: false };
    case 'optional':
    case 'notRequired':
      return { ...schema, optional: true };
    case 'nullable':
      return { ...schema, nullable: true };
    case 'default':
      return first === undefined ? schema : { ...schema, optional: false, fallback: first };
    case 'shape':
    case 'keys':
    case 'concat':
    case 'append': {
      const more = first?.kind === 'object' ? first.fields : (schemaOf(first)?.fields ?? new Map<string, Value>());
      return { ...schema, fields: new Map([...schema.fields, ...more]) };
    }
    case 'of':
    case 'items':
      return { ...schema, options: values.slice(0, 1) };
    case 'oneOf':
    case 'valid':
    case 'equal':
      return schema.type === 'text'
        ? { ...schema, options: itemsOf(first).length > 0 ? itemsOf(first) : values }
        : schema;
    case 'allow':
      return { ...schema, nullable: true };
    case 'unknown':
      return { ...schema, open: true };
    case 'noUnknown':
    case 'stripUnknown':
      return { ...schema, open: false };
    default:
      return schema;
  }
}

const yupDialect: Dialect = {
  name: 'yup ',
  method: (schema, name, call) => {
    const [first] = call.arguments;
    if (name === 'validate') return promise(parsed(call, schemaValue(schema), first));
    if (name === 'validateSync' || name === 'cast') return parsed(call, schemaValue(schema), first);
    return schemaValue(changed(schema, name, call));
  },
};

const joiDialect: Dialect = {
  name: 'joi ',
  method: (schema, name, call) => {
    const [first] = call.arguments;
    if (name === 'validate') return judged(call, schemaValue(schema), first, 'value');
    if (name === 'validateAsync') return promise(parsed(call, schemaValue(schema), first));
    return schemaValue(changed(schema, name, call));
  },
};

function madeBy(dialect: Dialect): Handler {
  return call => {
    const [first, second] = call.arguments;
    const name = calledName(call);
    if (name === 'attempt') return parsed(call, second, first);
    const start: Schema = { ...plain, dialect, optional: true };
    if (name === 'object')
      return schemaValue({
        ...start,
        type: 'object',
        fields: first?.kind === 'object' ? first.fields : new Map<string, Value>(),
        // Yup keeps what its schema does not name.
        open: dialect === yupDialect,
        optional: false,
      });
    if (name === 'array') return schemaValue({ ...start, type: 'array', options: call.arguments.slice(0, 1) });
    return schemaValue({ ...start, ...makers[name] });
  };
}

// Schemas that are functions -----------------------------------------------------------------------------------------

/** Functions that give what they are given, or throw; by library, the path and which argument that is. */
const keeping: readonly (readonly [library: RegExp, path: RegExp, index: number])[] = [
  // Effect: `Schema.String.pipe(…).make(value)`, `Schema.decodeUnknownSync(User)(value)`.
  [/^(?:effect|@effect\/schema)(?:\/|$)/, /^(?:S|Schema)\b.*\.make(?:Unsafe|Sync)?$/, 0],
  [
    /^(?:effect|@effect\/schema)(?:\/|$)/,
    /^(?:(?:S|Schema)\.)?(?:decode|validate|encode)(?:Unknown)?(?:Sync|Promise)\(\)$/,
    0,
  ],
  [/^superstruct$/, /(?:^|\.)(?:create|mask)$/, 0],
  [/^@sinclair\/typebox\/value$|^typebox\/value$/, /(?:^|\.)(?:Parse|Decode|Cast|Clean|Convert)$/, 1],
  [/^arktype$/, /^(?:arktype\.)?type\(\)$/, 0],
];

/** What a call of a schema's function gives: the value that it was given. */
export function validatedValue(
  { library, path }: Extract<Value, { kind: 'external' }>,
  values: readonly Value[],
): Value | undefined {
  const rule = keeping.find(([name, called]) => name.test(library ?? '') && called.test(path));
  return rule === undefined ? undefined : values[rule[2]];
}

const joi = madeBy(joiDialect);

/** Validators beside Zod. */
export const validatorHandlers: Readonly<Record<string, Handler>> = {
  'valibot#*': valibot,
  'yup#*': madeBy(yupDialect),
  'joi#*': joi,
  '@hapi/joi#*': joi,
};
