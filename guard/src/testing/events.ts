import { hub } from '../events/event.ts';
import type { GuardEvent } from '../events/event.ts';

/** The events of some work, in order. */
export async function eventsOf(work: () => unknown): Promise<readonly GuardEvent[]> {
  const seen: GuardEvent[] = [];
  const before = hub.take;
  hub.take = event => void seen.push(event);
  try {
    await work();
  } finally {
    hub.take = before;
  }
  return seen;
}
