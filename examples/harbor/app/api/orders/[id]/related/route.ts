import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const order = await db.query.orders.findFirst({
    where: and(eq(orders.id, params.id), eq(orders.organizationId, member.organizationId)),
    columns: { id: true, reference: true },
    with: {
      equipmentType: {
        columns: { code: true, label: true },
        with: {
          orders: {
            columns: { id: true, reference: true, origin: true, destination: true, priceCents: true },
            orderBy: (row, { desc }) => desc(row.createdAt),
            limit: 10,
          },
        },
      },
    },
  });
  if (!order) return notFoundJson();
  return NextResponse.json({ order: order.reference, related: order.equipmentType?.orders ?? [] });
});
