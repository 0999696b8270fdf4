import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fromCustom } from '../session/custom.ts';
import type { ApiRequest } from './api.ts';
import { guardNext } from './guard-next.ts';
import { tenantFromParam } from './tenant.ts';

const { guardApi } = guardNext({
  session: fromCustom(({ headers, node }) => {
    const user = headers.get('x-user');
    return user === null || node === undefined ? undefined : { user };
  }),
  tenant: tenantFromParam('team'),
  membership: async who => (who.user === 'ada' && who.tenant === 'acme' ? { role: 'owner' } : null),
  tripwire: { columns: ['teamId'] },
});
/** What Next.js gives a handler beside the answer of Node.js. */
function helpers(res: object): { json(body: unknown): void; send(body: unknown): void } {
  return res as never;
}
const input = z.object({ name: z.string() });
const handlers = {
  narrowed: guardApi({ name: 'x', output: ['id'] }, () => [{ id: 1, secret: 2 }]),
  echo: guardApi({ name: 'x', input }, ({ input: given }) => given),
  json: guardApi({ name: 'x', output: ['id'] }, ({ res }) => helpers(res).json([{ id: 1, secret: 2 }])),
  text: guardApi({ name: 'x', output: ['id'] }, ({ res }) => helpers(res).send('[{"id":1,"secret":2}]')),
  object: guardApi({ name: 'x', output: ['id'] }, ({ res }) => helpers(res).send({ id: 1, secret: 2 })),
  schema: guardApi({ name: 'x', output: z.object({ id: z.number() }) }, ({ res }) =>
    helpers(res).json({ id: 1, secret: 2 }),
  ),
  unlike: guardApi({ name: 'x', output: z.object({ id: z.number() }) }, ({ res }) => helpers(res).json({ id: 'x' })),
  foreign: guardApi({ name: 'x' }, ({ res }) => helpers(res).json([{ teamId: 'borealis' }])),
  forbidden: guardApi({ name: 'x' }, ({ res }) => {
    res.statusCode = 403;
    helpers(res).json({ error: 'Not yours' });
  }),
  wrong: guardApi({ name: 'x', output: ['id'] }, ({ res }) => {
    res.statusCode = 422;
    helpers(res).json({ error: 'no', id: 1, secret: 2 });
  }),
  words: guardApi({ name: 'x', output: ['id'] }, ({ res }) => helpers(res).send('{ words')),
  bytes: guardApi({ name: 'x', output: ['id'] }, ({ res }) => helpers(res).send(Buffer.from('{"id":1}'))),
  nothing: guardApi({ name: 'x' }, () => undefined),
  itself: guardApi({ name: 'x' }, ({ res }) => {
    res.writeHead(201, { 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=60', 'x-own': '1' });
    res.end('itself');
  }),
};
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      // What Next.js adds to a request of pages/api.
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const req = Object.assign(request, { query: Object.fromEntries(searchParams), body }) as ApiRequest;
      const handler = handlers[pathname.slice(1) as keyof typeof handlers];
      const isWritable = (body: unknown): body is string => typeof body === 'string' || body instanceof Uint8Array;
      const answer: ServerResponse & ReturnType<typeof helpers> = Object.assign(response, {
        // As Next.js has it: one helper goes through the other.
        json: (value: unknown): void => answer.send(JSON.stringify(value)),
        send: (value: unknown) => void response.end(isWritable(value) ? value : JSON.stringify(value)),
      });
      handler(req, answer).catch(() => response.destroy());
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

function send(
  path: string,
  init: { readonly method?: string; readonly body?: string; readonly headers?: object } = {},
): Promise<Response> {
  return fetch(`${url}/${path}`, { ...init, headers: { 'x-user': 'ada', ...init.headers } });
}

describe('a guarded handler of pages/api', () => {
  test('sends what was declared, for the caller’s own cache', async () => {
    const response = await send('narrowed?team=acme');
    expect(await response.json()).toEqual([{ id: 1 }]);
    expect([response.headers.get('cache-control'), response.headers.get('vary')]).toEqual([
      'private, no-store',
      'cookie, authorization',
    ]);
  });

  test('takes the query of a GET and the body of a POST', async () => {
    expect(await (await send('echo?team=acme&name=box')).json()).toEqual({ name: 'box' });
    expect(await (await send('echo?team=acme', { method: 'POST', body: '{"name":"tin"}' })).json()).toEqual({
      name: 'tin',
    });
    expect((await send('echo?team=acme', { method: 'POST', body: '{"name":1}' })).status).toBe(400);
  });

  test('may answer itself, and the headers are personal all the same', async () => {
    const response = await send('itself?team=acme');
    expect([response.status, await response.text(), response.headers.get('x-own')]).toEqual([201, 'itself', '1']);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(response.headers.has('cdn-cache-control')).toBe(false);
  });

  test.each([
    ['json', '[{"id":1}]'],
    ['text', '[{"id":1}]'],
    ['object', '{"id":1}'],
    ['schema', '{"id":1}'],
    ['words', '{ words'],
    ['bytes', '{"id":1}'],
  ])('narrows what it sends by the helpers of Next.js: %s', async (path, left) => {
    const response = await send(`${path}?team=acme`);
    expect([response.status, await response.text()]).toEqual([200, left]);
  });

  test('sends no foreign row by them, nothing that was not declared, and one 404 for what is not theirs', async () => {
    await expect(send('foreign?team=acme')).rejects.toThrow('fetch failed');
    await expect(send('unlike?team=acme')).rejects.toThrow('fetch failed');
    const forbidden = await send('forbidden?team=acme');
    expect([forbidden.status, await forbidden.text()]).toEqual([
      404,
      await (await send('narrowed?team=borealis')).text(),
    ]);
    const wrong = await send('wrong?team=acme');
    expect([wrong.status, await wrong.json()]).toEqual([422, { error: 'no' }]);
  });

  test('answers 204 for nothing', async () => {
    expect((await send('nothing?team=acme')).status).toBe(204);
  });

  test('refuses alike: 404 whatever the reason, 401 without a session, 404 for a write of another site', async () => {
    const foreign = await send('narrowed?team=borealis');
    const absent = await send('narrowed');
    expect([foreign.status, await foreign.text()]).toEqual([404, await absent.text()]);
    expect((await fetch(`${url}/narrowed?team=acme`)).status).toBe(401);
    const crossed = { method: 'POST', body: '{"name":"box"}', headers: { origin: 'https://evil.example' } };
    expect((await send('echo?team=acme', crossed)).status).toBe(404);
  });
});
