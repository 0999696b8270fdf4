// What the guard costs under Drizzle and Prisma, beside the same query without it and beside a transaction that sets the tenant.
// node guard/bench/orms.mjs [--rounds 8] [--queries 400]
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PrismaPg } from '@prisma/adapter-pg';
import { and, eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { median, startWorld } from './built.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, queries: { type: 'string', default: '400' } },
});
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const { postgres, url, id, membership, acme, ann, guardPool, guardPrisma, asTenant } = await startWorld();
const pools = [];
const plainPool = role => kept(new pg.Pool({ connectionString: url(role), max: 1 }));
const guardedPool = own => kept(guardPool({ connectionString: url('app'), max: 1 }, { membership, ...own }));

await compare('Drizzle', drizzleWays());
await compare('Prisma', prismaWays());
await Promise.all(pools.map(pool => pool.end()));
await postgres.stop();
process.exit(0);

function kept(pool) {
  pools.push(pool);
  return pool;
}

function drizzleWays() {
  const invoice = pgTable('invoices', {
    id: uuid('id').primaryKey(),
    tenantId: uuid('tenant_id').notNull(),
    number: text('number').notNull(),
    cents: integer('cents').notNull(),
  });
  const plain = drizzle(plainPool('postgres'));
  const guarded = drizzle(guardedPool({}));
  const once = drizzle(guardedPool({ recheckMs: 1000 }));
  const byHand = drizzle(plainPool('app'));
  const forgot = db => db.select().from(invoice).where(eq(invoice.id, id)).limit(1);
  return {
    plain: () =>
      plain
        .select()
        .from(invoice)
        .where(and(eq(invoice.id, id), eq(invoice.tenantId, acme)))
        .limit(1),
    'guarded, member with each statement': () => forgot(guarded),
    'guarded, member once a request of 5': () => forgot(once),
    'transaction that sets the tenant': () =>
      byHand.transaction(async tx => {
        await tx.execute(sql`select set_config('app.tenant_id', ${acme}, true)`);
        return forgot(tx);
      }),
  };
}

function prismaWays() {
  execFileSync(
    process.execPath,
    [require.resolve('prisma/build/index.js'), 'generate', '--schema', join(here, 'prisma/schema.prisma')],
    { env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' }, stdio: 'ignore' },
  );
  const { PrismaClient } = require(join(here, 'dist/prisma-client/index.js'));
  const on = pool => guardPrisma(new PrismaClient({ adapter: new PrismaPg(pool) }));
  const plain = on(plainPool('postgres'));
  const guarded = on(guardedPool({}));
  const once = on(guardedPool({ recheckMs: 1000 }));
  const byHand = on(plainPool('app'));
  return {
    plain: () => plain.invoice.findFirst({ where: { id, tenantId: acme } }),
    'guarded, member with each statement': () => guarded.invoice.findFirst({ where: { id } }),
    'guarded, member once a request of 5': () => once.invoice.findFirst({ where: { id } }),
    '$transaction([set_config, query])': async () => {
      const set = byHand.$executeRaw`select set_config('app.tenant_id', ${acme}, true)`;
      const [, found] = await byHand.$transaction([set, byHand.invoice.findFirst({ where: { id } })]);
      return found;
    },
  };
}

async function compare(name, ways) {
  const medians = Object.fromEntries(Object.keys(ways).map(way => [way, []]));
  for (const way of Object.keys(ways)) await p50(ways[way], 50);
  for (let round = 0; round < Number(options.rounds); round += 1)
    for (const way of Object.keys(ways)) medians[way].push(await p50(ways[way], Number(options.queries)));
  const base = median(medians.plain);
  for (const [way, all] of Object.entries(medians))
    process.stdout.write(
      `${name.padEnd(9)}${way.padEnd(38)}${median(all).toFixed(0).padStart(6)} µs  ${(median(all) / base).toFixed(2)}×\n`,
    );
}

/** Requests of five queries each, every one in a scope of its own. */
async function p50(work, count) {
  const times = [];
  for (let request = 0; request < count / 5; request += 1)
    await asTenant({ user: ann, tenant: acme }, async () => {
      for (let query = 0; query < 5; query += 1) {
        const start = process.hrtime.bigint();
        const found = await work();
        times.push(Number(process.hrtime.bigint() - start) / 1000);
        if ([found].flat()[0]?.id !== id) throw new Error('the row is missing');
      }
    });
  return median(times);
}
