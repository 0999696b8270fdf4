import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { guardErrorIn } from '../../src/errors.ts';
import { asAdmin } from '../../src/modes.ts';
import type { GuardOptions } from '../../src/pg/index.ts';
import { guardPrisma } from '../../src/prisma/index.ts';
import type { Scope } from '../../src/scope.ts';
import { asAnn, asBob, startTenants } from '../../src/testing/guarded.ts';
import { eventsOf } from '../../src/testing/events.ts';
import type { Tenants } from '../../src/testing/guarded.ts';
import { acme, ann, bob, globex } from '../../src/testing/tenants.ts';
import { generatedClient } from './libraries.ts';
import type { PrismaClient } from './libraries.ts';

let tenants: Tenants;
let ids: ReadonlyMap<string, string>;
let clients: PrismaClient[] = [];

beforeAll(async () => {
  tenants = await startTenants();
  const { rows } = await tenants.owner.query<{ id: string; number: string }>('select id, number from invoices');
  ids = new Map(rows.map(({ id, number }) => [number, id]));
});
afterEach(async () => {
  await Promise.all(clients.map(client => client.$disconnect()));
  clients = [];
  await tenants.endPools();
  await tenants.owner.query('update invoices set cents = 0');
});
afterAll(() => tenants.postgres.stop());

async function bareClient(options: Partial<GuardOptions> = {}): Promise<PrismaClient> {
  const client = await generatedClient(tenants.guarded(options), 'prisma');
  clients.push(client);
  return client;
}

const openAdmin = (): pg.Pool =>
  new pg.Pool({ connectionString: tenants.postgres.url.replace('postgres@', 'app_admin@'), max: 2 });

const guardedClient = async (options?: Partial<GuardOptions>): Promise<PrismaClient> =>
  guardPrisma(await bareClient(options));

const find = async (client: Pick<PrismaClient, 'invoice'>, number: string): Promise<string | undefined> =>
  (await client.invoice.findUnique({ where: { id: ids.get(number) ?? '' } }))?.number;
const findBriefly = async (client: Pick<PrismaClient, 'invoice'>, number: string): Promise<string | undefined> =>
  (await client.invoice.findUnique({ where: { id: ids.get(number) ?? '' }, select: { number: true } }))?.number;

describe('two tenants who ask Prisma in one turn of the event loop', () => {
  test('see their own by the same query', async () => {
    const client = await guardedClient();
    const asked = [
      asAnn(() => find(client, 'a-1')),
      asBob(() => find(client, 'a-2')),
      asBob(() => find(client, 'b-1')),
    ];
    expect(await Promise.all(asked)).toEqual(['a-1', undefined, 'b-1']);
  });

  test('see their own by queries of other forms, which Prisma sends together', async () => {
    const client = await guardedClient();
    const asked = [asAnn(() => find(client, 'a-1')), asBob(() => findBriefly(client, 'a-2'))];
    expect(await Promise.all(asked)).toEqual(['a-1', undefined]);
  });

  test('see their own through an extended client', async () => {
    const client = await guardedClient();
    const extended = client.$extends({
      query: { $allOperations: ({ args, query }: { args: unknown; query: (args: unknown) => unknown }) => query(args) },
    });
    const asked = [asAnn(() => find(extended, 'a-1')), asBob(() => find(client, 'a-2'))];
    expect(await Promise.all(asked)).toEqual(['a-1', undefined]);
  });

  test('change their own in a batch', async () => {
    const client = await guardedClient();
    const asked = [
      asAnn(() => find(client, 'a-1')),
      asBob(() => client.$transaction([client.invoice.updateMany({ data: { cents: 5 } }), client.invoice.count()])),
    ];
    await Promise.all(asked);
    const { rows } = await tenants.owner.query('select distinct left(number, 1) as of from invoices where cents = 5');
    expect(rows).toEqual([{ of: 'b' }]);
  });

  test('do not refuse each other inside of their transactions', async () => {
    const client = await guardedClient();
    const asks = (numbers: readonly string[]): Promise<unknown> =>
      client.$transaction(async tx => Promise.all(numbers.map(number => find(tx, number))));
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? asAnn(() => asks(['a-1', 'b-1'])) : asBob(() => asks(['a-1', 'b-1'])),
      ),
    );
    expect(seen).toEqual(seen.map((_, index) => (index % 2 === 0 ? ['a-1', undefined] : [undefined, 'b-1'])));
  });

  test('see their own where one of them works as admin', async () => {
    const admin = openAdmin();
    const client = await guardedClient({ admin });
    const asked = [asAdmin('a report', () => find(client, 'a-1')), asBob(() => find(client, 'a-2'))];
    expect(await Promise.all(asked)).toEqual(['a-1', undefined]);
    await admin.end();
  });

  test('see their own where only the pool finds the scope', async () => {
    const who = new AsyncLocalStorage<Scope>();
    const client = await guardedClient({ resolve: () => who.getStore() });
    const asked = [
      who.run({ mode: 'tenant', user: ann, tenant: acme }, () => find(client, 'a-1')),
      who.run({ mode: 'tenant', user: bob, tenant: globex }, () => find(client, 'a-2')),
    ];
    expect(await Promise.all(asked)).toEqual(['a-1', undefined]);
  });
});

describe('one tenant', () => {
  test('still asks for many by one query', async () => {
    const texts: number[] = [];
    const client = await guardedClient({ inspect: ({ rows }) => void texts.push(rows.length) });
    const asked = asAnn(() => Promise.all(['a-1', 'a-2', 'a-3', 'b-1'].map(number => find(client, number))));
    expect(await asked).toEqual(['a-1', 'a-2', 'a-3', undefined]);
    expect(texts).toEqual([3]);
  });
});

describe('a client without guardPrisma', () => {
  const refusalOf = async (work: Promise<unknown>): Promise<string | undefined> =>
    guardErrorIn(await work.catch((error: unknown) => error))?.message;

  test('is refused by the guarded pool, in a transaction too', async () => {
    const client = await bareClient();
    const whole = asAnn(() => client.$transaction(async tx => tx.invoice.findMany()));
    expect(await refusalOf(asAnn(async () => client.invoice.findMany()))).toContain('without guardPrisma');
    expect(await refusalOf(whole)).toContain('without guardPrisma');
  });

  test('is refused as admin, where another tenant would see everything', async () => {
    const admin = openAdmin();
    const client = await bareClient({ admin });
    expect(await refusalOf(asAdmin('a report', async () => client.invoice.findMany()))).toContain(
      'without guardPrisma',
    );
    await admin.end();
  });

  test('goes on where the guard only watches, and is told once', async () => {
    const client = await bareClient({ mode: 'observe' });
    const events = await eventsOf(async () => {
      expect(await asAnn(() => find(client, 'a-1'))).toBe('a-1');
      expect(await asAnn(() => find(client, 'a-2'))).toBe('a-2');
    });
    expect(events.filter(({ type }) => type === 'self_test')).toMatchObject([{ outcome: 'observed' }]);
  });
});

test('a client that gathers in a way that is not known is refused at once', () => {
  expect(() => guardPrisma({ _requestHandler: {} })).toThrow('not known here');
});
