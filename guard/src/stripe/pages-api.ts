import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../refusal.ts';

/** A handler of `pages/api`. */
export type PagesApi = (req: IncomingMessage & { readonly body?: unknown }, res: ServerResponse) => Promise<void>;

/**
 * The webhook as a handler of `pages/api`. Next.js must leave the body as it came, which the file says itself.
 *
 * @example
 * import type { PageConfig } from 'next';
 *
 * export default forPagesApi(
 *   stripeWebhook({ stripe, secret: webhookSecret, livemode: true, transaction: pgTransaction(pool), lookup: lookupPool, on: {} }),
 * );
 * export const config: PageConfig = { api: { bodyParser: false } };
 */
export function forPagesApi(webhook: (request: Request) => Promise<Response>): PagesApi {
  return async (req, res) => {
    if (req.body !== undefined) {
      const parsed =
        'Next.js has parsed the body, over which Stripe signed: write `api: { bodyParser: false }` in the config.';
      throw refuse('bad-webhook', parsed);
    }
    const answer = await webhook(requestOf(req));
    res.statusCode = answer.status;
    for (const [name, value] of answer.headers) res.setHeader(name, value);
    res.end(await answer.text());
  };
}

function requestOf(req: IncomingMessage): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(req.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const { method = 'GET' } = req;
  if (method === 'GET' || method === 'HEAD') return new Request(anywhere, { method, headers });
  // The connection stays open when the body is left unread, so that the answer can be told.
  const body = ReadableStream.from(req.iterator({ destroyOnReturn: false }));
  return new Request(anywhere, { method, headers, body, duplex: 'half' } as RequestInit);
}

/** Nothing asks where a webhook was sent to. */
const anywhere = 'http://localhost/';
