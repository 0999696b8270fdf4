import type { unstable_cache } from 'next/cache.js';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { asAdmin, asSystem, asTenant, asUser } from '../modes.ts';
import { currentScope } from '../scope.ts';
import { eventsOf } from '../testing/events.ts';
import { guardCache, tenantTag } from './guard-cache.ts';
import type { UnstableCache } from './guard-cache.ts';
import { isKeyed } from './keyed.ts';
import type { Owned } from './owner.ts';

/** `unstable_cache` as it is to its callers; the real one runs in `guard/test/next`. */
function cacheOf(kept = new Map<string, Owned>(), tags: string[][] = []): UnstableCache {
  return (work, keyParts = [], options = {}) =>
    async () => {
      const key = keyParts.join(',');
      tags.push(options.tags ?? []);
      const value = kept.get(key) ?? (await work());
      kept.set(key, value);
      return value;
    };
}

const acme = { user: 'ada', tenant: 'acme' };
const borealis = { user: 'cy', tenant: 'borealis' };

describe('a guarded cache', () => {
  test('gives each tenant its own result, and one tenant the kept one', async () => {
    let runs = 0;
    const read = guardCache(cacheOf(), async (year: number) => [currentScope(), year, (runs += 1)], { name: 'totals' });
    const first = await asTenant(acme, () => read(2026));
    expect(await asTenant({ user: 'ben', tenant: 'acme' }, () => read(2026))).toEqual(first);
    expect(await asSystem({ job: 'warm', tenant: 'acme' }, () => read(2026))).toEqual(first);
    expect(await asTenant(acme, () => read(2025))).not.toEqual(first);
    expect(await asTenant(borealis, () => read(2026))).toMatchObject([{ tenant: 'borealis' }, 2026, 3]);
  });

  test('keeps nothing as nothing, of which JSON leaves no value', async () => {
    const asJson: UnstableCache = work => async () => JSON.parse(JSON.stringify(await work())) as Owned;
    const find = guardCache(asJson, async () => [].at(0), { name: 'find' });
    expect(await asTenant(acme, () => find())).toBeUndefined();
  });

  test('keeps the users of a tenant apart where it is asked to, and always before a tenant is known', async () => {
    const mine = guardCache(cacheOf(), async () => currentScope(), { name: 'mine', by: 'user' });
    expect(await asTenant(acme, () => mine())).toMatchObject({ user: 'ada' });
    expect(await asTenant({ user: 'ben', tenant: 'acme' }, () => mine())).toMatchObject({ user: 'ben' });
    const teams = guardCache(cacheOf(), async () => currentScope(), { name: 'teams' });
    expect(await asUser('ada', () => teams())).toMatchObject({ user: 'ada' });
    expect(await asUser('ben', () => teams())).toMatchObject({ user: 'ben' });
  });

  test('is refused without a tenant: outside of a scope, as admin, and per user in a job', async () => {
    const read = guardCache(cacheOf(), async () => 1, { name: 'x', by: 'user' });
    const events = await eventsOf(async () => {
      await expect(read()).rejects.toMatchObject({ code: 'keyless-cache' });
      await expect(asAdmin('report', () => read())).rejects.toMatchObject({ code: 'keyless-cache' });
      await expect(asSystem({ job: 'x', tenant: 'acme' }, () => read())).rejects.toMatchObject({
        code: 'keyless-cache',
      });
    });
    expect(events.filter(event => event.type === 'cache_refused')).toHaveLength(3);
  });

  test('lets no scope into what is shared by everybody', async () => {
    const prices = guardCache(cacheOf(), async () => [currentScope() ?? 'none', isKeyed()], {
      name: 'prices',
      shared: { reason: 'the same for everybody' },
    });
    expect(await asTenant(acme, () => prices())).toEqual(['none', true]);
    expect(await prices()).toEqual(['none', true]);
  });

  test('goes no further with an entry of another tenant under its key', async () => {
    const kept = new Map<string, Owned>();
    const read = guardCache(cacheOf(kept), async () => 'secret', { name: 'x' });
    await asTenant(acme, () => read());
    for (const key of kept.keys()) kept.set(key, { owner: 'tenant=borealis', value: 'stolen' });
    const events = await eventsOf(() =>
      expect(asTenant(acme, () => read())).rejects.toMatchObject({ code: 'foreign-row', status: 500 }),
    );
    expect(events).toMatchObject([{ type: 'foreign_row', foreign_rows: 1 }]);
  });

  test('no id can be made to look like another’s key', async () => {
    const kept = new Map<string, Owned>();
    const read = guardCache(cacheOf(kept), async () => currentScope(), { name: 'x', by: 'user' });
    for (const who of [
      { tenant: 'a', user: 'b&user=c' },
      { tenant: 'a&user=b', user: 'c' },
      { tenant: 'a,b', user: 'c' },
    ])
      expect(await asTenant(who, () => read())).toMatchObject(who);
    expect(kept.size).toBe(3);
  });

  test('tells apart arguments that JSON would not, or refuses them', async () => {
    const read = guardCache(cacheOf(), async (value: unknown) => String(value), { name: 'x' });
    await asTenant(acme, async () => {
      expect([await read(undefined), await read(null)]).toEqual(['undefined', 'null']);
      for (const other of [new Map([['a', 1]]), Number.NaN, Number.POSITIVE_INFINITY, [-0], new Date(0)])
        await expect(read(other)).rejects.toThrow('others look alike in a key');
    });
  });

  test('marks its entries with the tenant, so that they can be emptied', async () => {
    const tags: string[][] = [];
    const read = guardCache(cacheOf(undefined, tags), async () => 1, { name: 'x', tags: ['invoices'] });
    await asTenant(acme, async () => {
      await read();
      expect(tags).toEqual([['invoices', tenantTag()]]);
    });
  });
});

test('the real unstable_cache is one that it takes', () => {
  expectTypeOf<typeof unstable_cache>().toExtend<UnstableCache>();
});
