import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { searchOrders } from '@/lib/orders';

export const GET = withSession(async ({ request, member }) => {
  const term = request.nextUrl.searchParams.get('q')?.trim() ?? '';
  if (term.length < 2) return NextResponse.json({ orders: [] });
  return NextResponse.json({ orders: await searchOrders(member.organizationId, term) });
});
