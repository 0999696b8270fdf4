import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  shelfId String?
  shelves Shelf[]
}
model Shelf {
  id String @id
  isPublic Boolean @default(false)
  isDefault Boolean @default(false)
  visibility String
  ownerId String
  owner User @relation(fields: [ownerId], references: [id])
  books Book[]
}
model Book {
  id String @id
  title String
  shelfId String
  shelf Shelf @relation(fields: [shelfId], references: [id])
}
`;

/** What the queries of a route with this body come to: `operation table verdict`, each once. */
function verdicts(body: string): readonly string[] {
  const paths = judgedApp(schema, {
    'app/api/shelves/[id]/route.ts': `import { db } from '@/lib/db'; import { auth } from '@/lib/auth'; import { headers } from 'next/headers';
      export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; const input = await request.json(); ${body} }`,
  });
  return [...new Set(paths.map(path => `${path.sink.operation} ${path.sink.table} ${path.verdict}`))];
}

const gone = 'return new Response(null, { status: 404 });';

test('what a column says is shown to everybody is public, with what hangs on it', () => {
  expect(verdicts('return Response.json(await db.shelf.findFirst({ where: { id, isPublic: true } }));')).toEqual([
    'read Shelf public',
  ]);
  expect(
    verdicts(`return Response.json(await db.book.findMany({ where: { shelf: { id, visibility: 'public' } } }));`),
  ).toEqual(['read Book public']);
  expect(
    verdicts(
      `const shelf = await db.shelf.findFirst({ where: { id, isPublic: true } }); if (!shelf) ${gone} return Response.json(await db.book.findMany({ where: { shelfId: id } }));`,
    ),
  ).toContain('read Book public');
  expect(
    verdicts(
      `const shelf = await db.shelf.findUnique({ where: { id } }); if (!shelf || !shelf.isPublic) ${gone} return Response.json(shelf);`,
    ),
  ).toEqual(['read Shelf public']);
});

test('what is shown to everybody is nobody else’s to change', () => {
  expect(
    verdicts(
      'await db.shelf.updateMany({ where: { id, isPublic: true }, data: { visibility: "x" } }); return new Response();',
    ),
  ).toEqual(['update Shelf leaks']);
  expect(
    verdicts('await db.book.deleteMany({ where: { shelf: { id, isPublic: true } } }); return new Response();'),
  ).toEqual(['delete Book leaks']);
});

test('other columns, other values and what the caller sends publish nothing', () => {
  for (const filter of [
    'isDefault: true',
    'isPublic: false',
    'isPublic: input.isPublic',
    `visibility: 'team'`,
    'isPublic: { not: true }',
  ])
    expect(verdicts(`return Response.json(await db.shelf.findFirst({ where: { id, ${filter} } }));`)).toEqual([
      'read Shelf leaks',
    ]);
  expect(
    verdicts('return Response.json(await db.shelf.findFirst({ where: { OR: [{ id }, { isPublic: true }] } }));'),
  ).toEqual(['read Shelf leaks']);
});

test('a shelf that is shown does not show its owner’s other shelves', () => {
  expect(
    verdicts(
      `const shelf = await db.shelf.findFirst({ where: { id, isPublic: true } }); if (!shelf) ${gone} return Response.json(await db.shelf.findMany({ where: { ownerId: shelf.ownerId } }));`,
    ),
  ).toContain('read Shelf leaks');
});

test('a shelf that is shown or one’s own may be read, one of which neither is known may not', () => {
  const session = 'const session = await auth.api.getSession({ headers: await headers() });';
  expect(
    verdicts(
      `${session} const shelf = await db.shelf.findUnique({ where: { id } }); if (!shelf) ${gone} if (!shelf.isPublic && shelf.ownerId !== session?.user.id) ${gone} return Response.json(shelf);`,
    ),
  ).toEqual(['read Shelf public']);
  expect(
    verdicts(
      `${session} const shelf = await db.shelf.findUnique({ where: { id } }); if (!shelf) ${gone} if (!shelf.isPublic && !session) ${gone} return Response.json(shelf);`,
    ),
  ).toEqual(['read Shelf leaks']);
});

test('a field of a row that may be missing is compared with a column of one that is there', () => {
  const own = `const session = await auth.api.getSession({ headers: await headers() }); if (!session) ${gone} const me = await db.user.findUnique({ where: { id: session.user.id } }); if (!me) ${gone} const shelf = await db.shelf.findFirst({ where: { id } });`;
  expect(
    verdicts(
      `${own} if (shelf?.ownerId !== me.id) ${gone} await db.shelf.delete({ where: { id } }); return new Response();`,
    ),
  ).toContain('delete Shelf isolated');
  expect(
    verdicts(
      `${own} if (shelf?.ownerId !== me?.shelfId) ${gone} await db.shelf.delete({ where: { id } }); return new Response();`,
    ),
  ).toContain('delete Shelf leaks');
});

test('a row that the app itself names is not the caller’s choice', () => {
  expect(
    verdicts(`return Response.json(await db.book.findMany({ where: { shelfId: 'shelf-of-the-month' } }));`),
  ).toEqual(['read Book public']);
  expect(
    verdicts(
      `await db.shelf.update({ where: { id: process.env.DEMO_SHELF! }, data: { visibility: 'x' } }); return new Response();`,
    ),
  ).toEqual(['update Shelf public']);
  expect(
    verdicts(
      `const shelf = await db.shelf.findUnique({ where: { id: 'demo' } }); if (!shelf) ${gone} return Response.json(await db.book.findMany({ where: { shelfId: shelf.id } }));`,
    ),
  ).toContain('read Book public');
});

test('a constant beside what the caller sends, or in a column of everybody’s, names no row', () => {
  expect(verdicts('return Response.json(await db.book.findMany({ where: { shelfId: id, title: "demo" } }));')).toEqual([
    'read Book leaks',
  ]);
  expect(verdicts('return Response.json(await db.shelf.findMany({ where: { visibility: "team" } }));')).toEqual([
    'read Shelf leaks',
  ]);
  expect(
    verdicts('return Response.json(await db.shelf.findMany({ where: { OR: [{ id: "demo" }, { id }] } }));'),
  ).toEqual(['read Shelf leaks']);
  expect(
    verdicts('return Response.json(await db.book.findMany({ where: { shelfId: input.demo ? "demo" : id } }));'),
  ).toEqual(['read Book leaks']);
});
