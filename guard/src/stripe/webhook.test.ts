import type { Pool, PoolClient } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GuardError } from '../errors.ts';
import { hub, type GuardEvent } from '../events/event.ts';
import { guardFreeze } from '../freeze/index.ts';
import type { CallFacts } from '../hooks.ts';
import { guardPool, type GuardedPool } from '../pg/index.ts';
import { currentScope } from '../scope.ts';
import { pgTransaction } from '../sql/transaction.ts';
import { members, membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { startStripe, webhookSecret, type TestStripe } from '../testing/stripe.ts';
import { stripeMigration } from './migration.ts';
import { stripeWebhook, type StripeWebhookOptions } from './webhook.ts';

let postgres: TestPostgres;
let stripe: TestStripe;
let owner: Pool;
let plain: Pool;
let app: GuardedPool;
let lookup: Pool;
let events: GuardEvent[] = [];

beforeAll(async () => {
  [postgres, stripe] = await Promise.all([startPostgres(), startStripe()]);
  owner = postgres.pool();
  await owner.query('create role app login; create role finder login');
  await owner.query(stripeMigration({ app: 'app', lookup: 'finder' }));
  await owner.query('create table payment (tenant text, invoice text, status text)');
  await owner.query('grant select, insert on payment to app');
  await owner.query(`${members}; grant select on member to app`);
  plain = postgres.pool({ user: 'app', max: 2 });
  const connection = { host: '127.0.0.1', port: postgres.port, user: 'app', database: 'postgres', max: 25 };
  app = guardPool(connection, { membership, admin: plain });
  lookup = postgres.pool({ user: 'finder', max: 2 });
});
afterAll(async () => {
  hub.take = undefined;
  await app.end();
  await Promise.all([postgres.stop(), stripe.stop()]);
});
beforeEach(async () => {
  events = [];
  hub.take = event => void events.push(event);
  stripe.calls.length = 0;
  stripe.objects.clear();
  await owner.query('truncate payment, drydock.stripe_event, drydock.stripe_object, drydock.stripe_customer');
  await owner.query("insert into drydock.stripe_customer values ('acme', '', true, 'cus_acme')");
});

let count = 0;
const now = Math.floor(Date.now() / 1000);

function invoicePaid(own: object = {}, object: object = {}): { readonly id: string } {
  count += 1;
  return {
    id: `evt_${count}`,
    object: 'event',
    type: 'invoice.paid',
    created: now,
    livemode: true,
    data: { object: { id: `in_${count}`, object: 'invoice', customer: 'cus_acme', status: 'paid', ...object } },
    ...own,
  } as { readonly id: string };
}

function webhook(own: Partial<StripeWebhookOptions<PoolClient>> = {}): (request: Request) => Promise<Response> {
  return stripeWebhook<PoolClient>({
    stripe: stripe.stripe,
    secret: webhookSecret,
    livemode: true,
    transaction: pgTransaction(app),
    lookup,
    on: {
      'invoice.paid': ({ object, tenant, tx }) =>
        tx.query('insert into payment values ($1, $2, $3)', [tenant, object.id, object.status]),
    },
    onError: () => {},
    ...own,
  });
}

async function payments(): Promise<unknown[]> {
  return (await owner.query('select tenant, status from payment order by status')).rows;
}

function resigned(request: Request, headers: Record<string, string>, body?: string): Promise<Request> {
  const all = { ...Object.fromEntries(request.headers), ...headers };
  return request.text().then(text => new Request(request.url, { method: 'POST', headers: all, body: body ?? text }));
}

describe('what reaches the handler', () => {
  test('a signed event has its effect for the tenant of the stored customer, as system', async () => {
    let scope: unknown;
    const handler = webhook({
      on: {
        'invoice.paid': async ({ tx, tenant }) => {
          scope = currentScope();
          await tx.query("insert into payment values ($1, 'in', 'paid')", [tenant]);
        },
      },
    });
    const answer = await handler(stripe.signed(invoicePaid()));
    expect([answer.status, await payments(), scope]).toEqual([
      200,
      [{ tenant: 'acme', status: 'paid' }],
      { mode: 'system', job: 'stripe:invoice.paid', tenant: 'acme' },
    ]);
  });

  test('20 deliveries of one event at once have one effect', async () => {
    const event = invoicePaid();
    const handler = webhook();
    const answers = await Promise.all(Array.from({ length: 20 }, () => handler(stripe.signed(event))));
    expect(answers.map(answer => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await payments()).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'webhook_duplicate')).toHaveLength(19);
  });

  test('a handler that throws leaves nothing behind, and the next delivery has the effect', async () => {
    const event = invoicePaid();
    const errors: unknown[] = [];
    const failing = webhook({
      on: {
        'invoice.paid': async ({ tx }) => {
          await tx.query("insert into payment values ('acme', 'in', 'half')");
          throw new Error('secret of a row');
        },
      },
      onError: error => void errors.push(error),
    });
    const failed = await failing(stripe.signed(event));
    expect([failed.status, await failed.text()]).toEqual([500, 'failed, try again']);
    expect([errors.length, await payments()]).toEqual([1, []]);
    expect((await webhook()(stripe.signed(event))).status).toBe(200);
    expect(await payments()).toHaveLength(1);
  });

  test('a handler that keeps an error of Postgres to itself has lost everything, and Stripe is told', async () => {
    const keeping = webhook({
      on: {
        'invoice.paid': async ({ tx }) => {
          await tx.query("insert into payment values ('acme', 'in', 'paid')");
          await tx.query('select 1 / 0').catch(() => undefined);
        },
      },
    });
    const event = invoicePaid();
    expect((await keeping(stripe.signed(event))).status).toBe(500);
    expect((await webhook()(stripe.signed(event))).status).toBe(200);
    expect(await payments()).toEqual([{ tenant: 'acme', status: 'paid' }]);
  });

  test('a customer that was given to another tenant is theirs from the next event on', async () => {
    await webhook()(stripe.signed(invoicePaid()));
    await owner.query("update drydock.stripe_customer set tenant = 'borealis'");
    await webhook()(stripe.signed(invoicePaid()));
    expect(await payments()).toEqual([
      { tenant: 'acme', status: 'paid' },
      { tenant: 'borealis', status: 'paid' },
    ]);
  });

  test('metadata and client_reference_id of another tenant change nothing', async () => {
    const event = invoicePaid({}, { metadata: { tenant: 'borealis' }, client_reference_id: 'borealis' });
    await webhook()(stripe.signed(event));
    expect(await payments()).toEqual([{ tenant: 'acme', status: 'paid' }]);
  });

  test('an event of an unknown customer is kept, answered 200, reported, and handled once the customer is known', async () => {
    const event = invoicePaid({}, { customer: 'cus_new' });
    expect((await webhook()(stripe.signed(event))).status).toBe(200);
    expect(await payments()).toEqual([]);
    expect(events).toMatchObject([{ type: 'webhook_fail', reason: 'No tenant has the customer.' }]);
    await owner.query("insert into drydock.stripe_customer values ('nova', '', true, 'cus_new')");
    await webhook()(stripe.signed(event));
    await webhook()(stripe.signed(event));
    expect(await payments()).toEqual([{ tenant: 'nova', status: 'paid' }]);
  });

  test('an event without a customer is matched by what you look up', async () => {
    const handler = webhook({ customerOf: () => Promise.resolve('cus_acme') });
    await handler(stripe.signed(invoicePaid({}, { customer: null })));
    expect(await payments()).toEqual([{ tenant: 'acme', status: 'paid' }]);
  });

  test('a tenant found in a table of your own counts instead of the stored one', async () => {
    await webhook({ tenantOf: customer => Promise.resolve(customer.id === 'cus_acme' ? 'own' : undefined) })(
      stripe.signed(invoicePaid()),
    );
    expect(await payments()).toEqual([{ tenant: 'own', status: 'paid' }]);
  });

  test('an event of the platform runs as admin, and a type without a handler has no effect', async () => {
    let scope: unknown;
    const handler = webhook({ platform: { 'price.updated': () => void (scope = currentScope()) } });
    const price = { type: 'price.updated', data: { object: { id: 'price_1', object: 'price' } } };
    expect((await handler(stripe.signed(invoicePaid(price)))).status).toBe(200);
    expect(scope).toEqual({ mode: 'admin', reason: 'stripe:price.updated' });
    expect((await handler(stripe.signed(invoicePaid({ type: 'payout.paid' })))).status).toBe(200);
    expect((await owner.query('select type from drydock.stripe_event')).rows).toEqual([{ type: 'price.updated' }]);
  });
});

describe('what is put off', () => {
  afterEach(() => void delete process.env['DRYDOCK_FREEZE_STRIPE']);

  const frozen = (targets: string): Partial<StripeWebhookOptions<PoolClient>> => {
    process.env['DRYDOCK_FREEZE_STRIPE'] = targets;
    const source = { kind: 'env', variable: 'DRYDOCK_FREEZE_STRIPE' } as const;
    return { before: [guardFreeze({ source, start: 'closed', refreshMs: 0, maxAgeMs: 0 }).before] };
  };
  const ledger = async (): Promise<unknown> =>
    (await owner.query('select count(*)::int as n from drydock.stripe_event')).rows[0];

  test.each(['writes', 'everything', 'name:stripe:invoice.paid'])(
    'an event that meets a freeze of %s is written down nowhere, and handled when Stripe sends it again',
    async targets => {
      const event = invoicePaid();
      const handler = webhook(frozen(targets));
      const answer = await handler(stripe.signed(event));
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '300']);
      expect([await payments(), await ledger()]).toEqual([[], { n: 0 }]);
      process.env['DRYDOCK_FREEZE_STRIPE'] = '';
      expect((await handler(stripe.signed(event))).status).toBe(200);
      expect([await payments(), await ledger()]).toEqual([[{ tenant: 'acme', status: 'paid' }], { n: 1 }]);
    },
  );

  test('so is one of an unknown customer, and one of the platform', async () => {
    const price = { type: 'price.updated', data: { object: { id: 'price_1', object: 'price' } } };
    const handler = webhook({ ...frozen('writes'), platform: { 'price.updated': () => {} } });
    const answers = [
      await handler(stripe.signed(invoicePaid({}, { customer: 'cus_new' }))),
      await handler(stripe.signed(invoicePaid(price))),
    ];
    expect([answers.map(({ status }) => status), await ledger()]).toEqual([[503, 503], { n: 0 }]);
  });

  test('a freeze of something else holds nothing up, nor does one what has no handler or no signature', async () => {
    expect((await webhook(frozen('exports, lists, name:invoice.paid'))(stripe.signed(invoicePaid()))).status).toBe(200);
    const all = webhook(frozen('everything'));
    expect((await all(stripe.signed(invoicePaid({ type: 'payout.paid' })))).status).toBe(200);
    expect((await all(stripe.signed(invoicePaid(), { secret: 'whsec_other' }))).status).toBe(400);
    expect(await payments()).toHaveLength(1);
  });

  test('a hook is told whose event it is; one that fails itself is no delivery either', async () => {
    const asked: CallFacts[] = [];
    await webhook({ before: [facts => Promise.resolve(void asked.push(facts))] })(stripe.signed(invoicePaid()));
    expect(asked).toEqual([{ name: 'stripe:invoice.paid', kind: 'write', tenant: 'acme' }]);
    const failing = [new Error('no switch'), new GuardError('rate-limited', 'Too many.', { retryAfter: 0.2 })].map(
      thrown => webhook({ before: [() => Promise.reject(thrown)] })(stripe.signed(invoicePaid())),
    );
    const answers = await Promise.all(failing);
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [500, null],
      [429, '1'],
    ]);
    expect(await payments()).toHaveLength(1);
  });
});

describe('the order of events', () => {
  const seen: unknown[] = [];
  const on = {
    'customer.subscription.updated': ({ object, stale }: { object: { status: string }; stale: boolean }): void =>
      void seen.push([object.status, stale]),
  };
  const updated = (created: number, status: string): object =>
    invoicePaid({
      type: 'customer.subscription.updated',
      created,
      data: { object: { id: 'sub_1', object: 'subscription', customer: 'cus_acme', status } },
    });
  beforeEach(() => (seen.length = 0));

  test('an older event of the same object comes with the object as it is now', async () => {
    stripe.objects.set('/v1/subscriptions/sub_1', { id: 'sub_1', object: 'subscription', status: 'canceled' });
    await webhook({ on })(stripe.signed(updated(now - 5, 'canceled')));
    await webhook({ on })(stripe.signed(updated(now - 60, 'active')));
    expect(seen).toEqual([
      ['canceled', false],
      ['canceled', false],
    ]);
  });

  test('an object that is another customer’s by now is not handed over', async () => {
    const canceled = { id: 'sub_1', object: 'subscription', status: 'canceled', customer: 'cus_borealis' };
    stripe.objects.set('/v1/subscriptions/sub_1', canceled);
    await webhook({ on })(stripe.signed(updated(now - 5, 'past_due')));
    await webhook({ on })(stripe.signed(updated(now - 60, 'active')));
    expect(seen).toEqual([
      ['past_due', false],
      ['active', true],
    ]);
  });

  test('what was made before the object was fetched is older than it', async () => {
    stripe.objects.set('/v1/subscriptions/sub_1', { id: 'sub_1', object: 'subscription', status: 'canceled' });
    for (const event of [updated(now - 60, 'trialing'), updated(now - 90, 'incomplete'), updated(now - 30, 'active')]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
      await webhook({ on })(stripe.signed(event));
    }
    expect(seen.map(entry => (entry as unknown[])[0])).toEqual(['trialing', 'canceled', 'canceled']);
  });

  test('two of the same second are not taken for one after the other', async () => {
    await webhook({ on, outOfOrder: 'tell' })(stripe.signed(updated(now, 'canceled')));
    await webhook({ on, outOfOrder: 'tell' })(stripe.signed(updated(now, 'active')));
    expect(seen).toEqual([
      ['canceled', false],
      ['active', true],
    ]);
  });

  test('an object that cannot be fetched at the moment is tried again, not handled as it was', async () => {
    stripe.objects.set('/v1/subscriptions/sub_1', 503);
    await webhook({ on })(stripe.signed(updated(now, 'canceled')));
    expect((await webhook({ on })(stripe.signed(updated(now - 1, 'active')))).status).toBe(500);
    expect(seen).toEqual([['canceled', false]]);
  });

  test('what is gone at Stripe does not keep its deletion waiting; of anything else it is told', async () => {
    const told: unknown[] = [];
    const tell = ({ event, stale }: { event: { type: string }; stale: boolean }): void =>
      void told.push([event.type, stale]);
    const handler = webhook({ on: { 'invoice.updated': tell, 'invoice.deleted': tell } });
    const of = (type: string, created: number): object =>
      invoicePaid({ type, created, data: { object: { id: 'in_draft', object: 'invoice', customer: 'cus_acme' } } });
    const sent = [of('invoice.updated', now), of('invoice.deleted', now), of('invoice.updated', now - 9)];
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
    for (const event of sent) expect((await handler(stripe.signed(event))).status).toBe(200);
    expect(told).toEqual([
      ['invoice.updated', false],
      ['invoice.deleted', false],
      ['invoice.updated', true],
    ]);
  });
});

describe('what is refused', () => {
  const refused = async (request: Request | Promise<Request>, handler = webhook()): Promise<number> => {
    const { status } = await handler(await request);
    expect(await payments()).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['webhook_fail']);
    return status;
  };

  test('a signature made with another secret', async () => {
    expect(await refused(stripe.signed(invoicePaid(), { secret: 'whsec_of_somebody_else' }))).toBe(400);
  });

  test('a body that was changed after it was signed', async () => {
    const request = stripe.signed(invoicePaid());
    expect(await refused(resigned(request, {}, JSON.stringify(invoicePaid())))).toBe(400);
  });

  test('an event signed ten minutes ago', async () => {
    expect(await refused(stripe.signed(invoicePaid(), { timestamp: now - 600 }))).toBe(400);
  });

  test('no signature, no JSON, no POST', async () => {
    const bare = new Request('https://app.example.com', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect((await webhook()(bare)).status).toBe(400);
    const text = resigned(stripe.signed(invoicePaid()), { 'content-type': 'text/plain' });
    expect((await webhook()(await text)).status).toBe(415);
    expect((await webhook()(new Request('https://app.example.com'))).status).toBe(405);
  });

  test('more than the limit, told or not', async () => {
    const handler = webhook({ limitBytes: 500 });
    const large = (): Request => stripe.signed(invoicePaid({}, { description: 'x'.repeat(1000) }));
    expect(await refused(large(), handler)).toBe(413);
    events = [];
    const told = resigned(large(), { 'content-length': '2000' });
    expect(await refused(told, handler)).toBe(413);
  });

  test.each([
    ['that is thin', { id: 'evt_1', object: 'v2.core.event', type: 'v1.billing.meter.no_meter_found', livemode: true }],
    ['of the new kind with an object', () => invoicePaid({ object: 'v2.core.event' })],
    ['without an object', { id: 'evt_1', type: 'invoice.paid', created: now, livemode: true }],
    ['about nothing', () => invoicePaid({ data: { object: null } })],
    ['that is a list', []],
    ['that is null', null],
  ])('something that is signed and is no event: one %s', async (_, event) => {
    const body: unknown = typeof event === 'function' ? event() : event;
    expect(await refused(stripe.signed(body as object))).toBe(400);
  });

  test.each(['{"id":', '', '"evt_1"', '['.repeat(100_000)])('a signed body that is no JSON of an event', async body => {
    const signature = stripe.stripe.webhooks.generateTestHeaderString({ payload: body, secret: webhookSecret });
    const request = resigned(stripe.signed(invoicePaid()), { 'stripe-signature': signature }, body);
    expect(await refused(request)).toBe(400);
  });

  test('a type that every object has by inheritance is handled by nobody', async () => {
    const answer = await webhook({ platform: {} })(stripe.signed(invoicePaid({ type: 'constructor' })));
    expect([answer.status, await answer.text()]).toEqual([200, 'not handled here']);
  });

  test.each([
    ['no time', (given: string) => given.replace(/t=\d+,/, '')],
    ['a time that is none', (given: string) => given.replace(/t=\d+/, 't=NaN')],
    ['a later time than was signed', (given: string) => given.replace(/t=\d+/, `t=${now + 1000}`)],
    ['a second time', (given: string) => `${given},t=${now + 1000}`],
    ['nothing', () => ''],
    ['its end cut off', (given: string) => given.slice(0, -4)],
    ['letters that are no hexadecimals', (given: string) => given.replace(/v1=.*/, 'v1=\u00E4')],
    ['another scheme', (given: string) => given.replace('v1=', 'v0=')],
    ['ten thousand others', () => `t=1,${'v1=00,'.repeat(10_000)}`],
  ])('a signature with %s', async (_, changed) => {
    const request = stripe.signed(invoicePaid());
    const signature = changed(request.headers.get('stripe-signature') ?? '');
    expect(await refused(resigned(request, { 'stripe-signature': signature }))).toBe(400);
  });

  test('a body that breaks off, one that never ends, and one that was read before', async () => {
    const streamed = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Request => {
      const headers = { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=00' };
      const body = new ReadableStream({ pull });
      return new Request('https://app.example.com', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    };
    expect(await refused(streamed(controller => controller.error(new Error('gone'))))).toBe(400);
    events = [];
    expect(await refused(streamed(controller => controller.enqueue(new Uint8Array(65_536))))).toBe(413);
    events = [];
    const read = stripe.signed(invoicePaid());
    await read.text();
    expect(await refused(read)).toBe(500);
  });

  test('a test event where real money is taken; for connected accounts, which send both, without a retry', async () => {
    expect(await refused(stripe.signed(invoicePaid({ livemode: false })))).toBe(400);
    events = [];
    const ofConnected = stripe.signed(invoicePaid({ livemode: false, account: 'acct_1' }));
    expect(await refused(ofConnected, webhook({ account: 'acct_1' }))).toBe(200);
  });

  test('an event of an account that is not expected, and of none where one is', async () => {
    expect(await refused(stripe.signed(invoicePaid({ account: 'acct_1' })))).toBe(400);
    events = [];
    expect(await refused(stripe.signed(invoicePaid({ account: 'acct_2' })), webhook({ account: 'acct_1' }))).toBe(400);
    events = [];
    expect(await refused(stripe.signed(invoicePaid()), webhook({ account: () => true }))).toBe(400);
  });

  test('a customer of the same id that another account has', async () => {
    const handler = webhook({ account: id => id === 'acct_1' });
    expect(await refused(stripe.signed(invoicePaid({ account: 'acct_1' })), handler)).toBe(200);
  });

  test('no secret at all, and a tolerance of any age', () => {
    expect(() => webhook({ secret: ' ' })).toThrow('The webhook secret is empty');
    expect(() => webhook({ secret: [] })).toThrow('The webhook secret is empty');
    for (const toleranceSeconds of [0, Infinity, Number.NaN])
      expect(() => webhook({ toleranceSeconds })).toThrow(RangeError);
  });

  test('a database that is away: Stripe is asked to try again', async () => {
    const away = postgres.pool({ port: 1, connectionTimeoutMillis: 500 });
    expect(await refused(stripe.signed(invoicePaid()), webhook({ lookup: away }))).toBe(500);
  });
});

test('while a secret is rotated both are good', async () => {
  const handler = webhook({ secret: ['whsec_new', webhookSecret] });
  expect((await handler(stripe.signed(invoicePaid()))).status).toBe(200);
  expect((await handler(stripe.signed(invoicePaid(), { secret: 'whsec_new' }))).status).toBe(200);
});

test('of several signatures one that is right is enough, as while Stripe rotates a secret', async () => {
  const request = stripe.signed(invoicePaid());
  const right = request.headers.get('stripe-signature') ?? '';
  const several = right.replace('v1=', `v1=${'0'.repeat(64)},v0=${'1'.repeat(64)},v1=`);
  expect((await webhook()(await resigned(request, { 'stripe-signature': several }))).status).toBe(200);
});

test('the role of the app reaches the ledger through its functions only', async () => {
  await expect(plain.query('select * from drydock.stripe_event')).rejects.toThrow('permission denied');
  await expect(lookup.query('select * from drydock.stripe_customer')).rejects.toThrow('permission denied');
  expect((await plain.query('select * from drydock.stripe_customer')).rows).toEqual([]);
});
