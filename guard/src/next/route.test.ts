import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { notFound, redirect } from 'next/navigation.js';
import type { NextRequest } from 'next/server.js';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { GuardError } from '../errors.ts';
import type { CallFacts } from '../hooks.ts';
import { clientAddress, guardLimits } from '../limits/index.ts';
import { currentRequest, currentScope } from '../scope.ts';
import { fromCustom } from '../session/custom.ts';
import { eventsOf } from '../testing/events.ts';
import { guardNext } from './guard-next.ts';
import type { GuardNextOptions } from './options.ts';
import type { RouteHandler } from './route.ts';
import { tenantFromParam } from './tenant.ts';

const roles: Readonly<Record<string, string>> = { 'ada/acme': 'owner', 'ben/acme': 'viewer', 'cy/borealis': 'owner' };
const base: GuardNextOptions = {
  session: fromCustom(({ headers }) => {
    const user = headers.get('x-user');
    return user === null ? undefined : { user };
  }),
  tenant: tenantFromParam('team'),
  membership: async ({ user, tenant }) => {
    const role = roles[`${user}/${tenant}`];
    return role === undefined ? undefined : { role };
  },
};
const { guardRoute } = guardNext(base);

interface Sent {
  readonly user?: string;
  readonly team?: string;
  readonly method?: string;
  readonly body?: NonNullable<ConstructorParameters<typeof Request>[1]>['body'];
  readonly headers?: Record<string, string>;
  readonly path?: string;
}

async function send(handler: RouteHandler, sent: Sent = {}): Promise<Response> {
  const headers = {
    host: 'app.example.com',
    ...(sent.user === undefined ? {} : { 'x-user': sent.user }),
    ...sent.headers,
  };
  const request = new Request(`https://app.example.com${sent.path ?? '/api'}`, {
    method: sent.method ?? 'GET',
    headers,
    body: sent.body ?? null,
  });
  return handler(request, { params: Promise.resolve({ team: sent.team ?? 'acme' }) });
}

/** All that a caller can tell answers apart by. */
async function seen(response: Response): Promise<unknown> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

describe('what membership answers', () => {
  const answered = (found: unknown): Promise<Response> => {
    const { guardRoute: asked } = guardNext({ ...base, membership: async () => found as never });
    return send(
      asked({ name: 'x' }, () => 'in'),
      { user: 'ada' },
    );
  };

  test.each([[[]], [[{ role: 'owner' }]], [true], [1], ['owner']])('%j is no row, and lets nobody in', async found => {
    await expect(answered(found)).rejects.toThrow('`membership` gives the row');
  });

  test('no row is no member, also where plain JavaScript says so by false', async () => {
    const answers = await Promise.all([null, undefined, false].map(answered));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await answered({})).status).toBe(200);
  });
});

describe('who is let in', () => {
  const route = guardRoute({ name: 'GET /api/things' }, ({ user, tenant, role }) => ({
    user,
    tenant,
    role,
    scope: currentScope(),
    route: currentRequest().route,
  }));

  test('a member’s work runs in the scope of their tenant', async () => {
    const response = await send(route, { user: 'ada' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      user: 'ada',
      tenant: 'acme',
      role: 'owner',
      scope: { mode: 'tenant', user: 'ada', tenant: 'acme' },
      route: 'GET /api/things',
    });
  });

  test('without a session the answer is 401', async () => {
    const response = await send(route);
    expect([response.status, await response.json()]).toEqual([401, { error: 'Sign in to continue.' }]);
  });

  test('nothing tells apart a foreign tenant, one that does not exist, a role that may not, and a thing that is not there', async () => {
    const forOwners = guardRoute({ name: 'x', roles: ['owner'] }, () => 'secret');
    const missing = guardRoute({ name: 'x' }, () => notFound());
    const forbidden = guardRoute({ name: 'x' }, () => Response.json({ error: 'It is Borealis’.' }, { status: 403 }));
    const wrong = guardRoute({ name: 'x', params: z.object({ team: z.uuid() }) }, () => 'secret');
    const answers = await Promise.all(
      [
        send(route, { user: 'ada', team: 'borealis' }),
        send(route, { user: 'ada', team: 'nowhere' }),
        send(route, { user: 'ada', team: 'a\u0000b' }),
        send(forOwners, { user: 'ben' }),
        send(missing, { user: 'ada' }),
        send(forbidden, { user: 'ada' }),
        send(wrong, { user: 'ada' }),
      ].map(async answer => seen(await answer)),
    );
    expect(answers[0]).toMatchObject({ status: 404 });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('a tenant that exists is looked up exactly as one that does not', async () => {
    const asked: unknown[] = [];
    const counting = guardNext({
      ...base,
      membership: async who => {
        asked.push([who, currentScope()]);
        return undefined;
      },
    }).guardRoute({ name: 'x' }, () => 'secret');
    await send(counting, { user: 'ada', team: 'borealis' });
    await send(counting, { user: 'ada', team: 'nowhere' });
    const scope = { mode: 'user', user: 'ada' };
    expect(asked).toEqual([
      [{ user: 'ada', tenant: 'borealis' }, scope],
      [{ user: 'ada', tenant: 'nowhere' }, scope],
    ]);
  });

  test('a refusal of the pool is told alike when a library has wrapped it', async () => {
    const wrapped = new Error('Failed query: select …', { cause: new GuardError('bad-id', 'No id.') });
    const handler = guardRoute({ name: 'x' }, () => Promise.reject(wrapped));
    expect((await send(handler, { user: 'ada' })).status).toBe(404);
  });

  test('membership gives the id of a tenant that was named by its slug', async () => {
    const { guardRoute: bySlug } = guardNext({ ...base, membership: async () => ({ tenant: 42 }) });
    const response = await send(
      bySlug({ name: 'x' }, ({ tenant }) => tenant),
      { user: 'ada' },
    );
    expect(await response.json()).toBe('42');
  });

  test('a tenant whose id the database cannot read is told as one that does not exist', async () => {
    const failed = Object.assign(new Error('invalid input syntax for type uuid'), { code: '22P02' });
    const wrapped = new Error('Failed query', { cause: failed });
    const strict = guardNext({ ...base, membership: () => Promise.reject(wrapped) }).guardRoute({ name: 'x' }, () => 1);
    const unread = await seen(await send(strict, { user: 'ada', team: 'nowhere' }));
    expect(unread).toEqual(await seen(await send(route, { user: 'ada', team: 'nowhere' })));
  });

  test('a failing membership lets nobody in', async () => {
    const broken = guardNext({ ...base, membership: () => Promise.reject(new Error('database is gone')) });
    let ran = false;
    const handler = broken.guardRoute({ name: 'x' }, () => {
      ran = true;
    });
    await expect(send(handler, { user: 'ada' })).rejects.toThrow('database is gone');
    expect(ran).toBe(false);
  });

  test('a route before a tenant is known runs for the user alone, and a public one for nobody', async () => {
    const mine = guardRoute({ name: 'my teams', scope: 'user' }, ({ user }) => [user, currentScope()]);
    expect(await (await send(mine, { user: 'ada' })).json()).toEqual(['ada', { mode: 'user', user: 'ada' }]);
    expect((await send(mine)).status).toBe(401);
    const login = guardRoute({ name: 'login', scope: 'none' }, () => [currentScope() ?? 'no scope']);
    expect(await (await send(login)).json()).toEqual(['no scope']);
  });

  test('roles outside of a tenant are a mistake that is told at once', () => {
    expect(() => guardRoute({ name: 'x', scope: 'user', roles: ['owner'] }, () => 1)).toThrow("scope is 'user'");
  });

  test('each refusal is an event that names the reason and no id', async () => {
    const events = await eventsOf(async () => {
      await send(route);
      await send(route, { user: 'ada', team: 'borealis' });
    });
    expect(events).toMatchObject([
      { type: 'authn_fail', outcome: 'denied', status: 401, route: 'GET /api/things', actor_kind: 'anonymous' },
      { type: 'authz_fail', outcome: 'denied', status: 404, route: 'GET /api/things', actor_kind: 'user' },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/"(?:ada|borealis)"/);
  });
});

describe('what is sent', () => {
  const input = z.object({ name: z.string().min(3), size: z.coerce.number().max(9) });
  const route = guardRoute({ name: 'x', input }, ({ input: given }) => given);
  const json = { 'content-type': 'application/json' };

  test('is the query of a GET and the body of a POST, as the schema makes it', async () => {
    const got = await send(route, { user: 'ada', path: '/api?name=box&size=4' });
    expect(await got.json()).toEqual({ name: 'box', size: 4 });
    const posted = { user: 'ada', method: 'POST', headers: json, body: '{"name":"box","size":5,"admin":true}' };
    expect(await (await send(route, posted)).json()).toEqual({ name: 'box', size: 5 });
    const form = new FormData();
    form.set('name', 'box');
    form.set('size', '6');
    expect(await (await send(route, { user: 'ada', method: 'POST', body: form })).json()).toEqual({
      name: 'box',
      size: 6,
    });
  });

  test('is refused with its places and without its values', async () => {
    const sent = { user: 'ada', method: 'POST', headers: json, body: '{"name":"q","size":"hunter2"}' };
    const response = await send(route, sent);
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ issues: [{ path: 'name' }, { path: 'size' }] });
    expect(text).not.toContain('hunter2');
  });

  test('is not looked at for somebody who is no member', async () => {
    const sent = { user: 'cy', method: 'POST', headers: json, body: '{' };
    expect((await send(route, sent)).status).toBe(404);
  });

  test.each([
    ['broken JSON', { headers: json, body: '{' }],
    ['JSON that is not text', { headers: json, body: new Uint8Array([0x22, 0xff, 0x22]) }],
    [
      'a type that forms of other sites can send',
      { headers: { 'content-type': 'text/plain' }, body: '{"name":"box","size":1}' },
    ],
    ['a broken form', { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: 'nothing' }],
    ['a huge body', { headers: json, body: `{"name":"${'x'.repeat(2_000_000)}"}` }],
  ])('%s is refused', async (_name, sent) => {
    expect((await send(route, { user: 'ada', method: 'POST', ...sent })).status).toBe(400);
  });
});

describe('a write that a browser sends', () => {
  const write = guardRoute({ name: 'x' }, () => 'written');
  const api = guardRoute({ name: 'x', allowCrossSite: { reason: 'called with a token only' } }, () => 'written');
  const { guardRoute: withFriend } = guardNext({ ...base, allowedOrigins: ['https://admin.example.com'] });
  const friendly = withFriend({ name: 'x' }, () => 'written');
  const other = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

  test.each<[string, number, RouteHandler, Record<string, string>]>([
    [
      'from the app’s own page goes through',
      200,
      write,
      { origin: 'https://app.example.com', 'sec-fetch-site': 'same-origin' },
    ],
    ['from an older browser is told by its origin', 200, write, { origin: 'https://app.example.com' }],
    [
      'behind a proxy has the host that was asked for',
      200,
      write,
      { host: '10.0.0.3', 'x-forwarded-host': 'app.example.com', origin: 'https://app.example.com' },
    ],
    ['without a browser goes through', 200, write, {}],
    ['from another site is refused', 404, write, other],
    ['from another site without Sec-Fetch-Site is refused', 404, write, { origin: 'https://evil.example' }],
    [
      'from a sibling domain is refused',
      404,
      write,
      { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' },
    ],
    ['from a sandboxed frame is refused', 404, write, { origin: 'null' }],
    [
      'from an allowed origin goes through',
      200,
      friendly,
      { origin: 'https://admin.example.com', 'sec-fetch-site': 'same-site' },
    ],
    ['goes through where the route says why that is safe', 200, api, other],
  ])('%s', async (_name, status, handler, headers) => {
    expect((await send(handler, { user: 'ada', method: 'POST', headers })).status).toBe(status);
  });

  test('reads are not asked', async () => {
    expect((await send(write, { user: 'ada', headers: other })).status).toBe(200);
  });
});

describe('limits and freezes', () => {
  test('are asked with who, what and where, after input and before the work', async () => {
    const asked: CallFacts[] = [];
    const { guardRoute: limited } = guardNext({
      ...base,
      before: [async facts => void asked.push(facts)],
      address: headers => headers.get('x-real-ip') ?? undefined,
    });
    const exporting = limited({ name: 'export things', kind: 'export' }, () => 1);
    await send(exporting, { user: 'ada', headers: { 'x-real-ip': '192.0.2.1' } });
    expect(asked).toEqual([
      { name: 'export things', kind: 'export', user: 'ada', tenant: 'acme', address: '192.0.2.1' },
    ]);
  });

  test('hear of strangers, and of whoever sends what is not taken, without the tenant that was tried', async () => {
    const heard: CallFacts[] = [];
    const hook = Object.assign(async () => {}, { refused: async (facts: CallFacts) => void heard.push(facts) });
    const { guardRoute: limited } = guardNext({
      ...base,
      before: [hook, async () => {}],
      address: headers => headers.get('x-real-ip') ?? undefined,
    });
    const headers = { 'x-real-ip': '192.0.2.1', 'content-type': 'application/json' };
    const invite = limited({ name: 'invite', roles: ['owner'], input: z.object({ to: z.string() }) }, () => 1);
    const asked = { headers, method: 'POST', body: '{}' };
    const statuses: number[] = [];
    for (const user of [undefined, 'eve', 'cy', 'ben', 'ada'])
      statuses.push((await send(invite, { ...asked, ...(user === undefined ? {} : { user }) })).status);
    expect(statuses).toEqual([401, 404, 404, 404, 400]);
    const facts = { name: 'invite', kind: 'write', address: '192.0.2.1' };
    expect(heard).toEqual([facts, ...['eve', 'cy', 'ben', 'ada'].map(user => ({ ...facts, user }))]);
    await send(invite, { ...asked, user: 'ada', headers: { ...headers, origin: 'https://evil.example' } });
    await send(invite, { ...asked, user: 'ada', body: '{"to":"b"}' });
    expect(heard).toHaveLength(5);
    const failing = limited({ name: 'invite', tenant: () => Promise.reject(new Error('a fault')) }, () => 1);
    await expect(send(failing, { user: 'ada' })).rejects.toThrow('a fault');
    expect(heard).toHaveLength(5);
  });

  test('a stranger whose budget is used up is told so instead', async () => {
    const rule = { address: { points: 2, seconds: 60 }, onStoreError: 'deny' } as const;
    const limits = guardLimits({ store: { kind: 'memory' }, hashKey: 'k'.repeat(32), rules: { invite: rule } });
    const address = (headers: Headers): string | undefined => clientAddress(headers, { trustedProxies: 1 });
    const { guardRoute: limited } = guardNext({ ...base, before: [limits.before], address });
    const invite = limited({ name: 'invite' }, () => 1);
    const statuses: number[] = [];
    for (const spoofed of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
      const headers = { 'x-forwarded-for': `${spoofed}, 192.0.2.1` };
      statuses.push((await send(invite, { headers })).status);
    }
    const member = await send(invite, { user: 'ada', headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect([...statuses, member.status]).toEqual([401, 401, 429, 200]);
  });

  test.each([
    ['rate-limited', 429, '7'],
    ['frozen', 503, '60'],
  ] as const)('%s is answered with %i and when to come back', async (code, status, seconds) => {
    const refusal = Object.assign(new GuardError(code, 'refused'), { retryAfter: Number(seconds) - 0.5 });
    const { guardRoute: limited } = guardNext({ ...base, before: [() => Promise.reject(refusal)] });
    const response = await send(
      limited({ name: 'x' }, () => 1),
      { user: 'ada' },
    );
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, seconds]);
  });
});

describe('what leaves', () => {
  const rows = [{ id: 1, secret: 'hunter2', lines: [{ price: 3, cost: 1 }] }];

  test('is what was declared, by names', async () => {
    const route = guardRoute({ name: 'x', output: ['id', { lines: ['price'] }] }, () => rows);
    expect(await (await send(route, { user: 'ada' })).json()).toEqual([{ id: 1, lines: [{ price: 3 }] }]);
  });

  test('is what was declared, by a schema', async () => {
    const output = z.array(z.object({ id: z.number() }));
    const route = guardRoute({ name: 'x', output }, () => rows);
    expect(await (await send(route, { user: 'ada' })).json()).toEqual([{ id: 1 }]);
    const wrong = guardRoute({ name: 'x', output }, () => [{ id: 'hunter2' }]);
    await expect(send(wrong, { user: 'ada' })).rejects.toThrow(
      "The answer of 'x' is not what its output declares, at 0.id.",
    );
  });

  test('is what was declared also where the handler writes the JSON itself; of an error leaves the message', async () => {
    const route = guardRoute({ name: 'x', output: ['id'] }, ({ request }) =>
      request.headers.has('x-fail')
        ? Response.json({ error: 'taken', row: rows[0] }, { status: 409 })
        : Response.json(rows, { headers: { 'x-total': '1' } }),
    );
    const response = await send(route, { user: 'ada' });
    expect([response.headers.get('x-total'), await response.json()]).toEqual(['1', [{ id: 1 }]]);
    const failed = await send(route, { user: 'ada', headers: { 'x-fail': '1' } });
    expect([failed.status, await failed.json()]).toEqual([409, { error: 'taken' }]);
  });

  test.each([undefined, 'text/plain', 'text/json'])(
    'is what was declared also as JSON that says it is %s',
    async type => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const body = type === undefined ? new TextEncoder().encode(` ${JSON.stringify(rows)}`) : JSON.stringify(rows);
      const route = guardRoute({ name: 'x', output: ['id'] }, () => new Response(body, { headers }));
      const response = await send(route, { user: 'ada' });
      expect([response.headers.get('content-type'), await response.json()]).toEqual([
        type ?? 'application/json',
        [{ id: 1 }],
      ]);
      const { guardRoute: wired } = guardNext({ ...base, tripwire: { columns: ['teamId'] } });
      const leaking = wired({ name: 'x' }, () => new Response('{"teamId":"borealis"}', { headers }));
      await expect(send(leaking, { user: 'ada' })).rejects.toMatchObject({ code: 'foreign-row' });
    },
  );

  test('is other text as it comes, piece by piece', async () => {
    const declared = { name: 'x', output: ['id'] } as const;
    const half = guardRoute(declared, () => new Response('{"id": 1, and so on'));
    expect(await (await send(half, { user: 'ada' })).text()).toBe('{"id": 1, and so on');
    let written: ReadableStreamDefaultController<string> | undefined;
    const stream = new ReadableStream<string>({ start: controller => void (written = controller) });
    const route = guardRoute(declared, () => new Response(stream.pipeThrough(new TextEncoderStream())));
    const sent = send(route, { user: 'ada' });
    written?.enqueue('  ');
    written?.enqueue('Once ');
    const reader = (await sent).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect([await reader?.read(), await reader?.read()]).toMatchObject([{ value: '  ' }, { value: 'Once ' }]);
    written?.enqueue('{');
    written?.close();
    expect([await reader?.read(), await reader?.read()]).toMatchObject([{ value: '{' }, { done: true }]);
  });

  test('is for the caller’s own cache only', async () => {
    const loud = { 'cache-control': 'public, s-maxage=60', 'cdn-cache-control': 'max-age=60', vary: 'accept' };
    const route = guardRoute({ name: 'x' }, () => Response.json(1, { headers: loud }));
    const { headers } = await send(route, { user: 'ada' });
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'private, no-store',
      vary: 'accept, cookie, authorization',
    });
    const quiet = guardRoute({ name: 'x' }, () =>
      Response.json(1, { headers: { 'cache-control': 'private, max-age=5' } }),
    );
    expect((await send(quiet, { user: 'ada' })).headers.get('cache-control')).toBe('private, max-age=5');
  });

  test.each([
    ['netlify-cdn-cache-control', 'public, max-age=60'],
    ['akamai-cache-control', 'max-age=60'],
    ['x-accel-expires', '60'],
    ['edge-control', 'cache-maxage=60s'],
  ])('says nothing to shared caches by %s either', async (name, value) => {
    const headers = { [name]: value, 'cache-control': 'max-age=60, private="x-request-id"' };
    const route = guardRoute({ name: 'x' }, () => Response.json(1, { headers }));
    const { headers: left } = await send(route, { user: 'ada' });
    expect([left.has(name), left.get('cache-control')]).toEqual([false, 'private, no-store']);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['gzip, deflate', (text: string) => deflateSync(gzipSync(text))],
  ])('JSON that the handler compressed by %s is narrowed too', async (encoding, compress) => {
    const { guardRoute: tripped } = guardNext({ ...base, tripwire: { columns: ['tenantId'] } });
    const of = (type: string, rows: unknown): RouteHandler =>
      tripped({ name: 'x', output: ['id'] }, () => {
        const headers = { 'content-type': type, 'content-encoding': encoding };
        return new Response(new Uint8Array(compress(JSON.stringify(rows))), { headers });
      });
    for (const type of ['application/json', 'text/plain']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await send(of(type, [{ id: 1, secret: 2 }]), { user: 'ada' });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([await response.text(), response.headers.has('content-encoding')]).toEqual(['[{"id":1}]', false]);
    }
    const foreign = of('text/plain', [{ id: 1, tenantId: 'borealis' }]);
    await expect(send(foreign, { user: 'ada' })).rejects.toMatchObject({ code: 'foreign-row' });
  });

  test('a file that the handler compressed goes as it is, and what cannot be read does not go', async () => {
    const declared = { name: 'x', output: ['id'] };
    const file = gzipSync('id,number');
    const csv = guardRoute(declared, () => {
      const headers = { 'content-type': 'text/csv', 'content-encoding': 'gzip' };
      return new Response(new Uint8Array(file), { headers });
    });
    const response = await send(csv, { user: 'ada' });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(await response.arrayBuffer()).equals(file)).toBe(true);
    const headers = { 'content-encoding': 'compress' };
    const unread = guardRoute(declared, () => Response.json({ id: 1, secret: 2 }, { headers }));
    await expect(send(unread, { user: 'ada' })).rejects.toThrow("compressed as 'compress'");
  });

  test('a stream passes as it comes', async () => {
    const chunks = ['data: 1\n\n', 'data: 2\n\n'];
    const stream = ReadableStream.from(chunks.map(chunk => new TextEncoder().encode(chunk)));
    const route = guardRoute(
      { name: 'x', output: ['id'] },
      () => new Response(stream, { headers: { 'content-type': 'text/event-stream' } }),
    );
    const response = await send(route, { user: 'ada' });
    expect([await response.text(), response.headers.get('cache-control')]).toEqual([
      chunks.join(''),
      'private, no-store',
    ]);
  });

  test('nothing is 204, and cookies and redirects of the handler stay', async () => {
    expect(
      (
        await send(
          guardRoute({ name: 'x' }, () => undefined),
          { user: 'ada' },
        )
      ).status,
    ).toBe(204);
    const headers = new Headers();
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    const cookies = guardRoute({ name: 'x' }, () => new Response(null, { headers }));
    expect((await send(cookies, { user: 'ada' })).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const moved = guardRoute({ name: 'x' }, () => Response.redirect('https://app.example.com/new', 303));
    const response = await send(moved, { user: 'ada' });
    expect([response.status, response.headers.get('location')]).toEqual([303, 'https://app.example.com/new']);
  });

  test('redirect() of Next.js reaches Next.js', async () => {
    const route = guardRoute({ name: 'x' }, () => redirect('/login'));
    await expect(send(route, { user: 'ada' })).rejects.toMatchObject({
      digest: expect.stringContaining('NEXT_REDIRECT') as string,
    });
  });

  test('a row of another tenant is stopped before it leaves', async () => {
    const { guardRoute: wired } = guardNext({ ...base, tripwire: { columns: ['teamId'] } });
    const own = wired({ name: 'x' }, () => ({ items: [{ teamId: 'acme' }, { teamId: null }] }));
    expect((await send(own, { user: 'ada' })).status).toBe(200);
    const leaking = wired({ name: 'x', output: [{ items: ['id'] }] }, () => ({
      items: [{ teamId: 'acme' }, { id: 1, teamId: 'borealis' }],
    }));
    const events = await eventsOf(() =>
      expect(send(leaking, { user: 'ada' })).rejects.toMatchObject({ code: 'foreign-row' }),
    );
    expect(events).toMatchObject([{ type: 'foreign_row', rows: 2, foreign_rows: 1 }]);
    const written = wired({ name: 'x' }, () => Response.json({ teamId: 'borealis' }));
    await expect(send(written, { user: 'ada' })).rejects.toMatchObject({ code: 'foreign-row', status: 500 });
  });
});

test('Next.js takes the handler, as the types say that it writes for each route', () => {
  type Handler = (request: NextRequest, context: { params: Promise<{ team: string }> }) => Response | Promise<Response>;
  expectTypeOf<RouteHandler>().toExtend<Handler>();
});
