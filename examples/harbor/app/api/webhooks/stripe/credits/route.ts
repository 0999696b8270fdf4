import { eq, sql } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { idOf, readStripeEvent } from '@/lib/billing/webhook';
import { db } from '@/lib/db';
import { subscriptions } from '@/lib/db/schema';

const creditsPerPack = 100;

/** Adds load credits after a credit pack was bought. */
export async function POST(request: Request) {
  const event = await readStripeEvent(request);
  if (!event) return NextResponse.json({ error: 'Invalid signature' }, { status: 400 });
  if (event.type !== 'payment_intent.succeeded') return NextResponse.json({ received: true });
  const customerId = idOf(event.data.object.customer);
  if (!customerId) return NextResponse.json({ received: true });
  await db
    .update(subscriptions)
    .set({ loadCredits: sql`${subscriptions.loadCredits} + ${creditsPerPack}` })
    .where(eq(subscriptions.stripeCustomerId, customerId));
  return NextResponse.json({ received: true });
}
