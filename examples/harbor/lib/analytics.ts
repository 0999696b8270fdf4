import { unstable_cache } from 'next/cache';
import { count, desc, eq, sql, sum } from 'drizzle-orm';
import { db } from './db';
import { customers, orders } from './db/schema';

/** Revenue per customer of the last year. */
export async function revenueByCustomer(organizationId: string) {
  const load = unstable_cache(
    async () =>
      db
        .select({ customer: customers.name, revenueCents: sum(orders.priceCents).mapWith(Number) })
        .from(orders)
        .innerJoin(customers, eq(customers.id, orders.customerId))
        .where(eq(orders.organizationId, organizationId))
        .groupBy(customers.name)
        .orderBy(desc(sql`2`))
        .limit(12),
    ['revenue-by-customer'],
    { revalidate: 300, tags: ['analytics'] },
  );
  return load();
}

/** Number of orders in each status. */
export async function ordersByStatus(organizationId: string) {
  const load = unstable_cache(
    async () =>
      db
        .select({ status: orders.status, orders: count() })
        .from(orders)
        .where(eq(orders.organizationId, organizationId))
        .groupBy(orders.status),
    ['orders-by-status', organizationId],
    { revalidate: 300, tags: ['analytics'] },
  );
  return load();
}
