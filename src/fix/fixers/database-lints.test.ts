import { beforeAll, expect, test } from 'vitest';
import { loadSqlParser } from '../../logic/sql.ts';
import type { DatabaseModel, Policy } from '../../model/database/types.ts';
import { emptyDatabase, findingAt, repair } from '../fixtures/billing-app.ts';

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
  tables: [
    {
      name: 'invoices',
      schema: 'public',
      kind: 'table',
      owner: 'owner',
      columns: [],
      primaryKey: ['id'],
      uniqueKeys: [],
      foreignKeys: [],
      indexes: [],
      rowSecurity: true,
      forceRowSecurity: false,
      policies: [read],
      grants: [],
    },
  ],
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
  expect(proposal.unrepaired.find(each => each.fingerprint === 'call-once')?.reason).toContain('repaired first');
});

test('a repair that was tried and did not hold is waited for no longer', () => {
  const both = [findingOf('replace-policy', { table: 'invoices', policy: 'invoices_read' }), findingOf('call-once')];
  const { proposal } = repair(files, both, { database, attempts: new Map([['replace-policy', 1]]) });
  expect(proposal.unrepaired.map(each => each.fingerprint)).not.toContain('call-once');
});

test('column rights that were given one by one are left to a person', () => {
  const { proposal } = repair(
    files,
    [findingOf('grant-other-columns', { table: 'invoices', columns: ['plan'], roles: ['app'] })],
    { database },
  );
  expect(proposal.unrepaired[0]?.reason).toContain('column by column');
});
