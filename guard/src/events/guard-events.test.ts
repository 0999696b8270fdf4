import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asTenant } from '../modes.ts';
import { currentScope, withRequest } from '../scope.ts';
import { report, type EventSink, type GuardEvent } from './event.ts';
import { guardEvents, type GuardEvents, type GuardEventsOptions } from './guard-events.ts';
import { idHasher } from './hash.ts';

let written: GuardEvent[][];
let events: GuardEvents | undefined;

beforeEach(() => {
  written = [];
  vi.useFakeTimers();
});
afterEach(async () => {
  vi.useRealTimers();
  await events?.stop(0);
  events = undefined;
});

const auditKey = 'the key of the audit';
const kept: EventSink = { name: 'kept', write: batch => void written.push([...batch]) };

function start(options: Partial<GuardEventsOptions> = {}): GuardEvents {
  return (events = guardEvents({ sinks: [kept], hashKey: auditKey, ...options }));
}

function tell(count = 1, reason = 'The user is no member of the tenant.'): void {
  for (let index = 0; index < count; index += 1) report({ type: 'authz_fail', outcome: 'denied', reason });
}

function sinkOf(write: EventSink['write']): EventSink {
  return { name: 'sink', write };
}

describe('what an event tells', () => {
  test('who, where and why, with hashes for ids', async () => {
    const hash = idHasher({ key: auditKey });
    const running = start({ buildId: 'b1' });
    await withRequest({ route: '/api/invoices', requestId: 'r1', address: '10.0.0.1' }, () =>
      asTenant({ user: 'ada', tenant: 'acme' }, () =>
        report({
          type: 'foreign_row',
          outcome: 'denied',
          reason: 'foreign-row',
          targetTenant: 'borealis',
          foreignRows: 2,
        }),
      ),
    );
    await running.flush();
    expect(written).toEqual([
      [
        {
          ts: Date.now(),
          type: 'foreign_row',
          outcome: 'denied',
          actor_kind: 'user',
          reason: 'foreign-row',
          actor: hash('ada'),
          tenant: hash('acme'),
          target_tenant: hash('borealis'),
          route: '/api/invoices',
          foreign_rows: 2,
          request_id: 'r1',
          ip_hash: hash('10.0.0.1'),
          build_id: 'b1',
        },
      ],
    ]);
    expect(JSON.stringify(written)).not.toMatch(/ada|acme|borealis|10\.0/);
  });

  test('the hash of an id changes with the key and with the month, and without a key it is not a bare hash', async () => {
    const [november, december] = [Date.UTC(2026, 10, 22), Date.UTC(2026, 11, 1)];
    const hash = idHasher({ key: auditKey });
    expect(hash('ada', november)).toBe(hash('ada', november + 1));
    expect(
      new Set([
        hash('ada', november),
        hash('ada', december),
        idHasher({ key: 'another key of the audit' })('ada', november),
      ]).size,
    ).toBe(3);
    const forever = idHasher({ key: auditKey, rotation: 'never' });
    expect(forever('ada', november)).toBe(forever('ada', december));
    events = guardEvents({ sinks: [kept] });
    await asTenant({ user: '1', tenant: '1' }, () => tell());
    await events.flush();
    expect(written[0]?.[0]?.actor).toMatch(/^[\w-]{16}$/);
    expect(written[0]?.[0]?.actor).not.toBe('a4ayc_80_OGda4BO');
  });

  test.each(['', 'audit', `${undefined}`])('with the key %j are not made, for anyone could try such keys', key => {
    expect(() => idHasher({ key })).toThrow('under 16 characters');
  });

  test('what a caller can choose is cut and has no line breaks', async () => {
    const running = start();
    await withRequest({ requestId: `a\u0000\nb\ud800\u2028\u202e${'c'.repeat(1000)}` }, () => tell());
    await running.flush();
    expect(written[0]?.[0]?.request_id).toBe(`a��b���${'c'.repeat(193)}`);
  });

  test('a sampled type says so, and the others are told whole', async () => {
    const running = start({ sample: { authz_admin: 0 } });
    report({ type: 'authz_admin', outcome: 'allowed', reason: 'usage report' });
    tell();
    await running.flush();
    expect(written.flat().map(({ type }) => type)).toEqual(['authz_fail']);
  });
});

describe('when events are written', () => {
  test('after a while, together', async () => {
    start({ flushMs: 1000 });
    tell(3);
    await vi.advanceTimersByTimeAsync(999);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(written.map(batch => batch.length)).toEqual([3]);
  });

  test('as soon as a batch is full, but never while the request goes on', async () => {
    start({ batch: 10 });
    tell(25);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(written.map(batch => batch.length)).toEqual([10, 10]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(written.map(batch => batch.length)).toEqual([10, 10, 5]);
  });

  test('outside of the request that told them', async () => {
    const scopes: unknown[] = [];
    const running = start({ sinks: [sinkOf(() => void scopes.push(currentScope()))], batch: 2 });
    await asTenant({ user: 'ada', tenant: 'acme' }, () => tell(3));
    await vi.advanceTimersByTimeAsync(1000);
    await asTenant({ user: 'ada', tenant: 'acme' }, async () => {
      tell();
      await running.flush();
    });
    expect(scopes).toEqual([undefined, undefined, undefined]);
  });

  test('without a set-up nothing is told and nothing fails', async () => {
    await start().stop();
    expect(() => tell()).not.toThrow();
    expect(written).toEqual([]);
  });

  test('a second set-up takes the place of the first, which writes what it had', async () => {
    start();
    tell(2);
    const second = start();
    tell(1);
    await second.flush();
    expect(written.map(batch => batch.length)).toEqual([2, 1]);
  });
});

describe('a sink in trouble', () => {
  const never = new Promise<void>(() => {});

  test('that never answers loses the oldest events, which are counted, and the other sink has all', async () => {
    const running = start({ sinks: [sinkOf(() => never), kept], capacity: 100, batch: 10 });
    for (let round = 0; round < 30; round += 1) {
      tell(10);
      // oxlint-disable-next-line no-await-in-loop -- round after round
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(running.counts()).toMatchObject({
      sink: { dropped: 190, waiting: 110, written: 0 },
      kept: { written: 300 },
    });
  });

  test('drops the newest where that is asked for', async () => {
    const running = start({ capacity: 2, whenFull: 'drop-newest' });
    for (const reason of ['first', 'second', 'third']) tell(1, reason);
    await running.flush();
    expect(written.flat().map(({ reason, rows }) => [reason, rows])).toEqual([
      ['first', undefined],
      ['second', undefined],
      ['The sink was too slow or failed.', 1],
    ]);
  });

  test('that fails gets the same batch again, later and later, and then what came meanwhile', async () => {
    const times: number[] = [];
    const from = Date.now();
    const sink = sinkOf(batch => {
      times.push(Date.now() - from);
      if (times.length < 3) throw new Error('away');
      written.push([...batch]);
    });
    start({ sinks: [sink], flushMs: 1000 });
    tell(2);
    await vi.advanceTimersByTimeAsync(1500);
    tell(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(times.slice(0, 3)).toEqual([1000, 5000, 21_000]);
    expect(written.map(batch => batch.length)).toEqual([2, 1]);
  });

  test('that refuses a batch again and again loses that batch, and not what comes after it', async () => {
    const sink = sinkOf(batch => {
      if (batch.some(({ reason }) => reason === 'poison')) throw new Error('refused');
      written.push([...batch]);
    });
    const running = start({ sinks: [sink] });
    tell(1, 'poison');
    await vi.advanceTimersByTimeAsync(1000);
    tell(1, 'good');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(written.flat().map(({ type }) => type)).toEqual(['authz_fail', 'events_dropped']);
    expect(running.counts()['sink']).toEqual({ written: 1, dropped: 1, failures: 5, waiting: 0 });
  });

  test('that refuses one batch after the other loses those, and not what is between them', async () => {
    const sink = sinkOf(batch => {
      if (batch.some(({ reason }) => reason === 'poison')) throw new Error('refused');
      written.push([...batch]);
    });
    start({ sinks: [sink], batch: 1 });
    for (const reason of ['poison', 'poison', 'good', 'poison', 'fine']) tell(1, reason);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(written.flat().flatMap(({ type, reason }) => (type === 'authz_fail' ? [reason] : []))).toEqual([
      'good',
      'fine',
    ]);
  });

  test('that is away for minutes gets all that came meanwhile', async () => {
    let isAway = true;
    const sink = sinkOf(batch => {
      if (isAway) throw new Error('the database starts again');
      written.push([...batch]);
    });
    const running = start({ sinks: [sink] });
    for (let second = 0; second < 300; second += 1) {
      tell(1, `n${second}`);
      // oxlint-disable-next-line no-await-in-loop -- second after second
      await vi.advanceTimersByTimeAsync(1000);
    }
    isAway = false;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(new Set(written.flat().map(({ reason }) => reason)).size).toBe(300);
    expect(running.counts()['sink']).toMatchObject({ written: 300, dropped: 0, waiting: 0 });
  });

  test('that hangs is given up after a time and asked again', async () => {
    let asked = 0;
    start({ sinks: [sinkOf(() => ((asked += 1) === 1 ? never : undefined))], timeoutMs: 10_000 });
    tell();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toBe(2);
  });

  test('holds nobody who flushes longer than they allow', async () => {
    const running = start({ sinks: [sinkOf(() => never)] });
    tell();
    const flushed = running.flush(200);
    await vi.advanceTimersByTimeAsync(200);
    await expect(flushed).resolves.toBeUndefined();
  });
});
