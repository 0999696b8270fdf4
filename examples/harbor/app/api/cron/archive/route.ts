import { and, eq, isNull } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';

export async function POST() {
  const rows = await db
    .update(orders)
    .set({ archivedAt: new Date() })
    .where(and(eq(orders.status, 'delivered'), isNull(orders.archivedAt)))
    .returning({ id: orders.id, reference: orders.reference });
  return NextResponse.json({ archived: rows });
}
