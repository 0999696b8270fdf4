import { describe, expect, test } from 'vitest';
import { hub } from '../events/event.ts';
import type { GuardEvent } from '../events/event.ts';
import { fromCustom } from './custom.ts';

const headers = new Headers({ authorization: 'Bearer abc' });

describe('a session of the app’s own', () => {
  test('gets the headers, and ids of integer keys become text', async () => {
    const source = fromCustom(request => ({ user: request.headers.get('authorization') === 'Bearer abc' ? 7 : 0 }));
    expect(await source({ headers })).toEqual({ user: '7' });
  });

  test.each([[''], ['  '], [null], [Number.NaN], [1.5], [{ id: 'u1' }], [['u1']], ['x'.repeat(300)]])(
    'a user of %j is no user',
    async user => {
      expect(await fromCustom(() => ({ user }))({ headers })).toBeUndefined();
    },
  );

  test('a tenant of the wrong form is none', async () => {
    expect(await fromCustom(() => ({ user: 'u1', tenant: { id: 't1' } }))({ headers })).toEqual({ user: 'u1' });
  });

  test('a time that cannot be read is past', async () => {
    expect(await fromCustom(() => ({ user: 'u1', expiresAt: 'tomorrow' }))({ headers })).toBeUndefined();
  });

  test('a look-up that throws refuses and is reported without what it said', async () => {
    const seen: GuardEvent[] = [];
    hub.take = event => void seen.push(event);
    const source = fromCustom(() => {
      throw new Error('password of ada is hunter2');
    });
    await expect(source({ headers })).rejects.toMatchObject({ code: 'no-session' });
    hub.take = undefined;
    expect(seen).toMatchObject([{ type: 'authn_fail', outcome: 'denied', status: 401 }]);
    expect(JSON.stringify(seen)).not.toContain('hunter2');
  });

  test('a redirect of Next.js passes', async () => {
    const redirect = Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;replace;/login;307;' });
    await expect(fromCustom(() => Promise.reject(redirect))({ headers })).rejects.toBe(redirect);
  });
});
