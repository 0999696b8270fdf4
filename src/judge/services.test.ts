import { describe, expect, test } from 'vitest';
import { and, equals, own } from '../core/predicate.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { billingWorld } from '../logic/billing-world.ts';
import type { Fact, QueryPath } from '../model/app/types.ts';
import { judgeQuery } from './paths.ts';

const place = { file: 'app/route.ts', line: 3 };
const tenant: Term = { kind: 'principal', attribute: 'tenant.id' };
const user: Term = { kind: 'principal', attribute: 'user.id' };
const sent = (path: string): Term => ({ kind: 'client', path });
const of = (row: string, column: string): Term => ({ kind: 'column', row, column });
const text = (...parts: readonly Term[]): Term => ({ kind: 'call', name: 'concat', arguments: parts });
const signedIn: Fact = { holds: { kind: 'signed-in' }, place, label: 'requireUser()' };
const row = (name: string, table: string, where: Predicate): RowVariable => ({ name, table, where });
const found = (holds: RowVariable): Fact => ({
  holds: { kind: 'row', row: holds },
  place,
  label: `found ${holds.table}`,
});
const compared = (condition: Predicate): Fact => ({ holds: { kind: 'condition', condition }, place, label: 'if (…)' });

interface Shape extends Partial<Omit<QueryPath, 'query'>> {
  readonly operation?: QueryPath['query']['operation'];
  readonly sources?: readonly RowVariable[];
}

/** A call of a service that keeps files of all tenants. */
function verdict(
  where: Predicate,
  { operation = 'read', sources = [], ...more }: Shape = {},
): readonly [string, string] {
  const model: QueryPath = {
    id: 'p1',
    entryPoint: { kind: 'route-handler', name: 'GET /api/x', file: 'app/route.ts', line: 1, symbol: 'GET' },
    principal: 'member',
    query: {
      table: 's3.stored_file',
      operation,
      where,
      values: [],
      valuesOpen: false,
      columns: undefined,
      joined: [],
      service: { name: '@aws-sdk/client-s3', sources },
    },
    client: { kind: '@aws-sdk/client-s3', role: 'owner', settings: [], place },
    facts: [signedIn],
    factsAfter: [],
    steps: [],
    escapes: true,
    place,
    ...more,
  };
  const [judged] = judgeQuery(model, { ...billingWorld(), cells: [] });
  return [judged?.verdict ?? '', judged?.reason ?? ''];
}

const key = (term: Term): Predicate => equals(own('Key'), term);
const member = (team: Term): Fact =>
  found(row('m', 'team_member', and([equals(of('m', 'team_id'), team), equals(of('m', 'person_id'), user)])));

describe('what chooses the data of a service', () => {
  test('a key that begins with the session’s tenant is the caller’s, one that the caller sends is not', () => {
    expect(verdict(key(text(tenant, sent('body.name'))))).toEqual(['isolated', 'scoped-by-session']);
    expect(verdict(key(sent('body.key')))).toEqual(['leaks', 'client-id']);
    expect(verdict(key(text(sent('body.team'), sent('body.name'))))).toEqual(['leaks', 'client-id']);
    expect(verdict(key(sent('body.key')), { principal: 'anonymous', facts: [] })).toEqual([
      'leaks',
      'no-authentication',
    ]);
  });

  test('a tenant that was verified counts, another value of the same caller does not', () => {
    const facts = [signedIn, member(sent('body.team'))];
    expect(verdict(key(text(sent('body.team'), sent('body.name'))), { facts })).toEqual([
      'isolated',
      'scoped-by-session',
    ]);
    expect(verdict(key(sent('body.key')), { facts })).toEqual(['leaks', 'unbound-object']);
  });

  test('every one of several keys must be the caller’s', () => {
    const each = (...terms: readonly Term[]): Predicate => key({ kind: 'call', name: 'each', arguments: terms });
    expect(verdict(each(text(tenant, sent('body.a')), text(tenant, sent('body.b'))))).toEqual([
      'isolated',
      'scoped-by-session',
    ]);
    expect(verdict(each(text(tenant, sent('body.a')), sent('body.b')))).toEqual(['leaks', 'client-id']);
  });

  test('the id of a row that was found to be the caller’s counts, one that was found for anybody does not', () => {
    const byId = equals(of('i', 'id'), sent('params.id'));
    const mine = row('i', 'invoice', and([byId, equals(of('i', 'team_id'), tenant)]));
    expect(verdict(key(sent('params.id')), { facts: [signedIn, found(mine)] })).toEqual([
      'isolated',
      'scoped-by-session',
    ]);
    const anybodys = row('i', 'invoice', byId);
    expect(verdict(key(sent('params.id')), { facts: [signedIn, found(anybodys)] })).toEqual(['leaks', 'client-id']);
  });

  test('a column of the caller’s row is the caller’s; of another row the row itself is judged', () => {
    const mine = row('i', 'invoice', equals(of('i', 'team_id'), tenant));
    expect(verdict(key(of('i', 'id')), { sources: [mine] })).toEqual(['isolated', 'scoped-by-session']);
    const anybodys = row('i', 'invoice', equals(of('i', 'id'), sent('params.id')));
    expect(verdict(key(of('i', 'id')), { sources: [anybodys] })).toEqual(['isolated', 'guarded-lookup']);
  });

  test('a secret that the caller was given is a capability', () => {
    expect(verdict(key(text({ kind: 'constant', value: 'session:' }, sent('cookie.session'))))).toEqual([
      'isolated',
      'capability',
    ]);
    expect(verdict(key(sent('body.countryCode')))).toEqual(['leaks', 'client-id']);
  });
});

describe('what a service answers', () => {
  const tenantOfIt: Term = { kind: 'call', name: '.teamId', arguments: [of('self', 'metadata')] };
  const state: Term = { kind: 'call', name: '.status', arguments: [of('self', 'metadata')] };

  test('is guarded when it is compared with the caller before it leaves', () => {
    expect(verdict(key(sent('params.id')), { factsAfter: [compared(equals(tenantOfIt, tenant))] })).toEqual([
      'isolated',
      'guarded-lookup',
    ]);
    const done: Term = { kind: 'constant', value: 'done' };
    expect(verdict(key(sent('params.id')), { factsAfter: [compared(equals(state, done))] })).toEqual([
      'leaks',
      'client-id',
    ]);
    expect(
      verdict(key(sent('params.id')), { operation: 'delete', factsAfter: [compared(equals(tenantOfIt, tenant))] })[0],
    ).toBe('leaks');
  });

  test('lets a later call act on the thing that was compared, and on no other', () => {
    const looked = row('d', 's3.stored_file', equals(of('d', 'Key'), sent('body.key')));
    const facts = [signedIn, found(looked), compared(equals(of('d', 'tenant'), tenant))];
    expect(verdict(key(sent('body.key')), { operation: 'delete', facts })).toEqual(['isolated', 'scoped-by-session']);
    expect(verdict(key(sent('body.other')), { operation: 'delete', facts })).toEqual(['leaks', 'client-id']);
    expect(verdict(key(sent('body.key')), { operation: 'delete', facts: [signedIn, found(looked)] })).toEqual([
      'leaks',
      'client-id',
    ]);
  });
});
