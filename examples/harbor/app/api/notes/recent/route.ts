import { and, desc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { unauthorized } from '@/lib/api';
import { db } from '@/lib/db';
import { notes } from '@/lib/db/schema';
import { getSession } from '@/lib/session';

export async function GET() {
  const session = await getSession();
  if (!session) return unauthorized();
  const organizationId = session.session.activeOrganizationId;
  const rows = await db
    .select({ id: notes.id, body: notes.body })
    .from(notes)
    .where(and(eq(notes.pinned, true), organizationId ? eq(notes.organizationId, organizationId) : undefined))
    .orderBy(desc(notes.createdAt))
    .limit(20);
  return NextResponse.json({ notes: rows });
}
