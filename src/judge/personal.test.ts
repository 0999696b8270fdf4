import { expect, test } from 'vitest';
import { and, equals, own } from '../core/predicate.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import { billingWorld } from '../logic/billing-world.ts';
import type { Query, QueryPath } from '../model/app/types.ts';
import type { JudgeWorld } from './paths.ts';
import { judgeQuery } from './paths.ts';

const place = { file: 'app/route.ts', line: 3 };
const address: Term = { kind: 'principal', attribute: 'user.email' };
const sent = (path: string): Term => ({ kind: 'client', path });

const base = billingWorld(database => ({
  ...database,
  tables: database.tables.flatMap(table => {
    const [first] = table.columns;
    if (first === undefined || table.name !== 'customer') return [table];
    const named = (name: string) => ({ ...first, name });
    return [
      { ...table, columns: [...table.columns, named('contact_email')] },
      {
        ...table,
        name: 'verification',
        columns: ['identifier', 'token', 'expires'].map(named),
        foreignKeys: [],
        uniqueKeys: [],
      },
    ];
  }),
}));
const world: JudgeWorld = {
  ...base,
  cells: [],
  tenancy: {
    ...base.tenancy,
    owners: [
      ...base.tenancy.owners,
      {
        table: 'verification',
        ownership: { kind: 'unknown', because: 'one-time codes' },
        confidence: 'none',
        secretColumns: ['token'],
        capabilityColumns: [],
      },
    ],
  },
};

function verdict(table: string, where: Predicate, query: Partial<Query> = {}, escapes = true): string {
  const model: QueryPath = {
    id: 'p1',
    entryPoint: { kind: 'route-handler', name: 'GET /api/x', file: 'app/route.ts', line: 1, symbol: 'GET' },
    principal: 'member',
    query: { table, operation: 'read', where, values: [], valuesOpen: false, columns: undefined, joined: [], ...query },
    client: { kind: 'prisma', role: 'owner', settings: [], place },
    facts: [{ holds: { kind: 'signed-in' }, place, label: 'requireUser()' }],
    factsAfter: [],
    steps: [],
    escapes,
    place,
  };
  return judgeQuery(model, world)[0]?.verdict ?? '';
}

test('a row addressed to the verified e-mail is the caller’s, one addressed to any e-mail is not', () => {
  expect(verdict('customer', equals(own('contact_email'), address))).toBe('isolated');
  expect(verdict('customer', equals(own('contact_email'), sent('body.email')))).toBe('leaks');
  expect(verdict('customer', equals(own('name'), address))).toBe('leaks');
});

test('a new row with one’s own e-mail may still be written into any tenant', () => {
  const values = [
    { column: 'contact_email', value: address },
    { column: 'team_id', value: sent('body.team') },
  ];
  expect(verdict('customer', { kind: 'true' }, { operation: 'insert', values })).toBe('leaks');
});

test('what an addressed row refers to is not the caller’s', () => {
  const invitation = {
    name: 'c',
    table: 'customer',
    where: and([
      equals({ kind: 'column', row: 'c', column: 'contact_email' }, address),
      equals({ kind: 'column', row: 'c', column: 'team_id' }, own('id')),
    ]),
  };
  expect(verdict('team', { kind: 'exists', row: invitation })).toBe('leaks');
});

test('one-time codes are used by themselves or looked at inside; handing them out is not understood', () => {
  expect(verdict('verification', equals(own('token'), sent('body.token')))).toBe('public');
  expect(verdict('verification', equals(own('identifier'), sent('body.email')), {}, false)).toBe('public');
  expect(verdict('verification', equals(own('identifier'), sent('body.email')), { operation: 'delete' })).toBe(
    'public',
  );
  expect(verdict('verification', equals(own('identifier'), sent('body.email')))).toBe('unknown');
});
