import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the app wanted to send to another host. */
export interface OutgoingCall {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Decoded body: form fields and JSON as an object, anything else as text. */
  readonly body: unknown;
  /** The body as it was sent. */
  readonly text: string;
}

/** A server on loopback that takes every outgoing request of the app and answers it plausibly. */
export interface Recorder {
  readonly url: string;
  /** Everything recorded so far, oldest first. */
  readonly calls: readonly OutgoingCall[];
  close(): Promise<void>;
}

/** Starts the recorder on a free port of 127.0.0.1. */
export async function startRecorder(): Promise<Recorder> {
  const calls: OutgoingCall[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then(text => {
      const call = toCall(request, text);
      calls.push(call);
      answer(call, response);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function toCall(request: IncomingMessage, text: string): OutgoingCall {
  const host = request.headers['x-drydock-host'];
  return {
    host: typeof host === 'string' ? host : 'unknown',
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    body: decodeBody(text, request.headers['content-type'] ?? ''),
    text,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

/** A body as an object: `a[b]=c` forms are nested, JSON is parsed. */
export function decodeBody(text: string, contentType: string): unknown {
  if (/json/.test(contentType)) {
    try {
      const parsed: unknown = JSON.parse(text);
      return parsed;
    } catch {
      return text;
    }
  }
  if (!/urlencoded/.test(contentType)) return text;
  const fields: Record<string, unknown> = {};
  for (const [key, value] of new URLSearchParams(text))
    setField(
      fields,
      key.split(/\]?\[|\]/).filter(part => part !== ''),
      value,
    );
  return fields;
}

function setField(target: Record<string, unknown>, path: readonly string[], value: string): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const next = target[head];
  const child = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {};
  target[head] = child;
  setField(child, rest, value);
}

function answer(call: OutgoingCall, response: ServerResponse): void {
  const body = /(^|\.)stripe\.com$/.test(call.host) ? stripeObject(call) : {};
  response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_drydock' });
  response.end(JSON.stringify(body));
}

/** What Stripe would answer, near enough for a client library: the object named by the path, with the fields sent. */
function stripeObject(call: OutgoingCall): unknown {
  const [path = '', query = ''] = call.path.split('?');
  const parts = path.replace(/^\/v\d+\//, '').split('/');
  const asksForOne =
    parts.length > 1 &&
    /_/.test(parts.at(-1) ?? '') &&
    !/^(?:checkout|billing_portal|payment_intents|setup_intents|payment_methods|invoiceitems)$/.test(
      parts.at(-1) ?? '',
    );
  const kind = parts
    .filter(part => !/^[a-z]{2,6}_\w/.test(part) || part === 'billing_portal' || part.endsWith('s'))
    .slice(0, 2)
    .join('.')
    .replace(/s$/, '');
  if (call.method === 'GET' && !asksForOne)
    return {
      object: 'list',
      url: path,
      has_more: false,
      data: [],
      query: Object.fromEntries(new URLSearchParams(query)),
    };
  const sent = typeof call.body === 'object' && call.body !== null ? call.body : {};
  const id = asksForOne ? parts.at(-1) : `${idPrefix(kind)}_drydock`;
  return {
    ...sent,
    id,
    object: kind,
    livemode: false,
    created: 1_750_000_000,
    status: 'active',
    url: `https://checkout.stripe.com/c/pay/${id ?? ''}`,
    client_secret: `${id ?? ''}_secret_drydock`,
  };
}

function idPrefix(kind: string): string {
  const known: Readonly<Record<string, string>> = {
    'checkout.session': 'cs_test',
    'billing_portal.session': 'bps',
    customer: 'cus',
    subscription: 'sub',
    invoice: 'in',
    payment_intent: 'pi',
    setup_intent: 'seti',
    refund: 're',
    price: 'price',
    product: 'prod',
  };
  return known[kind] ?? 'obj';
}
