import { and, desc, eq, inArray } from 'drizzle-orm';
import { NextResponse, type NextRequest } from 'next/server';
import { z } from 'zod';
import { organizationIdsOf } from '@/lib/access';
import { badRequest, notFoundJson, unauthorized, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders, uploads } from '@/lib/db/schema';
import { getSession } from '@/lib/session';

const newUpload = z.object({
  orderId: z.uuid().optional(),
  filename: z.string().min(1).max(200),
  contentType: z.string().default('text/plain'),
  content: z.string().max(200_000),
});

/** Every file of every workspace the user belongs to. */
export async function GET(_request: NextRequest) {
  const session = await getSession();
  if (!session) return unauthorized();
  const organizationIds = await organizationIdsOf(session.user.id);
  const rows = await db
    .select({ id: uploads.id, filename: uploads.filename, orderId: uploads.orderId, createdAt: uploads.createdAt })
    .from(uploads)
    .where(inArray(uploads.organizationId, organizationIds))
    .orderBy(desc(uploads.createdAt));
  return NextResponse.json({ uploads: rows });
}

export const POST = withSession(async ({ request, member }) => {
  const body = newUpload.safeParse(await request.json());
  if (!body.success) return badRequest('Pick a file first');
  const { orderId } = body.data;
  if (orderId) {
    const [order] = await db
      .select({ id: orders.id })
      .from(orders)
      .where(and(eq(orders.id, orderId), eq(orders.organizationId, member.organizationId)));
    if (!order) return notFoundJson();
  }
  const [upload] = await db
    .insert(uploads)
    .values({ ...body.data, organizationId: member.organizationId, uploadedBy: member.userId })
    .returning({ id: uploads.id, filename: uploads.filename });
  return NextResponse.json({ upload }, { status: 201 });
});
