import { callValue } from '../../calls.ts';
import { asClass } from '../../classes.ts';
import { carryChange, instanceOf } from '../../expressions.ts';
import { signedIn } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { assume, choose, isBottom } from '../../operations.ts';
import { constant, nullValue, objectOf, undefinedValue, type Value } from '../../value.ts';
import { callChanging } from '../server/changing.ts';
import { passportUser, withWritten } from '../server/request.ts';
import { requestIn } from './context.ts';
import { flat, textOf } from './decorators.ts';
import { validated } from './strategies.ts';

/**
 * Runs a guard as it is bound: a class, or an instance of one. Gives the context as the guard leaves it, with what is known
 * when it lets the caller on; nothing when it never does.
 */
export function runGuard(call: Call, guard: Value, context: Value): Value | undefined {
  const { machine, frame, at } = call;
  const instance = asClass(guard) === undefined ? guard : instanceOf(guard, call);
  const activate = instance === undefined ? undefined : activateOf(instance);
  if (activate === undefined || instance === undefined) {
    // Guards of packages that are not known (limits of rates, mostly) establish nothing.
    if (guard.kind !== 'external') machine.gap('A guard was not followed.', machine.place(frame, at));
    return context;
  }
  const result = callChanging(call, activate, [context], instance);
  const assumed = result && assume(result.value, true, machine.place(frame, at), 'a guard let the caller on');
  if (assumed === undefined) {
    frame.dead = true;
    return undefined;
  }
  frame.learn(assumed.facts);
  return result?.arguments[0] ?? context;
}

function activateOf(instance: Value): Value | undefined {
  if (instance.kind === 'native' && 'fieldsFor' in instance.native)
    return activateOf((instance.native as PassportGuard).fieldsFor(undefinedValue, 0));
  const found = instance.kind === 'object' ? instance.fields.get('canActivate') : undefined;
  if (found?.kind === 'native' && found.native.name === passportName)
    return passportActivate((found.native as PassportActivate).strategies, () => instance, valueKey(instance));
  return found?.kind === 'function' || found?.kind === 'native' ? found : undefined;
}

const passportName = 'passport canActivate';

interface PassportGuard extends NativeValue {
  readonly fieldsFor: (self: Value, at: number) => Value;
}

/** `AuthGuard('jwt')`: a class, which the app's own guards extend. */
export const passportGuard: Handler = ({ arguments: [asked] }) => {
  const names = flat(asked).flatMap(name => textOf(name) ?? []);
  // `super.canActivate(context)`: `this` is the guard that extends this one.
  const activate = passportActivate(names, call => call.frame.thisValue);
  const fields = objectOf({ canActivate: activate });
  const native: PassportGuard = {
    name: 'passport guard',
    key: `nest passport guard ${names.join(',')}`,
    fieldsFor: () => fields,
    method: name => (name === 'new' ? fields : undefined),
  };
  return nativeValue(native);
};

interface PassportActivate extends NativeValue {
  readonly strategies: readonly string[];
}

function passportActivate(strategies: readonly string[], self: (call: Call) => Value, id = ''): Value {
  const native: PassportActivate = {
    name: passportName,
    key: `${passportName} ${strategies.join(',')} ${id}`,
    strategies,
    invoke: call => activatePassport(call, strategies, self(call)),
  };
  return nativeValue(native);
}

/** A strategy verified who calls; what `handleRequest` makes of it is the request's user. */
function activatePassport(call: Call, strategies: readonly string[], self: Value): Value {
  const { frame } = call;
  const [context = undefinedValue] = call.arguments;
  const request = requestIn(context);
  const own = validated(call, strategies, request);
  const { user, isRequired } = handled(call, self, context, own?.user ?? passportUser());
  if (request !== undefined) carryChange(call.machine, frame, request, withWritten(request, new Map([['user', user]])));
  return { kind: 'promise', value: constant(true), facts: isRequired ? [signedIn(call), ...(own?.facts ?? [])] : [] };
}

/** `handleRequest(error, user, info, context)` decides what becomes of callers whom the strategy does not know. */
function handled(
  call: Call,
  self: Value,
  context: Value,
  verified: Value,
): { readonly user: Value; readonly isRequired: boolean } {
  const { machine, frame, at, end } = call;
  const handle = self.kind === 'object' ? self.fields.get('handleRequest') : undefined;
  if (handle?.kind !== 'function') return { user: verified, isRequired: true };
  const outcome = (user: Value, error: Value): Value | undefined => {
    const before = frame.save();
    const value = callValue(machine, frame, handle, [error, user, undefinedValue, context], { at, end, self });
    const isDead = frame.dead || isBottom(value);
    frame.restore(before);
    return isDead ? undefined : value;
  };
  const known = outcome(verified, nullValue) ?? undefinedValue;
  const unknown = outcome(constant(false), nullValue);
  if (unknown === undefined) return { user: known, isRequired: true };
  const either = [
    { value: known, facts: [signedIn(call)] },
    { value: unknown, facts: [] },
  ];
  return { user: choose(either), isRequired: false };
}
