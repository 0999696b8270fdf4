import { NextResponse } from 'next/server';
import { z } from 'zod';
import { getCurrentUser } from '@/lib/auth';
import { stripe } from '@/lib/stripe';

const bodySchema = z.object({ customerId: z.string().startsWith('cus_') });

export async function POST(request: Request) {
  const { user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { customerId } = bodySchema.parse(await request.json());
  const session = await stripe.billingPortal.sessions.create({
    customer: customerId,
    return_url: `${process.env.NEXT_PUBLIC_SITE_URL}/dashboard`,
  });

  return NextResponse.json({ url: session.url });
}
