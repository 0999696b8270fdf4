import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardStore } from '../cache/store.ts';
import type { TextStore } from '../cache/store.ts';
import { asTenant } from '../modes.ts';
import { clientsOf, findRedis, startRedis } from '../testing/redis.ts';
import type { TestClient, TestRedis } from '../testing/redis.ts';
import { guardLimits } from './guard-limits.ts';
import type { GuardLimits } from './guard-limits.ts';

const program = findRedis();
const reason = 'no redis-server or valkey-server on the PATH';
const acme = { user: 'ada', tenant: 'acme' };
const borealis = { user: 'cy', tenant: 'borealis' };
let redis: TestRedis;
let clients: readonly TestClient[] = [];
let round = 0;

beforeAll(async () => {
  if (program === undefined) return;
  redis = await startRedis(program);
  clients = await clientsOf(redis.port);
});
beforeEach(() => {
  round += 1;
});
afterAll(async () => {
  for (const { stop } of clients) stop();
  if (program !== undefined) await redis.stop();
});

const onEach = (work: (tested: TestClient) => Promise<void>) => async (): Promise<void> => {
  expect(clients.length).toBeGreaterThan(0);
  // oxlint-disable-next-line no-await-in-loop -- one server
  for (const tested of clients) await work(tested);
};

/** Limits of this test and client alone. */
function limitsOn({ client, kind, name }: TestClient, timeoutMs = 1000): GuardLimits<'login' | 'search'> {
  const user = { points: 3, seconds: 60 };
  return guardLimits({
    store: { kind: 'redis', client, package: kind },
    hashKey: `${round} ${name} with a key of thirty-two characters`,
    rules: { login: { user, onStoreError: 'deny' }, search: { user, onStoreError: 'allow' } },
    timeoutMs,
  });
}

const refused = { code: 'rate-limited', status: 429 };

describe.skipIf(program === undefined)(
  `limits in a real Redis${program === undefined ? ` (skipped: ${reason})` : ''}`,
  () => {
    test(
      'count for all instances, by user, and give back to who signed in',
      onEach(async tested => {
        const [one, other] = [limitsOn(tested), limitsOn(tested)];
        await one.consume('login', { user: 'ada' });
        await other.consume('login', { user: 'ADA' });
        await one.consume('login', { user: 'ada' });
        const fourth = other.consume('login', { user: 'ada' });
        await expect(fourth).rejects.toMatchObject({ ...refused, retryAfter: expect.any(Number) as number });
        await one.consume('login', { user: 'ben' });
        await one.forgive('login', 'ada');
        await other.consume('login', { user: 'ada' });
      }),
    );

    test(
      'let no more through when all ask at once',
      onEach(async tested => {
        const limits = limitsOn(tested);
        const asked = Array.from({ length: 50 }, () => limits.consume('login', { user: 'ada' }));
        const passed = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
        expect(passed).toHaveLength(3);
      }),
    );

    test(
      'refuse sign-in and let searches go while it hangs, and count on after',
      onEach(async tested => {
        const limits = limitsOn(tested, 100);
        redis.hang();
        try {
          await expect(limits.consume('login', { user: 'ada' })).rejects.toMatchObject({ ...refused, retryAfter: 5 });
          await limits.consume('search', { user: 'ada' });
        } finally {
          redis.goOn();
        }
        await limits.consume('login', { user: 'ben' });
      }),
    );
  },
);

describe.skipIf(program === undefined)('a guarded store in a real Redis', () => {
  test(
    'keeps tenants apart and hands on what the client takes besides',
    onEach(async ({ client, expiry, name }) => {
      const key = `totals of ${name}`;
      const store = guardStore(client as unknown as TextStore<readonly unknown[]>);
      const rest = expiry === 'EX' ? ['EX', 60] : [expiry];
      await asTenant(acme, () => store.set(key, { open: 3, name: 'Müller' }, ...rest));
      expect(await asTenant(acme, () => store.get(key))).toEqual({ open: 3, name: 'Müller' });
      expect(await asTenant(borealis, () => store.get(key))).toBeUndefined();
      const copied = (await client.get(`drydock:tenant=acme:${key}`)) ?? '';
      await client.set(`drydock:tenant=borealis:${key}`, copied);
      await expect(asTenant(borealis, () => store.get(key))).rejects.toMatchObject({ code: 'foreign-row' });
      await asTenant(acme, () => store.del(key));
      expect(await asTenant(acme, () => store.get(key))).toBeUndefined();
    }),
  );
});

describe.skipIf(program === undefined)('a Redis that has ended', () => {
  test(
    'is away at once: sign-in is refused',
    onEach(async tested => {
      if (tested === clients[0]) await redis.stop();
      const began = performance.now();
      await expect(limitsOn(tested).consume('login', { user: 'ada' })).rejects.toMatchObject(refused);
      expect(performance.now() - began).toBeLessThan(1500);
      if (tested === clients.at(-1)) redis = await startRedis(program ?? '', redis.port);
    }),
  );
});
