import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { idOf, once, readStripeEvent } from '@/lib/billing/webhook';
import { subscriptions } from '@/lib/db/schema';

/** Activates the plan after a completed checkout. */
export async function POST(request: Request) {
  const event = await readStripeEvent(request);
  if (!event) return NextResponse.json({ error: 'Invalid signature' }, { status: 400 });
  if (event.type !== 'checkout.session.completed') return NextResponse.json({ received: true });
  const session = event.data.object;
  const organizationId = session.metadata?.organizationId;
  if (!organizationId) return NextResponse.json({ received: true });
  await once(event, async tx => {
    await tx
      .update(subscriptions)
      .set({
        plan: session.metadata?.plan ?? 'starter',
        status: 'active',
        stripeCustomerId: idOf(session.customer),
        updatedAt: new Date(),
      })
      .where(eq(subscriptions.organizationId, organizationId));
  });
  return NextResponse.json({ received: true });
}
