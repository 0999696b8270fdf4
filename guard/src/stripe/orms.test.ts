import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardPool, type GuardedPool } from '../pg/index.ts';
import { pgTransaction, type Transaction } from '../sql/transaction.ts';
import { members, membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { startStripe, webhookSecret, type TestStripe } from '../testing/stripe.ts';
import { stripeMigration } from './migration.ts';
import { stripeWebhook } from './webhook.ts';

const payment = pgTable('payment', { tenant: text('tenant'), invoice: text('invoice') });

let postgres: TestPostgres;
let stripe: TestStripe;
let owner: Pool;
let app: GuardedPool;

beforeAll(async () => {
  [postgres, stripe] = await Promise.all([startPostgres(), startStripe()]);
  owner = postgres.pool();
  await owner.query(`create role app login; ${members}; grant select on member to app`);
  await owner.query(stripeMigration({ app: 'app', lookup: 'app' }));
  await owner.query('create table payment (tenant text, invoice text); grant insert on payment to app');
  await owner.query("insert into drydock.stripe_customer values ('acme', '', true, 'cus_acme')");
  app = guardPool({ host: '127.0.0.1', port: postgres.port, user: 'app', database: 'postgres' }, { membership });
});
afterAll(async () => {
  await app.end();
  await Promise.all([postgres.stop(), stripe.stop()]);
});
beforeEach(() => owner.query('truncate payment, drydock.stripe_event, drydock.stripe_object'));

const event = {
  id: 'evt_1',
  object: 'event',
  type: 'invoice.paid',
  created: 1_700_000_000,
  livemode: true,
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_acme' } },
};

/** Delivers one event three times: the first handler fails after it has written. */
async function deliver<Tx>(
  transaction: Transaction<Tx>,
  pay: (tx: Tx, tenant: string) => Promise<unknown>,
): Promise<unknown> {
  let calls = 0;
  const handler = stripeWebhook<Tx>({
    stripe: stripe.stripe,
    secret: webhookSecret,
    livemode: true,
    transaction,
    lookup: postgres.pool({ user: 'app', max: 1 }),
    on: {
      'invoice.paid': async ({ tx, tenant }) => {
        await pay(tx, tenant);
        if ((calls += 1) === 1) throw new Error('after the write');
      },
    },
    onError: () => {},
  });
  const statuses = [];
  for (let delivery = 0; delivery < 3; delivery += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    statuses.push((await handler(stripe.signed(event))).status);
  }
  return { statuses, calls, rows: (await owner.query('select * from payment')).rows };
}

const once = { statuses: [500, 200, 200], calls: 2, rows: [{ tenant: 'acme', invoice: 'in_1' }] };

describe('the effect is in the transaction of', () => {
  test('Kysely', async () => {
    const db = new Kysely<{ payment: { tenant: string; invoice: string } }>({
      dialect: new PostgresDialect({ pool: app }),
    });
    type Tx = Parameters<Parameters<ReturnType<typeof db.transaction>['execute']>[0]>[0];
    const transaction: Transaction<Tx> = work =>
      db.transaction().execute(tx =>
        work(tx, async (sql, values) => {
          const { rows } = await tx.executeQuery(CompiledQuery.raw(sql, [...values]));
          return rows as Readonly<Record<string, unknown>>[];
        }),
      );
    const pay = (tx: Tx, tenant: string): Promise<unknown> =>
      tx.insertInto('payment').values({ tenant, invoice: 'in_1' }).execute();
    expect(await deliver(transaction, pay)).toEqual(once);
  });

  test('Drizzle on the client of the transaction', async () => {
    const pay = async (tx: PoolClient, tenant: string): Promise<unknown> =>
      drizzle(tx).insert(payment).values({ tenant, invoice: 'in_1' });
    expect(await deliver(pgTransaction(app), pay)).toEqual(once);
  });
});
