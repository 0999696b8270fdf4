import { beforeAll, expect, test } from 'vitest';
import { loadSqlParser } from '../../logic/sql.ts';
import type { DatabaseFunction, DatabaseModel, Policy } from '../../model/database/types.ts';
import { bareTable, emptyDatabase, findingAt, repair } from '../fixtures/billing-app.ts';

beforeAll(loadSqlParser);

const files = { 'drizzle/0000_init.sql': 'create table invoices ();' };
const read: Policy = {
  name: 'invoices_read',
  table: 'invoices',
  command: 'select',
  permissive: true,
  roles: ['app'],
  using: `(account_id = current_setting('app.account_id'::text, true))`,
};
const database: DatabaseModel = {
  ...emptyDatabase,
  tables: [{ ...bareTable, name: 'invoices', policies: [read] }],
};

const steadyFunction: DatabaseFunction = {
  name: 'accounts_of_caller',
  schema: 'public',
  signature: 'accounts_of_caller()',
  arguments: [],
  returns: 'text',
  returnsSet: false,
  language: 'sql',
  securityDefiner: true,
  owner: 'owner',
  body: 'select 1',
  volatility: 'stable',
  grants: [],
};

function findingOf(kind: string, more: Readonly<Record<string, unknown>> = {}) {
  const finding = findingAt(files, { file: 'drizzle/0000_init.sql', mark: 'create' }, { kind, ...more });
  return { ...finding, fingerprint: kind, object: 'invoices' };
}

test('a policy is written anew with the same name, roles and command, and asks once', () => {
  const { text } = repair(files, [findingOf('call-once')], { database });
  expect(text('drizzle/0001_policies_ask_once.sql')).toContain(
    `using ((account_id = (select current_setting('app.account_id'::text, true))))`,
  );
});

test('policies that another repair writes are not written back to what they were', () => {
  const both = [findingOf('replace-policy', { table: 'invoices', policy: 'invoices_read' }), findingOf('call-once')];
  const { proposal } = repair(files, both, { database });
  expect(proposal.deferred).toEqual(['call-once']);
});

test('a repair that nobody can make is not waited for', () => {
  const both = [findingOf('replace-policy', { table: 'ghosts', policy: 'none' }), findingOf('call-once')];
  const { proposal } = repair(files, both, { database });
  expect(proposal.deferred).toEqual([]);
  expect(proposal.fixes.flatMap(fix => fix.findings)).toEqual(['call-once']);
});

test('a set of rows is no value that could stand in a sub-query of its own', () => {
  const policies = [{ ...read, using: 'account_id = any (array(select accounts_of_caller()))' }];
  const ofCaller = (returnsSet: boolean): DatabaseModel => ({
    ...database,
    tables: database.tables.map(table => ({ ...table, policies })),
    functions: [{ ...steadyFunction, returnsSet }],
  });
  expect(repair(files, [findingOf('call-once')], { database: ofCaller(true) }).proposal.fixes).toEqual([]);
  expect(repair(files, [findingOf('call-once')], { database: ofCaller(false) }).proposal.fixes).toHaveLength(1);
});

test('column rights that were given one by one are left to a person', () => {
  const { proposal } = repair(
    files,
    [findingOf('grant-other-columns', { table: 'invoices', columns: ['plan'], roles: ['app'] })],
    { database },
  );
  expect(proposal.unrepaired[0]?.reason).toContain('column by column');
});
