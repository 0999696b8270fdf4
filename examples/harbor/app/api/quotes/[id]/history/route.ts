import { sql } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { withOrganization } from '@/lib/db/scoped';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const result = await withOrganization(member.organizationId, tx =>
    tx.execute(sql`select happened_at, event, rate_cents from quote_history(${params.id}::uuid)`),
  );
  return NextResponse.json({ history: result.rows });
});
