import { asc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { assertOrderAccess } from '@/lib/access';
import { notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { orderStops } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  try {
    await assertOrderAccess(params.id, member.userId);
  } catch (error) {
    console.warn('stops: access refused', error);
    return notFoundJson();
  }
  const stops = await db
    .select()
    .from(orderStops)
    .where(eq(orderStops.orderId, params.id))
    .orderBy(asc(orderStops.position));
  return NextResponse.json({ stops });
});
