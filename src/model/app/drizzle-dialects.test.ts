import { expect, test } from 'vitest';

import { show, traceApp } from './fixtures/inline-app.ts';

/** A database package of a workspace, on SQLite, that hands on what it is built with. */
const files = (body: string): Readonly<Record<string, string>> => ({
  'db/tables.ts': `
    import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
    export const pages = sqliteTable('page', { id: integer('id').primaryKey(), teamId: integer('team_id').notNull(), title: text('title') });`,
  'db/client.ts': `
    import { drizzle } from 'drizzle-orm/libsql/http';
    import * as schema from './tables';
    export const store = drizzle({ connection: { url: process.env.URL }, schema });`,
  'db/index.ts': `export * from 'drizzle-orm'; export * from './client'; export * from './tables';`,
  'app/api/pages/[id]/route.ts': `
    import { and, eq, pages, store } from '@/db';
    import { requireUser } from '@/lib/session';
    export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const { id } = await params; const user = await requireUser(); ${body} }`,
});

test.each([
  ['a list', 'store.select().from(pages).where(eq(pages.id, id)).all()'],
  ['the first', 'store.select().from(pages).where(eq(pages.id, id)).get()'],
  ['relational', 'store.query.pages.findFirst({ where: eq(pages.id, id) })'],
])('a query of another dialect is a query, through operators handed on by the package: %s', (_, query) => {
  const [path] = traceApp(files(`return Response.json(await ${query});`)).queries;
  expect(path?.query.table).toBe('page');
  expect(show(path?.query.where ?? { kind: 'true' })).toBe('self.id = client params.id');
});

test('a row that `get` did not find ends the path', () => {
  const paths = traceApp(
    files(`
      const page = await store.select().from(pages).where(and(eq(pages.id, id), eq(pages.teamId, user.teamId))).get();
      if (!page) return new Response(null, { status: 404 });
      return Response.json(await store.delete(pages).where(eq(pages.id, id)).run());`),
  ).queries;
  const remove = paths.find(path => path.query.operation === 'delete');
  expect(remove?.facts.some(fact => fact.holds.kind === 'row' && fact.holds.row.table === 'page')).toBe(true);
});

test('a client that is made once and kept under another name of the global object is a client', () => {
  const [path] = traceApp({
    ...files('return Response.json(await store.select().from(pages).where(eq(pages.id, id)));'),
    'db/client.ts': `
      import { drizzle } from 'drizzle-orm/postgres-js';
      import postgres from 'postgres';
      import * as schema from './tables';
      const kept = globalThis as unknown as { store?: ReturnType<typeof drizzle> };
      if (!kept.store) { kept.store = drizzle(postgres(process.env.URL), { schema }); }
      export const store = kept.store;`,
  }).queries;
  expect(path?.query.table).toBe('page');
});
