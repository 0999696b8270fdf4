import { describe, expect, test } from 'vitest';

import { notesSource } from '../model/app/fixtures/inline-app.ts';
import { judgedCode } from './fixtures/judged-code.ts';

/** An app with Clerk that has no table of users: notes with some columns, files of notes, kinds for everybody. */
function verdicts(columns: string, query: string): readonly string[] {
  const source = notesSource({
    'lib/schema.ts': `import { pgTable, text } from 'drizzle-orm/pg-core';
      export const notes = pgTable('notes', { id: text('id').primaryKey(), ${columns} });
      export const files = pgTable('files', { id: text('id').primaryKey(), noteId: text('note_id').notNull().references(() => notes.id) });
      export const kinds = pgTable('kinds', { id: text('id').primaryKey(), name: text('name') });`,
    'lib/access.ts': '',
    'app/actions.ts': `'use server'; import { and, eq } from 'drizzle-orm'; import { auth, currentUser } from '@clerk/nextjs/server';
      import { db } from '@/lib/db'; import { files, kinds, notes } from '@/lib/schema';
      export async function read(id: string, mail: string) {
        const { userId, orgId } = await auth(); if (!userId || !orgId) return null;
        const user = await currentUser(); const email = user.primaryEmailAddress.emailAddress;
        ${query}
      }`,
  });
  return judgedCode(source).map(({ sink, verdict, reason }) => `${sink.table} ${verdict} ${reason}`);
}

const byUser = `userId: text('user_id').notNull()`;
const byTeam = `orgId: text('org_id').notNull()`;
const notesWhere = (condition: string): string => `return db.select().from(notes).where(${condition});`;

describe('users and organizations that only the sign-in service keeps', () => {
  test('a row is whose id it has', () => {
    expect(verdicts(byUser, notesWhere('eq(notes.id, id)'))).toEqual(['notes leaks client-id']);
    expect(verdicts(byUser, notesWhere('and(eq(notes.id, id), eq(notes.userId, userId))'))).toEqual([
      'notes isolated scoped-by-session',
    ]);
    expect(verdicts(byTeam, notesWhere('eq(notes.orgId, id)'))).toEqual(['notes leaks client-id']);
    expect(verdicts(byTeam, notesWhere('eq(notes.orgId, orgId)'))).toEqual(['notes isolated scoped-by-session']);
  });

  test('a part of such a row is owned too, and what everybody reads is not', () => {
    const guarded = `const [note] = await db.select().from(notes).where(and(eq(notes.id, id), eq(notes.userId, userId))); if (!note) return null;`;
    const parts = `return db.select().from(files).where(eq(files.noteId, id));`;
    expect(verdicts(byUser, parts)).toEqual(['files leaks client-id']);
    expect(verdicts(byUser, `${guarded} ${parts}`)).toContain('files isolated scoped-by-session');
    expect(verdicts(byUser, 'return db.select().from(kinds);')).toEqual(['kinds public no-owner']);
  });

  test('who made a row has it where nothing else names a user', () => {
    const byMaker = `createdBy: text('created_by').notNull()`;
    expect(verdicts(byMaker, notesWhere('eq(notes.createdBy, mail)'))).toEqual(['notes leaks client-id']);
    expect(verdicts(byMaker, notesWhere('eq(notes.createdBy, email)'))).toEqual(['notes isolated scoped-by-session']);
    expect(verdicts(`${byUser}, ${byMaker}`, notesWhere('eq(notes.userId, userId)'))).toEqual([
      'notes isolated scoped-by-session',
    ]);
  });

  test('tables that name nobody are still everybody’s', () => {
    expect(verdicts(`title: text('title')`, notesWhere('eq(notes.id, id)'))).toEqual(['notes public no-owner']);
  });
});
