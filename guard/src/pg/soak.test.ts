import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPgBouncer, startPgBouncer } from '../testing/pgbouncer.ts';
import type { TestPgBouncer } from '../testing/pgbouncer.ts';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { currentScope, tenantOf } from '../scope.ts';
import { prepareSoak, soak } from '../testing/soak.ts';
import { makeTenants, membership } from '../testing/tenants.ts';
import { guardPool } from './pool.ts';

const pgbouncer = findPgBouncer();
let postgres: TestPostgres;
let owner: pg.Pool;

beforeAll(async () => {
  postgres = await startPostgres();
  owner = postgres.pool({ max: 4 });
  await makeTenants(owner);
  await prepareSoak(owner);
});
afterAll(() => postgres.stop());

describe('64 clients of eight tenants on four connections see nothing but their own', () => {
  test('straight to Postgres: 20,000 operations', async () => {
    const pool = guardPool(
      { connectionString: `postgres://app@127.0.0.1:${postgres.port}/postgres`, max: 4 },
      { membership },
    );
    const result = await soak({ pool, owner, operations: 20_000, clients: 64, seed: 1 });
    await pool.end();
    expect(result.wrong.slice(0, 5)).toEqual([]);
    expect(result.operations).toBeGreaterThanOrEqual(20_000);
  }, 300_000);

  test.skipIf(pgbouncer === undefined)(
    'through PgBouncer by transaction, where it is installed: 5,000 operations',
    async () => {
      const bouncer: TestPgBouncer = await startPgBouncer(pgbouncer ?? '', postgres.port, 4);
      const pool = guardPool(
        { connectionString: `postgres://app@127.0.0.1:${bouncer.port}/postgres`, max: 64 },
        { membership },
      );
      try {
        expect((await pool.selfTest()).pooler).toBe(true);
        const result = await soak({ pool, owner, operations: 5_000, clients: 64, seed: 2 });
        expect(result.wrong.slice(0, 5)).toEqual([]);
      } finally {
        await pool.end();
        await bouncer.stop();
      }
    },
  );

  test('the soak itself finds a pool that sets the tenant for the session', async () => {
    const pool = new SessionPool({ connectionString: `postgres://app@127.0.0.1:${postgres.port}/postgres`, max: 4 });
    const result = await soak({ pool, owner, operations: 1_000, clients: 64, seed: 3 });
    await pool.end();
    expect(result.wrong.some(problem => problem.includes('rows of another tenant'))).toBe(true);
  });
});

/** What many write first: right with one client, and another tenant's rows with two. */
class SessionPool extends pg.Pool {
  override query(...parameters: readonly unknown[]): never {
    const scope = currentScope();
    const tenant = (scope && tenantOf(scope)) ?? '';
    const ask = super.query.bind(this) as unknown as (text: unknown, values?: unknown) => Promise<unknown>;
    const set = ask("select set_config('app.tenant_id', $1, false)", [tenant]);
    return set.then(() => ask(parameters[0], parameters[1])) as never;
  }
}
