import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { notes } from '@/lib/db/schema';

export const DELETE = withSession<{ id: string }>(async ({ member, params }) => {
  const [removed] = await db
    .delete(notes)
    .where(and(eq(notes.id, params.id), eq(notes.organizationId, member.organizationId)))
    .returning({ id: notes.id });
  if (!removed) return notFoundJson();
  return NextResponse.json({ deleted: removed.id });
});
