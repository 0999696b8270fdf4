import type { EntryPoint } from '../../../../core/path.ts';
import type { Place } from '../../../../core/place.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type NativeValue } from '../../machine.ts';
import { alternativesOf, bottom, choose, isBottom } from '../../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import { applySchema } from '../../library/zod.ts';
import { contextBehind, mergeContext } from '../context.ts';

/** One thing that happens before a procedure's own function, in the order in which it was written. */
type Stage =
  | { readonly kind: 'middleware'; readonly run: Value }
  | { readonly kind: 'input'; readonly schema: Value }
  /** A middleware whose code is not there. */
  | { readonly kind: 'unknown'; readonly run: Value };

interface BuilderNative extends NativeValue {
  readonly stages: readonly Stage[];
}

interface MiddlewareNative extends NativeValue {
  readonly middlewares: readonly Value[];
}

/** A finished procedure. */
export interface ProcedureNative extends NativeValue {
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly protocol: ProcedureStyle['protocol'];
  readonly place: Place;
  /** Runs it as the caller of `path` would; `input` is what was sent. */
  readonly run: (call: Call, given: { context: Value; input: Value; path: string }) => Value;
}

/** A procedure, if the value is one. */
export function procedureOf(value: Value): ProcedureNative | undefined {
  return value.kind === 'native' && value.native.name === 'trpc procedure'
    ? (value.native as ProcedureNative)
    : undefined;
}

/** How a library names what its procedures get, and the methods that finish them. */
export interface ProcedureStyle {
  readonly protocol: 'trpc' | 'orpc';
  readonly context: 'ctx' | 'context';
  readonly finishers: Readonly<Record<string, ProcedureNative['type']>>;
}

const trpcStyle: ProcedureStyle = {
  protocol: 'trpc',
  context: 'ctx',
  finishers: { query: 'query', mutation: 'mutation', subscription: 'subscription' },
};

/** `t.procedure`, before or after some of its stages. */
export function builderValue(
  stages: readonly Stage[],
  meta: Value = undefinedValue,
  style: ProcedureStyle = trpcStyle,
  more?: NonNullable<NativeValue['member']>,
): Value {
  const key = `procedure builder ${style.context} ${stages.map(stageKey).join(' ')} ${valueKey(meta)}`;
  const native: BuilderNative = {
    name: 'procedure builder',
    key,
    stages,
    inside: [],
    ...(more === undefined ? {} : { member: more }),
    method: (name, call) => {
      const [first] = call.arguments;
      const type = style.finishers[name];
      if (type !== undefined && first !== undefined)
        return procedureValue(call, { stages, meta, type, body: first, style });
      switch (name) {
        case 'use':
        case 'concat':
        case 'unstable_concat':
          return builderValue([...stages, ...stagesOf(first)], meta, style, more);
        case 'input':
          return builderValue(
            first === undefined ? stages : [...stages, { kind: 'input', schema: first }],
            meta,
            style,
            more,
          );
        case 'meta':
          return builderValue(stages, mergeContext(meta.kind === 'object' ? meta : objectOf({}), first), style, more);
        default:
          return more?.(name, call) === undefined ? nativeValue(native) : undefined;
      }
    },
  };
  return nativeValue(native);
}

function stageKey(stage: Stage): string {
  return stage.kind === 'input' ? `input ${valueKey(stage.schema)}` : `use ${valueKey(stage.run)}`;
}

/** What `use` and `concat` add: a function, a middleware made apart, or the stages of another procedure. */
function stagesOf(value: Value | undefined): readonly Stage[] {
  if (value === undefined) return [];
  if (value.kind === 'native' && value.native.name === 'trpc middleware') {
    return (value.native as MiddlewareNative).middlewares.map(run => ({ kind: 'middleware', run }));
  }
  if (value.kind === 'native' && value.native.name === 'procedure builder')
    return (value.native as BuilderNative).stages;
  return value.kind === 'function' || value.kind === 'native' || value.kind === 'choice'
    ? [{ kind: 'middleware', run: value }]
    : value.kind === 'external' || value.kind === 'term'
      ? [{ kind: 'unknown', run: value }]
      : [];
}

/** `t.middleware(fn)`, and what is piped behind it. */
export function middlewareValue(middlewares: readonly Value[]): Value {
  const native: MiddlewareNative = {
    name: 'trpc middleware',
    key: `middleware ${middlewares.map(middleware => valueKey(middleware)).join(' ')}`,
    middlewares,
    method: (name, call) => {
      if (name !== 'unstable_pipe' && name !== 'pipe') return undefined;
      const more = stagesOf(call.arguments[0]).flatMap(stage => (stage.kind === 'middleware' ? [stage.run] : []));
      return middlewareValue([...middlewares, ...more]);
    },
  };
  return nativeValue(native);
}

interface Procedure {
  readonly stages: readonly Stage[];
  readonly meta: Value;
  readonly type: ProcedureNative['type'];
  readonly body: Value;
  readonly style: ProcedureStyle;
}

function procedureValue(call: Call, procedure: Procedure): Value {
  const place = call.machine.place(call.frame, call.at);
  const key = `procedure ${place.file}:${call.at} ${procedure.stages.map(stageKey).join(' ')} ${valueKey(procedure.body)}`;
  const native: ProcedureNative = {
    name: 'trpc procedure',
    key,
    type: procedure.type,
    protocol: procedure.style.protocol,
    place,
    run: (inner, given) => runProcedure(inner, key, procedure, given),
    // `actionable` and `callable` leave the procedure what it is.
    method: () => nativeValue(native),
    // Called itself it is a server action, or was made by one of the caller forms: its argument is what was sent.
    invoke: inner =>
      runProcedure(inner, key, procedure, {
        context: inner.machine.opaque(inner.frame, inner.at, 'the context of a procedure that is called itself'),
        input: inner.arguments[0] ?? undefinedValue,
        path: '',
      }),
  };
  return nativeValue(native);
}

interface State {
  readonly context: Value;
  /** What the caller sent, as far as nothing checked it. */
  readonly raw: Value;
  readonly parsed: Value;
}

function runProcedure(
  call: Call,
  key: string,
  procedure: Procedure,
  given: { readonly context: Value; readonly input: Value; readonly path: string },
): Value {
  const fixed = {
    type: constant(procedure.type),
    path: given.path === '' ? undefinedValue : constant(given.path),
    meta: procedure.meta,
    signal: undefinedValue,
  };
  const named = procedure.style.context;
  const step = (inner: Call, index: number, state: State): Value => {
    const { machine, frame, at, end } = inner;
    const stage = procedure.stages[index];
    if (stage === undefined) {
      const input = procedure.stages.some(one => one.kind === 'input') ? state.parsed : undefinedValue;
      const options = objectOf({ ...fixed, [named]: state.context, input });
      const returned = callValue(machine, frame, procedure.body, [options], { at, end });
      return resultOf(inner, returned, state.context);
    }
    if (stage.kind === 'input') {
      const parsed = parse(inner, stage.schema, state.raw);
      if (frame.dead || isBottom(parsed)) {
        frame.dead = true;
        return bottom;
      }
      return step(inner, index + 1, { ...state, parsed: mergeParsed(state.parsed, parsed) });
    }
    if (stage.kind === 'unknown')
      return step(inner, index + 1, { ...state, context: contextBehind(inner, stage.run, state.context, state.raw) });
    const next = handlerValue(
      'next',
      `next ${index} ${key} ${given.path} ${valueKey(state.context)} ${valueKey(state.raw)} ${valueKey(state.parsed)}`,
      following => {
        const [options] = following.arguments;
        const context = mergeContext(state.context, optionOf(options, named));
        const raw = optionOf(options, 'rawInput') ?? optionOf(options, 'input') ?? state.raw;
        return step(following, index + 1, { ...state, context, raw });
      },
    );
    const getRawInput = handlerValue('getRawInput', `raw input ${valueKey(state.raw)}`, () => ({
      kind: 'promise',
      value: state.raw,
      facts: [],
    }));
    return callValue(
      machine,
      frame,
      stage.run,
      [
        objectOf({
          ...fixed,
          [named]: state.context,
          next,
          input: state.parsed,
          rawInput: state.raw,
          getRawInput,
        }),
        // oRPC gives the input beside the options.
        state.parsed,
      ],
      { at, end },
    );
  };
  const result = step(call, 0, { context: given.context, raw: given.input, parsed: undefinedValue });
  if (call.frame.dead || isBottom(result)) return bottom;
  const awaited = awaitValue(call.machine, call.frame, result, call.at);
  if (call.frame.dead || isBottom(awaited)) return bottom;
  return { kind: 'promise', value: dataOf(awaited), facts: [] };
}

function optionOf(options: Value | undefined, name: string): Value | undefined {
  if (options?.kind !== 'object') return undefined;
  const found = peekMember(options, name, true);
  return found?.kind === 'constant' && found.value === undefined ? undefined : found;
}

/** What `next()` gives a middleware: the answer, wrapped. */
function resultOf(call: Call, returned: Value, context: Value): Value {
  const { machine, frame, at } = call;
  if (frame.dead || isBottom(returned)) {
    frame.dead = true;
    return bottom;
  }
  const data = awaitValue(machine, frame, returned, at);
  if (frame.dead || isBottom(data)) {
    frame.dead = true;
    return bottom;
  }
  const ok: Value = { kind: 'test', whenTrue: [], whenFalse: [] };
  return {
    kind: 'promise',
    value: objectOf({
      ok,
      data,
      marker: constant('middlewareMarker'),
      ctx: context,
      error: machine.opaque(frame, at, 'the error of a procedure'),
    }),
    facts: [],
  };
}

function dataOf(result: Value): Value {
  return choose(
    alternativesOf(result).map(({ value, facts }) => ({
      value: value.kind === 'object' && value.fields.has('marker') ? (value.fields.get('data') ?? value) : value,
      facts,
    })),
  );
}

/** A schema of a library that is known, or a function that checks. */
function parse(call: Call, schema: Value, raw: Value): Value {
  if (schema.kind !== 'function') return applySchema(call, schema, raw);
  const { machine, frame, at, end } = call;
  const value = callValue(machine, frame, schema, [raw], { at, end });
  return frame.dead ? bottom : awaitValue(machine, frame, value, at);
}

/** Several `input`s: the fields of all of them. */
function mergeParsed(before: Value, parsed: Value): Value {
  if (before.kind === 'object' && parsed.kind === 'object')
    return {
      kind: 'object',
      fields: new Map([...before.fields, ...parsed.fields]),
      spread: [...before.spread, ...parsed.spread],
    };
  return parsed;
}

/** Where a procedure begins, as an entry point. */
export function procedureEntry(procedure: ProcedureNative, path: string, name: string): EntryPoint {
  return { kind: 'procedure', name, ...procedure.place, symbol: path.slice(path.lastIndexOf('.') + 1) };
}
