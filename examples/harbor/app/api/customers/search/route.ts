import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { searchCustomers } from '@/lib/customers/search';

export const GET = withSession(async ({ request, member }) => {
  const term = request.nextUrl.searchParams.get('q')?.trim() ?? '';
  if (term.length < 2) return NextResponse.json({ customers: [] });
  return NextResponse.json({ customers: await searchCustomers(member.organizationId, term) });
});
