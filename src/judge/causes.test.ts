import { describe, expect, test } from 'vitest';

import type { Finding } from '../core/finding.ts';
import { judgeNotes } from './fixtures/judged-notes.ts';

const byId = `const [note] = await db.select().from(notes).where(eq(notes.id, (await params).id));`;
const itsComments = `const found = await db.select().from(comments).where(eq(comments.noteId, note.id));`;

function findingsOf(body: string): readonly Finding[] {
  const route = `export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
    const user = await requireUser(); ${body} }`;
  return judgeNotes(route).findings.filter(({ check }) => check.startsWith('path/'));
}

const objectsOf = (findings: readonly Finding[]): readonly (string | undefined)[] =>
  findings.map(({ object, consequenceOf }) => (consequenceOf === undefined ? object : `→ ${object}`));

describe('what is reached through a row that nobody checked', () => {
  test('follows from the finding on that row', () => {
    const found = findingsOf(`${byId} ${itsComments} return NextResponse.json({ note, found });`);
    expect(objectsOf(found)).toEqual(['notes', '→ comments']);
    expect(found[1]?.consequenceOf).toBe(found[0]?.fingerprint);
  });

  test('the worst stands for the others, though the fault lies before it', () => {
    const removed = `await db.delete(comments).where(eq(comments.noteId, note.id));`;
    const found = findingsOf(`${byId} ${removed} return NextResponse.json({ note });`);
    expect(found.map(({ object, severity }) => [object, severity])).toEqual([
      ['comments', 'critical'],
      ['notes', 'high'],
    ]);
    expect(objectsOf(found)).toEqual(['comments', '→ notes']);
  });

  test('so does what else is looked up by the same value', () => {
    const same = `const found = await db.select().from(comments).where(eq(comments.noteId, (await params).id));`;
    const found = findingsOf(`${byId} ${same} return NextResponse.json({ note, found });`);
    expect(objectsOf(found)).toHaveLength(2);
    expect(found[1]?.consequenceOf).toBe(found[0]?.fingerprint);
  });

  test('another value of the caller is another cause', () => {
    const others = `const found = await db.select().from(comments).where(eq(comments.noteId, (await request.json()).noteId));`;
    const found = findingsOf(`${byId} ${others} return NextResponse.json({ note, found });`);
    expect(new Set(objectsOf(found))).toEqual(new Set(['comments', 'notes']));
  });

  test('a look-up that is right is no cause', () => {
    const checked = `if (note.teamId !== user.teamId) return NextResponse.json({ error: 'no' }, { status: 404 });`;
    const others = `const found = await db.select().from(comments).where(eq(comments.id, (await request.json()).commentId));`;
    const found = findingsOf(`${byId} ${checked} ${others} return NextResponse.json({ note, found });`);
    expect(objectsOf(found)).toEqual(['comments']);
  });
});
