import { and, desc, eq, ilike, isNull, or } from 'drizzle-orm';
import { db } from './db';
import { customers, orders } from './db/schema';

export const orderStatuses = ['draft', 'booked', 'in_transit', 'delivered', 'cancelled'] as const;
export type OrderStatus = (typeof orderStatuses)[number];

const summary = {
  id: orders.id,
  reference: orders.reference,
  origin: orders.origin,
  destination: orders.destination,
  status: orders.status,
  priceCents: orders.priceCents,
  pickupDate: orders.pickupDate,
};

export async function listOrders(organizationId: string, status?: OrderStatus) {
  return db
    .select(summary)
    .from(orders)
    .where(
      and(
        eq(orders.organizationId, organizationId),
        isNull(orders.archivedAt),
        status ? eq(orders.status, status) : undefined,
      ),
    )
    .orderBy(desc(orders.createdAt))
    .limit(200);
}

export async function findOrder(organizationId: string, orderId: string) {
  const [row] = await db
    .select({
      ...summary,
      carrierCostCents: orders.carrierCostCents,
      customerId: orders.customerId,
      customerName: customers.name,
      customerEmail: customers.email,
    })
    .from(orders)
    .innerJoin(customers, eq(customers.id, orders.customerId))
    .where(and(eq(orders.id, orderId), eq(orders.organizationId, organizationId)))
    .limit(1);
  return row ?? null;
}

export async function searchOrders(organizationId: string, term: string) {
  const pattern = `%${term}%`;
  return db
    .select(summary)
    .from(orders)
    .where(
      and(
        eq(orders.organizationId, organizationId),
        or(ilike(orders.reference, pattern), ilike(orders.origin, pattern), ilike(orders.destination, pattern)),
      ),
    )
    .limit(25);
}
