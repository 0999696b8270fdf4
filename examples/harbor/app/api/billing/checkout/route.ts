import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { createCheckout, stripeUnavailable } from '@/lib/billing/checkout';

const order = z.object({
  customerId: z.string().startsWith('cus_'),
  organizationId: z.string(),
  plan: z.enum(['starter', 'growth', 'fleet']),
});

export const POST = withSession(async ({ request }) => {
  const body = order.safeParse(await request.json());
  if (!body.success) return badRequest('Pick a plan');
  try {
    const session = await createCheckout(body.data);
    return NextResponse.json({ url: session.url });
  } catch (error) {
    return stripeUnavailable(error);
  }
});
