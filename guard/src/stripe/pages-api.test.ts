import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStripe, webhookSecret, type TestStripe } from '../testing/stripe.ts';
import { forPagesApi } from './pages-api.ts';
import { stripeWebhook } from './webhook.ts';

let stripe: TestStripe;
let webhook: (request: Request) => Promise<Response>;

beforeAll(async () => {
  stripe = await startStripe();
  webhook = stripeWebhook<undefined>({
    stripe: stripe.stripe,
    secret: webhookSecret,
    livemode: true,
    limitBytes: 2000,
    transaction: work => work(undefined, () => Promise.reject(new Error('no database here'))),
    lookup: { query: () => Promise.reject(new Error('no database here')) },
    on: {},
  });
});
afterAll(() => stripe.stop());

/** What a server answers that hands its requests on as Next.js does. */
async function sent(request: Request | undefined, body?: string, parsed?: unknown): Promise<unknown> {
  const handler = forPagesApi(webhook);
  const server = createServer((req: IncomingMessage & { body?: unknown }, res) => {
    if (parsed !== undefined) req.body = parsed;
    handler(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const init =
    request === undefined ? {} : { method: 'POST', headers: request.headers, body: body ?? (await request.text()) };
  const answer = await fetch(`http://127.0.0.1:${port}`, init);
  server.close();
  return [answer.status, await answer.text()];
}

const event = { id: 'evt_1', type: 'invoice.paid', created: 1, livemode: true, data: { object: { id: 'in_1' } } };

describe('a webhook in pages/api', () => {
  test('reads the bytes as they came', async () => {
    expect(await sent(stripe.signed(event))).toEqual([200, 'not handled here']);
    const request = stripe.signed(event);
    expect(await sent(request, JSON.stringify(event, undefined, 1))).toEqual([400, 'bad signature, or too old']);
  });

  test('answers what is no POST, and what is too large', async () => {
    expect(await sent(undefined)).toEqual([405, 'not a POST']);
    expect(await sent(stripe.signed({ ...event, more: 'x'.repeat(100_000) }))).toEqual([413, 'too large']);
  });

  test('says what to write where Next.js has parsed the body', async () => {
    expect(await sent(stripe.signed(event), undefined, event)).toEqual([
      500,
      expect.stringContaining('bodyParser: false'),
    ]);
  });

  test('is not taken for one without the form for it', async () => {
    const bare = webhook as unknown as (request: object) => Promise<Response>;
    await expect(bare({ method: 'POST', headers: {} })).rejects.toThrow('forPagesApi');
  });
});
