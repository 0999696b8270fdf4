import 'server-only';
import { eq, sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { db, type Transaction } from '../db';
import { stripeEvents, subscriptions } from '../db/schema';
import { stripe } from '../stripe';
import { planOfPrice } from './plans';

/** Parses a signed webhook. Null when the signature does not match the raw body. */
export async function readStripeEvent(request: Request): Promise<Stripe.Event | null> {
  const payload = await request.text();
  const signature = request.headers.get('stripe-signature') ?? '';
  try {
    return stripe.webhooks.constructEvent(payload, signature, process.env.STRIPE_WEBHOOK_SECRET ?? '');
  } catch {
    return null;
  }
}

/** Runs the work of an event once, however often Stripe delivers it. */
export async function once(event: Stripe.Event, work: (tx: Transaction) => Promise<void>): Promise<boolean> {
  return db.transaction(async tx => {
    const [recorded] = await tx
      .insert(stripeEvents)
      .values({ id: event.id, type: event.type })
      .onConflictDoNothing()
      .returning({ id: stripeEvents.id });
    if (!recorded) return false;
    await work(tx);
    return true;
  });
}

export function idOf(value: string | { id: string } | null | undefined): string | null {
  if (!value) return null;
  return typeof value === 'string' ? value : value.id;
}

export async function syncSubscription(tx: Transaction, subscription: Stripe.Subscription): Promise<void> {
  const customerId = idOf(subscription.customer);
  if (!customerId) return;
  await tx
    .update(subscriptions)
    .set({
      stripeSubscriptionId: subscription.id,
      status: subscription.status,
      plan: planOfPrice(subscription.items?.data[0]?.price.id),
      updatedAt: sql`now()`,
    })
    .where(eq(subscriptions.stripeCustomerId, customerId));
}
