import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asSystem, asTenant } from '../modes.ts';
import { withoutScope } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { eventsOf } from '../testing/events.ts';
import { all, anns, asAnn, asBob, bobs, codeOf, numbers, startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { acme, ann, globex, stranger } from '../testing/tenants.ts';

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterEach(() => tenants.endPools());
afterAll(() => tenants.postgres.stop());

const anna: Scope = { mode: 'tenant', user: ann, tenant: acme };

describe('a connection that does not come, or goes', () => {
  test('an exhausted pool fails whoever waits too long, and serves the next in their own tenant', async () => {
    const pool = tenants.guarded({}, { max: 1, connectionTimeoutMillis: 1_500 });
    const held = await asAnn(() => pool.connect());
    expect(await codeOf(asBob(() => numbers(pool)))).toMatch(/timeout exceeded/);
    const waiting = asBob(() => numbers(pool));
    held.release();
    expect(await waiting).toBe(bobs);
  });

  test('a server that starts again in the middle of a query fails it, and the pool goes on', async () => {
    const pool = tenants.guarded();
    await asAnn(() => numbers(pool));
    const slow = codeOf(asAnn(() => pool.query('select pg_sleep(20) from invoices')));
    await running(tenants.owner, 'pg_sleep');
    await tenants.postgres.restart();
    expect(await slow).toMatch(/57P0\d|ECONNRESET|Connection terminated/);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('a statement that takes too long for Postgres is ended, and its connection goes on', async () => {
    const pool = tenants.guarded({}, { max: 1, statement_timeout: 100 });
    expect(await codeOf(asAnn(() => pool.query('select pg_sleep(5) from invoices')))).toBe('57014');
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('what comes for a caller who was told of a time limit reaches nobody else', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const slow = { text: 'select number, pg_sleep(0.1) from invoices', query_timeout: 20 };
    const late = await asAnn(() => taking(pool, client => codeOf(client.query(slow as pg.QueryConfig))));
    expect([late, await asBob(() => numbers(pool))]).toEqual(['Query read timeout', bobs]);
    expect(await codeOf(asAnn(() => pool.query(slow as pg.QueryConfig)))).toBe('Query read timeout');
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('a transaction that was left open is nobody’s: its cursors and rows are gone for the next', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() =>
      taking(pool, async client => {
        await client.query('begin');
        await client.query(`declare mine cursor for ${all}`);
        await client.query('update invoices set cents = 1');
      }),
    );
    expect(await codeOf(asBob(() => pool.query('fetch all from mine')))).toBe('34000');
    expect((await tenants.owner.query('select from invoices where cents = 1')).rowCount).toBe(0);
  });

  test('a temporary table or a cursor with hold ends with whoever made it', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() => pool.query('create temp table kept as select * from invoices'));
    expect(await codeOf(asBob(() => pool.query('select * from kept')))).toBe('42P01');
    await asAnn(() => pool.query(`declare kept cursor with hold for ${all}`));
    expect(await codeOf(asBob(() => pool.query('fetch all from kept')))).toBe('34000');
    await asAnn(() => pool.query(`select 1; create temp table kept as ${all}`));
    expect(await codeOf(asBob(() => pool.query('select * from kept')))).toBe('42P01');
    await asAnn(() => taking(pool, client => client.query(new QueryStream('create temp table kept ()')).toArray()));
    expect(await codeOf(asBob(() => pool.query('select * from kept')))).toBe('42P01');
    await asAnn(() => pool.query('set search_path = pg_temp, public; create table kept as select * from invoices'));
    expect(await codeOf(asBob(() => pool.query('select * from kept')))).toBe('42P01');
  });

  test.each([
    "set my.customer = 'ann'",
    "select set_config('my.customer', 'ann', false) from invoices",
    "set schema 'pg_catalog'",
    'set search_path to pg_catalog',
  ])('a setting of the app for the session ends with whoever made it: %s', async text => {
    const pool = tenants.guarded({}, { max: 1 });
    const read = "select current_setting('my.customer', true) as customer, current_setting('search_path') as path";
    const before = await asBob(() => pool.query(read));
    await asAnn(() => pool.query(text));
    const after = await asBob(() => pool.query(read));
    expect(after.rows).toEqual(before.rows);
  });

  test('a setting that is made when a connection opens, or for one transaction, costs no connection', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    pool.on('connect', client => void client.query("set my.customer = 'of all'"));
    const pid = async (): Promise<unknown> => (await pool.query('select pg_backend_pid() as pid')).rows[0];
    const first = await asAnn(pid);
    await asAnn(() => pool.query("select set_config('my.other', 'ann', true) from invoices"));
    await asAnn(() => pool.query("begin; set local my.other = 'ann'; commit"));
    expect(await asBob(pid)).toEqual(first);
  });

  test.each([
    'create temp table kept as select 1',
    'select 1; set search_path = pg_catalog',
    "set my.customer = 'ann'",
  ])('what would stay with the server behind a pooler by transaction is refused there: %s', async text => {
    const pool = tenants.guarded({ pooler: 'transaction' }, { max: 1 });
    expect(await codeOf(asAnn(() => pool.query(text)))).toBe('unsafe-connection');
    const stream = asAnn(() => taking(pool, client => client.query(new QueryStream(text)).toArray()));
    expect(await codeOf(stream)).toBe('unsafe-connection');
    await asAnn(() =>
      pool.query("begin; create temp table gone on commit drop as select 1; set local my.x = '1'; commit"),
    );
    expect(await asBob(() => numbers(pool))).toBe(bobs);
    const watching = tenants.guarded({ pooler: 'transaction', mode: 'observe' }, { max: 1 });
    expect(await codeOf(asAnn(() => watching.query(text)))).toBe('nothing failed');
  });

  test('a temporary table in front of the membership table makes nobody a member', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const forged = await asAnn(() =>
      taking(pool, async client => {
        await client.query(
          `create temp table memberships as select '${ann}'::uuid as user_id, '${globex}'::uuid as tenant_id`,
        );
        return asTenant({ user: ann, tenant: globex }, () => codeOf(client.query(all)));
      }),
    );
    expect(forged).toBe('not-a-member');
  });
});

describe('statements by name', () => {
  test('one whose columns change is asked again, and nobody sees an error', async () => {
    await tenants.owner.query(
      'create table plans (code text); grant select on plans to app; insert into plans values (1)',
    );
    const pool = tenants.guarded({}, { max: 1 });
    const ask = (): Promise<unknown> => asAnn(async () => (await pool.query('select * from plans')).rows);
    expect(await ask()).toEqual([{ code: '1' }]);
    await tenants.owner.query("alter table plans add column name text default 'free'");
    expect(await ask()).toEqual([{ code: '1', name: 'free' }]);
    const app = (): Promise<unknown> =>
      asAnn(async () => (await pool.query({ name: 'plans', text: 'select * from plans' })).rows);
    await app();
    await tenants.owner.query('alter table plans drop column name');
    expect(await app()).toEqual([{ code: '1' }]);
    await tenants.owner.query('alter table plans add column price int');
    const inTransaction = (): Promise<unknown> =>
      asAnn(() =>
        taking(pool, async client => {
          await client.query('begin');
          const answer = await client.query('select * from plans').then(
            ({ rows }): unknown => rows,
            (error: unknown) => codeOf(Promise.reject(error as Error)),
          );
          await client.query('rollback');
          return answer;
        }),
      );
    expect([await inTransaction(), await inTransaction()]).toEqual(['0A000', [{ code: '1', price: null }]]);
    await tenants.owner.query('drop table plans');
  });

  test('one that is asked again is asked with what it was asked first, whatever the app made of its object', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const asked = { text: 'select $1 as word from invoices limit 1', values: ['first'] };
    await asAnn(() => pool.query(asked));
    await asAnn(() => pool.query('deallocate all'));
    const answer = asAnn(() =>
      taking(pool, client => {
        const answered = client.query(asked);
        asked.values = ['second'];
        return answered;
      }),
    );
    expect((await answer).rows).toEqual([{ word: 'first' }]);
  });

  test('those that somebody took away are made again', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    expect(await asAnn(() => numbers(pool))).toBe(anns);
    await asAnn(() => pool.query('deallocate all'));
    expect([await asAnn(() => numbers(pool)), await asBob(() => numbers(pool))]).toEqual([anns, bobs]);
  });

  test('of the app are kept apart by tenant, and one name with two texts is refused', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const named = (): Promise<pg.QueryResult> => pool.query({ name: 'list', text: all });
    expect([(await asAnn(named)).rows.length, (await asBob(named)).rows]).toMatchObject([
      3,
      [{ number: 'b-1' }, {}, {}],
    ]);
    const other = asBob(() => pool.query({ name: 'list', text: 'select 1 from invoices' }));
    expect(await codeOf(other)).toMatch(/must be unique/);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('of the guard, used by the app, open nothing', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await codeOf(asAnn(() => pool.query({ name: 'drydock_tenant', text: 'select 1' })));
    expect(await asBob(async () => (await codeOf(numbers(pool))) || '')).not.toContain('a-');
  });
});

describe('what is asked and answered', () => {
  test('ten megabytes go in, and 100,000 rows come out, of the tenant alone', async () => {
    const pool = tenants.guarded();
    const big = 'x'.repeat(10_000_000);
    const { rows } = await asAnn(() =>
      pool.query<{ n: number }>('select length($1) as n from invoices limit 1', [big]),
    );
    expect(rows).toEqual([{ n: big.length }]);
    const many = await asAnn(() =>
      pool.query<{ number: string }>('select number from invoices cross join generate_series(1, 100000)'),
    );
    expect([many.rowCount, new Set(many.rows.map(row => row.number))]).toEqual([300_000, new Set(anns.split(','))]);
  });

  test('a value that cannot be written fails its query alone', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const unwritable = {
      toPostgres: () => {
        throw new Error('no value');
      },
    };
    const asked = asAnn(() =>
      taking(pool, async client => [
        await codeOf(client.query(`${all} limit $1`, [unwritable])),
        (await client.query(`${all} limit $1`, [1])).rows,
      ]),
    );
    expect(await asked).toEqual(['no value', [{ number: 'a-1' }]]);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('rows as arrays, in portions, with types of their own, and through callbacks', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const types = { getTypeParser: () => (value: string) => `<${value}>` };
    const seen = await asAnn(async () => [
      (await pool.query({ text: all, rowMode: 'array' })).rows,
      (await pool.query({ text: all, rows: 1 } as pg.QueryConfig)).rows.length,
      (await pool.query({ text: `${all} limit 1`, types })).rows,
    ]);
    expect(seen).toEqual([[['a-1'], ['a-2'], ['a-3']], 3, [{ number: '<a-1>' }]]);
    const strange = asTenant({ user: stranger, tenant: acme }, () =>
      pool.query({ text: all, rows: 1 } as pg.QueryConfig),
    );
    expect([await codeOf(strange), await asBob(() => numbers(pool))]).toEqual(['not-a-member', bobs]);
  });

  test('what is no query at all fails, and costs no connection for good', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    for (const wrong of [undefined, null, 5, {}, { text: 5 }, { text: all, values: 'x' }]) {
      expect(await codeOf(asAnn(() => pool.query(wrong as never)))).not.toBe('nothing failed');
    }
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('a pool that is to pipeline answers each tenant with its own', async () => {
    const pool = tenants.guarded({}, { max: 1, pipeline: true } as pg.PoolConfig);
    const asked = Array.from({ length: 20 }, (_, index) => (index % 2 ? asBob : asAnn)(() => numbers(pool)));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([anns, bobs]));
  });
});

describe('a session that is looked up', () => {
  test('by `resolve`, at once or later, is the scope of the query, and is asked for once', async () => {
    let asked = 0;
    const later = tenants.guarded({ resolve: async () => ((asked += 1), anna) });
    expect([await numbers(later), asked]).toEqual([anns, 1]);
    expect(await numbers(tenants.guarded({ resolve: () => anna }))).toBe(anns);
  });

  test('and is not there, cannot be read, or is no scope, opens nothing', async () => {
    const answers: readonly (() => unknown)[] = [
      () => null,
      async () => null,
      () => {
        throw new Error('no cookie');
      },
      () => Promise.reject(new Error('no cookie')),
      () => ({ mode: 'tenant', user: ann, tenant: 5 }),
      () => ({ mode: 'owner', tenant: acme }),
      () => ({ mode: 'tenant', user: ann, tenant: `${acme}\0` }),
    ];
    const codes = answers.map(resolve => codeOf(numbers(tenants.guarded({ resolve: resolve as () => Scope }))));
    expect(await Promise.all(codes)).toEqual([
      ...Array<string>(4).fill('no-scope'),
      ...Array<string>(3).fill('bad-id'),
    ]);
  });

  test('and sends Next.js elsewhere is let through as it is', async () => {
    const redirect = Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;replace;/login;307;' });
    const pool = tenants.guarded({ resolve: () => Promise.reject(redirect) });
    expect(await numbers(pool).catch((error: unknown) => error)).toBe(redirect);
  });

  test('and fails in `observe` is reported, and refuses nothing', async () => {
    const url = tenants.postgres.url;
    const resolve = (): Promise<Scope> => Promise.reject(new Error('no cookie'));
    const pool = tenants.guarded({ mode: 'observe', resolve }, { connectionString: url });
    const events = await eventsOf(async () => expect((await numbers(pool)).split(',')).toHaveLength(6));
    expect(events.map(event => [event.outcome, event.type])).toContainEqual(['observed', 'no_scope']);
  });

  test('in `observe`, an id or a table that is not there refuses nothing either', async () => {
    const url = tenants.postgres.url;
    const pool = tenants.guarded({ mode: 'observe' }, { connectionString: url });
    expect((await asTenant({ user: ann, tenant: 'x' }, () => numbers(pool))).split(',')).toHaveLength(6);
    const membership = { table: 'nowhere', user: 'user_id', tenant: 'tenant_id' };
    const other = tenants.guarded({ mode: 'observe', membership }, { connectionString: url });
    expect((await asAnn(() => numbers(other))).split(',')).toHaveLength(6);
  });

  test('and was left on purpose is not found again through the connection', async () => {
    const pool = tenants.guarded();
    const outside = asAnn(() => taking(pool, client => withoutScope(() => numbers(client))));
    expect(await codeOf(outside)).toBe('no-scope');
  });
});

describe('members', () => {
  test('one who is removed inside of their own transaction is refused with the next statement', async () => {
    const pool = tenants.guarded();
    await tenants.owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [stranger, globex]);
    const asked = asTenant({ user: stranger, tenant: globex }, () =>
      taking(pool, async client => {
        await client.query('begin');
        const before = await numbers(client);
        await tenants.owner.query('delete from memberships where user_id = $1', [stranger]);
        const after = await codeOf(client.query(all));
        await client.query('rollback');
        return [before, after];
      }),
    );
    expect(await asked).toEqual([bobs, 'not-a-member']);
  });

  test.each(['int', 'bigint', 'text', 'varchar(40)'])('are found where ids are %s', async type => {
    await tenants.owner.query(`
      drop schema if exists "Other app" cascade;
      create schema "Other app";
      grant usage on schema "Other app" to app;
      create table "Other app"."Team members" ("userId" ${type}, "teamId" ${type}, status text);
      create table "Other app".docs (team ${type}, body text);
      insert into "Other app"."Team members" values ('1', '10', 'active'), ('2', '20', 'active'), ('3', '10', 'invited');
      insert into "Other app".docs values ('10', 'ten'), ('20', 'twenty');
      alter table "Other app"."Team members" enable row level security;
      create policy own on "Other app"."Team members"
        using ("userId" = (select nullif(current_setting('app.user_id', true), '')::${type}));
      alter table "Other app".docs enable row level security;
      create policy own on "Other app".docs using (team = (select nullif(current_setting('app.tenant_id', true), '')::${type}));
      grant select on all tables in schema "Other app" to app`);
    const membership = {
      table: 'Other app.Team members',
      user: 'userId',
      tenant: 'teamId',
      where: "m.status = 'active'",
    };
    const pool = tenants.guarded({ membership });
    const docs = (user: string, tenant: string): Promise<unknown> =>
      asTenant({ user, tenant }, async () => (await pool.query('select body from "Other app".docs')).rows);
    expect(await docs('1', '10')).toEqual([{ body: 'ten' }]);
    expect(await docs('2', '20')).toEqual([{ body: 'twenty' }]);
    const job = asSystem({ job: 'nightly', tenant: '20' }, () => pool.query('select body from "Other app".docs'));
    expect((await job).rows).toEqual([{ body: 'twenty' }]);
    expect([await codeOf(docs('1', '20')), await codeOf(docs('3', '10'))]).toEqual(['not-a-member', 'not-a-member']);
    expect(await codeOf(docs("1' or true --", '10'))).toMatch(/bad-id|not-a-member/);
    await tenants.owner.query('drop schema "Other app" cascade');
  });
});

describe('SQL that would set the tenant by itself, in Postgres', () => {
  const set = `set_config('app.tenant_id', '${globex}', true)`;
  test.each([
    `select * from invoices, (select ${set}) as s`,
    `with s as materialized (select ${set}) select number from s, invoices`,
    `set app.tenant_id = '${globex}'; select number from invoices`,
    `begin; set local app.tenant_id = '${globex}'; select number from invoices; commit`,
    `do $$ begin perform ${set}; end $$; select number from invoices`,
    `select query_to_xml($$select set_$$ || $$config('app.tenant_id', '${globex}', true)$$, true, true, '') from invoices`,
    `prepare p as select ${set}; execute p; select number from invoices`,
    `update pg_settings set setting = '${globex}' where name = 'app.tenant_id'`,
    `set standard_conforming_strings = off; select '\\'', '--' ; set/**/app.tenant_id = '${globex}'; select number from invoices --'`,
    `alter role app set app.tenant_id = '${globex}'`,
    `commit; select number from invoices`,
    `rollback; select number from invoices`,
    `select 1; reset role; select number from invoices`,
  ])('%s', async text => {
    const pool = tenants.guarded({}, { max: 1 });
    const answer: unknown = await asAnn(() => pool.query(text)).catch((error: unknown) =>
      codeOf(Promise.reject(error as Error)),
    );
    expect(JSON.stringify(await answer)).not.toMatch(/b-\d/);
    expect([await asAnn(() => numbers(pool)), await asBob(() => numbers(pool))]).toEqual([anns, bobs]);
  });
});

/** Resolves when a statement with these words runs. */
async function running(owner: pg.Pool, words: string): Promise<void> {
  const asking =
    'select from pg_stat_activity where state = $1 and position($2 in query) > 0 and pid <> pg_backend_pid()';
  while ((await owner.query(asking, ['active', words])).rowCount === 0)
    await new Promise(resolve => setImmediate(resolve));
}
