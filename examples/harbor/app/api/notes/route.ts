import { desc } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { notes } from '@/lib/db/schema';

export const GET = withSession(async ({ request }) => {
  const page = Math.max(1, Number(request.nextUrl.searchParams.get('page')) || 1);
  const rows = await db
    .select({ id: notes.id, customerId: notes.customerId, body: notes.body, createdAt: notes.createdAt })
    .from(notes)
    .orderBy(desc(notes.createdAt))
    .limit(50)
    .offset((page - 1) * 50);
  return NextResponse.json({ notes: rows });
});
