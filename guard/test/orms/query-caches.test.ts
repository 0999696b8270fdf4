import { Cache } from 'drizzle-orm/cache/core';
import { drizzle } from 'drizzle-orm/node-postgres';
import { DataSource, EntitySchema } from 'typeorm';
import { DbQueryResultCache } from 'typeorm/cache/DbQueryResultCache.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardQueryCache } from '../../src/cache/index.ts';
import { asAdmin, asSystem, asTenant } from '../../src/modes.ts';
import { guardedPg } from '../../src/pg/index.ts';
import { anns, asAnn, asBob, bobs, codeOf, startTenants } from '../../src/testing/guarded.ts';
import type { Tenants } from '../../src/testing/guarded.ts';
import { acme, membership, stranger } from '../../src/testing/tenants.ts';
import { invoice } from './libraries.ts';

let tenants: Tenants;

beforeAll(async () => {
  tenants = await startTenants();
  await tenants.owner.query(`create table "query-result-cache" (
      id serial primary key, identifier varchar, time bigint not null, duration int not null, query text not null, result text not null
    );
    grant all on "query-result-cache" to app;
    grant all on sequence "query-result-cache_id_seq" to app`);
});
afterAll(async () => {
  await tenants.endPools();
  await tenants.postgres.stop();
});

const listed = (rows: readonly { readonly number: string }[]): string =>
  rows
    .map(row => row.number)
    .toSorted()
    .join();

/** A cache of Drizzle in memory. */
class MemoryCache extends Cache {
  readonly kept = new Map<string, unknown[]>();
  override strategy(): 'all' {
    return 'all';
  }
  override async get(key: string): Promise<unknown[] | undefined> {
    return this.kept.get(key);
  }
  override async put(key: string, response: unknown[]): Promise<void> {
    this.kept.set(key, response);
  }
  override async onMutate({ tags = [] }: { readonly tags?: string | string[] }): Promise<void> {
    for (const tag of [tags].flat()) this.kept.delete(tag);
  }
}

describe('the cache of Drizzle', () => {
  test('gives each tenant their own rows, warm too, and nobody else any', async () => {
    const memory = new MemoryCache();
    const db = drizzle(tenants.guarded(), { cache: guardQueryCache(memory) });
    const list = async (): Promise<string> => listed(await db.select().from(invoice));
    for (let round = 0; round < 2; round += 1) {
      expect(await asAnn(list)).toBe(anns);
      expect(await asBob(list)).toBe(bobs);
    }
    expect(await asSystem({ job: 'count', tenant: acme }, list)).toBe(anns);
    expect(memory.kept.size).toBe(3);
    await expect(asTenant({ user: stranger, tenant: acme }, list)).rejects.toThrow();
    await expect(list()).rejects.toThrow();
    expect(memory.kept.size).toBe(3);
  });

  test('forgets by the tag of its owner alone', async () => {
    const memory = new MemoryCache();
    const db = drizzle(tenants.guarded(), { cache: guardQueryCache(memory) });
    const list = async (): Promise<string> => listed(await db.select().from(invoice).$withCache({ tag: 'list' }));
    expect([await asAnn(list), await asBob(list)]).toEqual([anns, bobs]);
    await asAnn(() => db.$cache.invalidate({ tags: 'list' }));
    expect([...memory.kept.keys()]).toEqual([expect.stringMatching(/^tenant=.*&user=.*:list$/)]);
    expect([await asAnn(list), await asBob(list)]).toEqual([anns, bobs]);
  });

  test('is passed by where somebody works as admin', async () => {
    const memory = new MemoryCache();
    const admin = tenants.postgres.pool();
    const db = drizzle(tenants.guarded({ admin }), { cache: guardQueryCache(memory) });
    expect(await asAdmin('a report', async () => listed(await db.select().from(invoice)))).toBe(`${anns},${bobs}`);
    expect(memory.kept.size).toBe(0);
  });
});

test('the cache of TypeORM gives each tenant their own rows, by the query and by a name', async () => {
  const entity = new EntitySchema<{ id: string; number: string }>({
    name: 'invoice',
    tableName: 'invoices',
    columns: { id: { type: 'uuid', primary: true }, number: { type: 'text' } },
  });
  const source = new DataSource({
    type: 'postgres',
    url: tenants.postgres.url.replace('postgres@', 'app@'),
    driver: guardedPg({ membership }),
    entities: [entity],
    installExtensions: false,
    cache: { provider: connection => guardQueryCache(new DbQueryResultCache(connection)) },
  });
  await source.initialize();
  for (const cache of [true, { id: 'list', milliseconds: 60_000 }]) {
    const list = async (): Promise<string> => listed(await source.manager.find(entity, { cache }));
    for (let round = 0; round < 2; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the second round finds what the first has kept
      expect([await asAnn(list), await asBob(list)]).toEqual([anns, bobs]);
    }
  }
  await asAnn(() => source.queryResultCache?.remove(['list']));
  const { rows } = await tenants.owner.query('select count(*)::int as kept from "query-result-cache"');
  expect(rows).toEqual([{ kept: 3 }]);
  expect(await codeOf(source.manager.find(entity, { cache: true }))).toContain('scope');
  await source.destroy();
});
