import 'server-only';
import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '../db';
import { subscriptions } from '../db/schema';
import { appUrl, stripe } from '../stripe';
import { plans, type Plan } from './plans';

interface CheckoutInput {
  customerId: string;
  organizationId: string;
  plan: Plan;
}

export function createCheckout({ customerId, organizationId, plan }: CheckoutInput) {
  return stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customerId,
    line_items: [{ price: plans[plan].priceId, quantity: 1 }],
    success_url: `${appUrl}/dashboard/billing?checkout=done`,
    cancel_url: `${appUrl}/dashboard/billing`,
    metadata: { organizationId, plan },
  });
}

export function createPortal(customerId: string) {
  return stripe.billingPortal.sessions.create({ customer: customerId, return_url: `${appUrl}/dashboard/billing` });
}

export async function stripeCustomerOf(organizationId: string): Promise<string | null> {
  const [row] = await db
    .select({ stripeCustomerId: subscriptions.stripeCustomerId })
    .from(subscriptions)
    .where(eq(subscriptions.organizationId, organizationId))
    .limit(1);
  return row?.stripeCustomerId ?? null;
}

export function stripeUnavailable(error: unknown) {
  console.error('stripe request failed', error);
  return NextResponse.json({ error: 'Billing is not available right now' }, { status: 502 });
}
