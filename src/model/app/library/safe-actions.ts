import { callValue, handlerValue } from '../calls.ts';
import { awaitValue } from '../expressions.ts';
import { valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { choose, isBottom } from '../operations.ts';
import { objectOf, undefinedValue, type Value } from '../value.ts';
import { contextBehind } from '../entry/context.ts';
import { applySchema } from './zod.ts';

/** An action that is being put together: what runs before it, and how its input is checked. */
interface Draft {
  readonly middlewares: readonly Value[];
  /** Those that run after the input was checked, and see it. */
  readonly validated: readonly Value[];
  readonly schema: Value | undefined;
  readonly metadata: Value;
  /** Schemas of the arguments that `bind` gives, which the browser sends as it sends the input. */
  readonly bound: readonly Value[];
}

/** next-safe-action (https://next-safe-action.dev): each middleware runs the rest by calling `next`, and hands it a context. */
const createClient: Handler = () =>
  draftValue({ middlewares: [], validated: [], schema: undefined, metadata: undefinedValue, bound: [] });

function draftValue(draft: Draft): Value {
  const native: NativeValue = {
    name: 'action client',
    key: `action client ${[...draft.middlewares, ...draft.validated].map(value => valueKey(value)).join(',')} ${draft.schema === undefined ? '' : valueKey(draft.schema)} ${valueKey(draft.metadata)}`,
    method: (name, call) => {
      const [first] = call.arguments;
      switch (name) {
        case 'use':
          return first === undefined
            ? nativeValue(native)
            : draftValue({ ...draft, middlewares: [...draft.middlewares, first] });
        case 'useValidated':
          return first === undefined
            ? nativeValue(native)
            : draftValue({ ...draft, validated: [...draft.validated, first] });
        case 'schema':
        case 'inputSchema':
          return draftValue({ ...draft, schema: schemaFrom(call, first, draft.schema) });
        case 'bindArgsSchemas':
          return draftValue({ ...draft, bound: first?.kind === 'array' ? first.items : [] });
        case 'metadata':
          return draftValue({ ...draft, metadata: first ?? undefinedValue });
        case 'action':
        case 'stateAction':
          return first === undefined
            ? undefined
            : handlerValue('action', `action ${native.key} ${valueKey(first)}`, inner =>
                runAction(inner, draft, first, name === 'stateAction'),
              );
        default:
          return nativeValue(native);
      }
    },
  };
  return nativeValue(native);
}

/** A schema, or an async function that makes one of the schema so far. */
function schemaFrom(call: Call, value: Value | undefined, before: Value | undefined): Value | undefined {
  if (value?.kind !== 'function') return value;
  return awaitValue(
    call.machine,
    call.frame,
    callValue(call.machine, call.frame, value, [before ?? undefinedValue], { at: call.at, end: call.end }),
    call.at,
  );
}

function runAction(call: Call, draft: Draft, body: Value, withState: boolean): Value {
  const { bound } = draft;
  const isBound = call.arguments.length > bound.length;
  const own = isBound ? call.arguments.slice(bound.length) : call.arguments;
  const sent = own[withState ? 1 : 0] ?? own[0] ?? undefinedValue;
  const inputs = bound.map((_, index): Value => {
    const value = isBound ? call.arguments[index] : undefined;
    return value ?? { kind: 'term', term: { kind: 'client', path: `bound.${index}` }, maybeUndefined: false };
  });
  const bindArgsClientInputs: Value = { kind: 'array', items: inputs };
  const sentParts = { clientInput: sent, bindArgsClientInputs, metadata: draft.metadata };
  const stages = [...draft.middlewares, ...draft.validated];
  const step = (inner: Call, index: number, context: Value, checked?: Readonly<Record<string, Value>>): Value => {
    const { machine, frame, at, end } = inner;
    const parsed =
      checked === undefined && index >= draft.middlewares.length
        ? {
            parsedInput: draft.schema === undefined ? sent : applySchema(inner, draft.schema, sent),
            bindArgsParsedInputs: {
              kind: 'array' as const,
              items: bound.map((schema, position) => applySchema(inner, schema, inputs[position] ?? undefinedValue)),
            },
          }
        : checked;
    const middleware = stages[index];
    const given = { ...sentParts, ...parsed, ctx: context };
    if (middleware === undefined) return callValue(machine, frame, body, [objectOf(given)], { at, end });
    if (middleware.kind === 'external' || middleware.kind === 'term')
      return step(inner, index + 1, contextBehind(inner, middleware, context, sent), parsed);
    const next = handlerValue(
      'next',
      `next ${index} ${valueKey(context)} ${valueKey(body)} ${valueKey(sent)}`,
      following => step(following, index + 1, merged(context, following.arguments[0]), parsed),
    );
    return callValue(machine, frame, middleware, [objectOf({ ...given, next })], { at, end });
  };
  const result = step(call, 0, objectOf({}));
  const data = awaitValue(call.machine, call.frame, result, call.at);
  if (isBottom(data))
    call.machine.gap(
      'Following the action came to an end before it answers: what its client or its code does was not understood.',
      call.machine.place(call.frame, call.at),
    );
  const failed = objectOf({ serverError: call.machine.opaque(call.frame, call.at, 'the error of an action') });
  return {
    kind: 'promise',
    value: choose([
      { value: objectOf({ data }), facts: [] },
      { value: failed, facts: [] },
    ]),
    facts: [],
  };
}

/** `next({ ctx })` adds to the context. */
function merged(context: Value, options: Value | undefined): Value {
  const given = options?.kind === 'object' ? options.fields.get('ctx') : undefined;
  if (given === undefined) return context;
  if (given.kind !== 'object' || context.kind !== 'object') return given;
  return {
    kind: 'object',
    fields: new Map([...context.fields, ...given.fields]),
    spread: [...context.spread, ...given.spread],
  };
}

/** Builders of server actions. */
export const safeActionHandlers: Readonly<Record<string, Handler>> = {
  'next-safe-action#createSafeActionClient': createClient,
};
