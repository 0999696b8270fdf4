import { eq } from 'drizzle-orm';
import { NextResponse, type NextRequest } from 'next/server';
import { notFoundJson } from '@/lib/api';
import { authenticateApiKey } from '@/lib/api-keys';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';

export async function GET(request: NextRequest, { params }: { params: Promise<{ id: string }> }) {
  const key = await authenticateApiKey(request);
  if (!key) return NextResponse.json({ error: 'Invalid API key' }, { status: 401 });
  const { id } = await params;
  const order = await db.query.orders.findFirst({
    where: eq(orders.id, id),
    columns: { id: true, reference: true, origin: true, destination: true, status: true, priceCents: true },
  });
  if (!order) return notFoundJson();
  return NextResponse.json({ data: order });
}
