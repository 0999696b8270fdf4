import type Stripe from 'stripe';
import { GuardError } from '../errors.ts';
import { at } from '../property.ts';

/** What tells that a request is an event of Stripe. */
export interface Verification {
  readonly stripe: Stripe;
  readonly secrets: readonly [string, ...string[]];
  readonly toleranceSeconds: number;
  readonly limitBytes: number;
}

/** Why a request was turned away, as a status. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The secrets to try, in order; an empty one would make signatures that anyone can make. */
export function secretsOf(secret: string | readonly string[]): readonly [string, ...string[]] {
  const [first, ...others] = (typeof secret === 'string' ? [secret] : secret).map(text => text.trim());
  if (first === undefined || [first, ...others].includes('')) {
    throw new GuardError('bad-webhook', 'The webhook secret is empty. Stripe shows it with the endpoint (whsec_…).');
  }
  return [first, ...others];
}

/** The event in the request, if Stripe signed it, and signed it just now. */
export async function receive(request: Request, verification: Verification): Promise<Stripe.Event> {
  if (typeof at(request, 'headers', 'get') !== 'function') throw new GuardError('bad-webhook', noRequest);
  if (request.method !== 'POST') throw new Refusal(405, 'not a POST');
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw new Refusal(415, 'not JSON');
  const signature = request.headers.get('stripe-signature');
  if (signature === null) throw new Refusal(400, 'no signature');
  return verify(await readBytes(request, verification.limitBytes), signature, verification);
}

const noRequest = 'The webhook takes a Request of the web: in `pages/api`, put `forPagesApi` around it.';

/** The bytes as they came: the signature is over them, and a parsed body cannot be turned back into them. */
async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw new Refusal(413, 'too large');
  if (request.bodyUsed) throw new Refusal(500, 'the body was read before the webhook');
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.byteLength;
    if (size > limitBytes) throw new Refusal(413, 'too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function verify(body: Uint8Array, signature: string, verification: Verification): Promise<Stripe.Event> {
  const { stripe, secrets, toleranceSeconds } = verification;
  for (const secret of secrets) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the second secret is tried when the first does not fit
      return parsed(await stripe.webhooks.constructEventAsync(Buffer.from(body), signature, secret, toleranceSeconds));
    } catch (thrown) {
      // The name, not the class: an app may hold two copies of stripe.
      if (!isSignatureError(thrown)) throw new Refusal(400, 'signed, but no event');
    }
  }
  throw new Refusal(400, 'bad signature, or too old');
}

function isSignatureError(thrown: unknown): boolean {
  return thrown instanceof Error && 'type' in thrown && thrown.type === 'StripeSignatureVerificationError';
}

function parsed(event: Stripe.Event): Stripe.Event {
  const { id, type, created, livemode, data } = event;
  const whole = [id, type].every(text => typeof text === 'string' && text !== '') && Number.isSafeInteger(created);
  const object: unknown = data?.object;
  if (whole && typeof livemode === 'boolean' && typeof object === 'object' && object !== null) return event;
  throw new TypeError('not an event');
}
