import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { acme, ann, makeTenants, membership } from '../testing/tenants.ts';
import { guardPool } from './pool.ts';

let postgres: TestPostgres;
let owner: pg.Pool;
let app: pg.Pool;
let described = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  owner = postgres.pool();
  await makeTenants(owner);
  app = guardPool({ connectionString: postgres.url.replace('postgres@', 'app@'), max: 1 }, { membership });
  app.on('connect', client => {
    const connection: unknown = Reflect.get(client, 'connection');
    if (connection instanceof Object) {
      const describePortal = Reflect.get(connection, 'describe') as (message: unknown) => void;
      Reflect.set(connection, 'describe', function (this: unknown, message: unknown) {
        described += 1;
        Reflect.apply(describePortal, this, [message]);
      });
    }
  });
});
afterAll(async () => {
  await app.end();
  await postgres.stop();
});

function ask(query: string | pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> {
  return asTenant({ user: ann, tenant: acme }, () => app.query(query, values));
}

describe('the columns of a statement that the guard named', () => {
  test('are asked for once on a connection, and stand in every result', async () => {
    const text = 'select number, cents from invoices order by number limit 1';
    const first = await ask(text);
    const before = described;
    const again = await ask(text);
    expect(described).toBe(before);
    expect(again.rows).toEqual(first.rows);
    expect(again.fields).toEqual(first.fields);
    expect(again.fields).not.toBe(first.fields);
    expect(Object.keys(again)).toEqual(Object.keys(first));
  });

  test('are read by the parsers of each call: rows as arrays, types of its own, parsers set later', async () => {
    const text = 'select cents from invoices order by cents limit 1';
    await ask(text);
    expect((await ask({ text, rowMode: 'array' } as pg.QueryConfig)).rows[0]).toEqual([expect.any(Number)]);
    const types = { getTypeParser: () => (value: string) => `own ${value}` } as unknown as pg.CustomTypesConfig;
    expect((await ask({ text, types })).rows[0].cents).toMatch(/^own \d+$/);
    const asNumber = pg.types.getTypeParser(pg.types.builtins.INT4);
    pg.types.setTypeParser(pg.types.builtins.INT4, value => `set ${value}`);
    try {
      expect((await ask(text)).rows[0].cents).toMatch(/^set \d+$/);
    } finally {
      pg.types.setTypeParser(pg.types.builtins.INT4, asNumber);
    }
  });

  test('of a write without rows are none, each time', async () => {
    const text = 'update invoices set cents = cents where number = $1';
    for (const _ of [1, 2, 3]) {
      const { rows, fields, rowCount, command } = await ask(text, ['none']);
      expect([rows, fields, rowCount, command]).toEqual([[], [], 0, 'UPDATE']);
    }
  });

  test('are asked for again when the table has changed', async () => {
    await owner.query(
      'create table notes (id int, body text); insert into notes values (1, $$a$$); grant select on notes to app',
    );
    const text = 'select * from notes';
    for (const _ of [1, 2]) expect((await ask(text)).rows).toEqual([{ id: 1, body: 'a' }]);
    await owner.query('alter table notes rename body to words');
    for (const _ of [1, 2]) expect((await ask(text)).rows).toEqual([{ id: 1, words: 'a' }]);
    await owner.query('alter table notes alter id type text');
    for (const _ of [1, 2]) expect((await ask(text)).rows).toEqual([{ id: '1', words: 'a' }]);
    await owner.query('alter table notes add more int default 7');
    for (const _ of [1, 2]) expect((await ask(text)).rows).toEqual([{ id: '1', words: 'a', more: 7 }]);
    await owner.query(
      'drop table notes; create table notes (words int); insert into notes values (2); grant select on notes to app',
    );
    for (const _ of [1, 2]) expect((await ask(text)).rows).toEqual([{ words: 2 }]);
  });

  test('of a statement that failed the first time are not taken for known', async () => {
    const text = 'select number, 1 / $1::int as share from invoices limit 1';
    await expect(ask(text, [0])).rejects.toMatchObject({ code: '22012' });
    expect((await ask(text, [1])).rows[0]).toEqual({ number: expect.any(String), share: 1 });
  });
});
