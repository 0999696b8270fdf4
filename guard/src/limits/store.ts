import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { GuardError } from '../errors.ts';
import { inTime } from '../in-time.ts';
import type { PgPool } from '../sql/transaction.ts';

/** Where what was used is counted. In memory each instance counts for itself. */
export type LimitStore =
  | { readonly kind: 'memory' }
  /** A plain pool, of a role that may write `drydock.limit_point`. */
  | { readonly kind: 'postgres'; readonly pool: Pick<PgPool, 'query'> }
  /** A client of `ioredis`, or of `redis` with `package: 'redis'`. */
  | { readonly kind: 'redis'; readonly client: object; readonly package?: 'ioredis' | 'redis' };

/** How much of something is allowed in a time. */
export interface Budget {
  readonly points: number;
  readonly seconds: number;
}

/** What a counter says to one more. */
export type Count =
  | { readonly kind: 'within' }
  | { readonly kind: 'over'; readonly retryAfterMs: number }
  | { readonly kind: 'away'; readonly cause: unknown };

/** Counts one more for a key. */
export interface Counter {
  count(key: string): Promise<Count>;
  forget(key: string): Promise<void>;
}

const late = 'The store of limits did not answer in time.';

/** Makes the counter of a budget. A store that does not answer in time counts as away. */
export function counterIn(store: LimitStore, name: string, budget: Budget, timeoutMs: number): Counter {
  requireTime(store, budget);
  const limiter = limiterIn(store, { keyPrefix: name, points: budget.points, duration: budget.seconds });
  return {
    count: async key => {
      try {
        await inTime(limiter.consume(key), timeoutMs, late);
        return { kind: 'within' };
      } catch (thrown) {
        // The library rejects with a result where the budget is used up, and with an error where the store is away.
        if (thrown instanceof RateLimiterRes) return { kind: 'over', retryAfterMs: thrown.msBeforeNext };
        return { kind: 'away', cause: thrown };
      }
    },
    forget: async key => {
      await inTime(limiter.delete(key), timeoutMs, late);
    },
  };
}

/** A timer that is asked for more than it can count ends at once: everybody would begin anew with each call. */
function requireTime({ kind }: LimitStore, { seconds }: Budget): void {
  const isTime = seconds > 0 && (kind !== 'memory' || seconds <= longestInMemory);
  if (!isTime)
    throw new RangeError(
      `A budget for ${seconds} s cannot be kept: it is for more than 0 s, and in memory (also in place of a store that is away) for ${longestInMemory} s at most.`,
    );
}

/** https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestInMemory = Math.floor((2 ** 31 - 1) / 1000);

interface LimiterOptions {
  readonly keyPrefix: string;
  readonly points: number;
  readonly duration: number;
}

function limiterIn(store: LimitStore, options: LimiterOptions): RateLimiterAbstract {
  switch (store.kind) {
    case 'memory':
      return new RateLimiterMemory(options);
    case 'postgres':
      return new RateLimiterPostgres({
        ...options,
        storeClient: unnamed(store.pool),
        storeType: 'pool',
        schemaName: 'drydock',
        tableName: 'limit_point',
        tableCreated: true,
      });
    case 'redis':
      return new RateLimiterRedis({
        ...options,
        storeClient: store.client,
        // Without it commands wait in the client's queue for a Redis that is away.
        rejectIfRedisNotReady: true,
        useRedisPackage: store.package === 'redis',
      });
  }
}

/** The library names its statements, which poolers by transaction do not keep: https://www.pgbouncer.org/features.html */
function unnamed(pool: Pick<PgPool, 'query'>): object {
  if ('selfTest' in pool) {
    throw new GuardError(
      'unsafe-connection',
      'Limits are counted through a plain pool: who signs in has no tenant yet.',
    );
  }
  return {
    query: ({ text, values }: { readonly text: string; readonly values: unknown[] }) => pool.query(text, values),
  };
}
