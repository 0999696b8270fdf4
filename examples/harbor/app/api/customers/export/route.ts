import { asc } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { customers } from '@/lib/db/schema';

export const GET = withSession(async () => {
  const rows = await db.select().from(customers).orderBy(asc(customers.name));
  return csvResponse(
    'customers.csv',
    toCsv(
      ['Name', 'E-mail', 'Phone', 'City', 'Credit limit (cents)'],
      rows.map(row => [row.name, row.email, row.phone, row.city, row.creditLimitCents]),
    ),
  );
});
