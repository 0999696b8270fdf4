import { asc, eq } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { messages, orders } from '@/lib/db/schema';

export const GET = withSession(async ({ member }) => {
  const rows = await db
    .select({ order: orders.reference, body: messages.body, sentAt: messages.createdAt })
    .from(messages)
    .innerJoin(orders, eq(orders.id, messages.orderId))
    .where(eq(messages.organizationId, member.organizationId))
    .orderBy(asc(messages.createdAt));
  return csvResponse(
    'messages.csv',
    toCsv(
      ['Order', 'Message', 'Sent'],
      rows.map(row => [row.order, row.body, row.sentAt]),
    ),
  );
});
