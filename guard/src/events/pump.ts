import { AsyncResource } from 'node:async_hooks';
import { inTime } from '../in-time.ts';
import type { EventSink, GuardEvent } from './event.ts';
import { boundedQueue } from './queue.ts';

/** How a sink is served. */
export interface PumpOptions {
  readonly flushMs: number;
  readonly batch: number;
  readonly capacity: number;
  readonly whenFull: 'drop-oldest' | 'drop-newest';
  /** After this long a write counts as failed, and the sink is asked again later. */
  readonly timeoutMs: number;
}

/** What became of the events for one sink. */
export interface SinkCounts {
  readonly written: number;
  /** Not written: the queue was full, or the sink refused them again and again. */
  readonly dropped: number;
  /** Writes that failed; most are tried again. */
  readonly failures: number;
  readonly waiting: number;
}

/** Carries events to one sink: in batches, one write at a time, slower and slower while the sink fails. */
export interface Pump {
  readonly add: (event: GuardEvent) => void;
  counts(): SinkCounts;
  /** Writes what is waiting now, without a pause after failures; resolves also if the sink does not take it. */
  flush(): Promise<void>;
  /** Hands what is left to the sink as the process ends. */
  endNow(): void;
}

const attempts = 4;
/** Where the batch after a refused one fails too, the sink is away: how often it is asked before the refused one is given up. */
const patience = 20;
const longestPauseMs = 30_000;

/** Makes the pump of a sink. */
export function pumpFor(sink: EventSink, options: PumpOptions): Pump {
  // Timers and writes inherit the async context in which they are made: without this they would run in, and keep alive,
  // the request that happened to tell the first event. https://nodejs.org/api/async_context.html
  const outside = new AsyncResource('DrydockEvents');
  const queue = boundedQueue<GuardEvent>(options.capacity, options.whenFull);
  const total = { written: 0, dropped: 0, failures: 0 };
  let batch: GuardEvent[] = [];
  /** What was refused again and again: the next batch tells whether that was its fault or the sink's. */
  let suspect: GuardEvent[] = [];
  let isLastChance = false;
  let tries = 0;
  let untold = 0;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const countDrops = (given = 0): void => {
    const count = given + queue.takeDropped();
    total.dropped += count;
    untold += count;
  };

  const writeBatch = async (): Promise<boolean> => {
    countDrops();
    if (batch.length === 0) batch = queue.take(options.batch);
    if (batch.length === 0 && untold === 0) return true;
    const told = untold;
    try {
      const work = sink.write(told === 0 ? batch : [...batch, dropEvent(told)]);
      if (work !== undefined) await inTime(work, options.timeoutMs, 'The sink did not answer in time.');
      total.written += batch.length;
      untold -= told;
      isLastChance = suspect.length > 0;
      [batch, suspect, tries] = [suspect, [], 0];
      return true;
    } catch {
      total.failures += 1;
      tries += 1;
      if (isLastChance) {
        // Something in it is what the sink cannot take: it must not hold back all that comes after it.
        countDrops(batch.length);
        [batch, isLastChance, tries] = [[], false, 0];
      } else if (queue.size > 0 && tries >= (suspect.length === 0 ? attempts : patience)) {
        countDrops(suspect.length);
        [suspect, batch, tries] = [batch, [], 0];
      }
      return false;
    }
  };

  const isWaiting = (): boolean => queue.size > 0 || batch.length > 0 || untold > 0;

  /** One writer at a time; it goes on while whole batches wait, or, in a flush, while anything does. */
  const run = (all: boolean): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing ??= (async () => {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one batch after the other: the sink sets the pace
        const worked = await writeBatch();
        if (!worked || (queue.size < options.batch && !(all && isWaiting()))) return;
      }
    })().finally(() => {
      writing = undefined;
      if (isWaiting()) wait();
    });
    return writing;
  };

  const runAfter = (pauseMs: number, all: boolean): NodeJS.Timeout =>
    outside.runInAsyncScope(() => setTimeout(() => void run(all), pauseMs).unref());

  const wait = (): void => {
    timer ??= runAfter(tries === 0 ? options.flushMs : Math.min(options.flushMs * 4 ** tries, longestPauseMs), true);
  };

  return {
    add(event) {
      queue.add(event);
      if (writing !== undefined) return;
      // A full batch goes soon, but not at once: the request that told it goes on first.
      if (queue.size === options.batch && tries === 0) {
        clearTimeout(timer);
        timer = runAfter(0, false);
      } else wait();
    },
    counts: () => {
      countDrops();
      return { ...total, waiting: queue.size + batch.length + suspect.length };
    },
    flush: async () => {
      await writing;
      await outside.runInAsyncScope(run, undefined, true);
    },
    endNow: () => {
      countDrops();
      const left = [
        ...suspect,
        ...batch,
        ...queue.take(options.capacity),
        ...(untold === 0 ? [] : [dropEvent(untold)]),
      ];
      [batch, suspect] = [[], []];
      if (left.length > 0) sink.writeAtExit?.(left);
    },
  };
}

/** What is missing is told where it is missing. */
function dropEvent(count: number): GuardEvent {
  const reason = 'The sink was too slow or failed.';
  return { ts: Date.now(), type: 'events_dropped', outcome: 'observed', actor_kind: 'job', reason, rows: count };
}
