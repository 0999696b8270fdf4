import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromSupabase } from './supabase.ts';
import type { SupabaseSessionOptions } from './supabase.ts';
import type { Session } from './session.ts';

const secret = 'the JWT secret of a project of the test';
const user = randomUUID();
const signedOut = new Set<string>();
let server: Server;
let url: string;

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function token(claims: object, key = secret): string {
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

/** What the Auth server of Supabase does with `GET /user`: it verifies the signature and the time. */
function verified(bearer: string): Record<string, unknown> | undefined {
  const [header = '', payload = '', signature] = bearer.split('.');
  if (createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url') !== signature) return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  return Number(claims['exp']) * 1000 > Date.now() && !signedOut.has(bearer) ? claims : undefined;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const claims = verified((request.headers.authorization ?? '').replace('Bearer ', ''));
    const known = request.url === '/auth/v1/user' && claims !== undefined;
    response.writeHead(known ? 200 : 403, { 'content-type': 'application/json' });
    const body = { id: claims?.['sub'], role: claims?.['role'], app_metadata: claims?.['app_metadata'] };
    response.end(JSON.stringify(known ? body : { code: 403, error_code: 'bad_jwt', msg: 'invalid JWT' }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

/** A real client whose session is in its storage, as `@supabase/ssr` reads it from cookies. */
async function read(access: string | undefined, options?: SupabaseSessionOptions): Promise<Session | undefined> {
  const stored = JSON.stringify({
    access_token: access,
    refresh_token: 'r',
    token_type: 'bearer',
    expires_in: 3600,
    expires_at: Math.floor(Date.now() / 1000) + 3600,
    // What a forged cookie would say; only `getSession` believes it.
    user: { id: 'somebody else' },
  });
  const storage = {
    getItem: (key: string) => (access !== undefined && key === 'session' ? stored : null),
    setItem: () => undefined,
    removeItem: () => undefined,
  };
  const source = fromSupabase(
    () => createClient(url, 'public', { auth: { storage, storageKey: 'session', autoRefreshToken: false } }),
    options,
  );
  return source({ headers: new Headers() });
}

const tenant = (metadata: unknown): unknown => (metadata as { readonly team?: string } | undefined)?.team;

describe.each(['user', 'claims'] as const)('a session of Supabase, verified by its %s', verify => {
  test('names the user of the token and the tenant of app_metadata', async () => {
    const access = token({ sub: user, role: 'authenticated', app_metadata: { team: 't1' } });
    expect(await read(access, { verify, tenant })).toEqual({ user, tenant: 't1' });
  });

  test('takes no tenant from what the user can write', async () => {
    const access = token({ sub: user, role: 'authenticated', user_metadata: { team: 't1' } });
    expect(await read(access, { verify, tenant })).toEqual({ user });
  });

  test('is none without a token, with a forged one, and after its time', async () => {
    const claims = { sub: user, role: 'authenticated' };
    expect(await read(undefined, { verify })).toBeUndefined();
    expect(await read(token(claims, 'another secret'), { verify })).toBeUndefined();
    expect(await read(token({ ...claims, exp: 1 }), { verify })).toBeUndefined();
  });
});

describe('what is verified at the Auth server', () => {
  test('a user who was signed out everywhere has no session', async () => {
    const access = token({ sub: user, role: 'authenticated' });
    signedOut.add(access);
    expect(await read(access)).toBeUndefined();
  });

  test('the service key is no session', async () => {
    expect(await read(token({ role: 'service_role' }), { verify: 'claims' })).toBeUndefined();
  });
});
