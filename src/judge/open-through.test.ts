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

const list = `export async function PUT(request: Request, { params }: { params: Promise<{ id: string }> }) {
  return NextResponse.json(await db.select().from(comments).where(eq(comments.noteId, (await params).id))); }`;

const withComments = `import { eq } from 'drizzle-orm'; import { db } from '@/lib/db'; import { comments, notes } from '@/lib/schema';
  export default async function Page({ params }: { params: Promise<{ id: string }> }) {
    const [note] = await db.select().from(notes).where(eq(notes.id, (await params).id));
    const all = await db.select().from(comments).where(eq(comments.noteId, (await params).id));
    return <main>{note.title}{all.map(one => <p key={one.id}>{one.body}</p>)}</main>; }`;

test('what visitors added is open where a page that is open shows it, and not where they only add it', () => {
  const verdicts = (page: string) =>
    judgeNotes(`${add} ${list}`, { 'app/notes/[id]/page.tsx': page })
      .judged.paths.filter(path => path.entryPoint.name.startsWith('PUT'))
      .map(path => path.verdict);
  expect(verdicts(withComments)).toEqual(['public']);
  expect(verdicts(show('title'))).toEqual(['leaks']);
});

test('what is shown to those who sign in is not what the link shows', () => {
  const get = (guard: string) => `import { headers } from 'next/headers'; import { auth } from '@/lib/auth';
    export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const [note] = await db.select().from(notes).where(eq(notes.id, (await params).id));
      const session = await auth.api.getSession({ headers: await headers() });
      ${guard} return NextResponse.json({ title: note.title, team: note.teamId }); }`;
  const verdicts = (guard: string) =>
    judgeNotes(`${get(guard)} ${add}`, { 'app/notes/[id]/page.tsx': show('title') })
      .judged.paths.filter(path => path.entryPoint.name.startsWith('GET'))
      .map(path => path.verdict);
  expect(verdicts('')).toEqual(['public']);
  expect(verdicts('if (!session) return NextResponse.json({}, { status: 401 });')).toEqual(['leaks']);
});
