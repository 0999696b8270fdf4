import type Stripe from 'stripe';
import { GuardError } from '../errors.ts';
import { report } from '../events/event.ts';
import { checkScope, customerFor, onAccount, openFor, type CustomerOptions } from './customer.ts';
import { ifMissing } from './objects.ts';
import { onOwnOrigin } from './own-origin.ts';

/** What checkout and portal need to know. */
export interface StripeBillingOptions extends CustomerOptions {
  /** The app's own origin, such as `https://app.example.com`. Nobody is sent anywhere else. */
  readonly origin: string;
}

/** What a checkout may be told; who pays is not among it. */
export type CheckoutParameters = Omit<
  Stripe.Checkout.SessionCreateParams,
  'customer' | 'customer_account' | 'customer_creation' | 'customer_email' | 'client_reference_id'
>;

/** What a portal may be told; whose it is is not among it. */
export type PortalParameters = Omit<Stripe.BillingPortal.SessionCreateParams, 'customer' | 'customer_account'>;

/** Checkout and portal that belong to the tenant in scope. */
export interface StripeBilling {
  /** Opens a checkout in which the tenant's own customer pays. */
  checkoutFor(tenant: string, parameters: CheckoutParameters): Promise<Stripe.Checkout.Session>;
  /** Opens the portal of the tenant's own customer. */
  portalFor(tenant: string, parameters: PortalParameters): Promise<Stripe.BillingPortal.Session>;
  /** The session that somebody came back with, if it is the tenant's. The effect belongs to the webhook, not here. */
  returnedFor(tenant: string, session: string): Promise<Stripe.Checkout.Session>;
}

/**
 * Checkout and portal for tenants. The customer is always the stored one, and addresses stay on the app's own origin.
 *
 * @example
 * const billing = stripeBilling({ stripe, pool, origin: 'https://app.example.com', livemode: true });
 * const checkout = await asTenant({ user: session.userId, tenant: team }, () =>
 *   billing.checkoutFor(team, {
 *     mode: 'subscription',
 *     line_items: [{ price: 'price_pro', quantity: 1 }],
 *     success_url: '/billing?session={CHECKOUT_SESSION_ID}',
 *   }),
 * );
 */
export function stripeBilling(options: StripeBillingOptions): StripeBilling {
  const { stripe, origin } = options;
  const own = <Parameters extends object>(parameters: Parameters): Parameters => withOwnAddresses(origin, parameters);
  return {
    checkoutFor: async (tenant, parameters) => {
      const safe = own(withoutCustomer(parameters));
      const metadata = { ...parameters.metadata, tenant };
      return openFor(options, tenant, customer =>
        stripe.checkout.sessions.create(
          { ...safe, customer, client_reference_id: tenant, metadata },
          onAccount(options),
        ),
      );
    },
    portalFor: async (tenant, parameters) => {
      const safe = own(withoutCustomer(parameters));
      return openFor(options, tenant, customer =>
        stripe.billingPortal.sessions.create({ ...safe, customer }, onAccount(options)),
      );
    },
    returnedFor: (tenant, session) => returned(options, tenant, session),
  };
}

/** A session's id comes from the address bar: it may be one of another tenant. */
async function returned(options: StripeBillingOptions, tenant: string, id: string): Promise<Stripe.Checkout.Session> {
  checkScope(tenant);
  if (!/^cs_(test_|live_)?\w{1,200}$/.test(id)) throw new GuardError('bad-id', 'That is no id of a checkout session.');
  const customer = await customerFor(options, tenant);
  // A session that does not exist and one of somebody else are answered alike.
  const session = await options.stripe.checkout.sessions
    .retrieve(id, {}, onAccount(options))
    .catch(ifMissing(undefined));
  const theirs = typeof session?.customer === 'string' ? session.customer : session?.customer?.id;
  if (session !== undefined && theirs === customer && session.livemode === options.livemode) return session;
  report({ type: 'authz_fail', outcome: 'denied', reason: 'The checkout session is that of another customer.' });
  throw new GuardError('forbidden', 'The checkout session is not one of the tenant.');
}

const addresses = ['success_url', 'cancel_url', 'return_url'];

/** Also in `after_completion` of a portal's flow, and wherever else Stripe takes an address to return to. */
function withOwnAddresses<Value>(origin: string, value: Value): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => [
    key,
    addresses.includes(key) && typeof inner === 'string' ? onOwnOrigin(origin, inner) : withOwnAddresses(origin, inner),
  ]);
  return Object.fromEntries(entries) as Value;
}

/** Types hold back what is written in the app; what was spread in from a request is held back here. */
function withoutCustomer<Parameters extends object>(parameters: Parameters): Parameters {
  const kept = Object.entries(parameters).filter(
    ([key]) => !/^(customer|client_reference_id)/.test(key) || key === 'customer_update',
  );
  return Object.fromEntries(kept) as Parameters;
}
