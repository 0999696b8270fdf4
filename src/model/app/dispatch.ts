import { callMethod, callValue } from './calls.ts';
import { memberOf } from './expressions.ts';
import { valueKey } from './keys.ts';
import { nativeValue, type NativeValue } from './machine.ts';
import { choose } from './operations.ts';
import { branches } from './statements.ts';
import type { Value } from './value.ts';

/** True for something that is there to be called: a function, or an object with methods. */
export function isCallable(value: Value): boolean {
  if (value.kind === 'function') return true;
  return value.kind === 'object' && [...value.fields.values()].some(field => field.kind === 'function');
}

const mostChosen = 6;

/**
 * One of the values of a table, by a key that is not known: `handlers[job.name]`, `processors.get(name)`. More than a few
 * are one value whose calls are calls of each, and each may take as many steps as an entry point may.
 */
export function oneOf(values: readonly Value[]): Value {
  if (values.length <= mostChosen) return choose(values.map(value => ({ value, facts: [] })));
  const native: NativeValue = {
    name: 'one of a table',
    key: `one of ${values.map(value => valueKey(value)).join(' | ')}`,
    inside: values,
    member: (name, { machine, frame, at }) =>
      oneOf(values.map(value => memberOf(machine, frame, value, name, at, true))),
    method: (name, { machine, frame, arguments: given, at, end }) =>
      branches(
        machine,
        frame,
        values.map(
          value => () => machine.withinEntry(() => callMethod(machine, frame, value, name, given, { at, end })),
        ),
      ),
    invoke: ({ machine, frame, arguments: given, at, end }) =>
      branches(
        machine,
        frame,
        values.map(value => () => machine.withinEntry(() => callValue(machine, frame, value, given, { at, end }))),
      ),
  };
  return nativeValue(native);
}
