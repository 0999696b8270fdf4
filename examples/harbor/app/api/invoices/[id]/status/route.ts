import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const invoice = await db.query.invoices.findFirst({
    where: eq(invoices.id, params.id),
    columns: { organizationId: true, status: true },
  });
  if (!invoice) return notFoundJson();
  if (invoice.organizationId !== member.organizationId) {
    return NextResponse.json({ error: 'This invoice belongs to another organization' }, { status: 403 });
  }
  return NextResponse.json({ status: invoice.status });
});
