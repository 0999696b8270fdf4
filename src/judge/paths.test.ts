import { describe, expect, test } from 'vitest';
import { always, and, equals, own } from '../core/predicate.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import { billingWorld } from '../logic/billing-world.ts';
import type { Fact, Query, QueryPath } from '../model/app/types.ts';
import type { DatabaseModel, Policy } from '../model/database/types.ts';
import { judgeQuery, judgeReferences } from './paths.ts';

const place = { file: 'app/route.ts', line: 3 };
const tenant: Term = { kind: 'principal', attribute: 'tenant.id' };
const user: Term = { kind: 'principal', attribute: 'user.id' };
const sent = (path: string): Term => ({ kind: 'client', path });
const of = (row: string, column: string): Term => ({ kind: 'column', row, column });
const signedIn: Fact = { holds: { kind: 'signed-in' }, place, label: 'requireUser()' };

interface Shape extends Partial<Omit<QueryPath, 'query'>> {
  readonly query?: Partial<Query>;
}

function path(table: string, where: Predicate, { query, ...more }: Shape = {}): QueryPath {
  return {
    id: 'p1',
    entryPoint: { kind: 'route-handler', name: 'GET /api/x', file: 'app/route.ts', line: 1, symbol: 'GET' },
    principal: 'member',
    query: { table, operation: 'read', where, values: [], valuesOpen: false, columns: undefined, joined: [], ...query },
    client: { kind: 'drizzle', role: 'owner', settings: [], place },
    facts: [signedIn],
    factsAfter: [],
    steps: [],
    escapes: true,
    place,
    ...more,
  };
}

function verdict(model: QueryPath, change?: (database: DatabaseModel) => DatabaseModel): readonly [string, string] {
  const [judged] = judgeQuery(model, { ...billingWorld(change), cells: [] });
  return [judged?.verdict ?? '', judged?.reason ?? ''];
}

const byId = equals(own('id'), sent('params.id'));
const scoped = and([byId, equals(own('team_id'), tenant)]);

describe('a read as the owner of the tables', () => {
  test('is no leak where only a number over all rows leaves, and one where the caller picks the rows', () => {
    const counted = (where: Predicate): QueryPath => path('invoice', where, { query: { columns: [] } });
    expect(verdict(counted(always))).toEqual(['public', 'only-counted']);
    expect(verdict(counted(byId))).toEqual(['leaks', 'client-id']);
  });

  test('is unknown where a filter was not followed, and leaks where the caller may leave it out', () => {
    const filterBy = (value: Term): Predicate =>
      and([byId, { kind: 'maybe-absent', operand: equals(own('team_id'), value), because: 'teamId' }]);
    const opaque: Term = { kind: 'opaque', id: 'x', reason: 'the call was not followed' };
    expect(verdict(path('invoice', filterBy(opaque)))).toEqual(['unknown', 'opaque']);
    expect(verdict(path('invoice', filterBy(sent('teamId'))))).toEqual(['leaks', 'client-id']);
  });

  test('is isolated by the session, and leaks by the caller’s id alone', () => {
    expect(verdict(path('invoice', scoped))).toEqual(['isolated', 'scoped-by-session']);
    expect(verdict(path('invoice', byId))).toEqual(['leaks', 'client-id']);
    expect(verdict(path('invoice', always))).toEqual(['leaks', 'unscoped']);
  });

  test('leaks to the internet when nothing asks who is calling', () => {
    expect(verdict(path('invoice', byId, { principal: 'anonymous', facts: [] }))).toEqual([
      'leaks',
      'no-authentication',
    ]);
  });

  test('is a guarded look-up when the row is compared before it is used', () => {
    const factsAfter: readonly Fact[] = [
      {
        holds: { kind: 'condition', condition: equals(own('team_id'), tenant) },
        place,
        label: 'if (invoice.teamId !== …)',
      },
    ];
    expect(verdict(path('invoice', byId, { factsAfter }))).toEqual(['isolated', 'guarded-lookup']);
    expect(verdict(path('invoice', byId, { factsAfter, query: { operation: 'delete' } }))).toEqual([
      'leaks',
      'client-id',
    ]);
  });

  test('leaves the object unbound when the membership is of a tenant that the caller names', () => {
    const where = and([equals(of('m', 'team_id'), sent('body.team')), equals(of('m', 'person_id'), user)]);
    const member: Fact = {
      holds: { kind: 'row', row: { name: 'm', table: 'team_member', where } },
      place,
      label: 'requireMember(body.team)',
    };
    expect(verdict(path('invoice', byId, { facts: [signedIn, member] }))).toEqual(['leaks', 'unbound-object']);
    expect(
      verdict(path('invoice', and([byId, equals(own('team_id'), sent('body.team'))]), { facts: [signedIn, member] })),
    ).toEqual(['isolated', 'scoped-by-membership']);
  });

  test('names the guard that does not stop it', () => {
    const condition = equals(sent('body.team'), tenant);
    for (const weakness of ['fail-open', 'not-awaited', 'result-dropped', 'layout-only'] as const) {
      const guard: Fact = { holds: { kind: 'condition', condition }, place, label: 'assertTeam()', weakness };
      expect(verdict(path('invoice', equals(own('team_id'), sent('body.team')), { facts: [signedIn, guard] }))).toEqual(
        ['leaks', weakness],
      );
    }
  });

  test('leaks where the scoping filter may be undefined', () => {
    const where = and([
      byId,
      { kind: 'maybe-absent', operand: equals(own('team_id'), tenant), because: 'teamId may be undefined' },
    ]);
    expect(verdict(path('invoice', where))).toEqual(['leaks', 'maybe-undefined']);
  });

  test('is public on reference data and unknown on a table nobody knows', () => {
    expect(verdict(path('plan', always))).toEqual(['public', 'no-owner']);
    expect(verdict(path('ghost', always))[0]).toBe('unknown');
  });
});

describe('writes', () => {
  test('an insert names the caller’s own tenant or leaks', () => {
    const insert = (value: Term): QueryPath =>
      path('invoice', always, { query: { operation: 'insert', values: [{ column: 'team_id', value }] } });
    expect(verdict(insert(tenant))).toEqual(['isolated', 'scoped-by-session']);
    expect(verdict(insert(sent('body.teamId')))).toEqual(['leaks', 'client-id']);
  });

  test('an update of one’s own row must not move it to a tenant of the caller’s choice', () => {
    const update = (value: Term): QueryPath =>
      path('invoice', scoped, { query: { operation: 'update', values: [{ column: 'team_id', value }] } });
    expect(verdict(update(tenant))).toEqual(['isolated', 'scoped-by-session']);
    expect(verdict(update(sent('body.teamId')))).toEqual(['leaks', 'client-id']);
  });

  test('a reference to a row that was never looked at is a leak of its own, one that was looked up is not', () => {
    const values = [
      { column: 'team_id', value: tenant },
      { column: 'customer_id', value: sent('body.customerId') },
    ];
    const insert = path('invoice', always, { query: { operation: 'insert', values } });
    const world = { ...billingWorld(), cells: [] };
    expect(judgeReferences(insert, world).map(judged => judged.reason)).toEqual(['foreign-key']);
    const where = and([equals(of('c', 'id'), sent('body.customerId')), equals(of('c', 'team_id'), tenant)]);
    const lookedUp: Fact = {
      holds: { kind: 'row', row: { name: 'c', table: 'customer', where } },
      place,
      label: 'getCustomer()',
    };
    expect(judgeReferences({ ...insert, facts: [signedIn, lookedUp] }, world)).toEqual([]);
  });

  test('a reference read from a row that was found by the caller’s id alone is a leak too', () => {
    const values = [
      { column: 'team_id', value: tenant },
      { column: 'customer_id', value: of('c', 'id') },
    ];
    const insert = path('invoice', always, { query: { operation: 'insert', values } });
    const world = { ...billingWorld(), cells: [] };
    const found = (where: Predicate): Fact => ({
      holds: { kind: 'row', row: { name: 'c', table: 'customer', where } },
      place,
      label: 'getCustomer()',
    });
    const byId_ = equals(of('c', 'id'), sent('body.customerId'));
    expect(judgeReferences({ ...insert, facts: [signedIn, found(byId_)] }, world).map(judged => judged.reason)).toEqual(
      ['foreign-key'],
    );
    const inTeam = and([byId_, equals(of('c', 'team_id'), tenant)]);
    expect(judgeReferences({ ...insert, facts: [signedIn, found(inTeam)] }, world)).toEqual([]);
  });
});

describe('a client under row security', () => {
  const inTeam: Predicate = equals(own('team_id'), { kind: 'setting', name: 'app.team_id' });
  const underPolicy =
    (policies: readonly Partial<Policy>[], rowSecurity = true) =>
    (database: DatabaseModel): DatabaseModel => ({
      ...database,
      tables: database.tables.map(table =>
        table.name === 'invoice'
          ? {
              ...table,
              rowSecurity,
              policies: policies.map((policy, index) => ({
                name: `p${index}`,
                table: 'invoice',
                command: 'all',
                permissive: true,
                roles: ['app'],
                ...policy,
              })),
            }
          : table,
      ),
    });
  const bound = (value: Term): Partial<QueryPath> => ({
    client: { kind: 'drizzle', role: 'guarded', sqlRole: 'app', settings: [{ name: 'app.team_id', value }], place },
  });

  test('a right policy makes an unfiltered query safe, and the owner’s connection does not', () => {
    const database = underPolicy([{ usingPredicate: inTeam }]);
    expect(verdict(path('invoice', byId, bound(tenant)), database)).toEqual(['isolated', 'scoped-by-policy']);
    expect(verdict(path('invoice', byId), database)).toEqual(['leaks', 'client-id']);
  });

  test('a setting that holds what the caller sent binds nothing', () => {
    expect(verdict(path('invoice', byId, bound(sent('body.team'))), underPolicy([{ usingPredicate: inTeam }]))).toEqual(
      ['leaks', 'client-id'],
    );
  });

  test('a second permissive policy opens what the first one closes, a restrictive one does not', () => {
    expect(
      verdict(
        path('invoice', byId, bound(tenant)),
        underPolicy([{ usingPredicate: inTeam }, { usingPredicate: always }]),
      ),
    ).toEqual(['leaks', 'policy-leaks']);
    expect(
      verdict(
        path('invoice', byId, bound(tenant)),
        underPolicy([{ usingPredicate: inTeam }, { usingPredicate: always, permissive: false }]),
      ),
    ).toEqual(['isolated', 'scoped-by-policy']);
  });

  test('policies that were never enabled protect nothing', () => {
    expect(verdict(path('invoice', byId, bound(tenant)), underPolicy([{ usingPredicate: inTeam }], false))).toEqual([
      'leaks',
      'policy-leaks',
    ]);
  });

  test('an insert is checked by WITH CHECK, or by USING where there is none', () => {
    const insert = path('invoice', always, {
      ...bound(tenant),
      query: { operation: 'insert', values: [{ column: 'team_id', value: sent('body.teamId') }] },
    });
    expect(verdict(insert, underPolicy([{ usingPredicate: inTeam }]))).toEqual(['isolated', 'scoped-by-policy']);
    expect(verdict(insert, underPolicy([{ usingPredicate: inTeam, check: 'true', checkPredicate: always }]))).toEqual([
      'leaks',
      'policy-leaks',
    ]);
  });
});
