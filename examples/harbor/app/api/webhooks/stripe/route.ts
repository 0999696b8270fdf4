import { NextResponse } from 'next/server';
import { once, readStripeEvent, syncSubscription } from '@/lib/billing/webhook';

export async function POST(request: Request) {
  const event = await readStripeEvent(request);
  if (!event) return NextResponse.json({ error: 'Invalid signature' }, { status: 400 });
  const handled = await once(event, async tx => {
    switch (event.type) {
      case 'customer.subscription.created':
      case 'customer.subscription.updated':
      case 'customer.subscription.deleted':
        await syncSubscription(tx, event.data.object);
        break;
      default:
        break;
    }
  });
  return NextResponse.json({ received: true, duplicate: !handled });
}
