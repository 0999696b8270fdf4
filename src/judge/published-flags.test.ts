import { describe, expect, test } from 'vitest';

import { judgeNotes } from './fixtures/judged-notes.ts';

const schema = `
  import { boolean, pgTable, text } from 'drizzle-orm/pg-core';
  import { relations } from 'drizzle-orm';
  export const members = pgTable('members', { id: text('id').primaryKey(), teamId: text('team_id').notNull(), userId: text('user_id').notNull(), role: text('role') });
  export const notes = pgTable('notes', { id: text('id').primaryKey(), teamId: text('team_id').notNull(), title: text('title'), folderId: text('folder_id'), visibility: text('visibility'), isPublic: boolean('is_public'), status: text('status') });
  export const comments = pgTable('comments', { id: text('id').primaryKey(), noteId: text('note_id').references(() => notes.id), body: text('body') });`;

/** The verdicts on reading (or what \`operation\` says) \`table\` in a route that asks nobody who they are. */
function verdicts(body: string, table = 'notes', operation = 'read'): readonly string[] {
  const route = `import { ne } from 'drizzle-orm';
    export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const { id } = await params; ${body} }`;
  const { paths } = judgeNotes(route, { 'lib/schema.ts': schema }).judged;
  const mine = paths.filter(path => path.sink.table === table && path.sink.operation === operation);
  return [...new Set(mine.map(path => (path.reason === 'published' ? 'published' : path.verdict)))];
}

const answer = `return NextResponse.json({ note });`;
const load = `const [note] = await db.select().from(notes).where(eq(notes.id, id)); if (!note) return notFound();`;

describe('a flag that opens a row, or does not close it', () => {
  test.each([
    [`eq(notes.visibility, 'public')`],
    [`eq(notes.isPublic, true)`],
    [`ne(notes.visibility, 'private')`],
    [`eq(notes.status, 'published')`],
  ])('is public where the filter asks for it: %s', filter => {
    expect(
      verdicts(`const [note] = await db.select().from(notes).where(and(eq(notes.id, id), ${filter})); ${answer}`),
    ).toEqual(['published']);
  });

  test.each([
    [`eq(notes.visibility, 'private')`],
    [`eq(notes.isPublic, false)`],
    [`ne(notes.visibility, 'public')`],
    [`eq(notes.status, 'active')`],
    [`ne(notes.status, 'published')`],
    [`eq(notes.visibility, new URL(request.url).searchParams.get('v'))`],
    [`or(eq(notes.isPublic, true), eq(notes.title, 'x'))`],
  ])('is not where the filter says another thing: %s', filter => {
    expect(
      verdicts(`const [note] = await db.select().from(notes).where(and(eq(notes.id, id), ${filter})); ${answer}`),
    ).toEqual(['leaks']);
  });

  test('is told by a test after the look-up', () => {
    expect(verdicts(`${load} if (!note.isPublic) return notFound(); ${answer}`)).toEqual(['published']);
    expect(verdicts(`${load} if (note.isPublic) return notFound(); ${answer}`)).toEqual(['leaks']);
  });

  test('is public, and the others are for members', () => {
    const asked = (flag: string): string =>
      `${load} if (note.visibility === '${flag}') { const user = await requireUser(); await assertMember(user.id, note.teamId); } ${answer}`;
    expect(verdicts(asked('private'))).toEqual(['published']);
    expect(verdicts(asked('public'))).toEqual(['leaks']);
  });

  test('takes what is a part of it along, and nothing else of its tenant', () => {
    const shown = `${load} if (!note.isPublic) return notFound();`;
    const parts = `const found = await db.select().from(comments).where(eq(comments.noteId, note.id)); return NextResponse.json({ found });`;
    expect(verdicts(`${shown} ${parts}`, 'comments')).toEqual(['published']);
    expect(verdicts(`${load} ${parts}`, 'comments')).toEqual(['leaks']);
    const others = `const found = await db.select().from(notes).where(eq(notes.teamId, note.teamId)); return NextResponse.json({ found });`;
    expect(verdicts(`${shown} ${others}`)).toContain('leaks');
  });

  test('is changed by nobody for that', () => {
    const change = `await db.update(notes).set({ title: 'x' }).where(and(eq(notes.id, id), eq(notes.isPublic, true))); return NextResponse.json({});`;
    expect(verdicts(change, 'notes', 'update')).toEqual(['leaks']);
  });
});
