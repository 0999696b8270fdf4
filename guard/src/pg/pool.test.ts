import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { GuardError } from '../errors.ts';
import { asAdmin, asSystem, asTenant, asUser } from '../modes.ts';
import { eventsOf } from '../testing/events.ts';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { acme, ann, bob, globex, makeTenants, membership, stranger } from '../testing/tenants.ts';
import { guardPool } from './pool.ts';
import type { GuardedPool, GuardOptions } from './pool.ts';
import { requireDriver } from './wire.ts';

let postgres: TestPostgres;
let owner: pg.Pool;
let admin: pg.Pool;
const open: GuardedPool[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  owner = postgres.pool();
  await makeTenants(owner);
  admin = postgres.pool({ user: 'app_admin', connectionString: urlFor('app_admin') });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(pool => pool.end()));
});
afterAll(() => postgres.stop());

function urlFor(role: string): string {
  return postgres.url.replace('postgres@', `${role}@`);
}

function guarded(options: Partial<GuardOptions> = {}, config: pg.PoolConfig = {}): GuardedPool {
  const pool = guardPool({ connectionString: urlFor('app'), max: 4, ...config }, { membership, admin, ...options });
  open.push(pool);
  return pool;
}

const asAnn = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: ann, tenant: acme }, work);
const asBob = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: bob, tenant: globex }, work);
const all = 'select number from invoices order by number';

async function numbers(pool: Pick<pg.Pool, 'query'>, text: string = all): Promise<readonly string[]> {
  const { rows } = await pool.query<{ number: string }>(text);
  return rows.map(row => row.number);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof GuardError ? error.code : `not refused by the guard: ${String(error)}`;
}

describe('a query that forgot its where', () => {
  test('returns the rows of the tenant and no other', async () => {
    const pool = guarded();
    expect(await asAnn(() => numbers(pool))).toEqual(['a-1', 'a-2', 'a-3']);
    expect(await asBob(() => numbers(pool))).toEqual(['b-1', 'b-2', 'b-3']);
  });

  test('changes the rows of the tenant and no other', async () => {
    const pool = guarded();
    await asAnn(() => pool.query('update invoices set cents = 7'));
    const { rows } = await owner.query('select distinct tenant_id, cents from invoices where cents = 7');
    expect(rows).toEqual([{ tenant_id: acme, cents: 7 }]);
  });

  test('cannot write a row for another tenant', async () => {
    const pool = guarded();
    const planted = asAnn(() =>
      pool.query("insert into invoices (tenant_id, number, cents) values ($1, 'x', 1)", [globex]),
    );
    await expect(planted).rejects.toMatchObject({ code: '42501' });
  });
});

describe('who may ask', () => {
  test('a query without a scope is refused, and the place of it is named', async () => {
    const refusal = await numbers(guarded()).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'no-scope',
      message: expect.stringMatching(/At guard\/src\/pg\/pool\.test\.ts:\d+\.$/),
    });
  });

  test('a user who is no member of the tenant is refused, and nothing of the statement ran', async () => {
    const pool = guarded();
    const outside = asTenant({ user: stranger, tenant: acme }, () =>
      pool.query('insert into invoices (tenant_id, number, cents) values ($1, $2, 1)', [acme, 'y']),
    );
    expect(await codeOf(outside)).toBe('not-a-member');
    expect(await codeOf(asTenant({ user: ann, tenant: globex }, () => numbers(pool)))).toBe('not-a-member');
    expect((await owner.query("select from invoices where number = 'y'")).rowCount).toBe(0);
  });

  test('a member who is removed is refused with the next statement', async () => {
    const pool = guarded();
    await owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [stranger, globex]);
    const asking = (): Promise<readonly string[]> => asTenant({ user: stranger, tenant: globex }, () => numbers(pool));
    expect(await asking()).toHaveLength(3);
    await owner.query('delete from memberships where user_id = $1', [stranger]);
    expect(await codeOf(asking())).toBe('not-a-member');
  });

  test('with `recheckMs` one request goes on with what was found, and the next one looks again', async () => {
    const pool = guarded({ recheckMs: 5_000 });
    await owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [stranger, globex]);
    const seen = await asTenant({ user: stranger, tenant: globex }, async () => {
      const before = await numbers(pool);
      await owner.query('delete from memberships where user_id = $1', [stranger]);
      return [before, await numbers(pool)];
    });
    expect(seen).toEqual([
      ['b-1', 'b-2', 'b-3'],
      ['b-1', 'b-2', 'b-3'],
    ]);
    expect(await codeOf(asTenant({ user: stranger, tenant: globex }, () => numbers(pool)))).toBe('not-a-member');
  });

  test('an id of the wrong type is refused, without the id in the message', async () => {
    const pool = guarded();
    const refusal: unknown = await asTenant({ user: ann, tenant: "x' or true --" }, () => numbers(pool)).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'bad-id', message: expect.not.stringContaining('or true') });
  });

  test('a user before a tenant is known sees their own memberships and no invoice', async () => {
    const pool = guarded();
    const seen = await asUser(ann, async () => ({
      memberships: (await pool.query('select tenant_id from memberships')).rows,
      invoices: await numbers(pool),
    }));
    expect(seen).toEqual({ memberships: [{ tenant_id: acme }], invoices: [] });
  });

  test('a job sees the rows of its tenant', async () => {
    const pool = guarded();
    expect(await asSystem({ job: 'reminders', tenant: globex }, () => numbers(pool))).toEqual(['b-1', 'b-2', 'b-3']);
  });

  test('work as admin sees every tenant on the pool made for it, and without one it is refused', async () => {
    const pool = guarded();
    expect(await asAdmin('usage report', () => numbers(pool))).toHaveLength(6);
    const { options: _, ...without } = { options: 0, membership };
    const alone = guardPool({ connectionString: urlFor('app') }, without);
    open.push(alone);
    expect(await codeOf(asAdmin('usage report', () => numbers(alone)))).toBe('no-admin-pool');
  });
});

describe('transactions of the app', () => {
  test('a transaction with savepoints and errors in the middle keeps its tenant', async () => {
    const pool = guarded();
    const seen = await asAnn(async () => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await client.query("insert into invoices (tenant_id, number, cents) values ($1, 'a-4', 1)", [acme]);
        await client.query('savepoint one');
        await client.query('select 1 / 0 from invoices').catch(() => {});
        await client.query('rollback to savepoint one');
        const inside = await numbers(client);
        await client.query('rollback');
        return { inside, after: await numbers(client) };
      } finally {
        client.release();
      }
    });
    expect(seen).toEqual({ inside: ['a-1', 'a-2', 'a-3', 'a-4'], after: ['a-1', 'a-2', 'a-3'] });
  });

  test('several statements in one text are one trip, and each sees its tenant', async () => {
    const pool = guarded();
    const results = await asAnn(() =>
      pool.query<{ n: number }>('select count(*)::int as n from invoices; select 2 as n'),
    );
    expect([results].flat().map(result => result.rows)).toEqual([[{ n: 3 }], [{ n: 2 }]]);
  });

  test('nothing of a scope is left on the connection', async () => {
    const pool = guarded({}, { max: 1 });
    await asAnn(() => numbers(pool));
    await asAnn(() => pool.query('select nothing_of_this_name from invoices')).catch(() => {});
    const left = await asUser(stranger, () => pool.query("select current_setting('app.tenant_id', true) as tenant"));
    expect(left.rows).toEqual([{ tenant: '' }]);
  });
});

describe('contexts', () => {
  test('200 queries at once on four connections each see their own tenant', async () => {
    const pool = guarded();
    const seen = await Promise.all(
      Array.from({ length: 200 }, async (_, index) =>
        index % 2 === 0 ? (await asAnn(() => numbers(pool))).join() : (await asBob(() => numbers(pool))).join(),
      ),
    );
    expect(seen).toEqual(seen.map((_, index) => (index % 2 === 0 ? 'a-1,a-2,a-3' : 'b-1,b-2,b-3')));
  });

  test('callbacks that wait for a connection run for who asked, not for who gave it back', async () => {
    const pool = guarded({}, { max: 1 });
    const ask = (work: typeof asAnn): Promise<string> =>
      work(
        () =>
          new Promise<string>((resolve, reject) => {
            pool.connect((error, client, done) => {
              if (client === undefined) return reject(error ?? new Error('no client'));
              client.query<{ number: string }>(all, (failure, result) => {
                done();
                if (failure) reject(failure);
                else resolve(result.rows.map(row => row.number).join());
              });
            });
          }),
      );
    const seen = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index % 2 === 0 ? asAnn : asBob)));
    expect(new Set(seen.filter((_, index) => index % 2 === 0))).toEqual(new Set(['a-1,a-2,a-3']));
    expect(new Set(seen.filter((_, index) => index % 2 === 1))).toEqual(new Set(['b-1,b-2,b-3']));
  });

  test('a connection taken for one tenant is refused to another', async () => {
    const pool = guarded();
    const client = await asAnn(() => pool.connect());
    expect(await codeOf(asBob(() => numbers(client)))).toBe('scope-crossed');
    expect(await numbers(client)).toEqual(['a-1', 'a-2', 'a-3']);
    client.release();
  });
});

describe('statements that would change who asks', () => {
  test.each([
    `select set_config('app.tenant_id', '${globex}', true), * from invoices`,
    `set app.tenant_id = '${globex}'`,
    'reset role',
    'select 1; set role postgres',
  ])('%s', async text => {
    expect(await codeOf(asAnn(() => guarded().query(text)))).toBe('scope-tampered');
  });

  test('a setting of the app’s own goes through', async () => {
    const { rows } = await asAnn(() => guarded().query("select set_config('my.flag', 'on', true) as flag"));
    expect(rows).toEqual([{ flag: 'on' }]);
  });
});

describe('observe', () => {
  test('reports and refuses nothing', async () => {
    const pool = guardPool({ connectionString: postgres.url }, { membership, mode: 'observe' });
    open.push(pool);
    expect(await numbers(pool)).toHaveLength(6);
    expect(await asTenant({ user: stranger, tenant: acme }, () => numbers(pool))).toHaveLength(6);
    expect(await asTenant({ user: 'no uuid', tenant: 'none' }, () => numbers(pool))).toHaveLength(6);
  });
});

describe('observe and `recheckMs`', () => {
  test('a stranger is told with every statement, for nothing was found to go on with', async () => {
    const pool = guardPool({ connectionString: postgres.url }, { membership, mode: 'observe', recheckMs: 5_000 });
    open.push(pool);
    const events = await eventsOf(() =>
      asTenant({ user: stranger, tenant: acme }, async () => [await numbers(pool), await numbers(pool)]),
    );
    expect(events.filter(event => event.reason === 'The user is no member of the tenant.')).toHaveLength(2);
  });
});

describe('the self-test', () => {
  test('refuses a role for which no policy holds', async () => {
    const pool = guardPool({ connectionString: postgres.url }, { membership });
    open.push(pool);
    expect(await codeOf(asAnn(() => numbers(pool)))).toBe('unsafe-connection');
  });

  test('refuses a table of tenants without row security, until a reason is given', async () => {
    await owner.query('create table notes (tenant_id uuid, body text); grant select on notes to app');
    try {
      const refusal: unknown = await asAnn(() => numbers(guarded())).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'unsafe-connection', message: expect.stringContaining("'public.notes'") });
      expect(await asAnn(() => numbers(guarded({ unprotected: { notes: 'a public notice board' } })))).toHaveLength(3);
    } finally {
      await owner.query('drop table notes');
    }
  });

  test.each([
    ['a materialized view', 'create materialized view digest as select tenant_id, number from invoices'],
    ['a view that reads as its owner', 'create view digest as select tenant_id, number from invoices'],
    [
      'a view of the owner of a table whose row security is not forced',
      `create table drafts (tenant_id uuid); alter table drafts enable row level security; alter table drafts owner to writer;
       create view digest as select * from drafts; alter view digest owner to writer`,
    ],
    [
      'a view of a view that reads as somebody for whom no policy holds',
      `create view inside as select tenant_id, number from invoices; grant select on inside to writer;
       create view digest as select * from inside; alter view digest owner to writer`,
    ],
    [
      'a view of a materialized view',
      `create materialized view inside as select tenant_id, number from invoices; grant select on inside to writer;
       create view digest as select * from inside; alter view digest owner to writer`,
    ],
  ])('refuses %s that holds rows of tenants, until a reason is given', async (_name, text) => {
    await owner.query(`create role writer; ${text}; grant select on digest to app`);
    try {
      const refusal: unknown = await asAnn(() => numbers(guarded())).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'unsafe-connection', message: expect.stringContaining("'public.digest'") });
      expect(await asAnn(() => numbers(guarded({ unprotected: { digest: 'numbers of all' } })))).toHaveLength(3);
    } finally {
      const kind = text.startsWith('create materialized view digest') ? 'materialized view' : 'view';
      await owner.query(`drop ${kind} digest; drop table if exists drafts`);
      const inside = text.includes('materialized view inside') ? 'materialized view' : 'view';
      await owner.query(`drop ${inside} if exists inside; drop role writer`);
    }
  });

  test.each([
    'create view digest with (security_invoker = on) as select tenant_id, number from invoices',
    `create role writer; grant select on invoices, currencies to writer;
     create view digest as select tenant_id, number, code from invoices, currencies; alter view digest owner to writer`,
    'create view digest as select tenant_id, number from invoices; revoke all on digest from app',
    `create role writer; create view inside with (security_invoker) as select tenant_id, number from invoices;
     grant select on inside to writer; create view digest as select * from inside; alter view digest owner to writer`,
  ])('is silent about a view through which the policies hold, or that the role cannot read: %s', async text => {
    await owner.query(`${text}; ${text.includes('revoke') ? 'select 1' : 'grant select on digest to app'}`);
    try {
      expect((await guarded().selfTest()).unprotected).toEqual([]);
    } finally {
      await owner.query('drop view digest; drop view if exists inside');
      await owner.query(`do $$ begin
        if exists (select from pg_roles where rolname = 'writer') then drop owned by writer; drop role writer; end if;
      end $$`);
    }
  });

  test('refuses a driver that lacks what the guard uses, before a connection is opened', () => {
    const older = class {
      queryQueue: readonly object[] = [];
      _pulseQueryQueue(): void {}
    };
    expect(() => requireDriver(older)).toThrow('needs version 8.21 of pg');
    expect(() => requireDriver()).not.toThrow();
  });

  test('says what it saw', async () => {
    expect(await guarded().selfTest()).toEqual({
      pooler: false,
      role: 'app',
      unprotected: [],
      leaving: [],
      problems: [],
    });
  });
});

describe('bad days', () => {
  test('a server that ends in the middle fails the query, and the pool goes on', async () => {
    const pool = guarded();
    pool.on('error', () => {});
    await asAnn(() => numbers(pool));
    const ended = await asAnn(() => pool.query('select pg_terminate_backend(pg_backend_pid())')).catch(
      (error: unknown) => error,
    );
    expect(ended).toMatchObject({ code: '57P01' });
    expect(await asBob(() => numbers(pool))).toHaveLength(3);
  });

  test('a refusal does not cost a connection', async () => {
    const pool = guarded({}, { max: 1 });
    const pid = async (): Promise<unknown> =>
      (await asAnn(() => pool.query('select pg_backend_pid() as pid from currencies limit 1'))).rows[0];
    const before = await pid();
    await codeOf(asTenant({ user: stranger, tenant: acme }, () => numbers(pool)));
    await asAnn(() => pool.query('select wrong')).catch(() => {});
    expect(await pid()).toEqual(before);
  });
});
