import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { createPortal, stripeUnavailable } from '@/lib/billing/checkout';

export const POST = withSession(async ({ request }) => {
  const body = z.object({ customerId: z.string().startsWith('cus_') }).safeParse(await request.json());
  if (!body.success) return badRequest('customerId is required');
  try {
    const portal = await createPortal(body.data.customerId);
    return NextResponse.json({ url: portal.url });
  } catch (error) {
    return stripeUnavailable(error);
  }
});
