import type Stripe from 'stripe';
import { isGuardError } from '../errors.ts';
import { report } from '../events/event.ts';
import type { Before } from '../hooks.ts';
import { asAdmin, asSystem } from '../modes.ts';
import { at } from '../property.ts';
import { withRequest } from '../scope.ts';
import { poolQuery, type PgPool, type Query, type Transaction } from '../sql/transaction.ts';
import { claim, rememberFetched, storedTenant, type StripeCustomer } from './ledger.ts';
import { customerOf, idOf, isFetchable, latestOf, type StripeObject } from './objects.ts';
import { receive, Refusal, secretsOf } from './receive.ts';

/** An event on its way to your code: signed, not handled before, and of a known tenant. */
export interface StripeDelivery<Event, Tx> {
  readonly event: Event;
  /** What the event is about; fetched from Stripe where a newer event of the same object was handled before. */
  readonly object: Event extends { readonly data: { readonly object: infer Of } } ? Of : never;
  /** Something as new or newer was handled before, and the object was not fetched: do not overwrite state with it. */
  readonly stale: boolean;
  /** The transaction in which the event is written down. What you write with it happens exactly once. */
  readonly tx: Tx;
}

/** A delivery of a tenant's customer. */
export interface TenantDelivery<Event, Tx> extends StripeDelivery<Event, Tx> {
  readonly tenant: string;
  readonly customer: string;
}

/** What a webhook needs to know. */
export interface StripeWebhookOptions<Tx> {
  readonly stripe: Stripe;
  /** The signing secret of the endpoint; two while it is rotated. */
  readonly secret: string | readonly string[];
  /** Whether this deployment takes real money. Events of the other kind have no effect. */
  readonly livemode: boolean;
  /** Connect: whose events are taken. Without it only those of your own account. */
  readonly account?: string | ((account: string) => boolean | Promise<boolean>);
  /** How the effect is written: `pgTransaction(pool)` with the guarded pool, or the transaction of your ORM. */
  readonly transaction: Transaction<Tx>;
  /** A plain pool, of a role that may run the functions of the ledger: finds the tenant before there is a scope. */
  readonly lookup: Pick<PgPool, 'query'>;
  /** Finds the tenant of a customer where you keep it yourself. Without it: what `checkoutFor` has stored. */
  readonly tenantOf?: (customer: StripeCustomer, query: Query) => Promise<string | undefined>;
  /** Finds the customer of objects that name none (disputes), by asking Stripe. Never from metadata. */
  readonly customerOf?: (event: Stripe.Event) => Promise<string | undefined>;
  /** What to do for a tenant, by type of event. Runs as `system`, in that tenant. */
  readonly on: {
    readonly [Type in Stripe.Event['type']]?: (
      delivery: TenantDelivery<Extract<Stripe.Event, { type: Type }>, Tx>,
    ) => unknown;
  };
  /** What to do for events that are nobody's, such as `price.updated`. Runs as `admin`. */
  readonly platform?: {
    readonly [Type in Stripe.Event['type']]?: (
      delivery: StripeDelivery<Extract<Stripe.Event, { type: Type }>, Tx>,
    ) => unknown;
  };
  /**
   * Freezes, and whatever else may put an event off, as `guardNext` takes them. Asked of signed events that have a handler,
   * before anything is written down, by the name `stripe:invoice.paid` and the kind `write`. Stripe sends what is refused again.
   */
  readonly before?: readonly Before[];
  /** An event that is not the newest of its object: hand over the object as Stripe has it now, or only tell. */
  readonly outOfOrder?: 'latest' | 'tell';
  readonly toleranceSeconds?: number;
  readonly limitBytes?: number;
  /** Gets what your code has thrown; Stripe gets a 500 and tries again. Without it: a warning of the process. */
  readonly onError?: (error: unknown, event: Stripe.Event) => void;
}

/**
 * A route handler for Stripe's events. Each event has its effect once, in the transaction that writes it down; the
 * tenant is the one that the customer was stored for.
 *
 * @example
 * export const POST = stripeWebhook({
 *   stripe,
 *   secret: webhookSecret,
 *   livemode: true,
 *   transaction: pgTransaction(pool),
 *   lookup: lookupPool,
 *   on: {
 *     'customer.subscription.updated': async ({ object, tenant, tx }) => {
 *       await tx.query('update account set status = $1 where id = $2', [object.status, tenant]);
 *     },
 *   },
 * });
 */
export function stripeWebhook<Tx>(options: StripeWebhookOptions<Tx>): (request: Request) => Promise<Response> {
  const verification = {
    stripe: options.stripe,
    secrets: secretsOf(options.secret),
    toleranceSeconds: positive(options.toleranceSeconds ?? 300),
    limitBytes: positive(options.limitBytes ?? 1_048_576),
  };
  return async request => {
    let event: Stripe.Event;
    try {
      event = await receive(request, verification);
    } catch (thrown) {
      if (isGuardError(thrown)) throw thrown;
      return refuse(thrown instanceof Refusal ? thrown : new Refusal(400, 'unreadable'));
    }
    return withRequest({ action: `stripe:${event.type}` }, () => deliver(options, event));
  };
}

/** Stripe takes 0 as "any age", and nothing is older than for ever: a replay of last year's event would pass. https://docs.stripe.com/webhooks#replay-attacks */
function positive(value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError('A tolerance or limit of a webhook is a number above 0.');
}

async function deliver<Tx>(options: StripeWebhookOptions<Tx>, event: Stripe.Event): Promise<Response> {
  try {
    if (!(await isExpectedAccount(options, event))) return refuse(new Refusal(400, 'another account'));
    if (event.livemode !== options.livemode) return refuseMode(event);
    if (handlerOf(options.platform, event) !== undefined) return await deliverToPlatform(options, event);
    if (handlerOf(options.on, event) === undefined) return answer(200, 'not handled here');
    return await deliverToTenant(options, event);
  } catch (thrown) {
    const reason = isGuardError(thrown) ? thrown.message : 'The handler has thrown.';
    report({ type: 'webhook_fail', outcome: 'denied', reason, status: 500 });
    (options.onError ?? warn)(thrown, event);
    return answer(500, 'failed, try again');
  }
}

async function isExpectedAccount<Tx>({ account }: StripeWebhookOptions<Tx>, event: Stripe.Event): Promise<boolean> {
  if (typeof account === 'function') return event.account !== undefined && (await account(event.account)) === true;
  return event.account === account;
}

/** An endpoint for connected accounts gets their test events too: https://docs.stripe.com/connect/webhooks */
function refuseMode(event: Stripe.Event): Response {
  return refuse(
    new Refusal(event.account === undefined ? 400 : 200, 'another mode: test and live events are kept apart'),
  );
}

async function deliverToTenant<Tx>(options: StripeWebhookOptions<Tx>, event: Stripe.Event): Promise<Response> {
  const query = poolQuery(options.lookup);
  const customer = customerOf(event.data.object) ?? (await options.customerOf?.(event));
  const named = customer === undefined ? undefined : customerIn(event, customer);
  const tenant = named && (await (options.tenantOf ?? ((who, run) => storedTenant(run, who)))(named, query));
  const later = await putOff(options, event, tenant);
  if (later !== undefined) return later;
  if (customer === undefined || tenant === undefined || tenant === '') return recordUnmatched(query, event);
  return asSystem({ job: `stripe:${event.type}`, tenant }, () =>
    handle(options, event, tenant, delivery => handlerOf(options.on, event)?.({ ...delivery, tenant, customer })),
  );
}

async function deliverToPlatform<Tx>(options: StripeWebhookOptions<Tx>, event: Stripe.Event): Promise<Response> {
  const later = await putOff(options, event);
  if (later !== undefined) return later;
  return asAdmin(`stripe:${event.type}`, () =>
    handle(options, event, undefined, delivery => handlerOf(options.platform, event)?.(delivery)),
  );
}

/** The answer where a hook refuses: never one of 200 to 299, for which Stripe would hold the event delivered. */
async function putOff<Tx>(
  { before }: StripeWebhookOptions<Tx>,
  event: Stripe.Event,
  tenant?: string,
): Promise<Response | undefined> {
  const facts = { name: `stripe:${event.type}`, kind: 'write', ...(tenant === undefined ? {} : { tenant }) } as const;
  try {
    // oxlint-disable-next-line no-await-in-loop -- what the first refuses the second need not hear of
    for (const ask of before ?? []) await ask(facts);
    return undefined;
  } catch (thrown) {
    if (!isGuardError(thrown) || thrown.status === 500) throw thrown;
    const later = answer(thrown.status, 'put off, try again');
    if (thrown.retryAfter !== undefined) later.headers.set('retry-after', String(Math.ceil(thrown.retryAfter)));
    return later;
  }
}

function customerIn(event: Stripe.Event, id: string): StripeCustomer {
  return { id, livemode: event.livemode, ...(event.account === undefined ? {} : { account: event.account }) };
}

/** Kept, so that it can be sent again from Stripe's dashboard once the customer is known; then it is handled. */
async function recordUnmatched(query: Query, event: Stripe.Event): Promise<Response> {
  if ((await claim(query, event, undefined, 'unmatched')) === 'duplicate') return answer(200, 'known already');
  report({ type: 'webhook_fail', outcome: 'denied', reason: 'No tenant has the customer.', status: 200 });
  return answer(200, 'no tenant has this customer');
}

type AnyDelivery<Tx> = StripeDelivery<Stripe.Event, Tx>;

async function handle<Tx>(
  options: StripeWebhookOptions<Tx>,
  event: Stripe.Event,
  tenant: string | undefined,
  effect: (delivery: AnyDelivery<Tx>) => unknown,
): Promise<Response> {
  const outcome = await options.transaction(async (tx, query) => {
    const standing = await claim(query, event, tenant, 'handled');
    if (standing === 'duplicate') return standing;
    const latest = standing === 'newest' ? 'as sent' : await fetched(options, event, query);
    const object = typeof latest === 'string' ? event.data.object : latest;
    // What is gone has nothing newer than the event that says so.
    const stale = latest === 'unknown' || (latest === 'gone' && !event.type.endsWith('.deleted'));
    await effect({ event, object, stale, tx });
    // A handler may have kept an error of Postgres to itself: the commit would undo everything, and say nothing.
    await query('select 1', []);
    return standing;
  });
  if (outcome !== 'duplicate') return answer(200, 'handled');
  report({ type: 'webhook_duplicate', outcome: 'observed', reason: 'It was handled before.', status: 200 });
  return answer(200, 'handled before');
}

/** Fetched while the object's row is locked: no other delivery of the same object can come between. */
async function fetched<Tx>(
  options: StripeWebhookOptions<Tx>,
  event: Stripe.Event,
  query: Query,
): Promise<StripeObject | 'gone' | 'unknown'> {
  const { object } = event.data;
  if (options.outOfOrder === 'tell' || !isFetchable(options.stripe, object)) return 'unknown';
  // Written before the question: what Stripe answers is at least as new.
  await rememberFetched(query, idOf(object) ?? '');
  const latest = await latestOf(options.stripe, object, event.account);
  // It may be another customer's by now (a payment intent, a payment method), and so another tenant's.
  const owner = typeof latest === 'object' ? customerOf(latest) : undefined;
  return owner === undefined || owner === customerOf(object) ? latest : 'unknown';
}

/** The type of the event chooses the handler, which TypeScript cannot follow through a table. */
function handlerOf(handlers: object | undefined, { type }: Stripe.Event): ((delivery: object) => unknown) | undefined {
  const handler: unknown = handlers !== undefined && Object.hasOwn(handlers, type) ? at(handlers, type) : undefined;
  return handler as ((delivery: object) => unknown) | undefined;
}

function refuse(refusal: Refusal): Response {
  report({ type: 'webhook_fail', outcome: 'denied', reason: refusal.message, status: refusal.status });
  return answer(refusal.status, refusal.message);
}

/** Short texts for the developer: Stripe shows them in its dashboard beside the delivery. */
function answer(status: number, text: string): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' } });
}

function warn(error: unknown, event: Stripe.Event): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`The handler of '${event.type}' has thrown; Stripe will try again.`, {
    type: 'GuardWarning',
    detail,
  });
}
