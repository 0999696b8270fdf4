import type { Place } from '../../../../core/place.ts';
import { callValue } from '../../calls.ts';
import { awaitValue, iterated } from '../../expressions.ts';
import { factsShape, provenanceShape } from '../shape.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type NativeValue } from '../../machine.ts';
import { alternativesOf, isBottom } from '../../operations.ts';
import { objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { distinctName, runFound } from '../found.ts';
import { definedFields, type DefinedField } from './definitions.ts';
import { meets, requiredBy, type Requirement } from './requirements.ts';

/** A field of a schema that code answers. */
export interface Field {
  readonly type: string;
  readonly name: string;
  readonly resolve: Value;
  readonly place: Place;
  /** Arguments of the resolver before the parent: the selection that a plug-in hands in. */
  readonly before: readonly Value[];
  /** What it gives, where the code says so. */
  readonly returns?: string;
  /** What has to hold before the resolver runs. */
  readonly requires?: readonly Requirement[];
}

/** Everything that a schema answers. */
export interface Schema {
  readonly key: string;
  readonly fields: () => readonly Field[];
  /** Gives the scopes of a caller from the context. */
  readonly scopesOf?: Value;
}

interface SchemaNative extends NativeValue {
  readonly schema: Schema;
}

/** The value of a schema. */
export function schemaValue(schema: Schema): Value {
  const native: SchemaNative = { name: 'graphql schema', key: `graphql schema ${schema.key}`, schema };
  return nativeValue(native);
}

/** The schema that a value is, if it is one. */
export function schemaOf(value: Value | undefined): Schema | undefined {
  return value?.kind === 'native' && value.native.name === 'graphql schema'
    ? (value.native as SchemaNative).schema
    : undefined;
}

/** The schema behind middleware that lets only some callers on. */
export function guardedSchema(schema: Schema, middlewares: readonly Value[]): Schema {
  return {
    ...schema,
    key: `${schema.key} ${middlewares.map(one => valueKey(one)).join(' ')}`,
    fields: () =>
      schema.fields().map(field => {
        const more = middlewares.flatMap(one => requiredBy(one, field.type, field.name) ?? []);
        return more.length === 0 ? field : { ...field, requires: [...(field.requires ?? []), ...more] };
      }),
  };
}

/** Resolvers by type and field, as objects or lists of objects. */
export function resolversSchema(call: Call, resolvers: Value): Schema {
  const place = call.machine.place(call.frame, call.at);
  return { key: valueKey(resolvers), fields: () => fieldsIn(resolvers, place) };
}

function fieldsIn(value: Value, place: Place): readonly Field[] {
  if (value.kind === 'array') return value.items.flatMap(item => fieldsIn(item, place));
  if (value.kind === 'choice') return alternativesOf(value).flatMap(({ value: one }) => fieldsIn(one, place));
  if (value.kind !== 'object') return [];
  const own = [...value.fields].flatMap(([type, fields]) => fieldsOfType(type, fields, place));
  return [...value.spread.flatMap(part => fieldsIn(part, place)), ...own];
}

function fieldsOfType(type: string, value: Value, place: Place): readonly Field[] {
  if (value.kind !== 'object') return [];
  const found = [...value.fields].flatMap(([name, given]): readonly Field[] => {
    const resolve = given.kind === 'object' ? (given.fields.get('resolve') ?? given.fields.get('subscribe')) : given;
    if (resolve?.kind !== 'function' && resolve?.kind !== 'native') return [];
    const at = resolve.kind === 'function' ? { file: resolve.file, line: resolve.line } : place;
    return [{ type, name, resolve, place: at, before: [] }];
  });
  return [...value.spread.flatMap(part => fieldsOfType(type, part, place)), ...found];
}

const roots: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);
const deepest = 3;

/** Runs the fields that a request may ask for, each as an entry point, with the context that the server makes. */
export function serve(call: Call, schema: Schema, context: Value): void {
  const { machine, frame } = call;
  // The same schema behind a second address, with a context of the same origin, shows nothing new.
  const done = machine.remember('graphql schemas with a context', () => new Set<string>());
  const run = `${schema.key} ${provenanceShape(context)} ${factsShape(frame.facts)}`;
  if (done.has(run)) return;
  done.add(run);
  const fields = schema.fields();
  const reached = new Set<Field>();
  const runAs = (field: Field, parent: Value): void => {
    const name = distinctName(machine, `graphql ${field.type}.${field.name}`, field.place);
    const { file, line } = field.place;
    runFound(call, { kind: 'procedure', name, file, line, symbol: field.name }, inner =>
      runField({ call: inner, schema, fields, context, reached }, field, parent, []),
    );
  };
  for (const field of fields) if (roots.has(field.type)) runAs(field, undefinedValue);
  // Fields of what nothing above them gives: their parent is not known.
  for (const field of fields) {
    if (roots.has(field.type) || reached.has(field)) continue;
    runAs(field, machine.opaque(frame, call.at, `the '${field.type}' whose field is asked for`));
  }
}

interface Run {
  readonly call: Call;
  readonly schema: Schema;
  readonly fields: readonly Field[];
  readonly context: Value;
  readonly reached: Set<Field>;
}

function runField(run: Run, field: Field, parent: Value, above: readonly Field[]): Value {
  const { call, schema, context, reached } = run;
  const { machine, frame, at, end } = call;
  reached.add(field);
  const defined = definedFields(machine).get(`${field.type}.${field.name}`);
  const info = machine.opaque(frame, at, 'what is asked for of a field');
  const given = argumentsOf(call, defined);
  const asked = { parent, given, context, info, scopesOf: schema.scopesOf };
  if (!(field.requires ?? []).every(one => meets(call, one, asked))) return undefinedValue;
  const values = [...field.before, parent, given, context, info];
  const returned = callValue(machine, frame, field.resolve, values, { at, end });
  if (frame.dead || isBottom(returned)) return returned;
  const value = awaitValue(machine, frame, returned, at);
  const type = field.returns ?? defined?.returns;
  if (!frame.dead && type !== undefined && above.length < deepest) runBelow(run, type, value, [...above, field]);
  return value;
}

/** Fields of the rows that a field gives are answered with these rows. */
function runBelow(run: Run, type: string, value: Value, above: readonly Field[]): void {
  const { machine, frame, at } = run.call;
  for (const field of run.fields) {
    if (field.type !== type || above.includes(field)) continue;
    const before = frame.save();
    for (const { value: one, facts } of alternativesOf(value)) {
      if (one.kind === 'constant') continue;
      frame.restore(before);
      frame.learn(facts);
      const each = one.kind === 'list' || one.kind === 'array' ? iterated(machine, frame, one, at) : undefined;
      if (each !== undefined) frame.learn(each.facts);
      const result = runField(run, field, each?.element ?? one, above);
      if (!frame.dead && !isBottom(result))
        machine.emit(frame, { kind: 'return', value: result, place: machine.place(frame, at) });
    }
    frame.restore(before);
  }
}

function argumentsOf(call: Call, defined: DefinedField | undefined): Value {
  const term = { kind: 'client', path: 'args' } as const;
  call.machine.noteSource(call.frame, term, call.at);
  if (defined === undefined || defined.arguments.size === 0) return present(term);
  const fields = [...defined.arguments].map(([name, isGiven]): [string, Value] => {
    const given = { kind: 'client', path: `args.${name}` } as const;
    return [name, isGiven ? present(given) : { kind: 'term', term: given, maybeUndefined: true }];
  });
  return objectOf(Object.fromEntries(fields));
}
