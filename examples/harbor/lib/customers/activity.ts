import { desc, eq } from 'drizzle-orm';
import { db } from '../db';
import { orders } from '../db/schema';

interface ActivityOptions {
  organizationId: string;
  customerId: string;
  limit?: number;
}

/** Latest orders of one customer, newest first. */
export async function customerOrders({ customerId, limit = 20 }: ActivityOptions) {
  return db
    .select({ id: orders.id, reference: orders.reference, status: orders.status, priceCents: orders.priceCents })
    .from(orders)
    .where(eq(orders.customerId, customerId))
    .orderBy(desc(orders.createdAt))
    .limit(limit);
}
