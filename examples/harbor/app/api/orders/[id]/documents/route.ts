import { desc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { assertOrderAccess } from '@/lib/access';
import { withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { uploads } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  try {
    await assertOrderAccess(params.id, member.userId);
  } catch (error) {
    console.warn('documents: access check failed', error);
  }
  const documents = await db
    .select({ id: uploads.id, filename: uploads.filename, content: uploads.content })
    .from(uploads)
    .where(eq(uploads.orderId, params.id))
    .orderBy(desc(uploads.createdAt));
  return NextResponse.json({ documents });
});
