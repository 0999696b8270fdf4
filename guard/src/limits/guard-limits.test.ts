import { EventEmitter } from 'node:events';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GuardError } from '../errors.ts';
import { hub, type GuardEvent } from '../events/event.ts';
import { guardPool } from '../pg/index.ts';
import { membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { guardLimits, usualLimits, type GuardLimits, type LimitRule } from './guard-limits.ts';
import { limitsMigration } from './migration.ts';
import type { LimitStore } from './store.ts';

const login: LimitRule = {
  user: { points: 2, seconds: 900 },
  address: { points: 3, seconds: 900 },
  onStoreError: 'deny',
};

let events: GuardEvent[];
beforeEach(() => {
  events = [];
  hub.take = event => void events.push(event);
});
afterEach(() => {
  hub.take = undefined;
  vi.useRealTimers();
});

function limitsIn(store: LimitStore, rule: LimitRule = login): GuardLimits<'login'> {
  return guardLimits({ store, hashKey: 'the key of limits', rules: { login: rule }, timeoutMs: 300 });
}

function refusalOf(work: Promise<void>): Promise<GuardError | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => error as GuardError,
  );
}

describe('a limit', () => {
  test('lets its budget through and refuses what is more, until the time is over', async () => {
    vi.useFakeTimers();
    const limits = limitsIn({ kind: 'memory' });
    await limits.consume('login', { user: 'ada' });
    await limits.consume('login', { user: 'ada' });
    const refusal = await refusalOf(limits.consume('login', { user: 'ada' }));
    expect(refusal).toMatchObject({ code: 'rate-limited', status: 429, retryAfter: 900 });
    expect(events).toMatchObject([{ type: 'excessive_use', outcome: 'denied', status: 429 }]);
    vi.advanceTimersByTime(900_001);
    await limits.consume('login', { user: 'ada' });
  });

  test('counts by each key: another user from the same address has less, from elsewhere all', async () => {
    const limits = limitsIn({ kind: 'memory' });
    for (const user of ['ada', 'bo', 'cy']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await limits.consume('login', { user, address: '203.0.113.7' });
    }
    expect(await refusalOf(limits.consume('login', { user: 'di', address: '203.0.113.7' }))).toBeDefined();
    expect(await refusalOf(limits.consume('login', { user: 'di', address: '203.0.113.8' }))).toBeUndefined();
  });

  test('is not passed by capitals, spaces or another address of the same IPv6 line', async () => {
    const limits = limitsIn({ kind: 'memory' });
    await limits.consume('login', { user: 'ada@example.com', address: '2001:db8::1' });
    await limits.consume('login', { user: ' ADA@example.com', address: '2001:db8::2' });
    expect(await refusalOf(limits.consume('login', { user: 'Ada@Example.com' }))).toBeDefined();
    expect(await refusalOf(limits.consume('login', { user: '\uFF41da@example.com' }))).toBeDefined();
    await limits.consume('login', { address: '2001:db8::3' });
    expect(await refusalOf(limits.consume('login', { address: '2001:db8::4' }))).toBeDefined();
  });

  test('those of whom nothing is known share one budget', async () => {
    const limits = limitsIn({ kind: 'memory' });
    await limits.consume('login', {});
    await limits.consume('login', {});
    expect(await refusalOf(limits.consume('login', {}))).toBeDefined();
  });

  test('forgives a user who signed in, and not their address', async () => {
    const limits = limitsIn({ kind: 'memory' });
    const ada = { user: 'ada', address: '203.0.113.7' };
    await limits.consume('login', ada);
    await limits.consume('login', ada);
    await limits.forgive('login', 'ada');
    await limits.consume('login', ada);
    expect(await refusalOf(limits.consume('login', ada))).toBeDefined();
  });

  test('as a hook counts calls by name and by kind, and others not at all', async () => {
    const one = { user: { points: 1, seconds: 60 }, onStoreError: 'deny' } as const;
    const { before } = guardLimits({
      store: { kind: 'memory' },
      hashKey: 'k'.repeat(32),
      rules: { invite: one },
      kinds: { export: one },
    });
    await before({ name: 'invite', kind: 'write', user: 'ada' });
    await before({ name: 'export invoices', kind: 'export', user: 'ada' });
    expect(await refusalOf(before({ name: 'invite', kind: 'write', user: 'ada' }))).toBeDefined();
    expect(await refusalOf(before({ name: 'export people', kind: 'export', user: 'ada' }))).toBeDefined();
    expect(await refusalOf(before({ name: 'invite ', kind: 'write', user: 'ada' }))).toBeUndefined();
  });

  test('as a hook counts by address and user what was refused, apart from what members do', async () => {
    const { before } = guardLimits({
      store: { kind: 'memory' },
      hashKey: 'k'.repeat(32),
      rules: { invite: { ...login, tenant: { points: 1, seconds: 60 } } },
      kinds: { export: login },
    });
    const stranger = { name: 'invite', kind: 'write', address: '192.0.2.1' } as const;
    for (const facts of [stranger, stranger, { ...stranger, user: 'eve' }]) await before.refused?.(facts);
    expect(await refusalOf(before.refused?.(stranger) ?? Promise.resolve())).toMatchObject({ status: 429 });
    const elsewhere = { ...stranger, user: 'eve', address: '198.51.100.7' };
    await before.refused?.(elsewhere);
    expect(await refusalOf(before.refused?.(elsewhere) ?? Promise.resolve())).toMatchObject({ status: 429 });
    await before({ ...stranger, user: 'ada', tenant: 'acme' });
    const unknown = { name: 'invite', kind: 'export' } as const;
    for (let times = 0; times < 9; times += 1) await before.refused?.(unknown);
    for (let times = 0; times < 9; times += 1) await before.refused?.({ ...stranger, name: 'toString' });
  });

  test('what was refused stays so where the store is away', async () => {
    const pool = { query: () => Promise.reject(new Error('away')) };
    const { before } = limitsIn({ kind: 'postgres', pool });
    expect(
      await refusalOf(before.refused?.({ name: 'login', kind: 'write', user: 'eve' }) ?? Promise.reject()),
    ).toBeUndefined();
    expect(await refusalOf(before({ name: 'login', kind: 'write', user: 'eve' }))).toMatchObject({ status: 429 });
  });

  test.each([0, -1, 90 * 86_400])('a budget for %i s, which memory cannot keep, is told at the start', seconds => {
    const rule = { user: { points: 1, seconds } };
    expect(() => limitsIn({ kind: 'memory' }, { ...rule, onStoreError: 'deny' })).toThrow(RangeError);
    const pool = { query: () => Promise.reject(new Error('away')) };
    expect(() => limitsIn({ kind: 'postgres', pool }, { ...rule, onStoreError: 'allow' })).toThrow(RangeError);
  });

  test('what is usual has rules for sign-in, export, invitation and search', () => {
    expect(Object.entries(usualLimits).map(([name, { onStoreError }]) => [name, onStoreError])).toEqual([
      ['login', 'deny'],
      ['export', 'deny'],
      ['invite', 'deny'],
      ['search', 'allow'],
    ]);
    expect(() => limitsIn({ kind: 'memory' }, { onStoreError: 'deny' })).toThrow('has no budget');
  });
});

describe('in Postgres', () => {
  let postgres: TestPostgres;
  let owner: Pool;
  let app: Pool;
  beforeAll(async () => {
    postgres = await startPostgres();
    owner = postgres.pool();
    await owner.query(`create role app login; ${limitsMigration({ app: 'app' })}`);
    app = postgres.pool({ user: 'app', max: 5, connectionTimeoutMillis: 2000 });
  });
  afterAll(() => postgres.stop());
  beforeEach(() => owner.query('truncate drydock.limit_point'));

  test('two instances count together, exactly, also at the same time', async () => {
    const rule = { user: { points: 10, seconds: 60 }, onStoreError: 'deny' } as const;
    const [one, two] = [
      limitsIn({ kind: 'postgres', pool: app }, rule),
      limitsIn({ kind: 'postgres', pool: app }, rule),
    ];
    const calls = Array.from({ length: 30 }, (_, index) =>
      (index % 2 === 0 ? one : two).consume('login', { user: 'ada' }),
    );
    const refusals = await Promise.all(calls.map(refusalOf));
    expect(refusals.filter(refusal => refusal === undefined)).toHaveLength(10);
  });

  test('keys are stored as hashes', async () => {
    await limitsIn({ kind: 'postgres', pool: app }).consume('login', { user: 'ada', address: '203.0.113.7' });
    const { rows } = await owner.query<{ key: string }>('select key from drydock.limit_point');
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/ada|203/);
  });

  test('the guarded pool is refused', async () => {
    const guarded = guardPool({ port: postgres.port }, { membership });
    expect(() => limitsIn({ kind: 'postgres', pool: guarded })).toThrow('plain pool');
    await guarded.end();
  });

  test('a store that ends refuses sign-in, and lets a search go on with a count in memory', async () => {
    const denying = limitsIn({ kind: 'postgres', pool: app });
    const allowing = limitsIn({ kind: 'postgres', pool: app }, { ...login, onStoreError: 'allow' });
    await postgres.crash();
    const refusal = await refusalOf(denying.consume('login', { user: 'ada' }));
    expect(refusal).toMatchObject({ code: 'rate-limited', retryAfter: 5 });
    await allowing.consume('login', { user: 'ada' });
    await allowing.consume('login', { user: 'ada' });
    expect((await refusalOf(allowing.consume('login', { user: 'ada' })))?.message).toContain('used up');
    await expect(denying.forgive('login', 'ada')).resolves.toBeUndefined();
    await postgres.restart();
    expect(await refusalOf(denying.consume('login', { user: 'ada' }))).toBeUndefined();
  });

  test('a store that does not answer counts as away', async () => {
    const blocker = await owner.connect();
    await blocker.query('begin; lock table drydock.limit_point');
    const refusal = await refusalOf(limitsIn({ kind: 'postgres', pool: app }).consume('login', { user: 'ada' }));
    expect(refusal?.message).toContain('is away');
    await blocker.query('rollback');
    blocker.release();
  });
});

describe('in Redis', () => {
  /** What the limiter asks of a client of ioredis: a script that adds and tells what is left of the time. */
  class Client extends EventEmitter {
    status = 'ready';
    readonly counts = new Map<string, number>();
    defineCommand(): void {}
    rlflxIncr([key, points, seconds]: readonly [string, string, string]): Promise<[number, number]> {
      const count = (this.counts.get(key) ?? 0) + Number(points);
      this.counts.set(key, count);
      return Promise.resolve([count, Number(seconds) * 1000]);
    }
  }

  test('counts with the client that is given, and is away when that is', async () => {
    const client = new Client();
    const limits = limitsIn({ kind: 'redis', client });
    await limits.consume('login', { user: 'ada' });
    await limits.consume('login', { user: 'ada' });
    expect((await refusalOf(limits.consume('login', { user: 'ada' })))?.retryAfter).toBe(900);
    client.status = 'reconnecting';
    expect((await refusalOf(limits.consume('login', { user: 'bo' })))?.message).toContain('is away');
  });
});
