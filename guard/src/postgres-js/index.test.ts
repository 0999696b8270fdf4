import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
import { currentScope, withoutScope } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { acme, ann, bob, globex, makeTenants, membership, stranger } from '../testing/tenants.ts';
import { guardBegin } from './index.ts';

let server: TestPostgres;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startPostgres();
  await makeTenants(server.pool());
  sql = postgres(`postgres://app@127.0.0.1:${server.port}/postgres`, { max: 4 });
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

const asAnn = <T>(work: () => Promise<T>): Promise<T> => asTenant({ user: ann, tenant: acme }, work);
const asBob = <T>(work: () => Promise<T>): Promise<T> => asTenant({ user: bob, tenant: globex }, work);

async function numbers(): Promise<readonly string[]> {
  const begin = guardBegin<postgres.TransactionSql>(sql, { membership });
  const rows = await begin(tx => tx<{ number: string }[]>`select number from invoices order by number`);
  return rows.map(row => row.number);
}

test('a transaction of postgres.js sees its tenant’s rows, many at once too', async () => {
  const seen = await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? asAnn : asBob)(numbers)));
  expect(seen).toEqual(seen.map((_, index) => (index % 2 === 0 ? ['a-1', 'a-2', 'a-3'] : ['b-1', 'b-2', 'b-3'])));
});

test('a savepoint that fails leaves the rest for its tenant', async () => {
  const begin = guardBegin<postgres.TransactionSql>(sql, { membership });
  const after = await asAnn(() =>
    begin(async tx => {
      await tx.savepoint(part => part`select 1 / 0`).catch(() => {});
      return tx<{ n: number }[]>`select count(*)::int as n from invoices`;
    }),
  );
  expect(after[0]).toEqual({ n: 3 });
});

test('what `resolve` finds is not asked for where a scope was left on purpose, as in a cache for all', async () => {
  const resolve = (): Scope => ({ mode: 'tenant', user: ann, tenant: acme });
  const begin = guardBegin<postgres.TransactionSql>(sql, { membership, resolve });
  const count = (): Promise<number> => begin(async tx => (await tx`select from invoices`).count);
  expect(await count()).toBe(3);
  await expect(asBob(() => withoutScope(count))).rejects.toMatchObject({ code: 'no-scope' });
});

test('an id that Postgres could not keep is refused', async () => {
  await expect(asTenant({ user: 'a\0', tenant: acme }, numbers)).rejects.toMatchObject({ code: 'bad-id' });
});

test('what runs inside is for whoever began, and what the connection calls by itself for nobody', async () => {
  const one = postgres(`postgres://app@127.0.0.1:${server.port}/postgres`, { max: 1 });
  const begin = guardBegin<postgres.TransactionSql>(one, { membership });
  await asAnn(() => begin(tx => tx`select 1`));
  const seen: unknown[] = [];
  await asBob(() =>
    begin(async tx => {
      seen.push(currentScope());
      await tx`select 1 from invoices limit 1`.forEach(() => void seen.push(currentScope()));
    }),
  );
  expect(seen).toEqual([{ mode: 'tenant', user: bob, tenant: globex }, undefined]);
  await one.end();
});

test('who is no member and who asks without a scope are refused, and nothing is left set', async () => {
  await expect(asTenant({ user: stranger, tenant: acme }, numbers)).rejects.toMatchObject({ code: 'not-a-member' });
  await expect(numbers()).rejects.toMatchObject({ code: 'no-scope' });
  expect(await sql`select count(*)::int as n from invoices`).toEqual([{ n: 0 }]);
});
