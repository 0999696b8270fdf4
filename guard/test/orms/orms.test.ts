import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asTenant } from '../../src/modes.ts';
import { guardPool } from '../../src/pg/index.ts';
import { guardErrorIn } from '../../src/errors.ts';
import { startPostgres } from '../../src/testing/postgres.ts';
import type { TestPostgres } from '../../src/testing/postgres.ts';
import { acme, ann, bob, globex, makeTenants, membership, stranger } from '../../src/testing/tenants.ts';
import { invoice, openLibraries } from './libraries.ts';
import type { Invoices, Library } from './libraries.ts';

let postgres: TestPostgres;
let owner: pg.Pool;
let libraries: readonly Library[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  owner = postgres.pool();
  await makeTenants(owner);
  libraries = await openLibraries(`postgres://app@127.0.0.1:${postgres.port}/postgres`, { membership });
});
afterAll(async () => {
  await Promise.all(libraries.map(library => library.end()));
  await postgres.stop();
});
beforeEach(async () => {
  await owner.query("delete from invoices where number like 'new%'; update invoices set cents = 0");
});

const ofAnn = ['a-1', 'a-2', 'a-3'];
const ofBob = ['b-1', 'b-2', 'b-3'];
const asAnn = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: ann, tenant: acme }, work);
const asBob = <T>(work: () => T | PromiseLike<T>): Promise<T> => asTenant({ user: bob, tenant: globex }, work);

async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return guardErrorIn(error)?.code ?? (error instanceof Error ? error.message : 'not refused');
}

describe.each(['node-postgres', 'Drizzle', 'Prisma', 'Kysely', 'Knex', 'Knex on the pool', 'TypeORM'])('%s', name => {
  const use = (): Library => {
    const found = libraries.find(library => library.name === name);
    if (found === undefined) throw new Error(`${name} is not open`);
    return found;
  };

  test('a query and raw SQL that name no tenant see their own tenant’s rows', async () => {
    expect(await asAnn(() => use().numbers())).toEqual(ofAnn);
    expect(await asBob(() => use().raw())).toEqual(ofBob);
  });

  test('a change that names no tenant changes its own tenant’s rows', async () => {
    await asAnn(() => use().setCents(7));
    expect((await owner.query('select distinct tenant_id from invoices where cents = 7')).rows).toEqual([
      { tenant_id: acme },
    ]);
  });

  test('a row for another tenant is not written', async () => {
    await expect(asAnn(() => use().insert(globex, 'new'))).rejects.toThrow();
    expect((await owner.query("select from invoices where number = 'new'")).rowCount).toBe(0);
  });

  test('a transaction is one, and is rolled back as one', async () => {
    const seen: (readonly string[])[] = [];
    const failing = asAnn(() =>
      use().transaction(async inside => {
        await inside.insert(acme, 'new-1');
        seen.push(await inside.numbers());
        await inside.fail();
      }),
    );
    await expect(failing).rejects.toThrow();
    expect(seen).toEqual([[...ofAnn, 'new-1']]);
    expect(await asAnn(() => use().numbers())).toEqual(ofAnn);
  });

  test('a part of a transaction that fails takes nothing else with it', async () => {
    const library = use();
    if (library.nested === undefined) return;
    await asAnn(() =>
      library.nested?.(async (outer, part) => {
        await outer.insert(acme, 'new-2');
        await part((inside: Invoices) => inside.fail().then(() => {})).catch(() => {});
        await outer.insert(acme, 'new-3');
      }),
    );
    expect(await asAnn(() => library.numbers())).toEqual([...ofAnn, 'new-2', 'new-3']);
    expect(await asBob(() => library.numbers())).toEqual(ofBob);
  });

  test('a batch changes its own tenant’s rows', async () => {
    const library = use();
    await asBob(() => library.batch?.(9) ?? library.setCents(9));
    expect((await owner.query('select distinct tenant_id from invoices where cents = 9')).rows).toEqual([
      { tenant_id: globex },
    ]);
  });

  test('after an error the next query is right', async () => {
    await asAnn(() => use().fail()).catch(() => {});
    expect(await asAnn(() => use().numbers())).toEqual(ofAnn);
  });

  test('what a statement leaves on its connection is gone for the next tenant', async () => {
    await asAnn(() => use().statement('create temp table kept as select number from invoices'));
    for (let count = 0; count < 5; count += 1)
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the connection comes again
      await expect(asBob(() => use().statement('select number from kept'))).rejects.toThrow(
        /does not exist|Failed query/,
      );
  });

  test('80 at once, of two tenants, each see their own', async () => {
    const seen = await Promise.all(
      Array.from({ length: 80 }, (_, index) => (index % 2 === 0 ? asAnn : asBob)(() => use().numbers())),
    );
    expect(seen).toEqual(seen.map((_, index) => (index % 2 === 0 ? ofAnn : ofBob)));
  });

  test('who is no member and who asks without a scope are refused', async () => {
    expect(await refusalOf(asTenant({ user: stranger, tenant: acme }, () => use().numbers()))).toBe('not-a-member');
    expect(await refusalOf((async () => use().numbers())())).toBe('no-scope');
  });
});

describe('a query that an ORM runs late', () => {
  const lazily = async (mode: 'enforce' | 'test'): Promise<string> => {
    const pool = guardPool(
      { connectionString: `postgres://app@127.0.0.1:${postgres.port}/postgres` },
      { membership, mode },
    );
    const query = drizzle(pool).select().from(invoice);
    try {
      await Promise.resolve();
      return `not refused: ${(await query).length} rows`;
    } catch (error) {
      return guardErrorIn(error)?.message ?? 'refused by something else';
    } finally {
      await pool.end();
    }
  };

  test('is led back to its line in mode `test`', async () => {
    expect(await lazily('test')).toMatch(/At guard\/test\/orms\/orms\.test\.ts:\d+\.$/);
  });

  test('is named by its statement in mode `enforce`, which keeps no stacks', async () => {
    expect(await lazily('enforce')).toMatch(/The query: select "id", .* from "invoices"$|At guard\//);
  });
});
