import { NextResponse } from 'next/server';
import type Stripe from 'stripe';
import { once, syncSubscription } from '@/lib/billing/webhook';

/** Endpoint of the first Stripe account, still subscribed to subscription events. */
export async function POST(request: Request) {
  const event = JSON.parse(await request.text()) as Stripe.Event;
  if (!event?.id || !event.type?.startsWith('customer.subscription.')) {
    return NextResponse.json({ received: true });
  }
  await once(event, tx => syncSubscription(tx, event.data.object as Stripe.Subscription));
  return NextResponse.json({ received: true });
}
