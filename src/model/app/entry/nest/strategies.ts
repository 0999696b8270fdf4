import { callValue } from '../../calls.ts';
import type { ClassNative } from '../../classes.ts';
import { awaitValue, instanceOf } from '../../expressions.ts';
import { without } from '../../facts.ts';
import { claimsValue, signedIn } from '../../library/identity/principal.ts';
import { nativeValue, type Call, type FunctionClosure, type Machine } from '../../machine.ts';
import { alternativesOf, choose, isBottom } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import type { Value } from '../../value.ts';
import { textOf } from './decorators.ts';

/** The app's strategies of Passport that read a signed token, by the name under which guards ask for them. */
function strategiesOf(machine: Machine): Map<string, ClassNative> {
  return machine.remember('nest strategies', () => new Map<string, ClassNative>());
}

/** `class JwtStrategy extends PassportStrategy(Strategy, 'jwt')`. */
export function readStrategy(machine: Machine, native: ClassNative): void {
  const { parent } = native;
  if (parent?.kind !== 'external' || !parent.path.endsWith('PassportStrategy()')) return;
  const [strategy, named] = parent.arguments;
  if (strategy?.kind !== 'external' || !/^passport-(?:jwt|http-bearer)$/.test(strategy.library ?? '')) return;
  const usual = strategy.library === 'passport-jwt' ? 'jwt' : 'bearer';
  // A bearer's token is looked up by the app itself.
  if (usual === 'jwt') strategiesOf(machine).set(textOf(named) ?? usual, native);
}

/** What `validate` of the app's strategy makes of the verified token, with what it established; absent without one. */
export function validated(
  call: Call,
  names: readonly string[],
  request: Value | undefined,
): { readonly user: Value; readonly facts: readonly Fact[] } | undefined {
  const { machine, frame, at, end } = call;
  const strategies = strategiesOf(machine);
  const [only] = strategies.size === 1 ? strategies.values() : [];
  const native = names.map(name => strategies.get(name)).find(known => known !== undefined) ?? only;
  const instance = native === undefined ? undefined : instanceOf(nativeValue(native), call);
  const validate = instance?.kind === 'object' ? instance.fields.get('validate') : undefined;
  if (validate?.kind !== 'function' || instance === undefined) return undefined;
  const before = frame.save();
  frame.learn([signedIn(call)]);
  const count = (validate.closure as FunctionClosure).code.parameters.length;
  // With `passReqToCallback` the request comes first.
  const values = count > 1 && request !== undefined ? [request, claimsValue()] : [claimsValue()];
  const returned = callValue(machine, frame, validate, values, { at, end, self: instance });
  const user = frame.dead || isBottom(returned) ? undefined : awaitValue(machine, frame, returned, at);
  const isDead = frame.dead || user === undefined || isBottom(user);
  const facts = without(frame.facts, before.facts);
  frame.restore(before);
  if (isDead || user === undefined) return undefined;
  // Nobody gets on for whom it gives nothing.
  const known = alternativesOf(user).filter(
    ({ value }) =>
      !(value.kind === 'constant' && (value.value === null || value.value === undefined || value.value === false)),
  );
  return known.length === 0 ? undefined : { user: choose(known), facts };
}
