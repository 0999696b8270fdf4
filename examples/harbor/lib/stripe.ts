import 'server-only';
import Stripe from 'stripe';

export const stripe = new Stripe(process.env.STRIPE_SECRET_KEY || 'sk_test_missing', {
  maxNetworkRetries: 0,
  timeout: 10_000,
  appInfo: { name: 'Harbor' },
});

export const appUrl = process.env.NEXT_PUBLIC_APP_URL ?? 'http://localhost:3000';
