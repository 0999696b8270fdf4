import { FunctionClosure } from './machine.ts';
import { visit, type Value } from './value.ts';

/** What functions inside the values captured from the functions around them; absent where there is no function. */
export function carriedBy(values: readonly Value[]): readonly Value[] | undefined {
  const seen = new Set<Value>();
  const carried: Value[] = [];
  let some = false;
  const look = (value: Value): void => {
    visit(
      value,
      inner => {
        if (inner.kind !== 'function') return;
        some = true;
        for (const held of heldBy(inner)) {
          if (held.kind !== 'function') carried.push(held);
          look(held);
        }
      },
      seen,
    );
  };
  for (const value of values) look(value);
  return some ? carried : undefined;
}

/** What a module holds outlives the request, and has none of its rows. */
function heldBy(value: Extract<Value, { kind: 'function' }>): readonly Value[] {
  const { closure } = value;
  if (!(closure instanceof FunctionClosure)) return [];
  const { code, frame, bound } = closure;
  const held = [...code.captures].flatMap((binding): readonly Value[] => {
    const holder = frame.holderOf(binding);
    const kept = holder?.code === undefined ? undefined : holder.vars.get(binding);
    return kept === undefined ? [] : [kept];
  });
  return [...bound, ...held, ...(code.usesThis ? [frame.thisValue] : [])];
}
