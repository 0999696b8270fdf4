import { count, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders, organization } from '@/lib/db/schema';

export const GET = withSession(async ({ member }) => {
  if (member.role !== 'staff') return NextResponse.json({ error: 'Staff only' }, { status: 403 });
  const rows = await db
    .select({ name: organization.name, orders: count(orders.id) })
    .from(organization)
    .leftJoin(orders, eq(orders.organizationId, organization.id))
    .groupBy(organization.name);
  return NextResponse.json({ usage: rows });
});
