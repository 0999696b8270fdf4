import { NextResponse } from 'next/server';
import { z } from 'zod';
import { currentMembership } from '@/lib/auth';
import { stripe } from '@/lib/stripe';
import { createAdminClient } from '@/utils/supabase/admin';

const bodySchema = z.object({ planId: z.string() });

export async function POST(request: Request) {
  const { membership } = await currentMembership();
  const { planId } = bodySchema.parse(await request.json());

  const admin = createAdminClient();
  const { data: workspace } = await admin
    .from('workspaces')
    .select('id, stripe_customer_id')
    .eq('id', membership.workspace_id)
    .single();
  const { data: plan } = await admin.from('plans').select('stripe_price_id').eq('id', planId).maybeSingle();
  if (!workspace || !plan?.stripe_price_id) {
    return NextResponse.json({ error: 'Unknown plan' }, { status: 400 });
  }

  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: workspace.stripe_customer_id,
    line_items: [{ price: plan.stripe_price_id, quantity: 1 }],
    success_url: `${process.env.NEXT_PUBLIC_SITE_URL}/dashboard?upgraded=1`,
    cancel_url: `${process.env.NEXT_PUBLIC_SITE_URL}/dashboard`,
  });

  return NextResponse.json({ url: session.url });
}
