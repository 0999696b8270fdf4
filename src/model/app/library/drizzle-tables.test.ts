import { describe, expect, test } from 'vitest';

import { filesInMemory } from '../../../collect/source/files.ts';
import { sourceOf } from '../../../collect/source/read-source.ts';
import type { DatabaseModel, Table } from '../../database/types.ts';
import { inferTenancy } from '../../tenancy/infer.ts';
import { interpretApp } from '../build.ts';
import { show } from '../fixtures/inline-app.ts';
import { databaseOfDrizzle } from './drizzle-tables.ts';

const manifest = {
  'package.json': JSON.stringify({ name: 'crm', dependencies: { next: '16.0.0', 'drizzle-orm': '0.45.0' } }),
  'next.config.ts': 'export default {};',
  'app/page.tsx': 'export default function Page() { return null; }',
};

function databaseOf(files: Readonly<Record<string, string>>): DatabaseModel {
  const database = databaseOfDrizzle(sourceOf(filesInMemory({ ...manifest, ...files })));
  if (database === undefined) throw new Error('Drizzle was not found.');
  return database;
}

function table(database: DatabaseModel, name: string): Table | undefined {
  return database.tables.find(candidate => candidate.name === name);
}

const columns = `
  import { text, timestamp } from 'drizzle-orm/pg-core';
  export const id = () => text('id').primaryKey().$defaultFn(() => crypto.randomUUID());
  export const stamps = { createdAt: timestamp('created_at').defaultNow().notNull() };`;

const schema = `
  import { foreignKey, index, pgEnum, pgTableCreator, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
  import { relations } from 'drizzle-orm';
  import { id, stamps } from './columns';
  const table = pgTableCreator(name => \`crm_\${name}\`);
  export const role = pgEnum('role', ['owner', 'guest']);
  export const users = table('user', { id: id(), email: text('email').notNull().unique() });
  export const firms = table('firm', { id: id(), name: text('name'), ...stamps });
  export const seats = table('seat', {
    userId: text('user_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
    firmId: text('firm_id').notNull(),
    role: role('role').notNull(),
  }, t => [primaryKey({ columns: [t.userId, t.firmId] }), foreignKey({ columns: [t.firmId], foreignColumns: [firms.id] }).onDelete('cascade')]);
  export const deals = table('deal', { id: id(), firmId: text('firm_id').notNull(), slug: text('slug'), title: text() },
    t => ({ bySlug: uniqueIndex('by_slug').on(t.firmId, t.slug), byTitle: index('by_title').on(t.title) }));
  export const dealsRelations = relations(deals, ({ one }) => ({ firm: one(firms, { fields: [deals.firmId], references: [firms.id] }) }));`;

describe('tables that Drizzle’s schema defines', () => {
  const database = databaseOf({ 'db/columns.ts': columns, 'db/schema.ts': schema });

  test('have the names, columns, keys and enums that the code gives them', () => {
    expect(database.tables.map(({ name }) => name)).toEqual(['crm_user', 'crm_firm', 'crm_seat', 'crm_deal']);
    expect(
      table(database, 'crm_firm')?.columns.map(({ name, notNull, hasDefault }) => [name, notNull, hasDefault]),
    ).toEqual([
      ['id', true, true],
      ['name', false, false],
      ['created_at', true, true],
    ]);
    expect(table(database, 'crm_firm')?.columns[2]?.type).toBe('timestamp without time zone');
    const seat = table(database, 'crm_seat');
    expect(seat?.primaryKey).toEqual(['user_id', 'firm_id']);
    expect(seat?.foreignKeys.map(key => [key.columns, key.table, key.referencedColumns, key.onDelete])).toEqual([
      [['user_id'], 'crm_user', ['id'], 'cascade'],
      [['firm_id'], 'crm_firm', ['id'], 'cascade'],
    ]);
    expect(table(database, 'crm_deal')?.uniqueKeys).toEqual([['id'], ['firm_id', 'slug']]);
    expect(database.enums).toEqual([{ name: 'role', values: ['owner', 'guest'] }]);
  });

  test('belong to tenants by their keys, and by relations where there is no key', () => {
    const tenancy = inferTenancy(database);
    expect(tenancy.root?.table).toBe('crm_firm');
    expect(tenancy.memberships).toMatchObject([{ table: 'crm_seat', adminRoles: ['owner'] }]);
    expect(tenancy.owners.find(owner => owner.table === 'crm_deal')?.ownership).toMatchObject({
      kind: 'tenant',
      path: [{ column: 'firm_id', table: 'crm_firm' }],
    });
  });

  test('are those that queries name, on SQLite and MySQL too', () => {
    const files = {
      ...manifest,
      'db/schema.ts': `
        import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
        export const notes = sqliteTable('note', { id: integer().primaryKey(), ownerId: text().notNull() });`,
      'db/index.ts': `
        import { drizzle } from 'drizzle-orm/libsql';
        import * as schema from './schema';
        export const db = drizzle(process.env.URL, { schema, casing: 'snake_case' });`,
      'app/api/notes/[id]/route.ts': `
        import { eq } from 'drizzle-orm';
        import { db } from '../../../../db';
        import { notes } from '../../../../db/schema';
        export async function GET(request, { params }) {
          const { id } = await params;
          return Response.json(await db.select().from(notes).where(eq(notes.ownerId, id)).get());
        }`,
    };
    const source = sourceOf(filesInMemory(files));
    const own = databaseOfDrizzle(source);
    expect(own?.tables[0]).toMatchObject({ name: 'note', primaryKey: ['id'] });
    expect(own?.tables[0]?.columns.map(({ name }) => name)).toEqual(['id', 'owner_id']);
    const [query] = interpretApp(source, own).queries;
    expect(query?.query.table).toBe('note');
    expect(show(query?.query.where ?? { kind: 'true' })).toBe('self.owner_id = client params.id');
  });
});

test('an app without Drizzle has none, and files of tests define none', () => {
  const none = sourceOf(filesInMemory({ ...manifest, 'package.json': '{"dependencies":{"next":"16.0.0"}}' }));
  expect(databaseOfDrizzle(none)).toBeUndefined();
  const tests = databaseOf({
    'db/a.test.ts': `import { pgTable } from 'drizzle-orm/pg-core'; export const a = pgTable('a', {});`,
  });
  expect(tests.tables).toEqual([]);
});

test('columns of a type that the app made are columns, keys among them', () => {
  const database = databaseOf({
    'db/schema.ts': `
      import { customType, mysqlTable, primaryKey, varchar } from 'drizzle-orm/mysql-core';
      import { relations } from 'drizzle-orm/relations';
      const length = 15;
      const shortId = customType<{ data: string }>({ dataType() { return \`varchar(\${length})\`; } });
      export const users = mysqlTable('users', { id: shortId('id').notNull().primaryKey(), email: varchar('email', { length: 255 }) });
      export const clubs = mysqlTable('clubs', { id: shortId('id').notNull().primaryKey() });
      export const seats = mysqlTable('seats', { userId: shortId('userId').notNull(), clubId: shortId('clubId').notNull() },
        t => [primaryKey({ columns: [t.userId, t.clubId] })]);
      export const seatsRelations = relations(seats, ({ one }) => ({
        user: one(users, { fields: [seats.userId], references: [users.id] }),
        club: one(clubs, { fields: [seats.clubId], references: [clubs.id] }),
      }));`,
  });
  expect(table(database, 'clubs')?.primaryKey).toEqual(['id']);
  expect(table(database, 'seats')?.columns.map(({ name, type, notNull }) => [name, type, notNull])).toEqual([
    ['userId', 'character varying', true],
    ['clubId', 'character varying', true],
  ]);
  expect(table(database, 'seats')?.foreignKeys.map(key => key.table)).toEqual(['users', 'clubs']);
});

describe('policies that Drizzle’s schema declares', () => {
  const database = databaseOf({
    'db/schema.ts': `
      import { eq, sql } from 'drizzle-orm';
      import { crudPolicy } from 'drizzle-orm/neon';
      import { pgPolicy, pgRole, pgTable, text, uuid } from 'drizzle-orm/pg-core';
      import { authenticatedRole, authUid } from 'drizzle-orm/supabase';
      const clerk = pgRole('clerk').existing();
      export const firms = pgTable('firms', { id: uuid().primaryKey(), ownerId: uuid('owner_id') }, t => [
        pgPolicy('own firm', { for: 'select', to: [authenticatedRole, clerk], using: sql\`\${t.ownerId} = \${authUid}\` }),
        pgPolicy('no drafts', { as: 'restrictive', to: 'public', using: sql\`\${t.id} <> \${'none'}\` }),
      ]);
      export const memos = pgTable('memos', { id: uuid().primaryKey(), kind: text() }, t => [
        crudPolicy({ role: clerk, read: true, modify: null }),
        pgPolicy('built', { for: 'delete', using: eq(t.kind, 'x') }),
      ]);
      export const closed = pgTable('closed', { id: uuid().primaryKey() }).enableRLS();
      export const open = pgTable('open', { id: uuid().primaryKey() });`,
  });

  test('have their roles, commands and conditions', () => {
    expect(table(database, 'firms')).toMatchObject({
      rowSecurity: true,
      policies: [
        {
          name: 'own firm',
          command: 'select',
          permissive: true,
          roles: ['authenticated', 'clerk'],
          using: '"firms"."owner_id" = (select auth.uid())',
        },
        { name: 'no drafts', command: 'all', permissive: false, roles: ['public'], using: `"firms"."id" <> 'none'` },
      ],
    });
    expect(table(database, 'memos')?.policies[0]).toMatchObject({ command: 'select', roles: ['clerk'], using: 'true' });
  });

  test('are no policies that let everybody in where the condition cannot be read', () => {
    expect(table(database, 'memos')?.policies[1]).toMatchObject({ command: 'delete', using: 'drydock_unreadable()' });
  });

  test('are not needed for row security, and nothing turns it on by itself', () => {
    expect(table(database, 'closed')).toMatchObject({ rowSecurity: true, policies: [] });
    expect(table(database, 'open')).toMatchObject({ rowSecurity: false, policies: [] });
  });
});
