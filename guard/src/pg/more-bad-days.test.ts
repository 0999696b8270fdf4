import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin } from '../modes.ts';
import type { Scope } from '../scope.ts';
import { all, anns, asAnn, asBob, bobs, codeOf, numbers, startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { acme, ann, bob, globex } from '../testing/tenants.ts';

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterEach(() => tenants.endPools());
afterAll(() => tenants.postgres.stop());

const anna: Scope = { mode: 'tenant', user: ann, tenant: acme };
const bobby: Scope = { mode: 'tenant', user: bob, tenant: globex };

/** What the process is told of while something runs, in place of whoever listens otherwise. */
async function thrownWhile(work: () => Promise<unknown>): Promise<readonly string[]> {
  const thrown: string[] = [];
  const others = process.rawListeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', error => void thrown.push(error.message));
  try {
    await work();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener as (error: Error) => void);
  }
  return thrown;
}

/** Asks with a callback that throws, and waits until it has. */
function askAndThrow(pool: pg.Pool, text: string): Promise<void> {
  return new Promise(done => {
    pool.query(text, [], () => {
      setImmediate(done);
      throw new Error('of the callback');
    });
  });
}

describe('a callback that throws', () => {
  test.each([
    ['an answer', all],
    ['an error', 'select 1 / (cents - cents) from invoices'],
    ['rows and then an error', "select number, 1 / (number <> 'a-3')::int from invoices order by number"],
  ])('after %s is told to the process, and the connection serves the next as before', async (_name, text) => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() => numbers(pool));
    const thrown = await thrownWhile(async () => {
      const asked = asAnn(() => askAndThrow(pool, text));
      const behind = asBob(() => numbers(pool));
      await asked;
      expect(await behind).toBe(bobs);
    });
    expect(thrown).toEqual(['of the callback']);
    expect(await asAnn(() => numbers(pool))).toBe(anns);
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0]);
  });
});

describe('a `resolve`', () => {
  test('that is slow holds up its own queries and nobody else’s, and mixes none', async () => {
    const answers: ((scope: Scope) => void)[] = [];
    const pool = tenants.guarded({ resolve: () => new Promise(found => void answers.push(found)) }, { max: 1 });
    const slow = [numbers(pool), numbers(pool)];
    expect(await asBob(() => numbers(pool))).toBe(bobs);
    answers[1]?.(bobby);
    expect(await slow[1]).toBe(bobs);
    answers[0]?.(anna);
    expect(await slow[0]).toBe(anns);
  });

  test('that fails late fails its own query, and takes no connection with it', async () => {
    const pool = tenants.guarded(
      { resolve: () => new Promise((_, fail) => void setImmediate(() => fail(new Error('no session store')))) },
      { max: 1 },
    );
    const refused = await Promise.all(Array.from({ length: 20 }, () => codeOf(numbers(pool))));
    expect(new Set(refused)).toEqual(new Set(['no-scope']));
    expect(await codeOf(pool.connect())).toBe('no-scope');
    expect([pool.totalCount, pool.waitingCount]).toEqual([0, 0]);
    expect(await asAnn(() => numbers(pool))).toBe(anns);
  });

  test('that answers after the pool has ended gets an error', async () => {
    let answer: (scope: Scope) => void = () => undefined;
    const pool = tenants.guarded({ resolve: () => new Promise(found => void (answer = found)) });
    const late = codeOf(numbers(pool));
    await pool.end();
    answer(anna);
    expect(await late).toMatch(/after calling end/);
  });
});

describe('who listens', () => {
  test('by a query of its own hears what is told, and reads as whoever reads', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await taking(pool, async client => {
      const heard = new Promise(done => client.once('notification', ({ payload }) => done(payload)));
      const listening = new pg.Query('listen told');
      await new Promise<void>((done, fail) => {
        listening.on('end', () => done());
        listening.on('error', fail);
        client.query(listening);
      });
      await tenants.owner.query("select pg_notify('told', 'something')");
      expect(await heard).toBe('something');
      expect(await codeOf(numbers(client as unknown as pg.Pool))).toBe('no-scope');
      expect(await asAnn(() => numbers(client as unknown as pg.Pool))).toBe(anns);
    });
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('and queries while it is told gets both', async () => {
    const pool = tenants.guarded();
    await asAnn(() =>
      taking(pool, async client => {
        const heard: (string | undefined)[] = [];
        client.on('notification', ({ payload }) => void heard.push(payload));
        await client.query('listen told');
        for (let count = 0; count < 20; count += 1) {
          const told = tenants.owner.query('select pg_notify($1, $2)', ['told', String(count)]);
          expect(await numbers(client as unknown as pg.Pool)).toBe(anns);
          await told;
        }
        await client.query('select 1');
        expect(heard).toEqual(Array.from({ length: 20 }, (_, count) => String(count)));
        await client.query('unlisten *');
      }),
    );
  });
});

describe('everything that a session keeps', () => {
  test('thrown away by an admin is that of the admin’s connection', async () => {
    const admin = tenants.postgres.pool();
    const pool = tenants.guarded({ admin }, { max: 1 });
    await asAnn(() => numbers(pool));
    await asAdmin('a test', () => pool.query('discard all'));
    expect(await asAnn(() => numbers(pool))).toBe(anns);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
    await admin.end();
  });

  test('thrown away under a tenant costs nobody a row, and nobody their own', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() => numbers(pool));
    const thrown = await asAnn(() => codeOf(pool.query('discard all')));
    expect(['nothing failed', 'scope-tampered', '25001']).toContain(thrown);
    expect(await asAnn(() => numbers(pool))).toBe(anns);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
    expect(await codeOf(numbers(pool))).toBe('no-scope');
  });
});

describe('a hook of `connect`', () => {
  test('may set what is the app’s own, and reads as whoever asked for the connection', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const hooked: Promise<unknown>[] = [];
    pool.on('connect', client => {
      hooked.push(client.query("set application_name = 'hooked'").then(() => 'set', codeOfThrown));
      hooked.push(client.query('select 1').then(() => 'asked', codeOfThrown));
      hooked.push(numbers(client as unknown as pg.Pool).catch(codeOfThrown));
    });
    expect(await asAnn(() => numbers(pool))).toBe(anns);
    expect(await Promise.all(hooked)).toEqual(['set', 'asked', anns]);
    const { rows } = await asAnn(() => pool.query('show application_name'));
    expect(rows).toEqual([{ application_name: 'hooked' }]);
    hooked.length = 0;
    await tenants.owner.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      'hooked',
    ]);
    await expect.poll(() => pool.totalCount).toBe(0);
    await pool.selfTest();
    expect(await Promise.all(hooked)).toEqual(['set', 'asked', 'no-scope']);
  });
});

async function codeOfThrown(error: unknown): Promise<string> {
  return codeOf(Promise.reject(error as Error));
}

describe('a connection that is given back', () => {
  test.each([
    ['with an error', new Error('broken')],
    ['as no longer wanted', true],
  ] as const)('%s is closed, with what it held, and the next gets another', async (_name, reason) => {
    const pool = tenants.guarded({}, { max: 1 });
    const client = await asAnn(() => pool.connect());
    const pid = await asAnn(() => client.query('select pg_backend_pid() as pid'));
    await asAnn(() => client.query('begin; update invoices set cents = 2'));
    client.release(reason);
    const next = await asBob(() => pool.query('select pg_backend_pid() as pid, number from invoices limit 1'));
    expect(next.rows[0]).toMatchObject({ number: 'b-1' });
    expect(next.rows[0]).not.toMatchObject(pid.rows[0] as object);
    expect((await tenants.owner.query('select from invoices where cents = 2')).rowCount).toBe(0);
  });

  test('twice says so, and gives nobody a connection that another has', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const client = await asAnn(() => pool.connect());
    client.release();
    expect(() => client.release()).toThrow(/already been released/);
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('while its query runs ends the query for nobody else to read', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const client = await asAnn(() => pool.connect());
    const running = asAnn(() => client.query('select number, pg_sleep(0.05) from invoices order by number'));
    client.release();
    expect(await asBob(() => numbers(pool))).toBe(bobs);
    expect((await running).rows.map(row => (row as { number: string }).number).join()).toBe(anns);
  });
});

test('a pool that ends lets its queries end, each with its own rows, and takes no more', async () => {
  const pool = tenants.guarded({}, { max: 2 });
  const slow = 'select number, pg_sleep(0.05) from invoices order by number';
  const running = Promise.all([asAnn(() => numbers(pool, slow)), asBob(() => numbers(pool, slow))]);
  await Promise.all([asAnn(() => pool.query('select 1')), asBob(() => pool.query('select 1'))]);
  const ended = pool.end();
  expect(await asAnn(() => codeOf(numbers(pool)))).toMatch(/after calling end/);
  expect(await asAnn(() => codeOf(pool.connect()))).toMatch(/after calling end/);
  expect(await running).toEqual([anns, bobs]);
  await ended;
  expect(pool.totalCount).toBe(0);
});
