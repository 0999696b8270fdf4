import type Stripe from 'stripe';
import { stripe } from '@/lib/stripe';
import { createAdminClient } from '@/utils/supabase/admin';

export async function POST(request: Request) {
  const body = await request.text();
  const signature = request.headers.get('stripe-signature') ?? '';

  let event: Stripe.Event;
  try {
    event = stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_BILLING_WEBHOOK_SECRET!);
  } catch {
    return new Response('Invalid signature', { status: 400 });
  }

  const admin = createAdminClient();
  const { data: fresh } = await admin
    .from('stripe_events')
    .upsert({ id: event.id, type: event.type }, { onConflict: 'id', ignoreDuplicates: true })
    .select('id');
  if (!fresh?.length) return Response.json({ received: true });

  if (event.type === 'checkout.session.completed') {
    const checkout = event.data.object;
    const email = checkout.customer_details?.email ?? '';

    const { data: profile } = await admin.from('profiles').select('id').eq('email', email).maybeSingle();
    if (!profile) return Response.json({ received: true });

    const { data: membership } = await admin
      .from('members')
      .select('workspace_id')
      .eq('user_id', profile.id)
      .eq('role', 'owner')
      .limit(1)
      .maybeSingle();

    if (membership) {
      await admin
        .from('workspaces')
        .update({ stripe_customer_id: checkout.customer as string, plan_id: 'sloop' })
        .eq('id', membership.workspace_id);
    }
  }

  return Response.json({ received: true });
}
