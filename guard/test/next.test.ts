import { sealData } from 'iron-session';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../src/testing/postgres.ts';
import type { TestPostgres } from '../src/testing/postgres.ts';
import { acme, ann, bob, globex, makeTenants, stranger } from '../src/testing/tenants.ts';
import { startNextApp } from './next-app.ts';
import type { NextApp } from './next-app.ts';

const password = 'a password of the test with 32 characters';
const invoices = (team: string): string => `/api/teams/${team}/invoices`;
let app: NextApp;
let postgres: TestPostgres;
/** A member of Acme without a role that may write. */
const viewer = stranger;
/** Nobody has it. */
const nowhere = '00000000-0000-4000-8000-00000000000f';

beforeAll(async () => {
  postgres = await startPostgres();
  const owner = postgres.pool();
  await makeTenants(owner);
  await owner.query("update memberships set role = 'owner'");
  await owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [viewer, acme]);
  const url = postgres.url.replace('postgres@', 'app@');
  app = await startNextApp('next-app', { APP_PASSWORD: password, DATABASE_URL: url });
});
// Where the build failed there is nothing to stop.
afterAll(async () => {
  await (app as NextApp | undefined)?.stop();
  await postgres.stop();
});

interface Sent {
  readonly user?: string;
  readonly team?: string;
  readonly ttl?: number;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(path: string, sent: Sent = {}): Promise<Response> {
  const { user, team, ttl = 3600 } = sent;
  const cookie = user === undefined ? {} : { cookie: `app=${await sealData({ user, team }, { password, ttl })}` };
  return fetch(`${app.url}${path}`, {
    method: sent.method ?? 'GET',
    headers: { ...cookie, ...sent.headers },
    redirect: 'manual',
    ...(sent.body === undefined ? {} : { body: sent.body }),
  });
}

/** The invoices that a tenant has. */
function titles(tenant: 'a' | 'b'): readonly string[] {
  return [1, 2, 3].map(number => `${tenant}-${number}`);
}

const json = { 'content-type': 'application/json' };

/** What a caller can tell answers apart by; the date is the clock's. */
async function seen(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => !['date', 'etag'].includes(name));
  return { status: response.status, headers, body: await response.text() };
}

describe('a route', () => {
  test('gives a member what was declared, for their own cache', async () => {
    const response = await send(invoices(acme), { user: ann });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(titles('a').map(title => ({ id: expect.any(String) as string, title })));
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(response.headers.get('vary')?.toLowerCase()).toContain('cookie, authorization');
  });

  test('answers 401 without a session and with one that is over', async () => {
    const without = await seen(await send(invoices(acme)));
    expect(without).toMatchObject({ status: 401 });
    expect(await seen(await send(invoices(acme), { user: ann, ttl: -120 }))).toEqual(without);
  });

  test('tells nobody whether a tenant exists', async () => {
    const foreign = await seen(await send(invoices(globex), { user: ann }));
    expect(foreign).toMatchObject({ status: 404 });
    expect(await seen(await send(invoices(nowhere), { user: ann }))).toEqual(foreign);
    expect(await seen(await send(invoices('no-uuid'), { user: ann }))).toEqual(foreign);
    const post = { user: viewer, method: 'POST', headers: json, body: '{"title":"Mine"}' };
    expect(await seen(await send(invoices(acme), post))).toEqual(foreign);
  });

  test('takes what is valid, and tells where the rest is wrong', async () => {
    const post = { user: ann, method: 'POST', headers: json };
    const right = await send(invoices(acme), { ...post, body: '{"title":"Rent"}' });
    expect([right.status, await right.json()]).toEqual([201, { title: 'Rent', teamId: acme }]);
    const wrong = await send(invoices(acme), { ...post, body: '{"title":"q"}' });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { issues: [{ path: 'title' }] }]);
  });

  test('refuses a write of another site, and stops a foreign row with a bare 500', async () => {
    const crossed = { method: 'DELETE', user: ann, headers: { origin: 'https://evil.example' } };
    expect((await send(invoices(acme), crossed)).status).toBe(404);
    const leaking = await send(invoices(acme), { method: 'DELETE', user: ann });
    expect([leaking.status, await leaking.text()]).toEqual([500, '']);
  });
});

test('an observed route is the app’s own for members, whatever the guard would say, and reads nothing for others', async () => {
  const post = (user: string | undefined, team: string, title: string): Promise<Response> =>
    send(`/api/observed/${team}`, {
      ...(user === undefined ? {} : { user }),
      method: 'POST',
      headers: json,
      body: JSON.stringify({ title }),
    });
  const found = titles('a');
  expect(await (await post(ann, acme, 'Rent')).json()).toEqual({ title: 'Rent', found });
  expect(await (await post(viewer, acme, 'q')).json()).toEqual({ title: 'q', found });
  expect((await post(ann, globex, 'Rent')).status).toBe(500);
  expect((await post(undefined, acme, 'Rent')).status).toBe(500);
});

describe('a page', () => {
  test('is rendered for a member, with the components below it in the same scope', async () => {
    const html = await (await send(`/teams/${acme}?tab=open`, { user: ann })).text();
    expect(html).toContain(`Team ${acme}, open`);
    for (const title of titles('a')) expect(html).toContain(`<li>${title}</li>`);
    expect(html).not.toMatch(/<li>b-/);
  });

  test('keeps two tenants apart that are rendered at once', async () => {
    const pages = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const [user, team, own, other] = index % 2 === 0 ? [ann, acme, 'a', 'b'] : [bob, globex, 'b', 'a'];
        const html = await (await send(`/teams/${team}`, { user })).text();
        return html.includes(`<li>${own}-1</li>`) && !html.includes(`<li>${other}-`);
      }),
    );
    expect(pages.filter(Boolean)).toHaveLength(40);
  });

  test('is not found for everybody else, and sends to sign in whoever is not', async () => {
    const foreign = await send(`/teams/${globex}`, { user: ann });
    const absent = await send(`/teams/${nowhere}`, { user: ann });
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect((await foreign.text()).replaceAll(globex, nowhere)).toBe(await absent.text());
    const signedOut = await send(`/teams/${acme}`);
    expect([signedOut.status, signedOut.headers.get('location')]).toEqual([307, '/login']);
  });

  test('shows the ready page instead where it is asked to', async () => {
    const html = await (await send(`/soft/${globex}`, { user: ann })).text();
    expect(html).toContain('You do not have access');
    expect(html).not.toContain(`Soft ${globex}`);
    expect(await (await send(`/soft/${acme}`, { user: ann })).text()).toContain(`Soft ${acme}`);
  });
});

describe('an action', () => {
  /** The wire format of Next.js: the arguments as JSON, the answer as the second row of its stream. */
  async function call(sent: Sent, ...parameters: readonly unknown[]): Promise<unknown> {
    const response = await send('/', {
      ...sent,
      method: 'POST',
      headers: { 'next-action': app.actionId('rename'), 'content-type': 'text/plain;charset=UTF-8', ...sent.headers },
      body: JSON.stringify(parameters),
    });
    const row = (await response.text()).split('\n').find(line => line.startsWith('1:'));
    return JSON.parse(row?.slice(2) ?? 'null') as unknown;
  }

  test('works for a member, and answers a wrong input as a result', async () => {
    const sent = { user: ann, team: acme };
    expect(await call(sent, { name: 'Harbour' })).toEqual({ ok: true, data: `${acme} is now Harbour` });
    expect(await call(sent, undefined, { name: 'Harbour' })).toMatchObject({ ok: true });
    expect(await call(sent, { name: 'q' })).toMatchObject({ ok: false, status: 400, issues: [{ path: 'name' }] });
  });

  test('does nothing for anybody else', async () => {
    const name = { name: 'Harbour' };
    expect(await call({}, name)).toMatchObject({ ok: false, status: 401 });
    expect(await call({ user: ann, team: acme, ttl: -120 }, name)).toMatchObject({ ok: false, status: 401 });
    const role = await call({ user: viewer, team: acme }, name);
    expect(role).toMatchObject({ ok: false, status: 404 });
    expect(await call({ user: ann, team: globex }, name)).toEqual(role);
  });
});

describe('a cache', () => {
  const read = async (way: string, user: string, team: string): Promise<unknown> => {
    const response = await send(`/api/cache/${team}?way=${way}`, { user });
    return response.ok ? response.json() : response.status;
  };

  test.each(['guarded', 'keyed'])('that is %s gives each tenant their own rows, warm too', async way => {
    for (let round = 0; round < 2; round += 1) {
      expect(await read(way, ann, acme)).toEqual(titles('a').map(title => ({ title })));
      expect(await read(way, bob, globex)).toEqual(titles('b').map(title => ({ title })));
    }
  });

  // What a cache holds that is filled inside of another one is read by whoever asks it alone.
  test.each([
    ['bare', 'bare'],
    ['keyless', 'keyless'],
    ['outside', 'inside'],
    ['around', 'around'],
  ])('that is %s gets no row, nor one that is read as %s', async (way, other) => {
    expect(await read(way, ann, acme)).toBe(500);
    expect(await read(other, bob, globex)).toBe(500);
  });
});

test('a handler of pages/api is guarded alike', async () => {
  const response = await send(`/api/legacy?team=${acme}`, { user: ann });
  expect([await response.json(), response.headers.get('cache-control')]).toEqual([[{ id: acme }], 'private, no-store']);
  expect((await send(`/api/legacy?team=${globex}`, { user: ann })).status).toBe(404);
  expect((await send(`/api/legacy?team=${acme}`)).status).toBe(401);
});
