import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { listOrders, orderStatuses } from '@/lib/orders';

const newOrder = z.object({
  customerId: z.uuid(),
  reference: z.string().min(1).max(40),
  origin: z.string().min(1),
  destination: z.string().min(1),
  priceCents: z.number().int().nonnegative().default(0),
});

export const GET = withSession(async ({ request, member }) => {
  const status = orderStatuses.find(name => name === request.nextUrl.searchParams.get('status'));
  return NextResponse.json({ orders: await listOrders(member.organizationId, status) });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newOrder.safeParse(await request.json());
  if (!body.success) return badRequest('Check the order details');
  const [order] = await db
    .insert(orders)
    .values({ ...body.data, organizationId: member.organizationId, createdBy: member.userId, status: 'booked' })
    .returning({ id: orders.id, reference: orders.reference });
  return NextResponse.json({ order }, { status: 201 });
});
