import { randomBytes } from 'node:crypto';
import { processWide } from '../process-wide.ts';
import { hub, type EventSink, type EventType } from './event.ts';
import { idHasher, type IdHashOptions } from './hash.ts';
import { pumpFor, type Pump, type SinkCounts } from './pump.ts';

/** Where events go and how. */
export interface GuardEventsOptions {
  readonly sinks: readonly EventSink[];
  /** The secret with which ids are hashed. Without it hashes mean something only within one process. */
  readonly hashKey?: string;
  readonly rotation?: IdHashOptions['rotation'];
  /** Tells the deployment. */
  readonly buildId?: string;
  /** The longest that an event waits for others. 1 s. */
  readonly flushMs?: number;
  /** How many are written at once. 500. */
  readonly batch?: number;
  /** How many may wait for each sink. 10,000. */
  readonly capacity?: number;
  readonly whenFull?: 'drop-oldest' | 'drop-newest';
  /** After this long a write counts as failed. 10 s. */
  readonly timeoutMs?: number;
  /** Which part of a type is told, such as `{ authz_admin: 0.1 }`. Everything where nothing is said. */
  readonly sample?: Readonly<Partial<Record<EventType, number>>>;
}

/** The events of the process. */
export interface GuardEvents {
  /** Writes what is waiting, and waits for it at most `withinMs`. For `after()` of Next.js and `waitUntil`. */
  flush(withinMs?: number): Promise<void>;
  /** What became of the events, by sink. */
  counts(): Readonly<Record<string, SinkCounts>>;
  /** Writes what is waiting, closes the sinks, and takes no more events. */
  stop(withinMs?: number): Promise<void>;
}

/** The one that is running: a second set-up (another copy, a reload in development) takes its place. */
const running = processWide<{ stop: (() => Promise<void>) | undefined }>('events-running/1', () => ({
  stop: undefined,
}));

/**
 * Sends what the guard decided to sinks: in the background, in batches, with bounds. A sink that is slow or dead loses
 * events, which are counted and told; it never slows or fails a request.
 *
 * @example
 * export const events = guardEvents({ sinks: [consoleSink()], hashKey: auditKey });
 * after(() => events.flush());
 */
export function guardEvents(options: GuardEventsOptions): GuardEvents {
  const settings = {
    flushMs: options.flushMs ?? 1000,
    batch: atLeastOne('batch', options.batch ?? 500),
    capacity: atLeastOne('capacity', options.capacity ?? 10_000),
    whenFull: options.whenFull ?? 'drop-oldest',
    timeoutMs: options.timeoutMs ?? 10_000,
  } as const;
  const pumps = options.sinks.map(sink => ({ sink, pump: pumpFor(sink, settings) }));
  const add = (event: Parameters<Pump['add']>[0]): void => {
    for (const { pump } of pumps) pump.add(event);
  };
  const flush = (withinMs = 5000): Promise<void> =>
    within(withinMs, Promise.all(pumps.map(({ pump }) => pump.flush())));
  const onBeforeExit = (): void => void flush();
  const onExit = (): void => pumps.forEach(({ pump }) => endQuietly(pump));

  void running.stop?.();
  fillHub(options, add);
  // `beforeExit` does not come with process.exit(), and `exit` waits for nothing: https://nodejs.org/api/process.html
  process.once('beforeExit', onBeforeExit).once('exit', onExit);
  const stop = async (withinMs?: number): Promise<void> => {
    if (hub.take === add) hub.take = undefined;
    if (running.stop === stop) running.stop = undefined;
    process.off('beforeExit', onBeforeExit).off('exit', onExit);
    await flush(withinMs);
    await within(withinMs ?? 5000, Promise.allSettled(pumps.map(async ({ sink }) => sink.close?.())));
  };
  running.stop = stop;
  return {
    flush,
    counts: () => Object.fromEntries(pumps.map(({ sink, pump }) => [sink.name, pump.counts()])),
    stop,
  };
}

function fillHub(options: GuardEventsOptions, take: (event: Parameters<Pump['add']>[0]) => void): void {
  hub.hash = idHasher({
    key: options.hashKey ?? randomBytes(32).toString('hex'),
    ...(options.rotation === undefined ? {} : { rotation: options.rotation }),
  });
  hub.buildId = options.buildId;
  hub.sample = options.sample ?? {};
  hub.take = take;
}

function atLeastOne(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`'${name}' of the events is a whole number from 1.`);
}

/** What is not done by then goes on; whoever asked need not wait. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise(resolve => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

/** One sink that throws while the process ends must not keep the next from its events. */
function endQuietly(pump: Pump): void {
  try {
    pump.endNow();
  } catch {
    // The process ends: there is nobody left to tell.
  }
}
