import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { quotes } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const quote = await withOrganization(member.organizationId, tx =>
    tx.query.quotes.findFirst({ where: eq(quotes.id, params.id) }),
  );
  if (!quote) return notFoundJson();
  return NextResponse.json({ quote });
});

export const PATCH = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = z.object({ status: z.enum(['sent', 'accepted', 'declined']) }).safeParse(await request.json());
  if (!body.success) return badRequest('Unknown status');
  const [quote] = await withOrganization(member.organizationId, tx =>
    tx
      .update(quotes)
      .set({ status: body.data.status })
      .where(eq(quotes.id, params.id))
      .returning({ id: quotes.id, status: quotes.status }),
  );
  if (!quote) return notFoundJson();
  return NextResponse.json({ quote });
});
