import { AsyncResource } from 'node:async_hooks';
import { inTime } from '../in-time.ts';
import type { FreezeTarget } from './target.ts';

/** When the switch is read. */
export interface StateOptions {
  readonly refreshMs: number;
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  readonly onUnreadable: (error: unknown) => void;
}

/** What is frozen, as it was last read. */
export interface FreezeState {
  /** Nothing where the switch could never be read. */
  current(): Promise<ReadonlySet<FreezeTarget> | undefined>;
  /** Reads again now, whatever is known. */
  reread(): Promise<void>;
}

/**
 * Keeps what was read. Younger than `refreshMs` it is used as it is; then it is read again beside the request, which
 * goes on with what is known; older than `maxAgeMs` the request waits for the new state, `timeoutMs` at most. A switch
 * that cannot be read keeps its last state, and is asked again once in `refreshMs`.
 */
export function freezeState(read: () => Promise<ReadonlySet<FreezeTarget>>, options: StateOptions): FreezeState {
  let known: ReadonlySet<FreezeTarget> | undefined;
  let readAtMs = -Infinity;
  let failedAtMs = -Infinity;
  let reading: Promise<void> | undefined;
  // The read belongs to nobody's request: not to its scope, and not to its life.
  const outside = new AsyncResource('DrydockFreeze');

  const readOnce = async (): Promise<void> => {
    const startedAtMs = performance.now();
    try {
      known = await inTime(read(), options.timeoutMs, 'The switch did not answer in time.');
      readAtMs = startedAtMs;
      failedAtMs = -Infinity;
    } catch (thrown) {
      failedAtMs = performance.now();
      options.onUnreadable(thrown);
    }
  };
  const refresh = (): Promise<void> =>
    (reading ??= outside.runInAsyncScope(readOnce).finally(() => {
      reading = undefined;
    }));

  return {
    current: async () => {
      const nowMs = performance.now();
      if (nowMs - readAtMs < options.refreshMs || nowMs - failedAtMs < options.refreshMs) return known;
      const refreshed = refresh();
      if (nowMs - readAtMs >= options.maxAgeMs) await refreshed;
      return known;
    },
    reread: async () => {
      // One that has begun may have read before the change.
      await reading;
      await refresh();
    },
  };
}
