import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { organization } from 'better-auth/plugins';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromBetterAuth } from './better-auth.ts';

type Row = Record<string, unknown>;

const tables: Record<string, Row[]> = {
  user: [],
  session: [],
  account: [],
  verification: [],
  organization: [],
  member: [],
  invitation: [],
};
const auth = betterAuth({
  baseURL: 'http://localhost:3000',
  secret: 'a secret of the test, long enough for it',
  database: memoryAdapter(tables),
  emailAndPassword: { enabled: true },
  plugins: [organization()],
});
const source = fromBetterAuth(auth);
let headers: Headers;
let user: string;

beforeAll(async () => {
  const answer = await auth.api.signUpEmail({
    body: { email: 'ada@example.com', password: 'correct horse', name: 'Ada' },
    asResponse: true,
  });
  headers = new Headers({
    cookie: answer.headers
      .getSetCookie()
      .map(line => line.split(';')[0])
      .join('; '),
  });
  user = String(tables['user']?.[0]?.['id']);
});

describe('a session of better-auth', () => {
  test('names the signed-in user', async () => {
    expect(await source({ headers })).toEqual({ user });
  });

  test('names the active organization as tenant', async () => {
    const team = await auth.api.createOrganization({ body: { name: 'Acme', slug: 'acme' }, headers });
    await auth.api.setActiveOrganization({ body: { organizationId: team?.id ?? '' }, headers });
    expect(await source({ headers })).toEqual({ user, tenant: team?.id });
  });

  test('is none without a cookie, and with one that is signed by nobody', async () => {
    expect(await source({ headers: new Headers() })).toBeUndefined();
    const forged = new Headers({ cookie: 'better-auth.session_token=abc.def' });
    expect(await source({ headers: forged })).toBeUndefined();
  });

  test('is none once it has expired', async () => {
    const session = tables['session']?.[0] ?? {};
    const ends = session['expiresAt'];
    session['expiresAt'] = new Date(Date.now() - 1000);
    expect(await source({ headers })).toBeUndefined();
    session['expiresAt'] = ends;
  });

  test('is none when the library forgot to look at the time', async () => {
    const careless = {
      api: { getSession: async () => ({ user: { id: 'u1' }, session: { expiresAt: '2020-01-01' } }) },
    };
    expect(await fromBetterAuth(careless)({ headers })).toBeUndefined();
  });

  test('refuses when the database of sessions is gone', async () => {
    const broken = { api: { getSession: () => Promise.reject(new Error('connection to 10.0.0.7 refused')) } };
    await expect(fromBetterAuth(broken)({ headers })).rejects.toMatchObject({
      code: 'no-session',
      status: 401,
      message: 'The session could not be read from better-auth.',
    });
  });
});
