import { describe, expect, test } from 'vitest';
import { fromClerk } from './clerk.ts';

const headers = new Headers();
const soon = Math.floor(Date.now() / 1000) + 60;

/** The shape of Clerk's `SignedInAuthObject`. */
const signedIn = {
  userId: 'user_1',
  orgId: 'org_1',
  orgRole: 'org:admin',
  isAuthenticated: true,
  tokenType: 'session_token',
  sessionStatus: 'active',
  sessionClaims: { sub: 'user_1', exp: soon },
};

async function read(found: unknown): Promise<unknown> {
  return fromClerk(async () => found)({ headers });
}

describe('a session of Clerk', () => {
  test('names the user and the active organization', async () => {
    expect(await read(signedIn)).toEqual({ user: 'user_1', tenant: 'org_1' });
    expect(await read({ ...signedIn, orgId: null })).toEqual({ user: 'user_1' });
  });

  test('is read from the older shape without status, and synchronously', async () => {
    expect(await fromClerk(() => ({ userId: 'user_1' }))({ headers })).toEqual({ user: 'user_1' });
  });

  test('is none signed out, pending, or with a machine’s token', async () => {
    expect(await read({ userId: null, isAuthenticated: false })).toBeUndefined();
    expect(await read({ ...signedIn, sessionStatus: 'pending' })).toBeUndefined();
    expect(await read({ ...signedIn, tokenType: 'api_key' })).toBeUndefined();
  });

  test('is still one when the request outlives the minute of its token', async () => {
    const early = { ...signedIn, sessionClaims: { sub: 'user_1', exp: soon - 120 } };
    expect(await read(early)).toEqual({ user: 'user_1', tenant: 'org_1' });
  });

  test('gets the request in pages/api', async () => {
    const source = fromClerk((req: unknown) => ({ userId: `user of ${String(req)}` }));
    expect(await source({ headers, node: { req: 'req', res: 'res' } })).toEqual({ user: 'user of req' });
  });
});
