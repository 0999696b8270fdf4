import { expect, test } from 'vitest';
import { and, equals, own } from '../core/predicate.ts';
import type { Term } from '../core/predicate.ts';
import { billingWorld } from '../logic/billing-world.ts';
import type { Fact, QueryPath } from '../model/app/types.ts';
import { judgeStorage } from './storage.ts';

const place = { file: 'app/route.ts', line: 1 };
const world = { ...billingWorld(), cells: [] };
const user: Term = { kind: 'principal', attribute: 'user.id' };
const membership = (of: Term): Fact => ({
  holds: {
    kind: 'row',
    row: { name: 'm', table: 'team_member', where: equals({ kind: 'column', row: 'm', column: 'person_id' }, of) },
  },
  place,
  label: 'membership',
});

function signedUrl(name: Term, facts: readonly Fact[] = []): string {
  const model: QueryPath = {
    id: 'p',
    entryPoint: { kind: 'route-handler', name: 'GET /api/file', file: 'app/route.ts', line: 1, symbol: 'GET' },
    principal: 'member',
    query: {
      table: 'storage.objects',
      operation: 'read',
      where: and([equals(own('bucket_id'), { kind: 'constant', value: 'documents' }), equals(own('name'), name)]),
      values: [],
      valuesOpen: false,
      columns: undefined,
      joined: [],
    },
    client: { kind: 'storage', role: 'service', settings: [], place },
    facts,
    factsAfter: [],
    steps: [],
    escapes: true,
    place,
  };
  return judgeStorage(model, world).verdict;
}

const under = (first: Term): Term => ({
  kind: 'call',
  name: 'concat',
  arguments: [first, { kind: 'client', path: 'params.file' }],
});
const teamOfMembership: Term = { kind: 'column', row: 'm', column: 'team_id' };

test('a path under the caller’s own tenant is isolated, a path of the caller’s choice is not', () => {
  expect(signedUrl(under({ kind: 'principal', attribute: 'tenant.id' }))).toBe('isolated');
  expect(signedUrl({ kind: 'client', path: 'params.path' })).toBe('leaks');
  expect(signedUrl(under({ kind: 'client', path: 'params.team' }))).toBe('leaks');
});

test('a path under the tenant of a membership that was looked up for the caller is isolated', () => {
  expect(signedUrl(under(teamOfMembership), [membership(user)])).toBe('isolated');
  expect(signedUrl(under(teamOfMembership), [membership({ kind: 'client', path: 'params.user' })])).toBe('leaks');
});
