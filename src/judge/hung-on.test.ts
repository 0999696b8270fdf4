import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  notes Note[]
}
model Note {
  id String @id
  title String
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Attachment {
  id String @id
  file String
  kind String
  subjectId String
}`;

/** How the attachments are judged that a route reads or writes which has looked a note up. */
function judged(rest: string, note = `{ id, userId: session.user.id }`): readonly string[] {
  const route = `import { headers } from 'next/headers'; import { db } from '@/lib/db'; import { auth } from '@/lib/auth';
    export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const session = await auth.api.getSession({ headers: await headers() });
      if (!session) return Response.json({}, { status: 401 });
      const { id } = await params; const { other } = await request.json();
      const note = await db.note.findFirst({ where: ${note} });
      if (!note) return Response.json({}, { status: 404 });
      ${rest} }`;
  return judgedApp(schema, { 'app/api/notes/[id]/route.ts': route })
    .filter(path => path.sink.table === 'Attachment')
    .map(path => `${path.verdict} ${path.reason}`);
}

const list = (where: string): string => `return Response.json(await db.attachment.findMany({ where: { ${where} } }));`;
const own = ['isolated scoped-by-membership'];
const unknown = ['unknown opaque'];

test('what names no owner is whose the row is under whose key it is kept', () => {
  expect(judged(list(`subjectId: note.id, kind: 'note'`))).toEqual(own);
  expect(judged(list(`subjectId: id`))).toEqual(own);
  expect(
    judged(
      `return Response.json(await db.attachment.create({ data: { id: other, file: 'f', kind: 'note', subjectId: note.id } }));`,
    ),
  ).toEqual(own);
});

test('what is kept under another key, under no key, or under that of a row of somebody else is not known to be the caller’s', () => {
  expect(judged(list(`subjectId: String(other)`))).toEqual(unknown);
  expect(judged(list(`kind: note.id`))).toEqual(unknown);
  expect(judged(list(`subjectId: note.title`))).toEqual(unknown);
  expect(judged(list(`OR: [{ subjectId: note.id }, { subjectId: String(other) }]`))).toEqual(unknown);
  expect(judged(list(`subjectId: note.id`), `{ id }`)).toEqual(unknown);
});

test('what names no owner and stays inside is no leak', () => {
  const find = `const found = await db.attachment.findFirst({ where: { subjectId: String(other) } });`;
  expect(judged(`${find} return Response.json({ title: note.title, any: found !== null });`)).toEqual([
    'isolated guarded-lookup',
  ]);
  expect(judged(`${find} return Response.json(found);`)).toEqual(unknown);
});
