import type pg from 'pg';
import { isGuardError } from '../errors.ts';
import { asTenant } from '../modes.ts';
import { guardPool } from '../pg/index.ts';
import type { GuardedPool, GuardOptions } from '../pg/index.ts';
import { startPostgres } from './postgres.ts';
import type { TestPostgres } from './postgres.ts';
import { acme, ann, bob, globex, makeTenants, membership } from './tenants.ts';

/** A Postgres with two tenants, and guarded pools on it that end with it. */
export interface Tenants {
  readonly postgres: TestPostgres;
  readonly owner: pg.Pool;
  guarded(options?: Partial<GuardOptions>, config?: pg.PoolConfig): GuardedPool;
  /** Ends the pools, after each test. */
  endPools(): Promise<void>;
}

/** Starts one. */
export async function startTenants(): Promise<Tenants> {
  const postgres = await startPostgres();
  const owner = postgres.pool();
  await makeTenants(owner);
  const open: GuardedPool[] = [];
  return {
    postgres,
    owner,
    guarded: (options = {}, config = {}) => {
      const url = postgres.url.replace('postgres@', 'app@');
      const pool = guardPool({ connectionString: url, max: 4, ...config }, { membership, ...options });
      pool.on('error', () => {});
      open.push(pool);
      return pool;
    },
    endPools: async () => void (await Promise.all(open.splice(0).map(async pool => pool.ending || pool.end()))),
  };
}

/** Ann, at Acme. */
export function asAnn<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return asTenant({ user: ann, tenant: acme }, work);
}

/** Bob, at Globex. */
export function asBob<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return asTenant({ user: bob, tenant: globex }, work);
}

/** The query that forgot its where. */
export const all = 'select number from invoices order by number';

/** The invoices that a query without a where finds. */
export async function numbers(pool: Pick<pg.Pool, 'query'>, text: string = all): Promise<string> {
  const { rows } = await pool.query<{ number: string }>(text);
  return rows.map(row => row.number).join();
}

/** Ann's invoices. */
export const anns = 'a-1,a-2,a-3';

/** Bob's. */
export const bobs = 'b-1,b-2,b-3';

/** The code with which something fails; the message where there is none. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'nothing failed',
    (thrown: unknown) => thrown,
  );
  if (isGuardError(error)) return error.code;
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return String(error);
}

/** Takes a connection for some work, and gives it back. */
export async function taking<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}
