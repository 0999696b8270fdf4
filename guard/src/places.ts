import { createHook, executionAsyncId } from 'node:async_hooks';
import { stackHere } from './caller.ts';
import { processWide } from './process-wide.ts';

const kept = 10_000;

interface Places {
  readonly stacks: Map<number, string>;
  on: boolean;
}

const places = processWide<Places>('places/1', () => ({ stacks: new Map(), on: false }));

/**
 * From here on, the stack of each `await` is kept, so that a query that an ORM runs late can still be led back to its line.
 * It costs a stack for each promise: for tests, not for production.
 */
export function keepPlaces(): void {
  if (places.on) return;
  places.on = true;
  createHook({
    init(id, type) {
      if (type !== 'PROMISE') return;
      const stack = stackHere();
      if (stack !== undefined) places.stacks.set(id, stack);
      if (places.stacks.size > kept) places.stacks.delete(places.stacks.keys().next().value ?? id);
    },
  }).enable();
}

/** The stack of the `await` in whose continuation the code runs, where places are kept. */
export function stackOfAwait(): string | undefined {
  return places.stacks.get(executionAsyncId());
}
