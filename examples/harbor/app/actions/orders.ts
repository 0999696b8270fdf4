'use server';

import { and, eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { db } from '@/lib/db';
import { customers, orders, trackingLinks } from '@/lib/db/schema';
import { orderStatuses } from '@/lib/orders';
import { requireMember } from '@/lib/session';

const orderForm = z.object({
  customerId: z.uuid(),
  reference: z.string().min(1).max(40),
  origin: z.string().min(1),
  destination: z.string().min(1),
  priceCents: z.coerce.number().int().nonnegative(),
});

export async function createOrder(input: z.input<typeof orderForm>) {
  const member = await requireMember();
  const form = orderForm.parse(input);
  const customer = await db.query.customers.findFirst({
    where: and(eq(customers.id, form.customerId), eq(customers.organizationId, member.organizationId)),
    columns: { id: true },
  });
  if (!customer) return { error: 'Pick one of your customers' };
  const [order] = await db
    .insert(orders)
    .values({
      ...form,
      customerId: customer.id,
      organizationId: member.organizationId,
      createdBy: member.userId,
      status: 'booked',
    })
    .returning({ id: orders.id });
  revalidatePath('/dashboard/orders');
  return { id: order?.id };
}

export async function updateOrderStatus(orderId: string, status: string) {
  const member = await requireMember();
  const next = z.enum(orderStatuses).parse(status);
  const [order] = await db
    .update(orders)
    .set({ status: next })
    .where(and(eq(orders.id, orderId), eq(orders.organizationId, member.organizationId)))
    .returning({ id: orders.id, status: orders.status });
  if (!order) return { error: 'Order not found' };
  revalidatePath(`/dashboard/orders/${orderId}`);
  return { status: order.status };
}

export async function shareTracking(orderId: string) {
  const member = await requireMember();
  const [order] = await db
    .select({ id: orders.id, organizationId: orders.organizationId })
    .from(orders)
    .where(eq(orders.id, orderId));
  if (!order || order.organizationId !== member.organizationId) return { error: 'Order not found' };
  const [link] = await db.insert(trackingLinks).values({ orderId: order.id }).returning({ token: trackingLinks.token });
  return { path: `/track/${link?.token}` };
}
