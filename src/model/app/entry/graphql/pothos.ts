import { callValue } from '../../calls.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { scopesRequired } from './requirements.ts';
import { schemaValue, type Field } from './schema.ts';

/** A builder, with the fields that it was told of so far. */
interface Builder {
  readonly id: string;
  readonly fields: Field[];
  readonly scopesOf: Value | undefined;
  /** The scopes that every field of a type asks for. */
  readonly ofTypes: Map<string, Value>;
}

interface FieldNative extends NativeValue {
  readonly options: Value;
  readonly before: readonly Value[];
}

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

/** A name for a type: as text, as a reference, or the only one of a list. */
function typeName(value: Value | undefined): string | undefined {
  const one = value?.kind === 'array' ? value.items[0] : value;
  if (one?.kind === 'native' && one.native.name === 'pothos type') return one.native.key.replace('pothos type ', '');
  return textOf(one);
}

/** `t` of `fields: t => ({ … })`: what it makes of options is a field. */
const fieldBuilder: NativeValue = {
  name: 'pothos fields',
  key: 'pothos fields',
  member: name => (name === 'arg' ? argumentBuilder : undefined),
  method: (name, call) => {
    if (name === 'withAuth') return nativeValue(fieldBuilder);
    if (name === 'arg' || name.startsWith('expose') || name === 'relation') return undefinedValue;
    const options = call.arguments.findLast(argument => argument.kind === 'object');
    if (options === undefined) return undefinedValue;
    // https://pothos-graphql.dev/docs/plugins/prisma: the selection comes before the parent.
    const query = call.machine.opaque(call.frame, call.at, 'the selection of a query');
    const native: FieldNative = {
      name: 'pothos field',
      key: `pothos field ${call.frame.module.file}:${call.at}`,
      options,
      before: /^(?:prisma(?!.*Group)|drizzle)/.test(name) ? [query] : [],
    };
    return nativeValue(native);
  },
};

const argumentBuilder: Value = nativeValue({
  name: 'pothos arguments',
  key: 'pothos arguments',
  method: () => undefinedValue,
  invoke: () => undefinedValue,
});

function builderValue(builder: Builder): Value {
  const native: NativeValue = {
    name: 'pothos builder',
    key: `pothos builder ${builder.id}`,
    method: (name, call) => told(builder, name, call) ?? nativeValue(native),
  };
  return nativeValue(native);
}

const rootOf: Readonly<Record<string, string>> = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };

function told(builder: Builder, name: string, call: Call): Value | undefined {
  const [first, second] = call.arguments;
  const root = /^(query|mutation|subscription)(Type|Fields?)$/.exec(name);
  if (root !== null) {
    const type = rootOf[root[1] ?? ''] ?? 'Query';
    if (root[2] === 'Type') noteScopes(builder, type, first);
    if (root[2] === 'Type') addFields(builder, type, fieldOf(first, 'fields'), call);
    else if (root[2] === 'Fields') addFields(builder, type, first, call);
    else addField(builder, type, textOf(first) ?? 'field', made(call, second), call);
    return undefined;
  }
  if (name === 'toSchema') {
    const { id, fields, scopesOf } = builder;
    return schemaValue({ key: `pothos ${id}`, fields: () => fields, ...(scopesOf === undefined ? {} : { scopesOf }) });
  }
  if (name === 'objectField') {
    addField(builder, typeName(first) ?? '', textOf(second) ?? 'field', made(call, call.arguments[2]), call);
    return undefined;
  }
  if (name === 'objectFields') {
    addFields(builder, typeName(first) ?? '', second, call);
    return undefined;
  }
  if (!/(?:object|node|interface)(?:Ref|Type)?$/i.test(name)) return undefined;
  const type = typeName(first) ?? textOf(fieldOf(second, 'name')) ?? `type at ${call.at}`;
  noteScopes(builder, type, second);
  addFields(builder, type, fieldOf(second, 'fields'), call);
  return typeValue(builder, type);
}

function typeValue(builder: Builder, type: string): Value {
  const value: Value = nativeValue({
    name: 'pothos type',
    key: `pothos type ${type}`,
    method: (name, call) => {
      if (name === 'implement') noteScopes(builder, type, call.arguments[0]);
      if (name === 'implement') addFields(builder, type, fieldOf(call.arguments[0], 'fields'), call);
      return value;
    },
  });
  return value;
}

function noteScopes(builder: Builder, type: string, options: Value | undefined): void {
  const scopes = fieldOf(options, 'authScopes');
  if (scopes !== undefined) builder.ofTypes.set(type, scopes);
}

function isTrue(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === true;
}

function made(call: Call, build: Value | undefined): Value | undefined {
  if (build === undefined) return undefined;
  const { machine, frame, at, end } = call;
  const before = frame.save();
  const value = callValue(machine, frame, build, [nativeValue(fieldBuilder)], { at, end });
  frame.restore(before);
  return value;
}

function addFields(builder: Builder, type: string, build: Value | undefined, call: Call): void {
  const fields = made(call, build);
  for (const [name, field] of fields?.kind === 'object' ? fields.fields : [])
    addField(builder, type, name, field, call);
}

function addField(builder: Builder, type: string, name: string, field: Value | undefined, call: Call): void {
  if (field?.kind !== 'native' || field.native.name !== 'pothos field') return;
  const { options, before } = field.native as FieldNative;
  const resolve = fieldOf(options, 'resolve');
  if (resolve?.kind !== 'function' && resolve?.kind !== 'native') return;
  const place =
    resolve.kind === 'function' ? { file: resolve.file, line: resolve.line } : call.machine.place(call.frame, call.at);
  const returns = typeName(fieldOf(options, 'type'));
  const ofType = builder.ofTypes.get(type);
  const isSkipped = isTrue(fieldOf(options, 'skipTypeScopes'));
  const scopes = [isSkipped ? undefined : ofType, fieldOf(options, 'authScopes')].filter(one => one !== undefined);
  builder.fields.push({
    type,
    name,
    resolve,
    place,
    before,
    ...(returns === undefined ? {} : { returns }),
    ...(scopes.length === 0 ? {} : { requires: scopes.map(scopesRequired) }),
  });
}

/** `new SchemaBuilder({ scopeAuth: { authScopes } })`. */
export const newBuilder: Handler = call => {
  const [options] = call.arguments;
  const scopes = fieldOf(fieldOf(options, 'scopeAuth'), 'authScopes') ?? fieldOf(options, 'authScopes');
  const id = `${call.frame.module.file}:${call.at}`;
  return builderValue({ id, fields: [], scopesOf: scopes, ofTypes: new Map() });
};

/** Files that tell a builder of fields: nobody has to import them by name. */
export function tellsBuilder(machine: Machine, path: string): boolean {
  return /\bbuilder\.\w+\(|@pothos\/core/.test(machine.source.text(path) ?? '');
}
