import { AsyncLocalStorage } from 'node:async_hooks';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, uuid } from 'drizzle-orm/pg-core';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { acme, ann, bob, globex, makeTenants, membership } from '../testing/tenants.ts';
import { resultTripwire } from '../tripwire/results.ts';
import { guardPool } from './pool.ts';
import type { GuardedPool, GuardOptions } from './pool.ts';

let postgres: TestPostgres;
const open: pg.Pool[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  const owner = postgres.pool();
  await makeTenants(owner);
  await owner.query('create table ledger as select tenant_id, cents from invoices; grant select on ledger to app');
});
afterAll(async () => {
  await Promise.all(open.map(pool => pool.end()));
  await postgres.stop();
});

function guarded(inspect: NonNullable<GuardOptions['inspect']>): GuardedPool {
  const connectionString = postgres.url.replace('postgres@', 'app@');
  const unprotected = { ledger: 'a table whose policy somebody forgot' };
  const pool = guardPool({ connectionString, max: 1 }, { membership, inspect, unprotected });
  open.push(pool);
  return pool;
}

const ledger = pgTable('ledger', { tenant: uuid('tenant_id'), cents: integer() });

describe('what looks at results', () => {
  test('runs in the context of the query, not of whoever opened the connection', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const pool = guarded((_result, scope) => seen.push([request.getStore(), Reflect.get(scope, 'user')]));
    const ask = (name: string, user: string, tenant: string): Promise<unknown> =>
      request.run(name, () => asTenant({ user, tenant }, () => pool.query('select number from invoices')));
    await ask('first', ann, acme);
    await Promise.all([ask('second', bob, globex), ask('third', ann, acme)]);
    expect(seen).toEqual([
      ['first', ann],
      ['second', bob],
      ['third', ann],
    ]);
  });

  test('holds back what no policy does, also for Drizzle, whose rows are arrays', async () => {
    const pool = guarded(resultTripwire({ columns: ['tenant_id'] }));
    const asAnn = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: ann, tenant: acme }, work);
    const all = asAnn(() => drizzle(pool).select().from(ledger));
    await expect(all).rejects.toMatchObject({ cause: { code: 'foreign-row' } });
    await expect(asAnn(() => pool.query('select * from ledger'))).rejects.toMatchObject({ code: 'foreign-row' });
    const own = await asAnn(() => pool.query('select * from ledger where tenant_id = $1', [acme]));
    expect(own.rows).toHaveLength(3);
  });
});
