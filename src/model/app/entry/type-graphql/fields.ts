import type { Declared } from '../../../../collect/source/ir.ts';
import { lineOf } from '../../../../collect/source/ir.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { asClass, lineageOf, type ClassNative } from '../../classes.ts';
import { awaitValue, instanceOf, memberOf, moduleFrame } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { Frame, nativeValue, type Call, type Machine } from '../../machine.ts';
import { bottom, isBottom } from '../../operations.ts';
import { constant, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import type { Requirement } from '../graphql/requirements.ts';
import type { Field } from '../graphql/schema.ts';
import { saidBy, type Said } from './decorators.ts';

/** What holds for every field of a schema. */
export interface Around {
  /** Says whether a caller has the roles that a field asks for. */
  readonly checker: Value | undefined;
  readonly middlewares: readonly Value[];
}

/** True for a class whose methods answer fields. */
export function isResolver(machine: Machine, native: ClassNative): boolean {
  return saidOfClass(machine, native).some(said => said.kind === 'resolver');
}

function saidOfClass(machine: Machine, native: ClassNative): readonly Said[] {
  return saidBy(machine, native.frame, native.classCode.decorators ?? []);
}

/** The fields that the methods of a class answer, those of classes that it extends included. */
export function fieldsOf(machine: Machine, native: ClassNative, around: Around): readonly Field[] {
  const ofClass = saidOfClass(machine, native);
  const resolver = ofClass.find(said => said.kind === 'resolver');
  const of = resolver === undefined ? undefined : typeName(machine, native, [resolver.of ?? undefinedValue]);
  const found = new Map<string, Field>();
  for (const owner of lineageOf(native)) {
    for (const method of owner.classCode.fields) {
      if (found.has(method.name) || method.declared === undefined || method.value?.kind !== 'function') continue;
      const said = saidBy(machine, owner.frame, method.declared.decorators);
      const field = said.find(one => one.kind === 'field');
      if (field === undefined) continue;
      const { module } = owner.frame;
      const place = { file: module.file, line: lineOf(module, method.value.at) };
      const type = field.type === 'of' ? (of ?? native.classCode.name) : field.type;
      const returns = typeName(machine, owner, field.given);
      const stages = [
        ...around.middlewares,
        ...[...ofClass, ...said].flatMap(one => (one.kind === 'middleware' ? one.stages : [])),
      ];
      const asked = [...ofClass, ...said].filter(one => one.kind === 'authorized');
      const parameters = (method.parameters ?? []).map(each => partOf(machine, owner, each));
      found.set(method.name, {
        type,
        name: method.name,
        place,
        before: [],
        resolve: resolveValue(native, method.name, parameters, stages),
        requires: asked.map(({ roles }): Requirement => authorized(around.checker, roles)),
        ...(returns === undefined ? {} : { returns }),
      });
    }
  }
  return [...found.values()];
}

/** The class behind `() => Note`, `of => Note`, `[Note]`, `Note`, by its name. */
function typeName(machine: Machine, native: ClassNative, given: readonly Value[]): string | undefined {
  const { module } = native.frame;
  for (const value of given) {
    const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
    const type = value.kind === 'function' ? callValue(machine, frame, value, [], { at: 0, end: 0 }) : value;
    const one = type.kind === 'array' ? type.items[0] : type;
    const name = asClass(one)?.classCode.name;
    if (name !== undefined) return name;
  }
  return undefined;
}

/** What a parameter of a method is given. */
type Part = (call: Call, asked: Asked) => Value;

interface Asked {
  readonly root: Value;
  readonly args: Value;
  readonly context: Value;
  readonly info: Value;
}

function partOf(machine: Machine, owner: ClassNative, declared: Declared): Part {
  const said = saidBy(machine, owner.frame, declared.decorators);
  const ownPart = said.find(one => one.kind === 'own-parameter');
  if (ownPart !== undefined)
    return (call, asked) => {
      const { machine: inner, frame, at, end } = call;
      const value = callValue(inner, frame, ownPart.run, [dataOf(asked)], { at, end });
      return frame.dead || isBottom(value) ? bottom : awaitValue(inner, frame, value, at);
    };
  const part = said.find(one => one.kind === 'parameter');
  if (part === undefined) return () => undefinedValue;
  const name = textOf(part.given[0]);
  switch (part.part) {
    case 'argument':
      return (call, { args }) => (name === undefined ? args : argument(call, args, name, isOptional(part.given)));
    case 'arguments':
      return (_call, { args }) => args;
    case 'context':
      return (call, { context }) => (name === undefined ? context : named(call, context, name));
    case 'root':
      return (call, { root }) => (name === undefined ? root : named(call, root, name));
    case 'other':
      return (_call, { info }) => info;
  }
}

function named({ machine, frame, at }: Call, value: Value, name: string): Value {
  return memberOf(machine, frame, value, name, at, true);
}

/** An argument is there unless it may be left out. */
function argument(call: Call, args: Value, name: string, isMissing: boolean): Value {
  const value = named(call, args, name);
  return value.kind === 'term' && !isMissing ? present(value.term) : value;
}

function isOptional(given: readonly Value[]): boolean {
  return given.some(value => {
    const nullable = value.kind === 'object' ? value.fields.get('nullable') : undefined;
    return nullable !== undefined && !(nullable.kind === 'constant' && nullable.value === false);
  });
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function dataOf({ root, args, context, info }: Asked): Value {
  return objectOf({ root, args, context, info });
}

/** The function that answers a field: its middleware, then the method with what its parameters ask for. */
function resolveValue(native: ClassNative, name: string, parameters: readonly Part[], stages: readonly Value[]): Value {
  const key = `type-graphql ${native.key}.${name} ${stages.map(stage => valueKey(stage)).join(' ')}`;
  return handlerValue('resolver', key, call => {
    const [root = undefinedValue, args = undefinedValue, context = undefinedValue, info = undefinedValue] =
      call.arguments;
    const asked = { root, args, context, info };
    return runStages(call, stages, key, asked, (inner, given) => runMethod(inner, native, name, parameters, given));
  });
}

function runMethod(call: Call, native: ClassNative, name: string, parameters: readonly Part[], asked: Asked): Value {
  const { machine, frame, at, end } = call;
  const saved = { facts: frame.facts, effects: frame.effects };
  const instance = instanceOf(nativeValue(native), call);
  // What constructors do is no part of the request.
  frame.facts = saved.facts;
  frame.effects = saved.effects;
  const method = instance?.kind === 'object' ? instance.fields.get(name) : undefined;
  if (method === undefined || instance === undefined) {
    machine.gap(`The method '${name}' was not followed.`, machine.place(frame, at));
    return undefinedValue;
  }
  const values: Value[] = [];
  for (const part of parameters) {
    const value = part(call, asked);
    if (frame.dead || isBottom(value)) return bottom;
    values.push(value);
  }
  return callValue(machine, frame, method, values, { at, end, self: instance });
}

// Middleware -----------------------------------------------------------------------------------------------------------

/** `async ({ context }, next) => { …; return next(); }`, or a class whose `use` is one. */
function runStages(
  call: Call,
  stages: readonly Value[],
  id: string,
  asked: Asked,
  finish: (call: Call, asked: Asked) => Value,
): Value {
  const step = (inner: Call, index: number, given: Asked): Value => {
    const written = stages[index];
    if (written === undefined) return finish(inner, given);
    const { run, self } = stageOf(inner, written, 'use');
    if (run === undefined) return step(inner, index + 1, given);
    const next = handlerValue('next', `next ${id} ${index} ${valueKey(dataOf(given))}`, following =>
      step(following, index + 1, { ...given, context: contextHeld(following.frame) ?? given.context }),
    );
    const { machine, frame, at, end } = inner;
    return callValue(machine, frame, run, [dataOf(given), next], { at, end, ...(self === undefined ? {} : { self }) });
  };
  return step(call, 0, asked);
}

function stageOf(
  call: Call,
  written: Value,
  method: string,
): { readonly run: Value | undefined; readonly self: Value | undefined } {
  if (asClass(written) === undefined)
    return { run: written.kind === 'function' || written.kind === 'native' ? written : undefined, self: undefined };
  const instance = instanceOf(written, call);
  return { run: instance?.kind === 'object' ? instance.fields.get(method) : undefined, self: instance };
}

/** The context as the function that calls `next` has it now: it may have written into it. */
function contextHeld(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const [first] = current.code?.parameters ?? [];
    if (first?.kind === 'name') {
      const data = current.vars.get(first.binding);
      const context = data?.kind === 'object' && data.fields.has('info') ? data.fields.get('context') : undefined;
      if (context !== undefined) return context;
    }
    if (first?.kind !== 'object') continue;
    const property = first.properties.find(one => one.key === 'context');
    if (property?.value.kind === 'name') return current.vars.get(property.value.binding);
  }
  return undefined;
}

/** `@Authorized(roles)`: what checks it is a function of the app, or nothing that is known. */
function authorized(checker: Value | undefined, roles: Value): Requirement {
  if (checker === undefined) return { kind: 'unknown', value: constant('a checker') };
  const run = handlerValue('auth checker', `auth checker ${valueKey(checker)} ${valueKey(roles)}`, call => {
    const [root = undefinedValue, args = undefinedValue, context = undefinedValue, info = undefinedValue] =
      call.arguments;
    const { run: check, self } = stageOf(call, checker, 'check');
    const { machine, frame, at, end } = call;
    if (check === undefined) return machine.opaque(frame, at, 'what an unknown checker says');
    const values = [dataOf({ root, args, context, info }), roles];
    return callValue(machine, frame, check, values, { at, end, ...(self === undefined ? {} : { self }) });
  });
  return { kind: 'rule', run };
}
