import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { createCheckout, stripeCustomerOf, stripeUnavailable } from '@/lib/billing/checkout';

export const POST = withSession(async ({ request, member }) => {
  const body = z.object({ plan: z.enum(['starter', 'growth', 'fleet']) }).safeParse(await request.json());
  if (!body.success) return badRequest('Pick a plan');
  const customerId = await stripeCustomerOf(member.organizationId);
  if (!customerId) return notFoundJson();
  try {
    const session = await createCheckout({ customerId, organizationId: member.organizationId, plan: body.data.plan });
    return NextResponse.json({ url: session.url });
  } catch (error) {
    return stripeUnavailable(error);
  }
});
