import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { assertOrderAccess } from '@/lib/access';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { orderStatuses } from '@/lib/orders';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const order = await db.query.orders.findFirst({
    where: eq(orders.id, params.id),
    columns: { organizationId: true, status: true },
  });
  if (!order) return notFoundJson();
  if (order.organizationId !== member.organizationId) return notFoundJson();
  return NextResponse.json({ status: order.status });
});

export const POST = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = z.object({ status: z.enum(orderStatuses) }).safeParse(await request.json());
  if (!body.success) return badRequest('Unknown status');
  assertOrderAccess(params.id, member.userId);
  const [order] = await db
    .update(orders)
    .set({ status: body.data.status })
    .where(eq(orders.id, params.id))
    .returning({ id: orders.id, status: orders.status });
  if (!order) return notFoundJson();
  return NextResponse.json({ order });
});
