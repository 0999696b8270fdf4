import type Stripe from 'stripe';
import { stripe } from '@/lib/stripe';
import { createAdminClient } from '@/utils/supabase/admin';

export async function POST(request: Request) {
  const body = await request.text();
  const signature = request.headers.get('stripe-signature') ?? '';

  let event: Stripe.Event;
  try {
    event = stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_WEBHOOK_SECRET!);
  } catch {
    return new Response('Invalid signature', { status: 400 });
  }

  const admin = createAdminClient();
  const { data: fresh } = await admin
    .from('stripe_events')
    .upsert({ id: event.id, type: event.type }, { onConflict: 'id', ignoreDuplicates: true })
    .select('id');
  if (!fresh?.length) return Response.json({ received: true });

  if (event.type === 'customer.subscription.updated') {
    const subscription = event.data.object;
    const priceId = subscription.items.data[0]?.price.id ?? '';
    const { data: plan } = await admin.from('plans').select('id').eq('stripe_price_id', priceId).maybeSingle();

    if (plan) {
      await admin
        .from('workspaces')
        .update({ plan_id: plan.id })
        .eq('stripe_customer_id', subscription.customer as string);
    }
  }

  return Response.json({ received: true });
}
