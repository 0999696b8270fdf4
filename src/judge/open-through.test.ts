import { expect, test } from 'vitest';

import { judgeNotes } from './fixtures/judged-notes.ts';

const show = (
  name: string,
) => `import { eq } from 'drizzle-orm'; import { db } from '@/lib/db'; import { notes } from '@/lib/schema';
  export default async function Page({ params }: { params: Promise<{ id: string }> }) {
    const [note] = await db.select().from(notes).where(eq(notes.id, (await params).id)); return <main>{note.${name}}</main>; }`;

const add = `export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { body } = await request.json();
  const [made] = await db.insert(comments).values({ noteId: (await params).id, body }).returning({ id: comments.id });
  return NextResponse.json({ id: made.id }); }`;

const change = (
  chosen: string,
) => `export async function PUT(request: Request, { params }: { params: Promise<{ id: string }> }) {
  ${chosen}
  const [note] = await db.select().from(notes).where(eq(notes.id, noteId));
  return NextResponse.json({ title: note.title }); }`;

/** How the look-up of a note by a visitor is judged. */
function judged(page: string, route: string): readonly string[] {
  const { paths } = judgeNotes(route, page === '' ? {} : { 'app/notes/[id]/page.tsx': page }).judged;
  return paths
    .filter(path => path.entryPoint.name.startsWith('PUT') && path.sink.table === 'notes')
    .map(path => path.verdict);
}

const byComment = `const [comment] = await db.select().from(comments).where(eq(comments.id, (await params).id)); const noteId = comment.noteId;`;
const byBody = `const [comment] = await db.select().from(comments).where(eq(comments.body, (await params).id)); const noteId = comment.noteId;`;

test('what is open by its link is open to whoever has the key of what they added to it', () => {
  expect(judged(show('title'), `${add} ${change(byComment)}`)).toEqual(['public']);
});

test('a key that can be guessed leads nowhere, and neither does one of a page that is not shared', () => {
  expect(judged(show('title'), `${add} ${change(byBody)}`)).toEqual(['leaks']);
  expect(judged('', `${add} ${change(byComment)}`)).toEqual(['leaks']);
  expect(judged(show('title'), change(byComment))).toEqual(['leaks']);
});
