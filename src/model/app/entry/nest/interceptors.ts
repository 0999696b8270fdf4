import { callValue, runCallbacks } from '../../calls.ts';
import { asClass } from '../../classes.ts';
import { awaitValue, instanceOf } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Frame } from '../../machine.ts';
import type { Value } from '../../value.ts';
import { asOwnCall } from '../server/run.ts';

/** Runs what stands around a method, the outermost first; `finish` runs the method with the context as they leave it. */
export function runInterceptors(
  call: Call,
  interceptors: readonly Value[],
  id: string,
  context: Value,
  finish: (call: Call, context: Value) => void,
): void {
  const step = (inner: Call, index: number, given: Value): void => {
    const written = interceptors[index];
    if (written === undefined) {
      finish(inner, given);
      return;
    }
    const instance = asClass(written) === undefined ? written : instanceOf(written, inner);
    const intercept = instance?.kind === 'object' ? instance.fields.get('intercept') : undefined;
    if (intercept?.kind !== 'function' || instance === undefined) {
      step(inner, index + 1, given);
      return;
    }
    const { machine, frame, at, end } = inner;
    const seen = { isHandled: false };
    const next = nativeValue({
      name: 'call handler',
      key: `nest call handler ${id} ${index} ${valueKey(given)}`,
      method: (name, following) => {
        if (name !== 'handle') return undefined;
        seen.isHandled = true;
        const held = contextHeld(following.frame) ?? given;
        asOwnCall(machine, () => {
          step(following, index + 1, held);
        });
        return observable(following);
      },
    });
    const returned = callValue(machine, frame, intercept, [given, next], { at, end, self: instance });
    if (!frame.dead) awaitValue(machine, frame, returned, at);
    // What hands the call on in a way that was not followed (`defer`, `from`) hands it on all the same.
    if (!seen.isHandled && !frame.dead) step(inner, index + 1, given);
  };
  step(call, 0, context);
}

/** What a call gives as time goes on; what is put behind it runs with something that was not followed. */
function observable({ machine, frame, at }: Call): Value {
  const value = nativeValue({
    name: 'observable',
    key: `nest observable ${machine.place(frame, at).line}`,
    method: (_name, inner) => {
      runCallbacks(inner.machine, inner.frame, inner.arguments, inner);
      return value;
    },
  });
  return value;
}

function contextHeld(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const [first] = current.code?.parameters ?? [];
    const value = first?.kind === 'name' ? current.vars.get(first.binding) : undefined;
    if (value?.kind === 'native' && value.native.name === 'execution context') return value;
  }
  return undefined;
}
