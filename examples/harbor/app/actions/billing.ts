'use server';

import { createPortal, stripeCustomerOf } from '@/lib/billing/checkout';
import { requireMember } from '@/lib/session';

export async function openBillingPortal() {
  const member = await requireMember();
  const customerId = await stripeCustomerOf(member.organizationId);
  if (!customerId) return { error: 'Start a plan first' };
  try {
    const portal = await createPortal(customerId);
    return { url: portal.url };
  } catch (error) {
    console.error('portal failed', error);
    return { error: 'Billing is not available right now' };
  }
}
