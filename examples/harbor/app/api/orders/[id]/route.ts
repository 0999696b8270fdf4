import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { findOrder } from '@/lib/orders';

const changes = z.object({
  origin: z.string().min(1).optional(),
  destination: z.string().min(1).optional(),
  priceCents: z.number().int().nonnegative().optional(),
  pickupDate: z.iso.date().optional(),
});

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const order = await findOrder(member.organizationId, params.id);
  if (!order) return notFoundJson();
  return NextResponse.json({ order });
});

export const PATCH = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = changes.safeParse(await request.json());
  if (!body.success) return badRequest('Nothing to change');
  const [order] = await db
    .update(orders)
    .set(body.data)
    .where(and(eq(orders.id, params.id), eq(orders.organizationId, member.organizationId)))
    .returning({ id: orders.id, origin: orders.origin, destination: orders.destination, priceCents: orders.priceCents });
  if (!order) return notFoundJson();
  return NextResponse.json({ order });
});

export const DELETE = withSession<{ id: string }>(async ({ params }) => {
  const [deleted] = await db.delete(orders).where(eq(orders.id, params.id)).returning({ id: orders.id });
  if (!deleted) return notFoundJson();
  return NextResponse.json({ deleted: deleted.id });
});
