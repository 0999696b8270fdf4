import { sql } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { withOrganization } from '@/lib/db/scoped';

interface QuoteSummary extends Record<string, unknown> {
  id: string;
  lane: string;
  rate_cents: number;
  status: string;
  customer_name: string;
}

export const GET = withSession(async ({ member }) => {
  const result = await withOrganization(member.organizationId, tx =>
    tx.execute<QuoteSummary>(
      sql`select id, lane, rate_cents, status, customer_name from quote_summaries order by lane`,
    ),
  );
  return NextResponse.json({ quotes: result.rows });
});
