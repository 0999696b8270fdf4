import { and, desc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { claims, orders } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

const newClaim = z.object({
  orderId: z.uuid(),
  reason: z.string().min(3).max(1000),
  amountCents: z.number().int().positive(),
});

export const GET = withSession(async ({ member }) => {
  const rows = await withOrganization(member.organizationId, tx =>
    tx.select().from(claims).orderBy(desc(claims.createdAt)),
  );
  return NextResponse.json({ claims: rows });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newClaim.safeParse(await request.json());
  if (!body.success) return badRequest('Describe the damage and the amount');
  const [order] = await db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.id, body.data.orderId), eq(orders.organizationId, member.organizationId)));
  if (!order) return notFoundJson();
  const [claim] = await withOrganization(member.organizationId, tx =>
    tx
      .insert(claims)
      .values({ ...body.data, orderId: order.id, organizationId: member.organizationId })
      .returning({ id: claims.id, status: claims.status }),
  );
  return NextResponse.json({ claim }, { status: 201 });
});
