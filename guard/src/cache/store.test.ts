import { describe, expect, test } from 'vitest';
import { asTenant } from '../modes.ts';
import { guardStore } from './store.ts';

function redis(kept = new Map<string, string>()): {
  readonly kept: Map<string, string>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options?: { readonly EX: number }): Promise<'OK'>;
  del(key: string): Promise<number>;
} {
  return {
    kept,
    get: async key => kept.get(key) ?? null,
    set: async (key, value) => (kept.set(key, value), 'OK'),
    del: async key => Number(kept.delete(key)),
  };
}

const acme = { user: 'ada', tenant: 'acme' };
const borealis = { user: 'cy', tenant: 'borealis' };

describe('a guarded store', () => {
  test('keeps the tenants’ entries apart', async () => {
    const store = guardStore(redis());
    await asTenant(acme, () => store.set('totals', { open: 3 }, { EX: 60 }));
    expect(await asTenant(acme, () => store.get('totals'))).toEqual({ open: 3 });
    expect(await asTenant(borealis, () => store.get('totals'))).toBeUndefined();
    await asTenant(borealis, () => store.del('totals'));
    expect(await asTenant(acme, () => store.get('totals'))).toEqual({ open: 3 });
    await asTenant(acme, () => store.del('totals'));
    expect(await asTenant(acme, () => store.get('totals'))).toBeUndefined();
  });

  test('keeps nothing as nothing, which is no other tenant’s', async () => {
    const store = guardStore(redis());
    await asTenant(acme, () => store.set('found', undefined));
    expect(await asTenant(acme, () => store.get('found'))).toBeUndefined();
  });

  test('refuses an entry that another tenant wrote, or somebody without the guard', async () => {
    const client = redis();
    const store = guardStore(client);
    await asTenant(borealis, () => store.set('totals', 'stolen'));
    const foreign = client.kept.get('drydock:tenant=borealis:totals') ?? '';
    for (const text of [foreign, '{"open":3}', 'no JSON']) {
      client.kept.set('drydock:tenant=acme:totals', text);
      await expect(asTenant(acme, () => store.get('totals'))).rejects.toMatchObject({ code: 'foreign-row' });
    }
  });

  test('refuses to work outside of a scope', async () => {
    const store = guardStore(redis());
    await expect(store.get('x')).rejects.toMatchObject({ code: 'keyless-cache' });
    await expect(store.set('x', 1)).rejects.toMatchObject({ code: 'keyless-cache' });
    await expect(store.del('x')).rejects.toMatchObject({ code: 'keyless-cache' });
  });
});
