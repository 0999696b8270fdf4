import type { Expression } from '../../../collect/source/ir.ts';
import { callValue } from '../calls.ts';
import { evaluate } from '../expressions.ts';
import type { Frame, Machine } from '../machine.ts';
import type { Value } from '../value.ts';

/** What stands behind an `@`, and what decorates: of one without parentheses (`@Public`), what its function makes. */
export function decoratorOf(
  machine: Machine,
  frame: Frame,
  expression: Expression,
): { readonly value: Value; readonly made: Value } {
  const value = evaluate(machine, frame, expression);
  frame.dead = false;
  if (value.kind !== 'function') return { value, made: value };
  return { value, made: callValue(machine, frame, value, [], { at: expression.at, end: expression.at }) };
}
