import type pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin } from '../modes.ts';
import { currentScope, tenantOf } from '../scope.ts';
import { all, anns, asAnn, asBob, bobs, codeOf, numbers, startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { acme, ann, globex } from '../testing/tenants.ts';

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterEach(() => tenants.endPools());
afterAll(() => tenants.postgres.stop());

/** The callback of `read`, which its types here leave out. */
interface Reads {
  read(count: number, told: () => void): void;
}

type Ask = (client: pg.PoolClient, told: () => void) => void;

const asking: readonly (readonly [string, Ask])[] = [
  ['a callback of a client', (client, told) => client.query(all, told)],
  ['the rows of a stream', (client, told) => client.query(new QueryStream(all)).once('data', told).resume()],
  ['the rows of a cursor', (client, told) => (client.query(new Cursor(all)) as unknown as Reads).read(9, told)],
];

/** A pool with one connection, which Ann opened. */
async function openedByAnn(options: Parameters<Tenants['guarded']>[0] = {}): Promise<pg.Pool> {
  const pool = tenants.guarded(options, { max: 1 });
  expect(await asAnn(() => numbers(pool))).toBe(anns);
  return pool;
}

describe('on a connection that another tenant opened', () => {
  test.each(asking)('%s is told to whoever asked', async (_name, ask) => {
    const pool = await openedByAnn();
    const seen = await asBob(() =>
      taking(
        pool,
        client =>
          new Promise(done => ask(client, () => done(tenantOf(currentScope() ?? { mode: 'admin', reason: 'none' })))),
      ),
    );
    expect(seen).toBe(globex);
  });

  test('a query in the callback of a pool’s query sees the rows of whoever asked', async () => {
    const pool = await openedByAnn();
    const seen = await asBob(async () => {
      const inCallback = await new Promise<Promise<string>>(done => {
        pool.query('select 1 from invoices', () => done(numbers(pool)));
      });
      return inCallback;
    });
    expect(seen).toBe(bobs);
  });

  test('what it tells by itself belongs to nobody, neither by the scope nor by what `resolve` finds', async () => {
    const pool = await openedByAnn({ resolve: () => ({ mode: 'tenant', user: ann, tenant: acme }) });
    const other = tenants.guarded({ resolve: () => ({ mode: 'tenant', user: ann, tenant: acme }) });
    const seen = await asBob(() =>
      taking(pool, async client => {
        const heard = new Promise(done => {
          client.once('notification', () => done(codeOf(numbers(other))));
        });
        await client.query('listen told');
        await tenants.owner.query('notify told');
        await client.query('select 1');
        return heard;
      }),
    );
    expect(seen).toBe('no-scope');
  });
});

describe('a connection that was taken as admin', () => {
  const guarded = (mode: 'enforce' | 'observe' = 'enforce'): pg.Pool =>
    tenants.guarded({ mode, admin: tenants.postgres.pool({ user: 'app_admin' }) });

  test('is refused in a tenant’s scope, where it would show every tenant’s rows', async () => {
    const pool = guarded();
    const seen = await asAdmin('usage report', () =>
      taking(pool, async client => ({
        within: await codeOf(asAnn(() => client.query(all))),
        streamed: await codeOf(asAnn(() => client.query(new QueryStream(all)).toArray())),
        after: (await client.query(all)).rowCount,
      })),
    );
    expect(seen).toEqual({ within: 'scope-crossed', streamed: 'scope-crossed', after: 6 });
    expect(await asAdmin('usage report', () => asAnn(() => numbers(pool)))).toBe(anns);
  });

  test('is looked after for the next holder too, when one gives it back twice', async () => {
    const admin = tenants.postgres.pool({ user: 'app_admin', max: 1 });
    const pool = tenants.guarded({ admin });
    await asAdmin('usage report', async () => {
      const before = await pool.connect();
      const release = before.release.bind(before);
      release();
      const next = await pool.connect();
      expect(() => release()).toThrow(/already been released/);
      expect(await codeOf(asAnn(() => next.query(all)))).toBe('scope-crossed');
      next.release();
    });
  });

  test('is the app’s own again when it was given back, and in `observe` all the time', async () => {
    const admin = tenants.postgres.pool({ user: 'app_admin', max: 1 });
    const pool = tenants.guarded({ admin });
    await asAdmin('usage report', () => numbers(pool));
    expect((await asAnn(() => admin.query(all))).rowCount).toBe(6);
    const watching = guarded('observe');
    const seen = await asAdmin('usage report', () => taking(watching, client => asAnn(() => client.query(all))));
    expect(seen.rowCount).toBe(6);
  });
});

describe('a connection that is given back while statements wait on it', () => {
  test('leaves no transaction open, in which the next one’s rows would be lost', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(async () => {
      const client = await pool.connect();
      void client.query('begin');
      void client.query('select pg_sleep(0.05) from invoices');
      client.release();
    });
    await asBob(() => pool.query("insert into invoices (tenant_id, number, cents) values ($1, 'b-kept', 1)", [globex]));
    expect((await tenants.owner.query("delete from invoices where number = 'b-kept'")).rowCount).toBe(1);
  });
});
