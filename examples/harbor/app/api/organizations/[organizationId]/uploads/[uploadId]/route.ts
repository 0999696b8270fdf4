import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { member as members, uploads } from '@/lib/db/schema';

export const GET = withSession<{ organizationId: string; uploadId: string }>(async ({ member, params }) => {
  const membership = await db.query.member.findFirst({
    where: and(eq(members.organizationId, params.organizationId), eq(members.userId, member.userId)),
  });
  if (!membership) return notFoundJson();
  const [upload] = await db
    .select({ id: uploads.id, filename: uploads.filename, content: uploads.content })
    .from(uploads)
    .where(eq(uploads.id, params.uploadId))
    .limit(1);
  if (!upload) return notFoundJson();
  return NextResponse.json({ upload });
});
