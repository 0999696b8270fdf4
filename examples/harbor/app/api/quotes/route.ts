import { desc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { customers, quotes } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

const newQuote = z.object({
  customerId: z.uuid(),
  lane: z.string().min(3).max(120),
  rateCents: z.number().int().positive(),
});

export const GET = withSession(async ({ member }) => {
  const rows = await withOrganization(member.organizationId, tx =>
    tx.select().from(quotes).orderBy(desc(quotes.createdAt)),
  );
  return NextResponse.json({ quotes: rows });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newQuote.safeParse(await request.json());
  if (!body.success) return badRequest('Check the quote');
  const quote = await withOrganization(member.organizationId, async tx => {
    const [customer] = await tx
      .select({ id: customers.id })
      .from(customers)
      .where(eq(customers.id, body.data.customerId));
    if (!customer) return null;
    const [row] = await tx
      .insert(quotes)
      .values({ ...body.data, customerId: customer.id, organizationId: member.organizationId, createdBy: member.userId })
      .returning({ id: quotes.id, lane: quotes.lane });
    return row ?? null;
  });
  if (!quote) return notFoundJson();
  return NextResponse.json({ quote }, { status: 201 });
});
