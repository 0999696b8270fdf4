import { cacheLife } from 'next/cache';
import { desc, eq, ilike, sql, sum } from 'drizzle-orm';
import { db } from './db';
import { customers, invoices, quotes } from './db/schema';

/** What a lane went for lately. The page is slow without the cache. */
export async function laneRates(lane: string) {
  'use cache';
  cacheLife('minutes');
  return db
    .select({ id: quotes.id, lane: quotes.lane, rateCents: quotes.rateCents, customerName: customers.name })
    .from(quotes)
    .innerJoin(customers, eq(customers.id, quotes.customerId))
    .where(ilike(quotes.lane, `%${lane}%`))
    .orderBy(desc(quotes.createdAt))
    .limit(25);
}

/** Billed amount per customer, best first. */
export async function customerTotals(organizationId: string) {
  'use cache';
  cacheLife('minutes');
  return db
    .select({ name: customers.name, totalCents: sum(invoices.amountCents).mapWith(Number) })
    .from(invoices)
    .innerJoin(customers, eq(customers.id, invoices.customerId))
    .where(eq(invoices.organizationId, organizationId))
    .groupBy(customers.name)
    .orderBy(desc(sql`2`))
    .limit(10);
}
