import type { EntryPoint } from '../../../core/path.ts';
import { awaitValue } from '../expressions.ts';
import type { Call, Machine } from '../machine.ts';
import { bottom, isBottom } from '../operations.ts';
import type { Value } from '../value.ts';

/** Runs an entry point that was met on the way: what it does and answers is its own, and what held here holds in it. */
export function runFound(call: Call, entryPoint: EntryPoint, work: (call: Call) => Value): Value {
  const { machine, frame, at } = call;
  machine.foundEntries.set(entryPoint.name, entryPoint);
  const before = frame.save();
  const outer = frame.effects;
  frame.effects = [];
  const returned = machine.withinEntry(() => work(call));
  const value = frame.dead || isBottom(returned) ? bottom : awaitValue(machine, frame, returned, at);
  const { effects, facts } = frame;
  frame.effects = outer;
  frame.restore(before);
  // The step into the entry point itself says nothing.
  const flat = effects.map(effect => (effect.kind === 'call' ? { ...effect, step: undefined } : effect));
  frame.effects.push({ kind: 'entry', facts: before.facts, entryPoint, effects: flat, value, valueFacts: facts });
  return value;
}

/** A name for an entry point; two at different places that answer to the same one are told apart by their file. */
export function distinctName(machine: Machine, name: string, place: { file: string; line: number }): string {
  const known = machine.foundEntries.get(name);
  return known === undefined || (known.file === place.file && known.line === place.line)
    ? name
    : `${name} (${place.file})`;
}
