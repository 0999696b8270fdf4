import { and, eq } from 'drizzle-orm';
import { NextResponse, type NextRequest } from 'next/server';
import { z } from 'zod';
import { isMember } from '@/lib/access';
import { badRequest, notFoundJson, unauthorized } from '@/lib/api';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { getSession } from '@/lib/session';

type Context = { params: Promise<{ organizationId: string; orderId: string }> };

const forbidden = () => NextResponse.json({ error: 'Not a member of this organization' }, { status: 403 });

export async function GET(_request: NextRequest, { params }: Context) {
  const session = await getSession();
  if (!session) return unauthorized();
  const { organizationId, orderId } = await params;
  if (!(await isMember(organizationId, session.user.id))) return forbidden();
  const order = await db.query.orders.findFirst({
    where: and(eq(orders.id, orderId), eq(orders.organizationId, organizationId)),
    with: { stops: true },
  });
  if (!order) return notFoundJson();
  return NextResponse.json({ order });
}

export async function PATCH(request: NextRequest, { params }: Context) {
  const session = await getSession();
  if (!session) return unauthorized();
  const { organizationId, orderId } = await params;
  if (!(await isMember(organizationId, session.user.id))) return forbidden();
  const body = z.object({ priceCents: z.number().int().nonnegative() }).safeParse(await request.json());
  if (!body.success) return badRequest('priceCents is required');
  const [order] = await db
    .update(orders)
    .set({ priceCents: body.data.priceCents })
    .where(eq(orders.id, orderId))
    .returning({ id: orders.id, reference: orders.reference, priceCents: orders.priceCents });
  if (!order) return notFoundJson();
  return NextResponse.json({ order });
}
