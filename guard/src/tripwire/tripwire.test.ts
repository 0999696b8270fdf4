import { describe, expect, test } from 'vitest';
import { asAdmin, asSystem, asTenant, asUser } from '../modes.ts';
import { currentScope } from '../scope.ts';
import { eventsOf } from '../testing/events.ts';
import { guardData } from './json.ts';
import { resultTripwire } from './results.ts';
import { guardRows } from './rows.ts';

const acme = { user: 'ada', tenant: 'acme' };
const options = { table: 'invoice', tenantColumn: 'tenant_id' };

describe('rows', () => {
  const own = [{ tenant_id: 'acme' }, { tenant_id: 'acme' }];
  const mixed = [...own, { tenant_id: 'borealis', iban: 'DE00' }];

  test('of the tenant go through, in a user’s scope and in a job’s', async () => {
    expect(await asTenant(acme, () => guardRows(own, options))).toBe(own);
    expect(await asSystem({ job: 'x', tenant: 'acme' }, () => guardRows(own, options))).toBe(own);
  });

  test('are all held back when one is another tenant’s, and the event has numbers only', async () => {
    const events = await eventsOf(() =>
      expect(asTenant(acme, () => guardRows(mixed, options))).rejects.toMatchObject({
        code: 'foreign-row',
        status: 500,
        message: '1 of 3 belong to another tenant.',
      }),
    );
    expect(events).toMatchObject([
      { type: 'foreign_row', outcome: 'denied', table: 'invoice', rows: 3, foreign_rows: 1 },
    ]);
    expect(JSON.stringify(events)).not.toContain('borealis');
  });

  test('without the column, or with null in it, are nobody’s and held back', async () => {
    for (const row of [{}, { tenant_id: null }, null, 'text'])
      await expect(asTenant(acme, () => guardRows([row], options))).rejects.toMatchObject({ code: 'foreign-row' });
  });

  test('may be any tenant’s for an admin, and are refused where no tenant is known', async () => {
    expect(await asAdmin('report', () => guardRows(mixed, options))).toBe(mixed);
    await expect(asUser('ada', () => guardRows(mixed, options))).rejects.toMatchObject({ code: 'no-scope' });
    expect(() => guardRows(mixed, options)).toThrow('outside of a scope');
  });

  test('on the first day are only reported', async () => {
    const events = await eventsOf(async () => {
      expect(await asTenant(acme, () => guardRows(mixed, { ...options, mode: 'observe' }))).toBe(mixed);
    });
    expect(events).toMatchObject([{ type: 'foreign_row', outcome: 'observed', foreign_rows: 1 }]);
  });

  test('are looked at in part where a share is given', async () => {
    const rows = Array.from({ length: 1000 }, () => ({ tenant_id: 'borealis' }));
    const events = await eventsOf(() =>
      expect(asTenant(acme, () => guardRows(rows, { ...options, sample: 0.1 }))).rejects.toThrow(),
    );
    expect(events).toMatchObject([{ rows: 100, foreign_rows: 100 }]);
    expect(await asTenant(acme, () => guardRows(rows, { ...options, sample: 0 }))).toBe(rows);
  });

  test('with ids of integer keys and of uuids in another case are known', async () => {
    const id = '0b5f2c52-8a1e-4a77-9d3b-1c7a6c1f0e11';
    expect(await asTenant({ user: 'ada', tenant: '7' }, () => guardRows([{ tenant_id: 7 }], options))).toHaveLength(1);
    const upper = { user: 'ada', tenant: id.toUpperCase() };
    expect(await asTenant(upper, () => guardRows([{ tenant_id: id }], options))).toHaveLength(1);
    await expect(asTenant(acme, () => guardRows([{ tenant_id: 'ACME' }], options))).rejects.toThrow();
  });
});

describe('data on its way out', () => {
  const tripwire = { columns: ['tenantId', 'tenant_id'] };
  const look = (data: unknown): Promise<unknown> =>
    asTenant(acme, () => {
      guardData(data, tripwire, currentScope());
      return data;
    });

  test('goes through with the tenant’s own ids, with null, and with none', async () => {
    const data = { tenantId: 'acme', items: [{ tenant_id: null }, { id: 1 }], tenants: 'borealis' };
    expect(await look(data)).toBe(data);
    expect(await look('borealis')).toBe('borealis');
  });

  test.each([
    ['in a list', [{ tenantId: 'borealis' }]],
    ['deep inside', { a: { b: [{ c: { tenant_id: 'borealis' } }] } }],
    ['in a list of ids', { tenantId: ['acme', 'borealis'] }],
    ['in a map', { found: new Map([['x', { tenantId: 'borealis' }]]) }],
    ['in a set', new Set([{ tenantId: 'borealis' }])],
    ['behind toJSON', { toJSON: () => ({ tenantId: 'borealis' }) }],
    ['as a number', { tenantId: 7 }],
    ['that says by toJSON what it is', { tenantId: { toJSON: () => 'borealis' } }],
    ['in lists of lists', { tenantId: [['acme'], [['borealis']]] }],
    ['in a set of ids', { tenantId: new Set(['borealis']) }],
  ])('is held back with another tenant’s id %s', async (_name, data) => {
    await expect(look(data)).rejects.toMatchObject({ code: 'foreign-row' });
  });

  test('may go in circles', async () => {
    const ids: unknown[] = ['acme', { toJSON: () => 'acme' }];
    const data: Record<string, unknown> = { tenantId: ids };
    data['self'] = data;
    ids.push(ids);
    expect(await look(data)).toBe(data);
  });
});

describe('results of the pool', () => {
  const inspect = resultTripwire({ columns: ['tenant_id'] });
  const look = (result: Parameters<typeof inspect>[0]): Promise<unknown> =>
    asTenant(acme, () => {
      inspect(result, currentScope() ?? { mode: 'user', user: 'nobody' });
      return 'passed';
    });

  test('are looked at as objects, and as arrays with the names of their fields', async () => {
    expect(await look({ rows: [{ tenant_id: 'acme' }, { tenant_id: null }] })).toBe('passed');
    expect(await look({ rows: [[1, 'acme']], fields: [{ name: 'id' }, { name: 'tenant_id' }] })).toBe('passed');
    await expect(look({ rows: [{ tenant_id: 'borealis' }] })).rejects.toMatchObject({ code: 'foreign-row' });
    const arrays = { rows: [[1, 'borealis']], fields: [{ name: 'id' }, { name: 'tenant_id' }] };
    await expect(look(arrays)).rejects.toMatchObject({ code: 'foreign-row' });
  });

  test('without the column pass', async () => {
    expect(await look({ rows: [[1]], fields: [{ name: 'count' }] })).toBe('passed');
    expect(await look({ rows: [] })).toBe('passed');
  });
});
