import type { Binding, Item } from '../../collect/source/ir.ts';
import { callValue, type CallSite } from './calls.ts';
import type { Frame, Machine } from './machine.ts';
import type { Value } from './value.ts';

/** Calls a function of the program, and tells what the arguments are afterwards: it may have changed them in place. */
export function callAndSee(
  machine: Machine,
  frame: Frame,
  callee: Value,
  values: readonly Value[],
  site: CallSite,
): { readonly result: Value; readonly after: readonly Value[] } {
  const names = values.map((_, index): Binding => ({
    id: -1 - index,
    name: 'argument',
    owner: frame.code,
    declaration: undefined,
    reassigned: true,
  }));
  for (const [index, binding] of names.entries()) {
    const value = values[index];
    if (value !== undefined) frame.vars.set(binding, value);
  }
  const nodes = names.map((binding): Item => ({ spread: false, value: { kind: 'name', binding, at: site.at } }));
  const result = callValue(machine, frame, callee, values, { ...site, nodes });
  const after = names.map((binding, index) => frame.vars.get(binding) ?? values[index]);
  for (const binding of names) frame.vars.delete(binding);
  return { result, after: after.filter(value => value !== undefined) };
}
