import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { once, readStripeEvent } from '@/lib/billing/webhook';
import { subscriptions } from '@/lib/db/schema';

/** Marks the subscription as paid or past due when Stripe bills it. */
export async function POST(request: Request) {
  const event = await readStripeEvent(request);
  if (!event) return NextResponse.json({ error: 'Invalid signature' }, { status: 400 });
  if (event.type !== 'invoice.paid' && event.type !== 'invoice.payment_failed') {
    return NextResponse.json({ received: true });
  }
  const invoice = event.data.object;
  const email = invoice.customer_email;
  if (!email) return NextResponse.json({ received: true });
  await once(event, async tx => {
    await tx
      .update(subscriptions)
      .set({ status: event.type === 'invoice.paid' ? 'active' : 'past_due', updatedAt: new Date() })
      .where(eq(subscriptions.billingEmail, email));
  });
  return NextResponse.json({ received: true });
}
