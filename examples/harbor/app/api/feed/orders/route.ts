import { NextResponse, type NextRequest } from 'next/server';
import { badRequest, unauthorized } from '@/lib/api';
import { listOrders } from '@/lib/orders';
import { getSession } from '@/lib/session';

/** Polled by the desktop widget, which sends the workspace it is pinned to. */
export async function GET(request: NextRequest) {
  const session = await getSession();
  if (!session) return unauthorized();
  const organizationId = request.headers.get('x-organization-id');
  if (!organizationId) return badRequest('x-organization-id is missing');
  const orders = await listOrders(organizationId);
  return NextResponse.json({ items: orders.slice(0, 20) });
}
