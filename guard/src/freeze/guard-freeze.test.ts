import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GuardError } from '../errors.ts';
import type { CallFacts } from '../hooks.ts';
import { guardPool } from '../pg/index.ts';
import { eventsOf } from '../testing/events.ts';
import { membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { guardFreeze, type GuardFreeze, type GuardFreezeOptions } from './guard-freeze.ts';
import { freezeMigration } from './migration.ts';

const calls: Readonly<Record<string, CallFacts>> = {
  read: { name: 'invoice', kind: 'read' },
  write: { name: 'edit invoice', kind: 'write' },
  list: { name: 'invoices', kind: 'list' },
  export: { name: 'export invoices', kind: 'export' },
};

async function offIn(freeze: GuardFreeze): Promise<readonly string[]> {
  const answers = await Promise.all(
    Object.entries(calls).map(([kind, facts]) =>
      freeze.before(facts).then(
        () => [],
        () => [kind],
      ),
    ),
  );
  return answers.flat();
}

const why = { reason: 'foreign rows in the export', by: 'ada@example.com' };

describe('in the environment', () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ['', []],
    ['exports', ['export']],
    ['writes, lists', ['write', 'list']],
    ['everything', ['read', 'write', 'list', 'export']],
    ['name:export invoices', ['export']],
    ['name:export', []],
    ['name:Export invoices', []],
  ])('"%s" turns off %j and nothing else', async (value, off) => {
    vi.stubEnv('DRYDOCK_FREEZE', value);
    expect(await offIn(guardFreeze({ source: { kind: 'env' }, start: 'open' }))).toEqual(off);
  });

  test('the answer says when to come back, and is told', async () => {
    vi.stubEnv('OFF', 'exports');
    const freeze = guardFreeze({ source: { kind: 'env', variable: 'OFF' }, start: 'open', retryAfterSeconds: 60 });
    const events = await eventsOf(async () => {
      const refusal = (await freeze
        .before({ name: 'x', kind: 'export' })
        .catch((error: unknown) => error)) as GuardError;
      expect(refusal).toMatchObject({ code: 'frozen', status: 503, retryAfter: 60 });
    });
    expect(events).toMatchObject([{ type: 'frozen', outcome: 'denied', status: 503 }]);
  });

  test('a word that is no target is told at the start', () => {
    vi.stubEnv('DRYDOCK_FREEZE', 'exprots');
    expect(() => guardFreeze({ source: { kind: 'env' }, start: 'open' })).toThrow("'exprots' cannot be frozen");
  });

  test('cannot be changed while the app runs', async () => {
    const freeze = guardFreeze({ source: { kind: 'env' }, start: 'open' });
    await expect(freeze.freeze('exports', why)).rejects.toThrow('change it there and deploy');
  });
});

describe('in a table', () => {
  let postgres: TestPostgres;
  let owner: Pool;
  let app: Pool;
  let operator: Pool;
  beforeAll(async () => {
    postgres = await startPostgres();
    owner = postgres.pool();
    await owner.query(
      `create role app login; create role operator login; ${freezeMigration({ app: 'app', operator: 'operator' })}`,
    );
    app = postgres.pool({ user: 'app' });
    operator = postgres.pool({ user: 'operator' });
  });
  afterAll(() => postgres.stop());
  let nowMs: number;
  beforeEach(async () => {
    nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    await owner.query('truncate drydock.freeze, drydock.freeze_change');
  });
  afterEach(() => vi.restoreAllMocks());

  function frozenBy(pool: Pool, own: Partial<GuardFreezeOptions> = {}): GuardFreeze {
    return guardFreeze({ source: { kind: 'table', pool }, start: 'open', ...own });
  }

  test('what one instance turns off and on, the others learn, and who and why is written down', async () => {
    const [here, there] = [frozenBy(operator), frozenBy(app)];
    expect(await offIn(there)).toEqual([]);
    const events = await eventsOf(() => here.freeze('exports', why));
    expect(events).toMatchObject([
      {
        type: 'freeze_change',
        operation: 'freeze',
        reason: 'freeze exports: foreign rows in the export',
        actor_kind: 'admin',
      },
    ]);
    expect(events[0]?.actor).toBeDefined();
    expect(await offIn(here)).toEqual(['export']);
    nowMs = 6000;
    expect(await offIn(there)).toEqual(['export']);
    await here.unfreeze('exports', { ...why, reason: 'repaired' });
    nowMs = 12_000;
    expect([await offIn(here), await there.frozen()]).toEqual([[], []]);
    const { rows } = await owner.query(
      'select action, target, reason, changed_by, role from drydock.freeze_change order by id',
    );
    expect(rows).toEqual([
      { action: 'freeze', target: 'exports', reason: why.reason, changed_by: why.by, role: 'operator' },
      { action: 'unfreeze', target: 'exports', reason: 'repaired', changed_by: why.by, role: 'operator' },
    ]);
  });

  test('is read once in a while and beside the request, and waited for when it is too old', async () => {
    const asked = vi.spyOn(app, 'query');
    const freeze = frozenBy(app);
    await offIn(freeze);
    nowMs = 999;
    await offIn(freeze);
    expect(asked).toHaveBeenCalledTimes(1);
    await owner.query("insert into drydock.freeze values ('writes')");
    nowMs = 1500;
    expect(await offIn(freeze)).toEqual([]);
    expect(asked).toHaveBeenCalledTimes(2);
    await vi.waitFor(async () => expect(await freeze.frozen()).toEqual(['writes']));
    await owner.query("insert into drydock.freeze values ('lists')");
    nowMs = 6500;
    expect(await offIn(freeze)).toEqual(['write', 'list']);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  test('a switch that cannot be read keeps its last state, and is not asked by every request', async () => {
    const freeze = frozenBy(app);
    await owner.query("insert into drydock.freeze values ('name:export invoices')");
    expect(await offIn(freeze)).toEqual(['export']);
    await postgres.crash();
    const asked = vi.spyOn(app, 'query');
    nowMs = 60_000;
    const events = await eventsOf(async () => expect(await offIn(freeze)).toEqual(['export']));
    expect(events.filter(({ outcome }) => outcome === 'observed')).toHaveLength(1);
    expect(await offIn(freeze)).toEqual(['export']);
    expect(asked).toHaveBeenCalledTimes(1);
    await postgres.restart();
    await owner.query('truncate drydock.freeze');
    nowMs = 70_000;
    expect(await offIn(freeze)).toEqual([]);
  });

  test('one that could never be read is closed or open, as was said', async () => {
    const away = postgres.pool({ port: 1 });
    expect(await offIn(frozenBy(away, { start: 'closed' }))).toHaveLength(4);
    expect(await offIn(frozenBy(away, { start: 'open' }))).toEqual([]);
    expect(await offIn(frozenBy(away, { start: 'opne' as 'open' }))).toHaveLength(4);
  });

  test('one that does not answer is waited for no longer than was said', async () => {
    const blocker = await owner.connect();
    await blocker.query('begin; lock table drydock.freeze in access exclusive mode');
    expect(await offIn(frozenBy(app, { start: 'closed', timeoutMs: 50 }))).toHaveLength(4);
    await blocker.query('rollback');
    blocker.release();
  });

  test('the app cannot change it, nobody can without a reason, and its list cannot be changed', async () => {
    await expect(frozenBy(app).freeze('exports', why)).rejects.toThrow('permission denied');
    await expect(frozenBy(operator).freeze('exports', { reason: ' ', by: 'ada' })).rejects.toThrow('who and why');
    await expect(frozenBy(operator).freeze('exprots' as 'exports', why)).rejects.toThrow('cannot be frozen');
    await expect(operator.query('delete from drydock.freeze_change')).rejects.toThrow('permission denied');
    await expect(operator.query("insert into drydock.freeze values ('writes')")).rejects.toThrow('permission denied');
  });

  test('the guarded pool is refused', async () => {
    const guarded = guardPool({ port: postgres.port }, { membership });
    expect(() => frozenBy(guarded)).toThrow('plain pool');
    await guarded.end();
  });
});
