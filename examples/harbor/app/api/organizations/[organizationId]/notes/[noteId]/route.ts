import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { member as members, notes } from '@/lib/db/schema';

export const GET = withSession<{ organizationId: string; noteId: string }>(async ({ member, params }) => {
  const membership = await db.query.member.findFirst({
    where: and(eq(members.organizationId, params.organizationId), eq(members.userId, member.userId)),
  });
  if (!membership) return notFoundJson();
  const [note] = await db
    .select({ id: notes.id, body: notes.body })
    .from(notes)
    .where(and(eq(notes.id, params.noteId), eq(notes.organizationId, membership.organizationId)))
    .limit(1);
  if (!note) return notFoundJson();
  return NextResponse.json({ note });
});
