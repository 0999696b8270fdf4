import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { orderSummary } from '@/lib/summary';

export const GET = withSession(async ({ request, member }) => {
  const organizationId = request.nextUrl.searchParams.get('organizationId') ?? member.organizationId;
  return NextResponse.json({ summary: await orderSummary(organizationId) });
});
