import type { NextAuthOptions } from 'next-auth';
import { encode } from 'next-auth/jwt';
import { getServerSession } from 'next-auth/next';
import { describe, expect, test } from 'vitest';
import { fromAuthJs } from './auth-js.ts';
import type { SessionRequest } from './session.ts';

const secret = 'a secret of the test';
const authOptions: NextAuthOptions = {
  secret,
  providers: [],
  session: { strategy: 'jwt' },
  logger: { error: () => undefined },
  callbacks: {
    session: ({ session, token }) => ({ ...session, team: token['team'], user: { ...session.user, id: token.sub } }),
  },
};
const source = fromAuthJs(getServerSession, {
  authOptions,
  tenant: session => (session as { readonly team?: string }).team,
});

/** A request of `pages/api` with a token that next-auth itself has sealed. */
async function signedIn(token: Record<string, unknown>, maxAge = 3600): Promise<SessionRequest> {
  const sealed = await encode({ token, secret, maxAge });
  return withCookies({ 'next-auth.session-token': sealed });
}

function withCookies(cookies: Record<string, string>): SessionRequest {
  const res = { getHeader: () => undefined, setHeader: () => undefined };
  return { headers: new Headers(), node: { req: { headers: { host: 'localhost:3000' }, cookies }, res } };
}

describe('a session of next-auth 4', () => {
  test('names user and tenant where the callback put them', async () => {
    expect(await source(await signedIn({ sub: 'u1', team: 't1' }))).toEqual({ user: 'u1', tenant: 't1' });
  });

  test('is none without a cookie, with a forged one, and with an expired one', async () => {
    expect(await source(withCookies({}))).toBeUndefined();
    expect(await source(withCookies({ 'next-auth.session-token': 'forged' }))).toBeUndefined();
    expect(await source(await signedIn({ sub: 'u1' }, -60))).toBeUndefined();
  });

  test('is none where no callback puts the id into the session: an email is no id', async () => {
    const plain = fromAuthJs(getServerSession, { authOptions: { secret, providers: [] } });
    expect(await plain(await signedIn({ sub: 'u1', email: 'ada@example.com' }))).toBeUndefined();
  });
});

describe('a session of Auth.js 5', () => {
  const headers = new Headers();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();

  test('is read from auth(), and with the request in pages/api', async () => {
    const calls: unknown[][] = [];
    const auth = async (...parameters: unknown[]): Promise<unknown> => {
      calls.push(parameters);
      return { user: { id: 'u5' }, expires: tomorrow };
    };
    expect(await fromAuthJs(auth)({ headers })).toEqual({ user: 'u5' });
    await fromAuthJs(auth)({ headers, node: { req: 'req', res: 'res' } });
    expect(calls).toEqual([[], ['req', 'res']]);
  });

  test('is none after its end, and where it does not say when it ends', async () => {
    const past = async (): Promise<unknown> => ({ user: { id: 'u5' }, expires: '2020-01-01T00:00:00.000Z' });
    const endless = async (): Promise<unknown> => ({ user: { id: 'u5' } });
    expect(await fromAuthJs(past)({ headers })).toBeUndefined();
    expect(await fromAuthJs(endless)({ headers })).toBeUndefined();
  });
});
