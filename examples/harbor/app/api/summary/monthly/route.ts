import { NextResponse } from 'next/server';
import { assertMember } from '@/lib/access';
import { withSession } from '@/lib/api';
import { monthlyBilling } from '@/lib/summary';

export const GET = withSession(async ({ request, member }) => {
  const organizationId = request.nextUrl.searchParams.get('organizationId') ?? member.organizationId;
  await assertMember(organizationId, member.userId);
  return NextResponse.json({ months: await monthlyBilling(organizationId) });
});
