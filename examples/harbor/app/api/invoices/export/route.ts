import { and, desc, eq, gte, type SQL } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';

export const GET = withSession(async ({ request, member }) => {
  const query = request.nextUrl.searchParams;
  const status = query.get('status');
  const from = query.get('from');
  const conditions: SQL[] = [eq(invoices.organizationId, member.organizationId)];
  if (status) conditions.push(eq(invoices.status, status));
  if (from) conditions.push(gte(invoices.dueDate, from));

  const rows = await db
    .select({ number: invoices.number, amount: invoices.amountCents, status: invoices.status, due: invoices.dueDate })
    .from(invoices)
    .where(and(...conditions))
    .orderBy(desc(invoices.createdAt));

  return csvResponse(
    'invoices.csv',
    toCsv(
      ['Number', 'Amount (cents)', 'Status', 'Due'],
      rows.map(row => [row.number, row.amount, row.status, row.due]),
    ),
  );
});
