import { expect, test } from 'vitest';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { describeHarm, humanizeTable, quoteAll } from './harm.ts';

const hop = { column: 'workspace_id', table: 'workspaces', referencedColumn: 'id' };
const owner = { confidence: 'foreign-key', secretColumns: [], capabilityColumns: [] } as const;
const tenancy: TenancyModel = {
  root: { table: 'workspaces', key: 'id' },
  principal: { table: 'profiles', key: 'id' },
  memberships: [],
  owners: [
    { table: 'invoices', ownership: { kind: 'tenant', path: [hop] }, ...owner },
    { table: 'diaries', ownership: { kind: 'user', path: [{ ...hop, table: 'profiles' }] }, ...owner },
  ],
  reasons: [],
};

test('the harm names who, what, and whose rows', () => {
  expect(describeHarm({ principal: 'member', operation: 'read', table: 'invoices' }, tenancy)).toBe(
    "Any signed-in user can read any workspace's invoices.",
  );
  expect(describeHarm({ principal: 'anonymous', operation: 'update', table: 'diaries' }, tenancy)).toBe(
    "Anyone on the internet can change any user's diaries.",
  );
});

test('adding a row harms the tenant that it is added to', () => {
  expect(describeHarm({ principal: 'member', operation: 'insert', table: 'invoices' }, tenancy)).toBe(
    'Any signed-in user can add invoices to any workspace.',
  );
});

test('the tenant itself is not called its own', () => {
  expect(describeHarm({ principal: 'member', operation: 'delete', table: 'workspaces' }, tenancy)).toBe(
    'Any signed-in user can delete any workspace.',
  );
  expect(describeHarm({ principal: 'member', operation: 'read', table: 'workspaces' }, tenancy)).toBe(
    "Any signed-in user can read any workspace's record.",
  );
});

test('tables are named as a person would', () => {
  expect(['work_orders', 'billing.apiKey', 'company', 'price_history'].map(humanizeTable)).toEqual([
    'work orders',
    'api keys',
    'companies',
    'price history',
  ]);
});

test('names are quoted and joined', () => {
  expect([quoteAll(['a']), quoteAll(['a', 'b', 'c'])]).toEqual(["'a'", "'a', 'b' and 'c'"]);
});
