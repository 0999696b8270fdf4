import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import knexModule from 'knex';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import type { Generated } from 'kysely';
import type pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { guardedPg, guardPool } from '../../src/pg/index.ts';
import type { GuardOptions } from '../../src/pg/index.ts';
import { guardPrisma } from '../../src/prisma/index.ts';

/** What every library can do with invoices. No method names a tenant: that is what is forgotten. */
export interface Invoices {
  numbers(): PromiseLike<readonly string[]>;
  raw(): PromiseLike<readonly string[]>;
  setCents(cents: number): Promise<unknown>;
  insert(tenant: string, number: string): Promise<unknown>;
  fail(): Promise<unknown>;
  /** Any statement, as the library sends texts of the app's own. */
  statement(text: string): Promise<unknown>;
}

/** A library on the guard. */
export interface Library extends Invoices {
  readonly name: string;
  transaction(work: (inside: Invoices) => Promise<void>): Promise<void>;
  /** A part inside of a transaction that can fail alone: a savepoint. Absent where the library has none. */
  nested?(
    work: (outer: Invoices, part: (inner: (inside: Invoices) => Promise<void>) => Promise<void>) => Promise<void>,
  ): Promise<void>;
  /** Two statements as one transaction, where the library has a call for it. */
  batch?(cents: number): Promise<unknown>;
  end(): Promise<unknown>;
}

const divide = 'select 1 / (cents - cents) from invoices';

/** Opens every library on a guarded pool for the role of the app. */
export async function openLibraries(url: string, options: GuardOptions): Promise<readonly Library[]> {
  return [
    nodePostgres(url, options),
    onDrizzle(url, options),
    await onPrisma(url, options),
    onKysely(url, options),
    onKnex(url, options),
    onKnexPool(url, options),
    await onTypeOrm(url, options),
  ];
}

interface Row {
  readonly number: string;
}

const numbersOf = (rows: readonly Row[]): readonly string[] => rows.map(row => row.number).toSorted();

function nodePostgres(url: string, options: GuardOptions): Library {
  const pool = guardPool({ connectionString: url, max: 4 }, options);
  const on = (client: Pick<pg.Pool, 'query'>): Invoices => ({
    numbers: async () => numbersOf((await client.query<Row>('select number from invoices')).rows),
    raw: async () => numbersOf((await client.query<Row>('select * from invoices where $1 = $1', [1])).rows),
    setCents: cents => client.query('update invoices set cents = $1', [cents]),
    insert: (tenant, number) =>
      client.query('insert into invoices (tenant_id, number, cents) values ($1, $2, 1)', [tenant, number]),
    fail: () => client.query(divide),
    statement: text => client.query(text),
  });
  const transaction = async (work: (client: pg.PoolClient) => Promise<void>): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  };
  return {
    name: 'node-postgres',
    ...on(pool),
    transaction: work => transaction(client => work(on(client))),
    nested: work =>
      transaction(client =>
        work(on(client), async inner => {
          await client.query('savepoint part');
          await inner(on(client)).catch(async (error: unknown) => {
            await client.query('rollback to savepoint part');
            throw error;
          });
          await client.query('release savepoint part');
        }),
      ),
    end: () => pool.end(),
  };
}

/** The table of invoices as Drizzle writes it. */
export const invoice = pgTable('invoices', {
  id: uuid('id').primaryKey().defaultRandom(),
  tenantId: uuid('tenant_id').notNull(),
  number: text('number').notNull(),
  cents: integer('cents').notNull(),
});

function onDrizzle(url: string, options: GuardOptions): Library {
  const pool = guardPool({ connectionString: url, max: 4 }, options);
  const db = drizzle(pool);
  type Db = Pick<typeof db, 'select' | 'update' | 'insert' | 'execute'>;
  const on = (inside: Db): Invoices => ({
    numbers: () => ({
      then: (resolve, reject) => inside.select().from(invoice).then(numbersOf).then(resolve, reject),
    }),
    raw: async () =>
      numbersOf((await inside.execute<{ number: string }>(drizzleSql`select number from invoices`)).rows),
    setCents: async cents => inside.update(invoice).set({ cents }),
    insert: async (tenantId, number) => inside.insert(invoice).values({ tenantId, number, cents: 1 }),
    fail: async () => inside.execute(drizzleSql.raw(divide)),
    statement: async text => inside.execute(drizzleSql.raw(text)),
  });
  return {
    name: 'Drizzle',
    ...on(db),
    transaction: work => db.transaction(tx => work(on(tx))),
    nested: work => db.transaction(tx => work(on(tx), inner => tx.transaction(part => inner(on(part))))),
    end: () => pool.end(),
  };
}

/** What the tests use of the client that `prisma generate` writes. */
interface PrismaInvoices {
  readonly invoice: {
    findMany(): PromiseLike<readonly Row[]>;
    findUnique(what: { where: { id: string }; select?: { number: true } }): PromiseLike<Row | null>;
    updateMany(what: { data: { cents: number } }): PromiseLike<unknown>;
    create(what: { data: { tenantId: string; number: string; cents: number } }): PromiseLike<unknown>;
    count(): PromiseLike<number>;
  };
  $queryRawUnsafe(text: string): PromiseLike<readonly Row[]>;
  $executeRawUnsafe(text: string): PromiseLike<number>;
}

/** A client of Prisma. */
export interface PrismaClient extends PrismaInvoices {
  $extends(extension: object): PrismaClient;
  $transaction<T>(work: (tx: PrismaInvoices) => Promise<T>): Promise<T>;
  $transaction(batch: readonly PromiseLike<unknown>[]): Promise<unknown>;
  $disconnect(): Promise<void>;
}

async function onPrisma(url: string, options: GuardOptions): Promise<Library> {
  const pool = guardPool({ connectionString: url, max: 4 }, options);
  const client = guardPrisma(await generatedClient(pool));
  const on = (inside: PrismaInvoices): Invoices => ({
    numbers: () => ({
      then: (resolve, reject) => inside.invoice.findMany().then(numbersOf).then(resolve, reject),
    }),
    raw: async () => numbersOf(await inside.$queryRawUnsafe('select number from invoices')),
    setCents: async cents => inside.invoice.updateMany({ data: { cents } }),
    insert: async (tenantId, number) => inside.invoice.create({ data: { tenantId, number, cents: 1 } }),
    fail: async () => inside.$queryRawUnsafe(divide),
    statement: async text => inside.$executeRawUnsafe(text),
  });
  return {
    name: 'Prisma',
    ...on(client),
    transaction: work => client.$transaction(tx => work(on(tx))),
    batch: cents => client.$transaction([client.invoice.updateMany({ data: { cents } }), client.invoice.count()]),
    end: async () => {
      await client.$disconnect();
      await pool.end();
    },
  };
}

/** Prisma's client is written from its schema; its schema engine, which only migrations need, is not fetched. */
export async function generatedClient(pool: pg.Pool, folder = 'libraries'): Promise<PrismaClient> {
  const { PrismaClient } = await (modules[folder] ??= generated(join(import.meta.dirname, 'generated', folder)));
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}

type PrismaModule = { readonly PrismaClient: new (options: object) => PrismaClient };
const modules: Record<string, Promise<PrismaModule>> = {};

async function generated(folder: string): Promise<PrismaModule> {
  const schema = readFileSync(join(import.meta.dirname, 'prisma/schema.prisma'), 'utf8');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'schema.prisma'), schema.replace('../generated', './client'));
  const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
  execFileSync(process.execPath, [prisma, 'generate', '--schema', join(folder, 'schema.prisma')], {
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' },
    stdio: 'ignore',
  });
  return (await import(/* @vite-ignore */ join(folder, 'client/client.ts'))) as PrismaModule;
}

interface Tables {
  readonly invoices: { id: Generated<string>; tenant_id: string; number: string; cents: number };
}

function onKysely(url: string, options: GuardOptions): Library {
  const pool = guardPool({ connectionString: url, max: 4 }, options);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const on = (inside: Kysely<Tables>): Invoices => ({
    numbers: async () => numbersOf(await inside.selectFrom('invoices').selectAll().execute()),
    raw: async () => numbersOf((await kyselySql<Row>`select number from invoices`.execute(inside)).rows),
    setCents: cents => inside.updateTable('invoices').set({ cents }).execute(),
    insert: (tenant_id, number) => inside.insertInto('invoices').values({ tenant_id, number, cents: 1 }).execute(),
    fail: () => kyselySql.raw(divide).execute(inside),
    statement: text => kyselySql.raw(text).execute(inside),
  });
  return {
    name: 'Kysely',
    ...on(db),
    transaction: work => db.transaction().execute(tx => work(on(tx))),
    nested: async work => {
      const tx = await db.startTransaction().execute();
      try {
        await work(on(tx), async inner => {
          const part = await tx.savepoint('part').execute();
          await inner(on(part)).catch(async (error: unknown) => {
            await part.rollbackToSavepoint('part').execute();
            throw error;
          });
        });
        await tx.commit().execute();
      } catch (error) {
        await tx.rollback().execute();
        throw error;
      }
    },
    end: () => db.destroy(),
  };
}

function onKnex(url: string, options: GuardOptions): Library {
  const driver = guardedPg(options);
  const Postgres = createRequire(import.meta.url)('knex/lib/dialects/postgres/index.js') as new (config: unknown) => {
    _driver(): unknown;
  };
  class Guarded extends Postgres {
    override _driver(): unknown {
      return driver;
    }
  }
  const db = knexModule({ client: Guarded as never, connection: url, pool: { min: 0, max: 4 } });
  return knexLibrary('Knex', db, () => db.destroy());
}

function onKnexPool(url: string, options: GuardOptions): Library {
  const pool = guardPool({ connectionString: url, max: 4 }, options);
  const db = knexModule({ client: 'pg', connectionPool: pool });
  return knexLibrary('Knex on the pool', db, () => pool.end());
}

function knexLibrary(name: string, db: ReturnType<typeof knexModule>, end: () => Promise<unknown>): Library {
  type Db = typeof db;
  const on = (inside: Db): Invoices => ({
    numbers: () => ({
      then: (resolve, reject) =>
        inside<Row>('invoices')
          .select('number')
          .then(rows => numbersOf(rows as Row[]))
          .then(resolve, reject),
    }),
    raw: async () => numbersOf((await inside.raw<{ rows: Row[] }>('select number from invoices')).rows),
    setCents: async cents => inside('invoices').update({ cents }),
    insert: async (tenant_id, number) => inside('invoices').insert({ tenant_id, number, cents: 1 }),
    fail: async () => inside.raw(divide),
    statement: async text => inside.raw(text),
  });
  return {
    name,
    ...on(db),
    transaction: work => db.transaction(tx => work(on(tx))),
    nested: work => db.transaction(tx => work(on(tx), inner => tx.transaction(part => inner(on(part))))),
    end,
  };
}

interface InvoiceEntity {
  id: string;
  tenantId: string;
  number: string;
  cents: number;
}

const invoiceEntity = new EntitySchema<InvoiceEntity>({
  name: 'invoice',
  tableName: 'invoices',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    tenantId: { type: 'uuid', name: 'tenant_id' },
    number: { type: 'text' },
    cents: { type: 'int' },
  },
});

async function onTypeOrm(url: string, options: GuardOptions): Promise<Library> {
  const source = new DataSource({
    type: 'postgres',
    url,
    driver: guardedPg(options),
    entities: [invoiceEntity],
    installExtensions: false,
    poolSize: 4,
  });
  await source.initialize();
  type Manager = typeof source.manager;
  const on = (manager: Manager): Invoices => ({
    numbers: async () => numbersOf(await manager.find(invoiceEntity)),
    raw: async () => numbersOf(await manager.query<Row[]>('select number from invoices')),
    setCents: cents => manager.createQueryBuilder().update(invoiceEntity).set({ cents }).execute(),
    insert: (tenantId, number) => manager.insert(invoiceEntity, { tenantId, number, cents: 1 }),
    fail: () => manager.query(divide),
    statement: text => manager.query(text),
  });
  return {
    name: 'TypeORM',
    ...on(source.manager),
    transaction: work => source.transaction(manager => work(on(manager))),
    nested: work =>
      source.transaction(manager => work(on(manager), inner => manager.transaction(part => inner(on(part))))),
    end: () => source.destroy(),
  };
}
