import type { Frame, Machine } from './machine.ts';
import { bottom } from './operations.ts';
import type { Value } from './value.ts';

/** A field of nothing, or a call of it: the way ends. Programs that work do not come here, so something was not understood. */
export function ended(frame: Frame, at: number): Value {
  frame.dead = true;
  frame.absent.push(at);
  return bottom;
}

/** A function, or a block that catches, has no other way out than where something was not there: what follows is not known. */
export function noteEnded(machine: Machine, frame: Frame, absent: readonly number[]): void {
  const at = absent.at(-1);
  if (at === undefined || frame.code === undefined) return;
  const name = frame.code.name === '' ? 'a function' : `'${frame.code.name}'`;
  machine.gap(
    `Following ${name} came to an end here: what it asks something of was not seen to be there.`,
    machine.place(frame, at),
  );
}
