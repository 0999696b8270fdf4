import { and, desc, eq, gte, type SQL } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { customers, orders } from '@/lib/db/schema';

export const GET = withSession(async ({ request, member }) => {
  const query = request.nextUrl.searchParams;
  const conditions: SQL[] = [];
  const scope = query.get('scope') ?? 'organization';
  const from = query.get('from');
  if (scope === 'organization') conditions.push(eq(orders.organizationId, member.organizationId));
  if (scope === 'mine') conditions.push(eq(orders.createdBy, member.userId));
  if (from) conditions.push(gte(orders.pickupDate, from));

  const rows = await db
    .select({
      reference: orders.reference,
      customer: customers.name,
      origin: orders.origin,
      destination: orders.destination,
      price: orders.priceCents,
    })
    .from(orders)
    .innerJoin(customers, eq(customers.id, orders.customerId))
    .where(and(...conditions))
    .orderBy(desc(orders.createdAt));

  return csvResponse(
    'orders.csv',
    toCsv(
      ['Reference', 'Customer', 'Origin', 'Destination', 'Price (cents)'],
      rows.map(row => [row.reference, row.customer, row.origin, row.destination, row.price]),
    ),
  );
});
