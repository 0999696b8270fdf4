import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { customerOrders } from '@/lib/customers/activity';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const orders = await customerOrders({ organizationId: member.organizationId, customerId: params.id });
  return NextResponse.json({ orders });
});
