import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@supabase/supabase-js';
import type { SupabaseClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asAdmin, asSystem, asTenant, asUser } from '../modes.ts';
import { eventsOf } from '../testing/events.ts';
import { guardSupabase } from './guard-supabase.ts';

let server: Server;
let url: string;
let asked: { readonly path: string; readonly bearer: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', bearer: request.headers.authorization });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('[{"id":1}]');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => server.close());

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function token(claims: object): string {
  const content = `${encode({ alg: 'HS256' })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
  return `${content}.${createHmac('sha256', 'secret').update(content).digest('base64url')}`;
}

const anon = token({ role: 'anon' });
const auth = { persistSession: false, autoRefreshToken: false };

function serviceClient(key: string): SupabaseClient {
  return guardSupabase(createClient(url, key, { auth }));
}

function userClient(bearer: string, key = anon): SupabaseClient {
  return guardSupabase(createClient(url, key, { auth, global: { headers: { Authorization: `Bearer ${bearer}` } } }), {
    tenant: claims => claims.app_metadata['team'],
  });
}

const ada = token({ sub: 'ada', role: 'authenticated', app_metadata: { team: 'acme' } });
const acme = { user: 'ada', tenant: 'acme' };
const ann = '00000000-0000-4000-8000-0000000000a1';

describe.each([
  ['a JWT', token({ role: 'service_role' })],
  ['a secret key', 'sb_secret_abc'],
  ['a key of a form that nobody knows', 'abc'],
])('a client with the service key as %s', (_name, key) => {
  test('works inside of asAdmin', async () => {
    const client = serviceClient(key);
    const { data } = await asAdmin('support', () => client.from('invoices').select());
    expect(data).toEqual([{ id: 1 }]);
    expect(asked).toMatchObject([{ bearer: `Bearer ${key}` }]);
  });

  test.each<[string, (client: SupabaseClient) => unknown]>([
    ['from', client => client.from('invoices')],
    ['rpc', client => client.rpc('totals')],
    ['schema', client => client.schema('private')],
    ['storage', client => client.storage.from('files')],
    ['functions', client => client.functions.invoke('send')],
    ['channel', client => client.channel('room')],
    ['auth.admin', client => client.auth.admin.listUsers()],
    ['auth.admin.mfa', client => client.auth.admin.mfa.listFactors({ userId: ann })],
    ['the key in auth', client => Reflect.get(client.auth, 'headers') as unknown],
    ['the address of a private file', client => client.storage.from('files').getPublicUrl('a')],
    // oxlint-disable-next-line typescript/unbound-method -- that is the way that is tried
    ['a destructured method', ({ from }) => from],
    ['a destructured part of auth', ({ auth: { admin } }) => admin],
    ['its inner parts', client => Reflect.get(client, 'rest')],
    ['its key', client => Reflect.get(client, 'supabaseKey')],
  ])('is refused outside of it by %s', async (_way, reach) => {
    const client = serviceClient(key);
    const events = await eventsOf(async () => {
      expect(() => reach(client)).toThrow('inside of asAdmin(reason)');
      await expect(asTenant(acme, () => reach(client))).rejects.toMatchObject({ code: 'no-scope', status: 500 });
    });
    expect(events).toHaveLength(2);
    expect(asked).toEqual([]);
  });
});

describe('what was taken inside of asAdmin', () => {
  const client = (): SupabaseClient => serviceClient('sb_secret_abc');

  test('is refused when it is called outside', async () => {
    const service = client();
    const [from, admin, files] = await asAdmin(
      'support',
      // oxlint-disable-next-line typescript/unbound-method -- that is the way that is tried
      () => [service.from, service.auth.admin, service.storage.from('files')] as const,
    );
    expect(() => from('invoices')).toThrow('asAdmin');
    expect(() => admin.listUsers()).toThrow('asAdmin');
    expect(() => files.list()).toThrow('asAdmin');
  });

  test('is refused when it is sent outside', async () => {
    const service = client();
    const held = await asAdmin('support', () => [service.from('invoices').select()]);
    const { data, error } = (await held[0]) ?? {};
    expect([data, error?.code, asked]).toEqual([null, 'no-scope', []]);
  });

  test('is refused when the client that was wrapped sends it', async () => {
    const bare = createClient(url, 'sb_secret_abc', { auth });
    guardSupabase(bare);
    const [users, factors] = await asTenant(acme, async () => [
      await bare.auth.admin.listUsers(),
      await bare.auth.admin.mfa.listFactors({ userId: ann }),
    ]);
    const refused = expect.stringContaining('inside of asAdmin(reason)') as string;
    expect([users?.error?.message, factors?.error?.message, asked]).toEqual([refused, refused, []]);
  });

  test('is the app’s own where it is an answer', async () => {
    const service = client();
    const { data } = await asAdmin('support', () => service.storage.from('files').getPublicUrl('a'));
    expect(data.publicUrl).toMatch('/files/a');
    const mfa = await asAdmin('support', () => service.auth.admin.mfa);
    expect(() => mfa.listFactors({ userId: ann })).toThrow('asAdmin');
  });

  test('leaves signing in alone', async () => {
    const { data } = await client().auth.getSession();
    expect(data.session).toBeNull();
  });
});

describe('a client of a user', () => {
  test('works in a scope of that user', async () => {
    const client = userClient(ada);
    expect((await asTenant(acme, () => client.from('invoices').select())).data).toEqual([{ id: 1 }]);
    expect((await asUser('ada', () => client.rpc('totals'))).data).toEqual([{ id: 1 }]);
    expect((await asTenant(acme, () => client.storage.from('files').list())).data).toEqual([{ id: 1 }]);
    expect((await asTenant(acme, () => client.functions.invoke('send'))).data).toEqual([{ id: 1 }]);
    expect(asked.map(({ bearer }) => bearer)).toEqual(Array.from({ length: 4 }, () => `Bearer ${ada}`));
  });

  test('throws outside of a scope, and in a job', async () => {
    const client = userClient(ada);
    expect(() => client.from('invoices')).toThrow('outside of a scope');
    await expect(asSystem({ job: 'x', tenant: 'acme' }, () => client.from('invoices'))).rejects.toMatchObject({
      code: 'no-scope',
    });
  });

  test.each([
    ['another user’s', token({ sub: 'ben', role: 'authenticated', app_metadata: { team: 'acme' } }), 'scope-crossed'],
    [
      'for another tenant',
      token({ sub: 'ada', role: 'authenticated', app_metadata: { team: 'borealis' } }),
      'scope-crossed',
    ],
    ['for no tenant', token({ sub: 'ada', role: 'authenticated' }), 'scope-crossed'],
    ['over', token({ sub: 'ada', role: 'authenticated', app_metadata: { team: 'acme' }, exp: 1 }), 'no-session'],
    ['nobody’s', anon, 'no-session'],
    ['no token', 'abc.def', 'no-scope'],
  ])('sends nothing with a token that is %s', async (_name, bearer, code) => {
    const refused = await asTenant(acme, async () => userClient(bearer).from('invoices').select()).catch(
      (error: unknown) => ({ error }),
    );
    expect(refused.error).toMatchObject({ code });
    expect(asked).toEqual([]);
  });

  test('sends nothing for a builder that outlives its scope', async () => {
    const held = await asTenant(acme, () => [userClient(ada).from('invoices').select()]);
    expect((await held[0])?.error).toMatchObject({ code: 'no-scope' });
    expect(asked).toEqual([]);
  });

  test('takes the token of its own session, and a function that gives it', async () => {
    const client = guardSupabase(createClient(url, 'sb_publishable_abc', { auth, accessToken: async () => ada }));
    expect((await asTenant(acme, () => client.from('invoices').select())).data).toEqual([{ id: 1 }]);
    const nobody = guardSupabase(createClient(url, 'sb_publishable_abc', { auth }));
    expect((await asTenant(acme, () => nobody.from('invoices').select())).error).toMatchObject({ code: 'no-session' });
  });

  test('has no Realtime', async () => {
    await expect(asTenant(acme, () => userClient(ada).channel('room'))).rejects.toThrow('Realtime');
  });
});

test('a client of an unknown form is not guarded by silence', () => {
  expect(() => guardSupabase({ auth: {}, from: () => 1 })).toThrow('does not know');
});
