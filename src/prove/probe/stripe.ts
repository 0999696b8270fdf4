import { createHmac } from 'node:crypto';

/** The header with which Stripe signs a delivery: `t=…,v1=HMAC-SHA256(secret, t.body)`. */
export function stripeSignature(body: string, secret: string): string {
  const time = Math.floor(Date.now() / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

/** The envelope of an event around `{ id, type, object }`. */
export function eventBody(event: unknown): unknown {
  const given = typeof event === 'object' && event !== null ? event : {};
  return {
    object: 'event',
    api_version: '2025-01-27.acacia',
    created: 1_750_000_000,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    ...given,
  };
}
