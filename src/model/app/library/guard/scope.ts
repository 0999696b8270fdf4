import { callValue } from '../../calls.ts';
import { awaitValue, memberOf } from '../../expressions.ts';
import { without } from '../../facts.ts';
import type { Call, Frame, Handler, Machine } from '../../machine.ts';
import { alternativesOf, assume, bottom, isBottom } from '../../operations.ts';
import { leave } from '../../statements.ts';
import type { Alternative, Value } from '../../value.ts';
import { constant, fieldOf, objectOf, undefinedValue } from '../../value.ts';

/** The store of the request in which @drydock/guard keeps who is asking. */
const store = '@drydock/guard scope';

/** Who is asking, in one of the guard's modes. */
export type Scope =
  | { readonly mode: 'tenant'; readonly user: Value; readonly tenant: Value }
  | { readonly mode: 'user'; readonly user: Value }
  | { readonly mode: 'system'; readonly tenant: Value }
  | { readonly mode: 'admin' }
  /** Code that was not followed says who. */
  | { readonly mode: 'untold'; readonly value: Value };

/** A scope as code hands it around: the object that `resolve` gives and `currentScope` shows. */
export function scopeValue(mode: Scope['mode'], fields: Readonly<Record<string, Value>>): Value {
  return objectOf({ mode: constant(mode), ...fields });
}

/** The scope that a value is; none for `undefined`. */
export function readScope(value: Value): Scope | undefined {
  if (value.kind === 'constant') return undefined;
  const mode = fieldOf(value, 'mode');
  const user = fieldOf(value, 'user');
  const tenant = fieldOf(value, 'tenant');
  switch (mode?.kind === 'constant' ? mode.value : undefined) {
    case 'tenant':
      return user === undefined || tenant === undefined ? { mode: 'untold', value } : { mode: 'tenant', user, tenant };
    case 'user':
      return user === undefined ? { mode: 'untold', value } : { mode: 'user', user };
    case 'system':
      return tenant === undefined ? { mode: 'untold', value } : { mode: 'system', tenant };
    case 'admin':
      return { mode: 'admin' };
    default:
      return { mode: 'untold', value };
  }
}

/** The scope that the running code was given; `nobody` where it was left on purpose. */
export function scopeHere(machine: Machine): Value | 'nobody' | undefined {
  const held = machine.stores.get(store);
  return held?.kind === 'constant' ? 'nobody' : held;
}

/** Runs work in a scope, or outside of every one. What it gives is awaited there: queries of ORMs run when they are awaited. */
export function withScope(machine: Machine, scope: Value, work: () => Value, frame: Frame, at: number): Value {
  const outer = machine.stores;
  machine.setStores(new Map([...outer, [store, scope]]));
  const result = work();
  const value = frame.dead || isBottom(result) ? bottom : awaitValue(machine, frame, result, at);
  machine.setStores(outer);
  return frame.dead ? bottom : value;
}

/** The same as a promise: what the work found out holds for whoever waits for it. */
function promised(call: Call, scope: Value, work: Value | undefined): Value {
  const { machine, frame, at, end } = call;
  const before = frame.save();
  const run = (): Value => callValue(machine, frame, work ?? undefinedValue, [], { at, end });
  const value = withScope(machine, scope, run, frame, at);
  const facts = without(frame.facts, before.facts);
  leave(frame, before);
  return { kind: 'promise', value, facts };
}

/** What code that finds the scope of a request answers, with what then holds. Meanwhile nobody is asking. */
export function asked(call: Call, resolve: Value): readonly Alternative[] {
  const { machine, frame, at, end } = call;
  const before = frame.save();
  const value = withScope(
    machine,
    constant(null),
    () => callValue(machine, frame, resolve, [], { at, end }),
    frame,
    at,
  );
  const facts = without(frame.facts, before.facts);
  leave(frame, before);
  if (isBottom(value)) return [];
  return alternativesOf(value).map(alternative => ({ ...alternative, facts: [...facts, ...alternative.facts] }));
}

/** A user or tenant by name: an empty one is refused. */
function named(call: Call, value: Value): Value {
  const assumed = assume(value, true, call.machine.place(call.frame, call.at), 'a scope has a name');
  if (assumed === undefined) call.frame.dead = true;
  call.frame.learn(assumed?.facts ?? []);
  return assumed?.value ?? bottom;
}

function fieldNamed(call: Call, name: string): Value {
  const [who = undefinedValue] = call.arguments;
  return named(call, memberOf(call.machine, call.frame, who, name, call.at, false));
}

const asTenant: Handler = call => {
  const scope = scopeValue('tenant', { user: fieldNamed(call, 'user'), tenant: fieldNamed(call, 'tenant') });
  return promised(call, scope, call.arguments[1]);
};

const asUser: Handler = call =>
  promised(call, scopeValue('user', { user: named(call, call.arguments[0] ?? undefinedValue) }), call.arguments[1]);

const asAdmin: Handler = call => promised(call, scopeValue('admin', {}), call.arguments[1]);

const asSystem: Handler = call =>
  promised(call, scopeValue('system', { tenant: fieldNamed(call, 'tenant') }), call.arguments[1]);

const withRequest: Handler = call =>
  callValue(call.machine, call.frame, call.arguments[1] ?? undefinedValue, [], { at: call.at, end: call.end });

const currentScope: Handler = ({ machine }) => {
  const scope = scopeHere(machine);
  return scope === undefined || scope === 'nobody' ? undefinedValue : scope;
};

/** The guard's modes by name. */
export const scopeHandlers: Readonly<Record<string, Handler>> = {
  '@drydock/guard#asTenant': asTenant,
  '@drydock/guard#asUser': asUser,
  '@drydock/guard#asAdmin': asAdmin,
  '@drydock/guard#asSystem': asSystem,
  '@drydock/guard#withRequest': withRequest,
  '@drydock/guard#currentScope': currentScope,
  '@drydock/guard/next#pageScope': () => undefinedValue,
};
