import type Stripe from 'stripe';
import { at } from '../property.ts';

/** What an event is about. */
export type StripeObject = Stripe.Event['data']['object'];

/** The id of what an event is about; upcoming invoices have none. */
export function idOf(object: StripeObject): string | undefined {
  return 'id' in object && typeof object.id === 'string' ? object.id : undefined;
}

/** The customer that an object belongs to, by Stripe's own word. Metadata is never read: anyone may have written it. */
export function customerOf(object: StripeObject): string | undefined {
  if ('object' in object && object.object === 'customer') return idOf(object);
  const customer: unknown = 'customer' in object ? object.customer : undefined;
  if (typeof customer === 'string') return customer;
  const expanded: unknown = typeof customer === 'object' && customer !== null ? Reflect.get(customer, 'id') : undefined;
  return typeof expanded === 'string' ? expanded : undefined;
}

/** Whether an object can be asked for by its id. */
export function isFetchable(stripe: Stripe, object: StripeObject): boolean {
  return idOf(object) !== undefined && 'object' in object && retrievals(stripe)[String(object.object)] !== undefined;
}

/**
 * The object as it is at Stripe now. What was deleted there can mostly not be asked for any more: that is no trouble that
 * another try would end.
 */
export async function latestOf(
  stripe: Stripe,
  object: StripeObject,
  account?: string,
): Promise<StripeObject | 'gone' | 'unknown'> {
  const id = idOf(object);
  const retrieve = 'object' in object ? retrievals(stripe)[String(object.object)] : undefined;
  if (id === undefined || retrieve === undefined) return 'unknown';
  return retrieve(id, {}, account === undefined ? {} : { stripeAccount: account }).catch(ifMissing('gone'));
}

/** What stands for something that Stripe does not have; other trouble is told as it is. */
export function ifMissing<Value>(value: Value): (error: unknown) => Value {
  return error => {
    if (isMissing(error)) return value;
    throw error;
  };
}

/** Whether Stripe does not have what was asked for, or what a parameter names. https://docs.stripe.com/error-codes */
export function isMissing(error: unknown, parameter?: string): boolean {
  if (at(error, 'code') !== 'resource_missing' && at(error, 'statusCode') !== 404) return false;
  return parameter === undefined || at(error, 'param') === parameter;
}

type Retrieve = (id: string, parameters: object, options: Stripe.RequestOptions) => Promise<unknown>;

function retrievals(
  stripe: Stripe,
): Readonly<Record<string, ((...of: Parameters<Retrieve>) => Promise<StripeObject>) | undefined>> {
  return {
    'checkout.session': (id, parameters, options) => stripe.checkout.sessions.retrieve(id, parameters, options),
    charge: (id, parameters, options) => stripe.charges.retrieve(id, parameters, options),
    // A deleted customer comes back as its id and `deleted: true`, as in `customer.deleted`.
    customer: async (id, parameters, options) =>
      (await stripe.customers.retrieve(id, parameters, options)) as Stripe.Customer,
    dispute: (id, parameters, options) => stripe.disputes.retrieve(id, parameters, options),
    invoice: (id, parameters, options) => stripe.invoices.retrieve(id, parameters, options),
    payment_intent: (id, parameters, options) => stripe.paymentIntents.retrieve(id, parameters, options),
    payment_method: (id, parameters, options) => stripe.paymentMethods.retrieve(id, parameters, options),
    refund: (id, parameters, options) => stripe.refunds.retrieve(id, parameters, options),
    setup_intent: (id, parameters, options) => stripe.setupIntents.retrieve(id, parameters, options),
    subscription: (id, parameters, options) => stripe.subscriptions.retrieve(id, parameters, options),
    subscription_schedule: (id, parameters, options) => stripe.subscriptionSchedules.retrieve(id, parameters, options),
  };
}
