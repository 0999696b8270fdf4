import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
import { all, anns, asAnn, asBob, bobs, codeOf, numbers, startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { acme, globex, stranger } from '../testing/tenants.ts';

const warnings: string[] = [];
const noteWarning = (warning: Error): void => void warnings.push(warning.message);

let tenants: Tenants;
beforeAll(async () => {
  process.on('warning', noteWarning);
  tenants = await startTenants();
});
afterEach(() => tenants.endPools());
afterAll(() => tenants.postgres.stop());

const asStranger = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: stranger, tenant: acme }, work);

describe('a cursor', () => {
  test('reads the rows of its tenant in portions, and leaves nothing behind', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const read = await asAnn(() =>
      taking(pool, async client => {
        const cursor = client.query(new Cursor<{ number: string }>(all));
        const rows = [...(await cursor.read(2)), ...(await cursor.read(2))];
        await cursor.close();
        return rows.map(row => row.number).join();
      }),
    );
    expect([read, await asBob(() => numbers(pool))]).toEqual([anns, bobs]);
  });

  test('is refused without a scope and to a stranger, and the connection goes on', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const reading = (): Promise<unknown> => taking(pool, client => client.query(new Cursor(all)).read(1));
    expect([await codeOf(reading()), await codeOf(asStranger(reading)), await asBob(() => numbers(pool))]).toEqual([
      'no-scope',
      'not-a-member',
      bobs,
    ]);
  });

  test('inside of a transaction of the app neither ends it nor leaves its tenant', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const seen = await asAnn(() =>
      taking(pool, async client => {
        await client.query('begin');
        await client.query("insert into invoices (tenant_id, number, cents) values ($1, 'a-9', 1)", [acme]);
        const cursor = client.query(new Cursor<{ number: string }>(all));
        const rows = await cursor.read(9);
        await cursor.close();
        const inside = await numbers(client);
        await client.query('rollback');
        return { cursor: rows.length, inside, after: await numbers(client) };
      }),
    );
    expect(seen).toEqual({ cursor: 4, inside: `${anns},a-9`, after: anns });
  });

  test('with an error in the middle fails, and the next query has its own transaction', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const failing = 'select 1 / (cents - 200) from invoices order by number';
    const reading = asAnn(() => taking(pool, client => client.query(new Cursor(failing)).read(9)));
    expect([await codeOf(reading), await asBob(() => numbers(pool))]).toEqual(['22012', bobs]);
  });
});

describe('a stream of rows', () => {
  test('holds the rows of its tenant, and gives the connection back when it is destroyed half-read', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const seen = await asAnn(() =>
      taking(pool, async client => {
        const rows = await client.query(new QueryStream(all)).toArray();
        const half = client.query(new QueryStream(all, [], { batchSize: 1 }));
        const first: unknown = await half[Symbol.asyncIterator]().next();
        half.destroy();
        if (!half.closed) await once(half, 'close');
        return { rows: rows.length, first };
      }),
    );
    expect(seen).toMatchObject({ rows: 3, first: { value: { number: 'a-1' } } });
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('that the pool runs gives its connection back when it is refused', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const streaming = (): Promise<unknown> => {
      const stream = new QueryStream(all);
      stream.on('error', () => {});
      return pool.query(stream as never) as unknown as Promise<unknown>;
    };
    expect([await codeOf(streaming()), await codeOf(asStranger(streaming)), await asBob(() => numbers(pool))]).toEqual([
      'no-scope',
      'not-a-member',
      bobs,
    ]);
  });
});

describe('COPY', () => {
  test('out holds the rows of its tenant', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const copied = await asAnn(() => taking(pool, client => text(client.query(copyTo(`copy (${all}) to stdout`)))));
    expect([copied, await asBob(() => numbers(pool))]).toEqual([`${anns.replaceAll(',', '\n')}\n`, bobs]);
  });

  test('out is refused to a stranger and without a scope', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const copying = (): Promise<unknown> =>
      taking(pool, client => text(client.query(copyTo(`copy (${all}) to stdout`))));
    expect([await codeOf(copying()), await codeOf(asStranger(copying)), await asBob(() => numbers(pool))]).toEqual([
      'no-scope',
      'not-a-member',
      bobs,
    ]);
  });

  test('in is told by Postgres that it needs INSERT where policies hold', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const copying = (tenant: string): Promise<unknown> =>
      asAnn(() =>
        taking(pool, client =>
          pipeline(
            Readable.from([`${tenant}\tcopied\t1\n`]),
            client.query(copyFrom('copy invoices (tenant_id, number, cents) from stdin')),
          ),
        ),
      );
    expect([await codeOf(copying(acme)), await codeOf(copying(globex))]).toEqual(['0A000', '0A000']);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('in goes through for a table without policies, and is undone when its source fails', async () => {
    await tenants.owner.query('create table rates (code text); grant insert, select on rates to app');
    const pool = tenants.guarded({}, { max: 1 });
    const copying = (source: Readable): Promise<unknown> =>
      asAnn(() => taking(pool, client => pipeline(source, client.query(copyFrom('copy rates from stdin')))));
    await copying(Readable.from(['EUR\n', 'USD\n']));
    const broken = new Readable({ read: () => {} });
    broken.push('GBP\n');
    setImmediate(() => broken.destroy(new Error('the file ended')));
    expect(await codeOf(copying(broken))).toMatch(/the file ended|57014/);
    expect((await asBob(() => pool.query('select code from rates'))).rows).toEqual([{ code: 'EUR' }, { code: 'USD' }]);
    await tenants.owner.query('drop table rates');
  });
});

describe('LISTEN', () => {
  test('needs no scope, and hears NOTIFY', async () => {
    const pool = tenants.guarded();
    await taking(pool, async client => {
      const heard = once(client, 'notification');
      await client.query('listen changes');
      await asAnn(() => pool.query("select pg_notify('changes', 'now') from currencies limit 1"));
      expect(await heard).toMatchObject([{ channel: 'changes', payload: 'now' }]);
      await client.query('unlisten changes');
    });
  });
});

test('nothing of this makes node-postgres warn of queries that wait', () => {
  process.off('warning', noteWarning);
  expect(warnings).toEqual([]);
});
