import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { GuardError } from '../errors.ts';
import { report } from '../events/event.ts';
import { currentScope, tenantOf } from '../scope.ts';
import type { PgPool } from '../sql/transaction.ts';
import { ifMissing, isMissing } from './objects.ts';

/** What is needed to keep one customer for each tenant. */
export interface CustomerOptions {
  readonly stripe: Stripe;
  /** The guarded pool: row security decides whether the caller is a member of the tenant. */
  readonly pool: Pick<PgPool, 'query'>;
  readonly livemode: boolean;
  /** Connect: the account on whose behalf customers are made. */
  readonly account?: string;
}

/** The tenant's customer; made and stored at the first call, once, however many calls run at the same time. */
export async function customerFor(options: CustomerOptions, tenant: string): Promise<string> {
  checkScope(tenant);
  return (await reserve(options, tenant)) ?? make(options, tenant);
}

/**
 * Opens something for the tenant's customer. One that was deleted in Stripe's dashboard stays deleted, and gives way to a
 * new one. That a customer is not found alone means nothing: so answers a key of another account, or of the other mode.
 */
export async function openFor<Opened>(
  options: CustomerOptions,
  tenant: string,
  open: (customer: string) => Promise<Opened>,
): Promise<Opened> {
  const customer = await customerFor(options, tenant);
  try {
    return await open(customer);
  } catch (thrown) {
    if (!isMissing(thrown, 'customer') || !(await isDeleted(options, customer))) throw thrown;
    return open(await make(options, tenant, customer));
  }
}

async function make(options: CustomerOptions, tenant: string, former?: string): Promise<string> {
  const made = await options.stripe.customers.create(
    { metadata: { tenant } },
    { ...onAccount(options), ...once(options, tenant, former) },
  );
  return store(options, tenant, made.id, former);
}

async function isDeleted(options: CustomerOptions, customer: string): Promise<boolean> {
  const known = await options.stripe.customers
    .retrieve(customer, {}, onAccount(options))
    .catch(ifMissing({ deleted: false }));
  return known.deleted === true;
}

/** Options of a request on behalf of a connected account. */
export function onAccount({ account }: Pick<CustomerOptions, 'account'>): { readonly stripeAccount?: string } {
  return account === undefined ? {} : { stripeAccount: account };
}

/** The tenant is the one of the running request: a parameter never opens another's payments. */
export function checkScope(tenant: string): void {
  const scope = currentScope();
  if (scope === undefined) throw new GuardError('no-scope', 'A customer is asked for outside of a tenant.');
  if (tenantOf(scope) === tenant) return;
  report({
    type: 'authz_fail',
    outcome: 'denied',
    reason: 'The customer is that of another tenant.',
    targetTenant: tenant,
  });
  throw new GuardError('forbidden', 'The customer asked for is not one of the tenant in scope.');
}

/**
 * The row is made before the customer: the insert is what Postgres refuses to somebody who is no member, so that they
 * make no customer either. A role that row security does not bind would let everyone through: it is refused.
 */
async function reserve(options: CustomerOptions, tenant: string): Promise<string | undefined> {
  const own = [tenant, options.account ?? '', options.livemode];
  const existing = await select(options, own);
  if (existing !== undefined) return existing;
  try {
    await options.pool.query(
      'insert into drydock.stripe_customer (tenant, account, livemode) values ($1, $2, $3) on conflict do nothing',
      own,
    );
  } catch (thrown) {
    throw isRefusedByPolicy(thrown) ? notAMember(thrown) : thrown;
  }
  return undefined;
}

async function select(options: CustomerOptions, own: unknown[]): Promise<string | undefined> {
  const { rows } = await options.pool.query(
    `select known.customer, row_security_active('drydock.stripe_customer') as bound
     from (select) one
     left join drydock.stripe_customer known on known.tenant = $1 and known.account = $2 and known.livemode = $3`,
    own,
  );
  if (rows[0]?.['bound'] !== true) {
    throw new GuardError('unsafe-connection', "Row security does not bind the pool's role on drydock.stripe_customer.");
  }
  const customer = rows[0]['customer'];
  return typeof customer === 'string' ? customer : undefined;
}

/** Two that were faster than each other got the same customer from Stripe, by the key; the first one's row stays. */
async function store(options: CustomerOptions, tenant: string, customer: string, former?: string): Promise<string> {
  const own = [tenant, options.account ?? '', options.livemode];
  await options.pool.query(
    `update drydock.stripe_customer set customer = $4
     where tenant = $1 and account = $2 and livemode = $3 and customer is not distinct from $5`,
    [...own, customer, former ?? null],
  );
  const stored = await select(options, own);
  if (stored === undefined) throw notAMember(undefined);
  return stored;
}

/** https://docs.stripe.com/api/idempotent_requests: the same key within a day gives the same customer. */
function once(
  { account, livemode }: CustomerOptions,
  tenant: string,
  former: string | undefined,
): { readonly idempotencyKey: string } {
  const own = [tenant, account ?? '', livemode];
  const key = createHash('sha256')
    .update(JSON.stringify(former === undefined ? own : [...own, former]))
    .digest('hex');
  return { idempotencyKey: `drydock-customer-${key}` };
}

function isRefusedByPolicy(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === '42501';
}

function notAMember(cause: unknown): GuardError {
  const reason = 'Postgres refused the row of the customer: no member, or no guarded pool.';
  report({ type: 'authz_fail', outcome: 'denied', reason, table: 'drydock.stripe_customer' });
  return new GuardError('not-a-member', reason, { cause });
}
