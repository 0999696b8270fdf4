import { headers as requestHeaders } from 'next/headers.js';
import type { Fields, Kept } from '../fields.ts';
import type { InputIssue, SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.ts';
import type { AnyCallOptions } from './admit.ts';
import { refusalOf } from './answer.ts';
import { checkOptions, guarded, outgoing } from './guarded.ts';
import type { GuardedCall } from './guarded.ts';
import { fieldsOf } from './input.ts';
import type { CallOptions, Callers, GuardNextOptions, MaybePromise, MaybeSchema, ScopeKind } from './options.ts';
import { callOf } from './route.ts';

/** What a guarded action answers: what it did, or why it did nothing. */
export type ActionResult<Data> = { readonly ok: true; readonly data: Data } | ({ readonly ok: false } & ActionRefusal);

/** Why an action did nothing, as the page may show it. */
export interface ActionRefusal {
  readonly status: number;
  readonly error: string;
  /** What is wrong with the input, with status 400. */
  readonly issues?: readonly InputIssue[];
  /** In seconds, with status 429 and 503. */
  readonly retryAfter?: number;
}

/** What the handler of an action is given. */
export type ActionCall<Input, Kind extends ScopeKind> = Callers[Kind] & { readonly input: SchemaOutput<Input> };

/** A server action, called with its input, or by `useActionState` with the former state first. */
export interface ServerAction<Input, Data> {
  (
    ...parameters: Input extends undefined ? readonly unknown[] : readonly [Input | FormData]
  ): Promise<ActionResult<Data>>;
  (state: unknown, input: Input | FormData): Promise<ActionResult<Data>>;
}

/** What an action declares. It has no path of its own. */
export type ActionOptions<Input extends MaybeSchema, Kind extends ScopeKind, Output> = Omit<
  CallOptions<Input, undefined, Kind>,
  'params' | 'output'
> & { readonly output?: Output };

/** What leaves an action: what a schema makes of it, some of its fields, or all of it. */
export type Left<Data, Output> =
  Output extends StandardSchema<unknown, infer Whole> ? Whole : Output extends Fields ? Kept<Data, Output> : Data;

/**
 * Guards a server action. What it is called with, whoever calls it and from wherever, is the last argument; a form is read
 * as its fields. Nothing of it reaches the work without a schema.
 */
export type GuardAction = <
  Data,
  Input extends MaybeSchema = undefined,
  Kind extends ScopeKind = 'tenant',
  const Output extends Fields | StandardSchema | undefined = undefined,
>(
  options: ActionOptions<Input, Kind, Output>,
  work: (call: ActionCall<Input, Kind>) => MaybePromise<Data>,
) => ServerAction<SchemaInput<Input>, Left<Data, Output>>;

/** Makes `guardAction` for an app. */
export function makeGuardAction(guard: GuardNextOptions): GuardAction {
  const guardAction = (options: AnyCallOptions, work: (call: object) => MaybePromise<unknown>): unknown => {
    checkOptions(options);
    return async (...parameters: readonly unknown[]): Promise<ActionResult<unknown>> => {
      try {
        return { ok: true, data: await act(guard, options, parameters, work) };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return { ok: false, ...refusal };
      }
    };
  };
  return guardAction as GuardAction;
}

async function act(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  parameters: readonly unknown[],
  work: (call: object) => MaybePromise<unknown>,
): Promise<unknown> {
  const call = await callOfAction(options, parameters);
  return guarded(guard, options, call, async given => outgoing(guard, options, await work(callOf(given))));
}

/** The call of an action as the guard looks at it. */
export async function callOfAction(options: AnyCallOptions, parameters: readonly unknown[]): Promise<GuardedCall> {
  return {
    kind: 'write',
    // A copy: what Next.js gives is its own, and read-only in a way that libraries trip over.
    headers: new Headers(await requestHeaders()),
    params: {},
    arguments: parameters,
    facts: { action: options.name },
    readInput: () => inputOf(parameters),
  };
}

/** `$ACTION_` fields are those of Next.js and React, for forms that are sent before the page's scripts run. */
function inputOf(parameters: readonly unknown[]): unknown {
  const last = parameters.at(-1);
  if (!(last instanceof FormData)) return last;
  return fieldsOf([...last].filter(([name]) => !name.startsWith('$ACTION_')));
}
