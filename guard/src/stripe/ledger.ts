import type Stripe from 'stripe';
import type { Query } from '../sql/transaction.ts';
import { idOf } from './objects.ts';

/** What the ledger says of an event: handled before, or how it stands to what was handled of the same object. */
export type Standing = 'duplicate' | 'newest' | 'tied' | 'older';

/**
 * Writes the event down, or says that somebody has. A second delivery waits here until the first one's transaction has
 * ended, because both insert the same key: it then finds the event handled, or, after a rollback, handles it itself.
 */
export async function claim(
  query: Query,
  event: Stripe.Event,
  tenant: string | undefined,
  outcome: 'handled' | 'unmatched',
): Promise<Standing> {
  const rows = await query(
    'select drydock.claim_stripe_event($1::text, $2::text, $3::text, $4::boolean, $5::text, to_timestamp($6::int), $7::text, $8::text) as standing',
    [
      event.id,
      event.type,
      event.account ?? '',
      event.livemode,
      idOf(event.data.object) ?? null,
      event.created,
      outcome,
      tenant ?? null,
    ],
  );
  const standing = rows[0]?.['standing'];
  if (standing === 'duplicate' || standing === 'newest' || standing === 'tied' || standing === 'older') return standing;
  throw new TypeError('The ledger of Stripe events gave no standing.');
}

/** The object was fetched: all events up to now are older than what was seen. */
export async function rememberFetched(query: Query, object: string): Promise<void> {
  await query('select drydock.stripe_object_fetched($1::text)', [object]);
}

/** The tenant whose customer this is, by what `checkoutFor` and `portalFor` stored. */
export async function storedTenant(query: Query, customer: StripeCustomer): Promise<string | undefined> {
  const rows = await query('select drydock.tenant_of_stripe_customer($1::text, $2::text, $3::boolean) as tenant', [
    customer.id,
    customer.account ?? '',
    customer.livemode,
  ]);
  const tenant = rows[0]?.['tenant'];
  return typeof tenant === 'string' ? tenant : undefined;
}

/** A customer of Stripe, as an event names it. */
export interface StripeCustomer {
  readonly id: string;
  readonly livemode: boolean;
  readonly account?: string;
}
