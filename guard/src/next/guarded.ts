import { randomUUID } from 'node:crypto';
import { guardErrorIn } from '../errors.ts';
import { narrow } from '../fields.ts';
import { currentScope, withRequest } from '../scope.ts';
import type { RequestFacts } from '../scope.ts';
import { isSchema } from '../standard-schema.ts';
import type { StandardSchema } from '../standard-schema.ts';
import { guardData } from '../tripwire/json.ts';
import { refuse } from '../refusal.ts';
import { asCaller, askBefore, identify, requireRole, tellRefused } from './admit.ts';
import type { AnyCallOptions, Asking, Call, Caller } from './admit.ts';
import { parseInput } from './input.ts';
import type { GuardNextOptions, MaybePromise } from './options.ts';

/** What a handler is given, whatever kind of call it is. */
export interface Given {
  readonly caller: Caller;
  readonly input: unknown;
  readonly params: unknown;
}

/** A call with what is told of it, what refuses it before anything else, and how its input is read. */
export interface GuardedCall extends Call {
  readonly facts: RequestFacts;
  readonly first?: () => void;
  readonly readInput: () => unknown;
}

/**
 * The one way in: who, which tenant, which role, then what was sent, then limits and freezes, then the work in its scope.
 * Everything that refuses does it by throwing.
 */
export function guarded<T>(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: GuardedCall,
  work: (given: Given) => T | PromiseLike<T>,
): Promise<T> {
  return withRequest(factsOf(guard, call), async () => {
    // Of a write that another site's page sent nobody is told: whoever opened the page did not ask for it.
    call.first?.();
    const asking: Asking = {};
    let given: Given;
    try {
      const caller = await identify(guard, options, call, asking);
      requireRole(options, caller);
      // What nobody declared is not waited for: each promise costs with an AsyncLocalStorage around it.
      const params = options.params === undefined ? call.params : await parseParams(options.params, call);
      const input = options.input === undefined ? undefined : await parseInput(options.input, call.readInput);
      given = { caller, input, params };
    } catch (error) {
      if (guard.before !== undefined && isCallers(error)) await tellRefused(guard, options, call, asking);
      throw error;
    }
    if (guard.before !== undefined) await askBefore(guard, options, call, given.caller);
    return asCaller(given.caller, () => work(given));
  });
}

/** Whether a call was refused for what the caller sent or may: not for a fault of the server, nor by Next.js. */
function isCallers(error: unknown): boolean {
  const status = guardErrorIn(error)?.status;
  return status !== undefined && status >= 400 && status < 500;
}

/** What events tell of a call. */
export function factsOf(guard: GuardNextOptions, { headers, facts }: GuardedCall): RequestFacts {
  const address = guard.address?.(headers);
  return { requestId: requestIdOf(headers), ...(address === undefined ? {} : { address }), ...facts };
}

/** The id that the platform gave, if it looks like one: a caller can send the header too, and it goes to the logs. */
function requestIdOf(headers: Headers): string {
  const given = headers.get('x-request-id') ?? headers.get('x-vercel-id') ?? '';
  return /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** A path whose parts have the wrong form leads nowhere. */
export async function parseParams(params: StandardSchema, call: Call): Promise<unknown> {
  const result = await params['~standard'].validate(call.params);
  if (result.issues === undefined) return result.value;
  throw refuse('bad-id', 'The path is not what the call declares.');
}

/** What may leave of what a handler gave back: nothing of another tenant, and of the rest what was declared. */
export function outgoing(guard: GuardNextOptions, options: AnyCallOptions, value: unknown): MaybePromise<unknown> {
  if (guard.tripwire !== undefined) guardData(value, guard.tripwire, currentScope());
  const { output } = options;
  if (output === undefined || value === undefined) return value;
  return isSchema(output) ? validated(output, options, value) : narrow(value, output);
}

/** What is declared is the success; of an error leaves what errors have. */
export function declaredFor(options: AnyCallOptions, status: number): AnyCallOptions {
  const isSuccess = status >= 200 && status < 300;
  return isSuccess || options.output === undefined ? options : { ...options, output: errorFields };
}

const errorFields = ['error', 'message', 'code'];

async function validated(output: StandardSchema, options: AnyCallOptions, value: unknown): Promise<unknown> {
  const result = await output['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const places = result.issues.map(({ path }) => (path ?? []).map(part => keyOf(part)).join('.') || 'the whole');
  throw new TypeError(`The answer of '${options.name}' is not what its output declares, at ${places.join(', ')}.`);
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part);
}

/** A call that can never be let in is a mistake of the code, told when the module loads. */
export function checkOptions(options: AnyCallOptions): void {
  if (options.name.trim() === '') throw new TypeError('A guarded call needs a name.');
  const kind = options.scope ?? 'tenant';
  if (kind !== 'tenant' && options.roles !== undefined)
    throw new TypeError(`'${options.name}' asks for roles, which a user has in a tenant only: scope is '${kind}'.`);
}
