import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { uploads } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const upload = await db.query.uploads.findFirst({ where: eq(uploads.id, params.id) });
  if (upload?.organizationId !== member.organizationId) return notFoundJson();
  return new Response(upload.content, {
    headers: {
      'content-type': upload.contentType,
      'content-disposition': `attachment; filename="${encodeURIComponent(upload.filename)}"`,
      'cache-control': 'private, no-store',
    },
  });
});

export const DELETE = withSession<{ id: string }>(async ({ params }) => {
  const [removed] = await db.delete(uploads).where(eq(uploads.id, params.id)).returning({ id: uploads.id });
  if (!removed) return notFoundJson();
  return NextResponse.json({ deleted: removed.id });
});
