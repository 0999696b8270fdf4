import { describe, expect, test } from 'vitest';

import { statementsOfCode } from './migration-code.ts';

function statements(text: string, file = 'migrations/1_first.ts'): readonly string[] {
  return statementsOfCode(file, text).map(({ sql }) => sql);
}

describe('migrations in code', () => {
  test('of Knex say their tables, keys and references', () => {
    expect(
      statements(
        `
        exports.up = async function (knex) {
          await knex.schema
            .createTable('firms', table => { table.uuid('id').primary().defaultTo(knex.raw('gen_random_uuid()')); table.string('name').notNullable(); })
            .createTable('bills', function (t) {
              t.increments('id');
              t.uuid('firm_id').notNullable().references('id').inTable('firms').onDelete('CASCADE');
              t.integer('payer').references('users.id');
              t.enu('state', ['open', 'paid']);
              t.jsonb('lines');
              t.timestamps(true, true);
              t.unique(['firm_id', 'state']);
            });
          if (!(await knex.schema.hasColumn('bills', 'token'))) await knex.schema.alterTable('bills', t => { t.string('token').unique(); t.dropColumn('state'); });
          await knex.raw('create index on bills (payer)');
        };
        exports.down = async knex => { await knex.schema.dropTable('bills'); };`,
        'migrations/1_first.js',
      ),
    ).toEqual([
      'create table "public"."firms" ("id" uuid default gen_random_uuid(), "name" varchar(255) not null, primary key ("id"))',
      'create table "public"."bills" ("id" serial, "firm_id" uuid not null, "payer" integer, "state" text, "lines" jsonb, "created_at" timestamp with time zone default now(), "updated_at" timestamp with time zone default now(), primary key ("id"), foreign key ("firm_id") references "public"."firms" ("id") on delete CASCADE, foreign key ("payer") references "public"."users" ("id"), unique ("firm_id", "state"))',
      'alter table "public"."bills" add column "token" varchar(255) unique',
      'alter table "public"."bills" drop column if exists "state" cascade',
      'create index on bills (payer)',
    ]);
  });

  test('of TypeORM run SQL or the methods of the runner', () => {
    expect(
      statements(`
        import { MigrationInterface, QueryRunner, Table, TableColumn, TableForeignKey, TableIndex } from 'typeorm';
        export class First1700000000000 implements MigrationInterface {
          public async up(queryRunner: QueryRunner): Promise<void> {
            await queryRunner.query(\`CREATE TABLE "firm" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), CONSTRAINT "PK_1" PRIMARY KEY ("id"))\`);
            await queryRunner.createTable(new Table({
              name: 'bill',
              columns: [
                { name: 'id', type: 'uuid', isPrimary: true, isGenerated: true, generationStrategy: 'uuid' },
                { name: 'number', type: 'int', isPrimary: false, isUnique: true },
                { name: 'note', type: 'varchar', isNullable: true, default: "'none'" },
              ],
            }), true);
            await queryRunner.addColumn('bill', new TableColumn({ name: 'firmId', type: 'uuid' }));
            await queryRunner.createForeignKey('bill', new TableForeignKey({ columnNames: ['firmId'], referencedColumnNames: ['id'], referencedTableName: 'firm', onDelete: 'CASCADE' }));
            await queryRunner.createIndex('bill', new TableIndex({ columnNames: ['firmId', 'number'], isUnique: true }));
          }
          public async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.dropTable('bill'); }
        }`),
    ).toEqual([
      'CREATE TABLE "firm" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), CONSTRAINT "PK_1" PRIMARY KEY ("id"))',
      'create table "public"."bill" ("id" uuid default gen_random_uuid(), "number" integer not null unique, "note" varchar default \'none\', primary key ("id"))',
      'alter table "public"."bill" add column "firmId" uuid not null',
      'alter table "public"."bill" add foreign key ("firmId") references "public"."firm" ("id") on delete CASCADE',
      'create unique index on "public"."bill" ("firmId", "number")',
    ]);
  });

  test('of Sequelize say what the query interface is told', () => {
    expect(
      statements(
        `'use strict';
        /** @type {import('sequelize-cli').Migration} */
        module.exports = {
          async up(queryInterface, Sequelize) {
            const stamps = { createdAt: { allowNull: false, type: Sequelize.DATE, defaultValue: Sequelize.fn('now') } };
            await queryInterface.sequelize.transaction(async transaction => {
              await queryInterface.createTable('Bills', {
                id: { allowNull: false, autoIncrement: true, primaryKey: true, type: Sequelize.INTEGER },
                key: { type: Sequelize.UUID, defaultValue: Sequelize.UUIDV4 },
                firmId: { type: Sequelize.INTEGER, references: { model: 'Firms', key: 'id' }, onDelete: 'CASCADE' },
                ...stamps,
              }, { transaction });
            });
            await queryInterface.addColumn('Bills', 'state', { type: Sequelize.ENUM('open', 'paid'), defaultValue: 'open' });
            await queryInterface.addConstraint('Bills', { fields: ['firmId', 'key'], type: 'unique', name: 'one' });
            await queryInterface.addIndex('Bills', ['key'], { unique: true });
            await queryInterface.sequelize.query('CREATE VIEW open_bills AS SELECT 1;');
          },
          async down(queryInterface) { await queryInterface.dropTable('Bills'); },
        };`,
        'migrations/20240101-first.js',
      ),
    ).toEqual([
      'create table "public"."Bills" ("id" serial, "key" uuid default gen_random_uuid(), "firmId" integer, "createdAt" timestamp with time zone not null default now(), primary key ("id"), foreign key ("firmId") references "public"."Firms" ("id") on delete CASCADE)',
      'alter table "public"."Bills" add column "state" text default \'open\'',
      'alter table "public"."Bills" add unique ("firmId", "key")',
      'create unique index on "public"."Bills" ("key")',
      'CREATE VIEW open_bills AS SELECT 1',
    ]);
  });

  test('of Kysely and node-pg-migrate are read too', () => {
    expect(
      statements(`
        import { Kysely, sql } from 'kysely';
        export async function up(db: Kysely<any>): Promise<void> {
          await db.schema.createTable('bill').addColumn('id', 'uuid', col => col.primaryKey().defaultTo(sql\`gen_random_uuid()\`))
            .addColumn('firm_id', 'uuid', col => col.references('firm.id').onDelete('cascade').notNull()).addUniqueConstraint('one', ['firm_id', 'id']).execute();
          await sql\`alter table bill enable row level security\`.execute(db);
        }`),
    ).toEqual([
      'create table "public"."bill" ("id" uuid default gen_random_uuid(), "firm_id" uuid not null, primary key ("id"), foreign key ("firm_id") references "public"."firm" ("id") on delete CASCADE, unique ("firm_id", "id"))',
      'alter table bill enable row level security',
    ]);
    expect(
      statements(`exports.up = pgm => {
        pgm.createTable('bills', { id: 'id', firm_id: { type: 'integer', notNull: true, references: '"firms"', onDelete: 'CASCADE' }, created: { type: 'timestamp', default: pgm.func('current_timestamp') } });
        pgm.sql('create policy p on bills using (true)');
      };`),
    ).toEqual([
      'create table "public"."bills" ("id" serial, "firm_id" integer not null, "created" timestamp default now(), primary key ("id"), foreign key ("firm_id") references "public"."firms" ("id") on delete CASCADE)',
      'create policy p on bills using (true)',
    ]);
  });

  test('leave out what only running them tells', () => {
    expect(
      statements(
        `export async function up(knex) { const name = process.env.TABLE; await knex.schema.createTable(name, t => { t.increments('id'); }); await knex.raw('drop table ' + name); }`,
      ),
    ).toEqual([]);
    expect(statements(`export const columns = ['id'];`)).toEqual([]);
  });
});
