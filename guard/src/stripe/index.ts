/** Webhooks, checkout and portal of Stripe that cannot pay, credit or show for another tenant. */
export { stripeBilling } from './billing.ts';
export type { CheckoutParameters, PortalParameters, StripeBilling, StripeBillingOptions } from './billing.ts';
export type { CustomerOptions } from './customer.ts';
export type { StripeCustomer } from './ledger.ts';
export { stripeMigration } from './migration.ts';
export { forPagesApi } from './pages-api.ts';
export type { PagesApi } from './pages-api.ts';
export { stripeWebhook } from './webhook.ts';
export type { StripeDelivery, StripeWebhookOptions, TenantDelivery } from './webhook.ts';
export { pgTransaction } from '../sql/transaction.ts';
export type { PgPool, Query, Transaction } from '../sql/transaction.ts';
