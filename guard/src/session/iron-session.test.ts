import { getIronSession, sealData } from 'iron-session';
import { describe, expect, test } from 'vitest';
import { fromIronSession } from './iron-session.ts';

interface Data {
  readonly userId?: string;
  readonly teamId?: string;
}

const password = 'a password of the test with 32 characters';
const options = { cookieName: 'app', password };
const source = fromIronSession(
  ({ headers }) => getIronSession<Data>(new Request('http://localhost', { headers }), new Response(), options),
  data => ({ user: data.userId, tenant: data.teamId }),
);

async function signedIn(data: Data, ttl = 3600): Promise<{ readonly headers: Headers }> {
  return { headers: new Headers({ cookie: `app=${await sealData(data, { password, ttl })}` }) };
}

describe('a session of iron-session', () => {
  test('names what the app put into the seal', async () => {
    expect(await source(await signedIn({ userId: 'u1', teamId: 't1' }))).toEqual({ user: 'u1', tenant: 't1' });
  });

  test('is none without a cookie, with a forged seal, and without a user in it', async () => {
    expect(await source({ headers: new Headers() })).toBeUndefined();
    const forged = new Headers({ cookie: `app=${await sealData({ userId: 'u1' }, { password: 'x'.repeat(32) })}` });
    expect(await source({ headers: forged })).toBeUndefined();
    expect(await source(await signedIn({ teamId: 't1' }))).toBeUndefined();
  });

  test('is none after its time', async () => {
    // The seal allows for clocks that differ by a minute.
    expect(await source(await signedIn({ userId: 'u1' }, -120))).toBeUndefined();
  });

  test('respects an end of the app’s own', async () => {
    const ended = fromIronSession(
      () => ({ userId: 'u1', until: 1 }),
      data => ({ user: data.userId, expiresAt: data.until }),
    );
    expect(await ended({ headers: new Headers() })).toBeUndefined();
  });
});
