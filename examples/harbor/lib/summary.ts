import { and, count, eq, gte, sql, sum } from 'drizzle-orm';
import { db } from './db';
import { invoices, orders } from './db/schema';

export async function orderSummary(organizationId: string) {
  const [row] = await db
    .select({ orders: count(), revenueCents: sum(orders.priceCents).mapWith(Number) })
    .from(orders)
    .where(eq(orders.organizationId, organizationId));
  return { orders: row?.orders ?? 0, revenueCents: row?.revenueCents ?? 0 };
}

export async function monthlyBilling(organizationId: string) {
  return db
    .select({
      month: sql<string>`to_char(${invoices.createdAt}, 'YYYY-MM')`,
      amountCents: sum(invoices.amountCents).mapWith(Number),
    })
    .from(invoices)
    .where(
      and(eq(invoices.organizationId, organizationId), gte(invoices.createdAt, sql`now() - interval '12 months'`)),
    )
    .groupBy(sql`1`)
    .orderBy(sql`1`);
}
