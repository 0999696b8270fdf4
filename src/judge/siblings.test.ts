import { expect, test } from 'vitest';

import type { JudgedPath } from '../checks/check.ts';
import type { Reason, Verdict } from '../core/verdict.ts';
import { SiblingCount } from './siblings.ts';

const file = 'lib/invoices.ts';

function pathAt(line: number, verdict: Verdict, reason: Reason, table = 'invoice'): JudgedPath {
  const entryPoint = { kind: 'page', name: 'page /invoices', file, line: 1, symbol: 'default' } as const;
  const sink = { file, line, table, operation: 'read', client: 'prisma', role: 'owner' } as const;
  const path = { id: `${line}`, verdict, reason, principal: 'member', entryPoint, sink, steps: [], sql: '', notes: [] };
  return path as unknown as JudgedPath;
}

const paths = [
  pathAt(10, 'leaks', 'client-id'),
  pathAt(20, 'isolated', 'scoped-by-session'),
  pathAt(30, 'isolated', 'scoped-by-membership'),
  pathAt(40, 'isolated', 'guarded-lookup'),
  pathAt(40, 'leaks', 'unscoped'),
  pathAt(50, 'isolated', 'system'),
  pathAt(60, 'isolated', 'scoped-by-session', 'customer'),
];

test('the queries elsewhere that ask whose the row is are counted beside one that does not', () => {
  expect(new SiblingCount(paths).of('invoice', [{ file, line: 10 }])).toEqual({ checked: 2, all: 3 });
});

test('a query that some entry point reaches unchecked is not counted as checked', () => {
  expect(new SiblingCount(paths).of('invoice', [{ file, line: 20 }])).toEqual({ checked: 1, all: 3 });
});

test('a table that nothing else reaches has no siblings', () => {
  expect(new SiblingCount(paths).of('customer', [{ file, line: 60 }])).toBeUndefined();
  expect(new SiblingCount(paths).of('invoice_line', [{ file, line: 10 }])).toBeUndefined();
});
