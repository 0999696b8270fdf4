import { NextResponse, type NextRequest } from 'next/server';
import { authenticateApiKey } from '@/lib/api-keys';
import { listOrders } from '@/lib/orders';

export async function GET(request: NextRequest) {
  const key = await authenticateApiKey(request);
  if (!key) return NextResponse.json({ error: 'Invalid API key' }, { status: 401 });
  return NextResponse.json({ data: await listOrders(key.organizationId) });
}
