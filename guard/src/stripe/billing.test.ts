import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asSystem, asTenant, asUser } from '../modes.ts';
import { guardPool, type GuardedPool } from '../pg/index.ts';
import { members, membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { startStripe, type TestStripe } from '../testing/stripe.ts';
import { stripeBilling, type CheckoutParameters, type StripeBilling } from './billing.ts';
import { stripeMigration } from './migration.ts';

let postgres: TestPostgres;
let stripe: TestStripe;
let owner: Pool;
let app: GuardedPool;
let billing: StripeBilling;

const origin = 'https://app.example.com';
const checkout: CheckoutParameters = {
  mode: 'subscription',
  success_url: '/billing?session={CHECKOUT_SESSION_ID}',
  cancel_url: `${origin}/billing`,
};

beforeAll(async () => {
  [postgres, stripe] = await Promise.all([startPostgres(), startStripe()]);
  owner = postgres.pool();
  await owner.query(`create role app login; ${members}`);
  await owner.query('grant select on member to app');
  await owner.query(stripeMigration({ app: 'app', lookup: 'app' }));
  app = guardPool({ host: '127.0.0.1', port: postgres.port, user: 'app', database: 'postgres' }, { membership });
  billing = stripeBilling({ stripe: stripe.stripe, pool: app, origin, livemode: false });
});
afterAll(async () => {
  await app.end();
  await Promise.all([postgres.stop(), stripe.stop()]);
});
beforeEach(async () => {
  stripe.calls.length = 0;
  stripe.objects.clear();
  await owner.query('truncate drydock.stripe_customer');
});

function as<T>(user: string, tenant: string, work: () => Promise<T>): Promise<T> {
  return asTenant({ user, tenant }, work);
}

describe('checkout', () => {
  test('is paid by the customer of the tenant, made once and stored', async () => {
    await as('ada', 'acme', () => billing.checkoutFor('acme', checkout));
    await as('ada', 'acme', () => billing.checkoutFor('acme', checkout));
    const { rows } = await owner.query('select tenant, livemode, customer from drydock.stripe_customer');
    expect(rows).toEqual([{ tenant: 'acme', livemode: false, customer: 'cus_1' }]);
    expect(stripe.calls.map(call => call.path)).toEqual([
      '/v1/customers',
      '/v1/checkout/sessions',
      '/v1/checkout/sessions',
    ]);
    expect(stripe.calls[1]?.form).toMatchObject({
      customer: 'cus_1',
      client_reference_id: 'acme',
      'metadata[tenant]': 'acme',
      success_url: `${origin}/billing?session={CHECKOUT_SESSION_ID}`,
    });
  });

  test('ten at once have one customer', async () => {
    await as('ada', 'acme', () => Promise.all(Array.from({ length: 10 }, () => billing.checkoutFor('acme', checkout))));
    const customers = stripe.calls
      .filter(call => call.path === '/v1/checkout/sessions')
      .map(call => call.form['customer']);
    expect(new Set(customers).size).toBe(1);
    expect((await owner.query('select * from drydock.stripe_customer')).rowCount).toBe(1);
  });

  test('a customer that a request has slipped in is not the one who pays', async () => {
    const slipped = { ...checkout, customer: 'cus_borealis', client_reference_id: 'borealis', customer_email: 'a@b.c' };
    await as('ada', 'acme', () => billing.checkoutFor('acme', slipped));
    expect(stripe.calls.at(-1)?.form).toMatchObject({ customer: 'cus_1', client_reference_id: 'acme' });
    expect(stripe.calls.at(-1)?.form['customer_email']).toBeUndefined();
  });

  test.each([
    'https://evil.example/billing',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'https://app.example.com@evil.example',
    'https://app.example.com.evil.example',
    'http://app.example.com/billing',
    'https://somebody@app.example.com/',
    'https://',
  ])('nobody is sent to %s', async address => {
    const away = as('ada', 'acme', () => billing.checkoutFor('acme', { ...checkout, success_url: address }));
    await expect(away).rejects.toMatchObject({ code: 'bad-input', status: 400 });
    expect(stripe.calls).toEqual([]);
  });
});

describe('a customer that Stripe does not find', () => {
  const customers = async (): Promise<unknown> =>
    (await owner.query<{ customer: string }>('select customer from drydock.stripe_customer')).rows.map(
      row => row.customer,
    );
  const opened = (count: number): Promise<unknown[]> =>
    as('ada', 'acme', () => Promise.all(Array.from({ length: count }, () => billing.checkoutFor('acme', checkout))));

  test('because somebody deleted it gives way to a new one, once, however many ask', async () => {
    await opened(1);
    stripe.objects.set('/v1/customers/cus_1', { id: 'cus_1', object: 'customer', deleted: true });
    await opened(5);
    const [made] = (await customers()) as string[];
    expect(made).not.toBe('cus_1');
    const paying = stripe.calls
      .filter(({ path }) => path === '/v1/checkout/sessions')
      .map(({ form }) => form['customer']);
    expect(paying.slice(-5)).toEqual(Array.from({ length: 5 }, () => made));
    await as('ada', 'acme', () => billing.portalFor('acme', {}));
    expect(stripe.calls.at(-1)?.form['customer']).toBe(made);
  });

  test('because the key is one of another account stays the tenant’s', async () => {
    await opened(1);
    stripe.objects.set('/v1/customers/cus_1', 404);
    await expect(opened(1)).rejects.toMatchObject({ code: 'resource_missing', param: 'customer' });
    expect(await customers()).toEqual(['cus_1']);
  });
});

test('the id of the session is put in where the address asks for it, in a path too', async () => {
  const inPath = { ...checkout, success_url: '/paid/{CHECKOUT_SESSION_ID}' };
  await as('ada', 'acme', () => billing.checkoutFor('acme', inPath));
  expect(stripe.calls.at(-1)?.form['success_url']).toBe(`${origin}/paid/{CHECKOUT_SESSION_ID}`);
});

describe('who may', () => {
  test('somebody who is no member opens nothing and makes no customer', async () => {
    const opened = as('ada', 'borealis', () => billing.portalFor('borealis', { return_url: '/' }));
    await expect(opened).rejects.toMatchObject({ code: 'not-a-member', status: 404 });
    expect([stripe.calls, (await owner.query('select from drydock.stripe_customer')).rowCount]).toEqual([[], 0]);
  });

  test('the tenant of the scope counts, not the one in a parameter', async () => {
    const other = as('ada', 'acme', () => billing.portalFor('borealis', { return_url: '/' }));
    await expect(other).rejects.toMatchObject({ code: 'forbidden' });
    await expect(asUser('ada', () => billing.portalFor('acme', {}))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(billing.portalFor('acme', {})).rejects.toMatchObject({ code: 'no-scope' });
    expect(stripe.calls).toEqual([]);
  });

  test('a pool that row security does not bind is refused', async () => {
    const open = stripeBilling({ stripe: stripe.stripe, pool: owner, origin, livemode: false });
    const opened = asSystem({ job: 'dunning', tenant: 'acme' }, () => open.portalFor('acme', {}));
    await expect(opened).rejects.toMatchObject({ code: 'unsafe-connection' });
  });
});

describe('coming back', () => {
  const session = (customer: unknown, livemode = false): object => ({ id: 'cs_test_1', customer, livemode });
  const back = (id = 'cs_test_1'): Promise<unknown> => as('ada', 'acme', () => billing.returnedFor('acme', id));
  beforeEach(() => owner.query("insert into drydock.stripe_customer values ('acme', '', false, 'cus_acme')"));

  test('with a session of the own customer shows it', async () => {
    stripe.objects.set('/v1/checkout/sessions/cs_test_1', session('cus_acme'));
    expect(await back()).toMatchObject({ id: 'cs_test_1' });
  });

  test.each([
    ['of another customer', session('cus_borealis')],
    ['of nobody', session(null)],
    ['of live mode', session('cus_acme', true)],
    ['that does not exist', undefined],
  ])('with a session %s is refused', async (_, found) => {
    if (found !== undefined) stripe.objects.set('/v1/checkout/sessions/cs_test_1', found);
    await expect(back()).rejects.toMatchObject({ code: 'forbidden', status: 404 });
  });

  test('with something that is no id asks Stripe for nothing', async () => {
    await expect(back('../customers/cus_borealis')).rejects.toMatchObject({ code: 'bad-id' });
    expect(stripe.calls).toEqual([]);
  });
});
