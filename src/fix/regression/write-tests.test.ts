import { expect, test } from 'vitest';
import type { Attack } from '../../core/result.ts';
import { planTests, writeTests } from './write-tests.ts';
import type { World } from './world.ts';

const world: World = {
  root: { table: 'accounts', key: 'id' },
  password: 'p',
  mounts: [],
  tables: [],
  kept: [],
  tenants: {},
  credentials: {},
  ids: [],
  secrets: [],
  rows: {},
};

function attack(more: Partial<Attack>, expect_: object, steps: readonly object[]): Attack {
  return {
    id: 'a1',
    entryPoint: 'GET /api/invoices/[id]',
    principal: 'A.users.0',
    description: "a user of tenant A, with B's id",
    request: { method: 'GET', url: '/', headers: {} },
    answer: { status: 200, excerpt: '' },
    outcome: 'leaked',
    observed: '',
    table: 'invoices',
    pathIds: [],
    findings: [],
    replay: { kind: 'http', steps, expect: expect_ },
    ...more,
  };
}

const read = {
  kind: 'http',
  as: 'A.users.0',
  method: 'GET',
  pattern: '/api/invoices/[id]',
  params: { id: { ref: 'B.invoices.0.id' } },
  query: {},
  headers: {},
};

test('an attack becomes a pair: the foreign row stays away, the own one still comes', () => {
  const { pairs } = planTests([attack({}, { kind: 'isolated' }, [read])]);
  const [file] = writeTests(pairs, world, () => ({ negative: true, positive: true }));
  expect(file?.file).toBe('tests/isolation/invoices.test.ts');
  expect(file?.text).toContain("describe('GET /api/invoices/[id]'");
  expect(file?.text).toContain("ref: 'B.invoices.0.id'");
  expect(file?.text).toContain("ref: 'A.invoices.0.id'");
  expect(file?.text).toContain("test('its owner still gets what is theirs'");
});

test('what a recorder saw between the app and another service is named, not tested', () => {
  const { pairs, untested } = planTests([attack({ oracle: 'outgoing-call' }, { kind: 'isolated' }, [read])]);
  expect(pairs).toEqual([]);
  expect(untested[0]?.reason).toContain('recorder');
});

test('attacks that held, and a second request for the same fault, give no test', () => {
  const again = attack({ id: 'a2' }, { kind: 'isolated' }, [read]);
  const held = attack({ id: 'a3', entryPoint: 'GET /api/x', outcome: 'held' }, { kind: 'isolated' }, [read]);
  expect(planTests([attack({}, { kind: 'isolated' }, [read]), again, held]).pairs).toHaveLength(1);
});

test('a pair whose negative test tells nothing is not written at all', () => {
  const { pairs } = planTests([attack({}, { kind: 'isolated' }, [read])]);
  expect(writeTests(pairs, world, () => ({ negative: false, positive: true })).map(file => file.file)).not.toContain(
    'tests/isolation/invoices.test.ts',
  );
});
