import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';

/** A call that the loopback Stripe has got. */
export interface StripeCall {
  readonly method: string;
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | undefined;
}

/** Stripe's API on loopback, as far as the tests need it; the client is the real one. */
export interface TestStripe {
  readonly stripe: Stripe;
  readonly calls: StripeCall[];
  /** What `GET path` answers, a number as a status alone; anything unknown is a 404 as Stripe's. A deleted customer pays nothing. */
  readonly objects: Map<string, unknown>;
  /** An event, signed with `secret` as Stripe signs it. */
  signed(event: object, options?: { readonly secret?: string; readonly timestamp?: number }): Request;
  stop(): Promise<void>;
}

/** The secret with which `signed` signs. */
export const webhookSecret = 'whsec_test_of_the_guard';

/** Starts one. */
export async function startStripe(): Promise<TestStripe> {
  const calls: StripeCall[] = [];
  const objects = new Map<string, unknown>();
  const byKey = new Map<string, string>();
  const server = createServer((request, response) => {
    void readCall(request).then(call => {
      calls.push(call);
      const { status, body } = answerTo(call, objects, byKey, calls.length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stripe = new Stripe('sk_test_loopback', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });
  return {
    stripe,
    calls,
    objects,
    signed: (event, options = {}) => signedRequest(stripe, event, options),
    stop: () => closed(server),
  };
}

function signedRequest(
  stripe: Stripe,
  event: object,
  {
    secret = webhookSecret,
    timestamp = Math.floor(Date.now() / 1000),
  }: { readonly secret?: string; readonly timestamp?: number },
): Request {
  const body = JSON.stringify(event);
  const signature = stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
  const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature };
  return new Request('https://app.example.com/api/stripe', { method: 'POST', headers, body });
}

async function readCall(request: IncomingMessage): Promise<StripeCall> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += String(part);
  const key = request.headers['idempotency-key'];
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    form: Object.fromEntries(new URLSearchParams(text)),
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
}

function answerTo(
  call: StripeCall,
  objects: ReadonlyMap<string, unknown>,
  byKey: Map<string, string>,
  count: number,
): { readonly status: number; readonly body: string } {
  const missing = { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object' };
  if (call.method === 'GET') {
    const object = objects.get(call.path);
    if (typeof object === 'number') return { status: object, body: JSON.stringify({ error: { type: 'api_error' } }) };
    return object === undefined
      ? { status: 404, body: JSON.stringify({ error: missing }) }
      : { status: 200, body: JSON.stringify(object) };
  }
  if (objects.has(`/v1/customers/${call.form['customer']}`))
    return { status: 400, body: JSON.stringify({ error: { ...missing, param: 'customer' } }) };
  const known = call.idempotencyKey === undefined ? undefined : byKey.get(call.idempotencyKey);
  const prefix = call.path === '/v1/customers' ? 'cus' : call.path.includes('checkout') ? 'cs_test' : 'bps';
  const body = known ?? JSON.stringify({ id: `${prefix}_${count}`, url: `https://stripe.invalid/${count}` });
  if (call.idempotencyKey !== undefined) byKey.set(call.idempotencyKey, body);
  return { status: 200, body };
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
