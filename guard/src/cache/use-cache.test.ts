import { describe, expect, expectTypeOf, test } from 'vitest';
import { asTenant, asUser } from '../modes.ts';
import { currentScope } from '../scope.ts';
import { cacheKey, cacheKeyTag, withCacheKey } from './use-cache.ts';
import type { CacheKey } from './use-cache.ts';

const acme = { user: 'ada', tenant: 'acme' };
const ofAcme = (tenant = 'acme'): Promise<CacheKey> => asTenant({ user: 'ada', tenant }, () => cacheKey());

describe('the key of a function with use cache', () => {
  test('is the tenant’s, with the user where asked for or before a tenant is known', async () => {
    expect(await asTenant(acme, () => cacheKey())).toEqual({ tenant: 'acme' });
    expect(await asTenant(acme, () => cacheKey('user'))).toEqual(acme);
    expect(await asUser('ada', () => cacheKey())).toEqual({ user: 'ada' });
    expect(() => cacheKey()).toThrow('outside of a scope');
  });

  test('is the scope of the work', async () => {
    const see = (key: CacheKey): Promise<unknown> => withCacheKey(key, 'totals', () => currentScope());
    expect(await see(await ofAcme())).toEqual({ mode: 'system', job: 'cache: totals', tenant: 'acme' });
    expect(await see(await asTenant(acme, () => cacheKey('user')))).toEqual({ mode: 'tenant', ...acme });
    expect(await see(await asUser('ada', () => cacheKey()))).toEqual({ mode: 'user', user: 'ada' });
  });

  test('is written by nobody by hand, who could write any tenant into it', () => {
    expectTypeOf<{ tenant: string }>().not.toExtend<CacheKey>();
    expectTypeOf<CacheKey>().toExtend<{ readonly tenant?: string; readonly user?: string }>();
  });

  test.each([undefined, null, {}, 'acme', { tenant: 7 }])('%j is no key', key => {
    const run = (): unknown => withCacheKey(key as unknown as CacheKey, 'totals', () => 'secret');
    expect(run).toThrow(expect.objectContaining({ code: 'keyless-cache' }));
  });

  test('gives the tag of the tenant’s entries', async () => {
    expect(cacheKeyTag(await ofAcme('a:b'))).toBe('drydock:tenant=a%3Ab');
  });
});
