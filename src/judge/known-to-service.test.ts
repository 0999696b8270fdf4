import { expect, test } from 'vitest';

import { notesSource } from '../model/app/fixtures/inline-app.ts';
import { judgedCode } from './fixtures/judged-code.ts';

interface Columns {
  readonly ofUser?: string;
  readonly ofTeam?: string;
}

/** An app with Clerk and tables of its own: a route over notes that has `me`, the row of `users` that `find` gives. */
function verdicts(body: string, { ofUser = `text('clerk_id').notNull().unique()`, ofTeam = '' }: Columns = {}): string {
  const source = notesSource({
    'lib/schema.ts': `
      import { pgTable, text } from 'drizzle-orm/pg-core';
      export const users = pgTable('users', { id: text('id').primaryKey(), known: ${ofUser} });
      export const teams = pgTable('teams', { id: text('id').primaryKey(), slug: text('slug').unique()${ofTeam} });
      export const members = pgTable('members', { id: text('id').primaryKey(), teamId: text('team_id').notNull().references(() => teams.id), userId: text('user_id').notNull().references(() => users.id) });
      export const notes = pgTable('notes', { id: text('id').primaryKey(), teamId: text('team_id').notNull().references(() => teams.id) });
      export const comments = pgTable('comments', { id: text('id').primaryKey(), noteId: text('note_id').references(() => notes.id) });`,
    'app/api/notes/[id]/route.ts': `
      import { and, eq } from 'drizzle-orm'; import { auth } from '@clerk/nextjs/server';
      import { db } from '@/lib/db'; import { users, teams, members, notes } from '@/lib/schema';
      export async function DELETE(request: Request, { params }) {
        const { userId, orgId } = await auth();
        if (!userId || !orgId) return new Response(null, { status: 401 });
        const { id } = await params;
        ${body}
        await db.delete(notes).where(and(eq(notes.id, id), eq(notes.teamId, team)));
        return Response.json({});
      }`,
  });
  const [path, ...others] = judgedCode(source).filter(({ sink }) => sink.table === 'notes');
  expect(others).toEqual([]);
  return `${path?.verdict ?? ''} ${path?.reason ?? ''}`;
}

const memberships = `
  const mine = await db.select({ team: teams.id, slug: teams.slug }).from(members)
    .innerJoin(users, eq(members.userId, users.id)).innerJoin(teams, eq(members.teamId, teams.id)).where(eq(users.known, userId));
  const found = mine.map(one => ({ ...one })).find(one => one.slug === new URL(request.url).searchParams.get('team'));
  if (!found) return new Response(null, { status: 403 });
  const { team } = found;`;

test('who has the id that the sign-in service gave the caller is the caller', () => {
  expect(verdicts(memberships)).toBe('isolated scoped-by-membership');
  expect(verdicts(memberships, { ofUser: `text('workos_user_id')` })).toBe('isolated scoped-by-membership');
});

test('who only refers to the caller is another user', () => {
  expect(verdicts(memberships, { ofUser: `text('introduced_by')` })).toBe('leaks unbound-object');
  expect(verdicts(memberships, { ofUser: `text('mentor_id').unique().references(() => users.id)` })).toBe(
    'leaks unbound-object',
  );
});

test('a tenant that has the id of the caller’s organization at the service is the caller’s', () => {
  const byService = `const [own] = await db.select().from(teams).where(eq(teams.orgId, orgId)); if (!own) return new Response(null, { status: 403 }); const team = own.id;`;
  const ofTeam = `, orgId: text('clerk_org_id').notNull().unique()`;
  expect(verdicts(byService, { ofTeam })).toMatch(/^isolated /);
  const bySlug = `const [own] = await db.select().from(teams).where(eq(teams.slug, request.headers.get('x-team')!)); if (!own) return new Response(null, { status: 403 }); const team = own.id;`;
  expect(verdicts(bySlug, { ofTeam })).toMatch(/^leaks /);
});
