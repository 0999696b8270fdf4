import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
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

test('who is no member and who asks without a scope are refused, and nothing is left set', async () => {
  await expect(asTenant({ user: stranger, tenant: acme }, numbers)).rejects.toMatchObject({ code: 'not-a-member' });
  await expect(numbers()).rejects.toMatchObject({ code: 'no-scope' });
  expect(await sql`select count(*)::int as n from invoices`).toEqual([{ n: 0 }]);
});
