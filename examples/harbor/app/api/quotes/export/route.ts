import { desc } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { quotes } from '@/lib/db/schema';

export const GET = withSession(async () => {
  const rows = await db
    .select({ lane: quotes.lane, rate: quotes.rateCents, status: quotes.status, validUntil: quotes.validUntil })
    .from(quotes)
    .orderBy(desc(quotes.createdAt));
  return csvResponse(
    'quotes.csv',
    toCsv(
      ['Lane', 'Rate (cents)', 'Status', 'Valid until'],
      rows.map(row => [row.lane, row.rate, row.status, row.validUntil]),
    ),
  );
});
