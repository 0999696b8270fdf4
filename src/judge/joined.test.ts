import { expect, test } from 'vitest';
import { and, equals, own } from '../core/predicate.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { billingWorld } from '../logic/billing-world.ts';
import type { Query, QueryPath } from '../model/app/types.ts';
import { judgeQuery } from './paths.ts';

const place = { file: 'app/route.ts', line: 3 };
const tenant: Term = { kind: 'principal', attribute: 'tenant.id' };
const sent = (path: string): Term => ({ kind: 'client', path });
const of = (row: string, column: string): Term => ({ kind: 'column', row, column });

function verdicts(
  table: string,
  where: Predicate,
  joined: readonly RowVariable[],
  query: Partial<Query> = {},
): readonly string[] {
  const model: QueryPath = {
    id: 'p1',
    entryPoint: { kind: 'route-handler', name: 'GET /api/x', file: 'app/route.ts', line: 1, symbol: 'GET' },
    principal: 'member',
    query: { table, operation: 'read', where, values: [], valuesOpen: false, columns: undefined, joined, ...query },
    client: { kind: 'prisma', role: 'owner', settings: [], place },
    facts: [{ holds: { kind: 'signed-in' }, place, label: 'requireUser()' }],
    factsAfter: [],
    steps: [],
    escapes: true,
    place,
  };
  return judgeQuery(model, { ...billingWorld(), cells: [] }).map(judged => `${judged.sink.table} ${judged.verdict}`);
}

const scoped = and([equals(own('id'), sent('params.id')), equals(own('team_id'), tenant)]);

test('the person that one’s own row names comes with it, any other person does not', () => {
  const author = { name: 'p', table: 'person', where: equals(of('p', 'id'), own('created_by')) };
  expect(verdicts('invoice', scoped, [author])).toEqual(['invoice isolated', 'person isolated']);
  const anybody = { name: 'p', table: 'person', where: equals(of('p', 'id'), sent('body.person')) };
  expect(verdicts('invoice', scoped, [anybody])).toEqual(['invoice isolated', 'person leaks']);
});

test('a new row has no children but its own; the children of any other row are not the caller’s', () => {
  const values = [{ column: 'team_id', value: tenant }];
  const insert = { operation: 'insert', values } as const;
  const child = { name: 'l', table: 'invoice_line', where: equals(of('l', 'invoice_id'), own('id')) };
  expect(verdicts('invoice', { kind: 'true' }, [child], insert)).toEqual(['invoice isolated', 'invoice_line isolated']);
  const other = { name: 'l', table: 'invoice_line', where: equals(of('l', 'invoice_id'), sent('body.invoice')) };
  expect(verdicts('invoice', { kind: 'true' }, [other], insert)).toEqual(['invoice isolated', 'invoice_line leaks']);
  const below = { name: 'b', table: 'invoice', where: equals(of('b', 'id'), of('l', 'invoice_id')) };
  expect(verdicts('invoice', { kind: 'true' }, [child, below], insert)[2]).toBe('invoice isolated');
  expect(verdicts('invoice', { kind: 'true' }, [other, below], insert)[2]).toBe('invoice leaks');
});
