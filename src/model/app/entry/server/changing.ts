import type { Binding, Item } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import type { Call } from '../../machine.ts';
import { bottom, isBottom } from '../../operations.ts';
import type { Value } from '../../value.ts';

/** What a function answered, and its arguments as it left them: stages write onto the request that they are given. */
export interface Changed {
  readonly value: Value;
  readonly arguments: readonly Value[];
}

let nextBinding = -1;

/** Calls a function and awaits it; sees what it writes onto its arguments. Nothing when it never returns. */
export function callChanging(call: Call, callee: Value, values: readonly Value[], self?: Value): Changed | undefined {
  const { machine, frame, at, end } = call;
  const bindings = values.map((value): Binding => {
    // Names of no program: the function's changes are told to the names of its arguments.
    const binding: Binding = {
      id: nextBinding--,
      name: 'argument',
      owner: undefined,
      declaration: undefined,
      reassigned: true,
    };
    frame.vars.set(binding, value);
    return binding;
  });
  const nodes = bindings.map((binding): Item => ({ spread: false, value: { kind: 'name', binding, at } }));
  const returned = callValue(machine, frame, callee, values, {
    at,
    end,
    nodes,
    ...(self === undefined ? {} : { self }),
  });
  const value = frame.dead || isBottom(returned) ? bottom : awaitValue(machine, frame, returned, at);
  const changed = bindings.map((binding, index) => frame.vars.get(binding) ?? values[index] ?? bottom);
  for (const binding of bindings) frame.vars.delete(binding);
  return frame.dead || isBottom(value) ? undefined : { value, arguments: changed };
}
