import { beforeAll, expect, test } from 'vitest';
import { loadSqlParser } from '../../logic/sql.ts';
import type { DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import type { Owner, TenancyModel } from '../../model/tenancy/types.ts';
import { bareTable, billingTenancy, emptyDatabase, findingAt, repair } from '../fixtures/billing-app.ts';

beforeAll(loadSqlParser);

const files = {
  'drizzle/0000_init.sql': 'create table invoices ();',
  'drizzle/meta/_journal.json':
    '{\n  "version": "7",\n  "entries": [\n    {\n      "idx": 0,\n      "version": "7",\n      "when": 1000,\n      "tag": "0000_init",\n      "breakpoints": true\n    }\n  ]\n}\n',
};
const setting = `(account_id = current_setting('app.account_id'::text, true))`;

function policy(
  table: string,
  name: string,
  command: Policy['command'],
  texts: { readonly using?: string; readonly check?: string },
): Policy {
  return { name, table, command, permissive: true, roles: ['app'], ...texts };
}

function table(name: string, policies: readonly Policy[], rowSecurity: boolean): Table {
  return {
    ...bareTable,
    name,
    rowSecurity,
    policies,
    grants: [
      { role: 'app', privilege: 'select' },
      { role: 'app', privilege: 'insert' },
    ],
  };
}

const clients = table(
  'clients',
  [
    policy('clients', 'clients_read', 'select', { using: setting }),
    policy('clients', 'clients_add', 'insert', { check: setting }),
  ],
  true,
);

function database(...tables: readonly Table[]): DatabaseModel {
  return { ...emptyDatabase, tables: [clients, ...tables] };
}

function finding(kind: string, more: Readonly<Record<string, unknown>>) {
  return {
    ...findingAt(files, { file: 'drizzle/0000_init.sql', mark: 'create' }, { kind, ...more }),
    object: 'invoices',
  };
}

test('row security is turned on with a policy for each granted command, in the words of the database’s own', () => {
  const { text, proposal } = repair(files, [finding('create-policies', { table: 'invoices' })], {
    database: database(table('invoices', [], false)),
  });
  expect(text('drizzle/0001_enable_invoices_policies.sql'))
    .toBe(`create policy invoices_select_own on invoices for select to app
  using (account_id = (select current_setting('app.account_id', true)));
--> statement-breakpoint
create policy invoices_insert_own on invoices for insert to app
  with check (account_id = (select current_setting('app.account_id', true)));
--> statement-breakpoint
alter table invoices enable row level security;
--> statement-breakpoint
create index if not exists invoices_account_id_idx on invoices (account_id);
`);
  expect(JSON.parse(text('drizzle/meta/_journal.json'))).toEqual({
    version: '7',
    entries: [
      { idx: 0, version: '7', when: 1000, tag: '0000_init', breakpoints: true },
      { idx: 1, version: '7', when: 61_000, tag: '0001_enable_invoices_policies', breakpoints: true },
    ],
  });
  expect(proposal.fixes[0]?.rollbackSql).toContain('alter table invoices disable row level security;');
});

test('policies that were written and never enabled are enabled as they are', () => {
  const own = [
    policy('invoices', 'read', 'select', { using: setting }),
    policy('invoices', 'add', 'insert', { check: setting }),
  ];
  const { text } = repair(files, [finding('enable-policies', { table: 'invoices' })], {
    database: database(table('invoices', own, false)),
  });
  expect(text('drizzle/0001_enable_invoices_policies.sql')).not.toContain('create policy');
  expect(text('drizzle/0001_enable_invoices_policies.sql')).toContain('enable row level security');
});

test('a wide policy also asks for the owner, and keeps what it asked; a right one beside it is not touched', () => {
  const own = [
    policy('invoices', 'read', 'select', { using: setting }),
    policy('invoices', 'shown', 'select', { using: `(status <> 'draft'::text)` }),
  ];
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', operation: 'read' })], {
    database: database(table('invoices', own, true)),
  });
  expect(text('drizzle/0001_narrow_invoices_policies.sql')).toBe(`drop policy shown on invoices;
--> statement-breakpoint
create policy shown on invoices as permissive for select to app
  using (account_id = (select current_setting('app.account_id', true)) and (status <> 'draft'::text));
`);
});

test('what a sibling asks of the whole rows of a function is asked in the same words, without the names of their columns', () => {
  const mine = `(account_id IN ( SELECT me.account_id\n   FROM public.me() me(id, account_id, role)))`;
  const shown = policy('invoices', 'shown', 'select', { using: `(status <> 'draft'::text)` });
  const asking = { ...clients, policies: [policy('clients', 'own', 'select', { using: mine })] };
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', operation: 'read' })], {
    database: { ...emptyDatabase, tables: [asking, table('invoices', [shown], true)] },
  });
  const sql = text('drizzle/0001_narrow_invoices_policies.sql');
  expect(sql).toMatch(/invoices\.account_id IN \( SELECT me\.account_id\s+FROM public\.me\(\) me\)/);
});

test('a check that is always true becomes the owner’s', () => {
  const own = [policy('invoices', 'move', 'update', { using: setting, check: 'true' })];
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', policy: 'move' })], {
    database: database(table('invoices', own, true)),
  });
  expect(text('drizzle/0001_narrow_invoices_policies.sql')).toContain(
    `with check (account_id = (select current_setting('app.account_id', true)))`,
  );
});

test('a view obeys the policies of its tables', () => {
  const view = {
    name: 'summary',
    schema: 'public',
    materialized: false,
    securityInvoker: false,
    owner: 'owner',
    columns: [],
    reads: ['invoices'],
    definition: '',
    grants: [],
  };
  const { text, proposal } = repair(
    files,
    [{ ...finding('security-invoker', { view: 'summary' }), object: 'summary' }],
    { database: { ...database(), views: [view] } },
  );
  expect(text('drizzle/0001_summary_security_invoker.sql')).toBe('alter view summary set (security_invoker = true);\n');
  expect(proposal.fixes[0]?.rollbackSql).toBe('alter view summary reset (security_invoker);\n');
});

test('a definer function asks for the caller’s rows itself, and is no longer everybody’s', () => {
  const definer = {
    name: 'history',
    schema: 'public',
    signature: 'history(uuid)',
    arguments: [{ name: 'invoice', type: 'uuid' }],
    returns: 'SETOF text',
    returnsSet: true,
    language: 'sql',
    securityDefiner: true,
    owner: 'owner',
    body: '\n  select i.status from invoices i where i.id = invoice order by 1\n',
    volatility: 'stable' as const,
    grants: [{ role: 'public', privilege: 'execute' as const }],
  };
  const { text } = repair(files, [{ ...finding('guard-function', { function: 'history' }), object: 'history' }], {
    database: { ...database(table('invoices', [], true)), functions: [definer] },
  });
  const sql = text('drizzle/0001_guard_history.sql');
  expect(sql).toContain(
    `where i.id = invoice\n  and i.account_id = (select current_setting('app.account_id', true)) order by 1`,
  );
  expect(sql).toContain('set search_path = public, pg_temp');
  expect(sql).toContain('revoke execute on function history(uuid) from public;');
});

test('a function is not asked for by itself, although the policies of the database ask by it', () => {
  const mine = {
    name: 'my_account',
    schema: 'public',
    signature: 'my_account(text)',
    arguments: [{ name: 'who', type: 'text' }],
    returns: 'text',
    returnsSet: false,
    language: 'sql',
    securityDefiner: true,
    owner: 'owner',
    body: ' select c.account_id from clients c where c.user_id = who ',
    volatility: 'stable' as const,
    grants: [],
  };
  const own = `(account_id = my_account((select current_setting('app.user_id'::text, true))))`;
  const asking = { ...clients, policies: [policy('clients', 'own', 'select', { using: own })] };
  const { text } = repair(files, [{ ...finding('guard-function', { function: 'my_account' }), object: 'my_account' }], {
    database: { ...database(), tables: [asking], functions: [mine] },
  });
  const sql = text('drizzle/0001_guard_my_account.sql');
  expect(sql).toContain('c.user_id = who');
  expect(sql).toMatch(/where c\.user_id = who\s+and /);
  expect(sql.split('as $function$')[1]).not.toContain('my_account(');
});

test('what visitors send is read by nobody any more, where its owner is not known', () => {
  const subscribers = {
    ...table('subscribers', [], true),
    columns: ['id', 'email'].map(name => ({
      name,
      type: 'text',
      notNull: true,
      hasDefault: false,
      generated: false,
    })),
  };
  const send: Policy = { ...policy('subscribers', 'send', 'insert', { check: 'true' }), roles: ['public'] };
  const read: Policy = { ...policy('subscribers', 'read', 'select', { using: 'true' }), roles: ['public'] };
  const asked = { ...finding('replace-policy', { table: 'subscribers', operation: 'read' }), object: 'subscribers' };
  const open = repair(files, [asked], { database: database({ ...subscribers, policies: [send, read] }) });
  expect(open.text('drizzle/0001_leave_subscribers_to_server.sql')).toBe('drop policy read on subscribers;\n');
  const listed = repair(files, [asked], { database: database({ ...subscribers, policies: [read] }) });
  expect(listed.proposal.unrepaired[0]?.reason).toContain(`The owner of 'subscribers' is not known.`);
});

test('a function that asks for the caller’s rows keeps defaults, settings and what null does', () => {
  const definer = {
    name: 'history',
    schema: 'public',
    signature: 'history(uuid,integer)',
    arguments: [
      { name: 'invoice', type: 'uuid' },
      { name: 'most', type: 'integer', hasDefault: true as const },
    ],
    parameters: 'invoice uuid, most integer DEFAULT 10',
    settings: ['work_mem=96MB'],
    strict: true,
    returns: 'SETOF text',
    returnsSet: true,
    language: 'sql',
    securityDefiner: true,
    owner: 'owner',
    body: 'select i.status from invoices i where i.id = invoice limit most',
    volatility: 'stable' as const,
    grants: [],
  };
  const { text } = repair(files, [{ ...finding('guard-function', { function: 'history' }), object: 'history' }], {
    database: { ...database(table('invoices', [], true)), functions: [definer] },
  });
  const sql = text('drizzle/0001_guard_history.sql');
  expect(sql).toContain('create or replace function history(invoice uuid, most integer DEFAULT 10)');
  expect(sql).toContain("stable\nstrict\nsecurity definer\nset search_path = public, pg_temp\nset work_mem = '96MB'");
});

test('on Supabase the documented membership is asked where no policy shows another way', () => {
  const { text } = repair(
    { 'supabase/migrations/20250101000000_init.sql': '' },
    [finding('create-policies', { table: 'invoices' })],
    {
      database: {
        ...emptyDatabase,
        platform: 'supabase',
        tables: [{ ...table('invoices', [], false), grants: [{ role: 'authenticated', privilege: 'select' }] }],
      },
      migrations: { folder: 'supabase/migrations', tool: 'supabase' },
    },
  );
  expect(text('supabase/migrations/20250101000001_enable_invoices_policies.sql')).toContain(`for select to authenticated
  using (account_id in (select account_id from members where user_id = (select auth.uid())));`);
});

test('rows that name their user by his address ask for the one in the token, and of a tenant that only a claim names nothing is made up', () => {
  const repaired = (ownership: Owner['ownership'], more: Partial<TenancyModel> = {}) =>
    repair({ 'supabase/migrations/20250101000000_init.sql': '' }, [finding('create-policies', { table: 'invoices' })], {
      database: {
        ...emptyDatabase,
        platform: 'supabase',
        tables: [{ ...table('invoices', [], false), grants: [{ role: 'authenticated', privilege: 'select' }] }],
      },
      migrations: { folder: 'supabase/migrations', tool: 'supabase' },
      tenancy: {
        ...billingTenancy,
        ...more,
        owners: billingTenancy.owners.map(owner => (owner.table === 'invoices' ? { ...owner, ownership } : owner)),
      },
    });
  const file = 'supabase/migrations/20250101000001_enable_invoices_policies.sql';
  const byAddress = repaired({
    kind: 'user',
    path: [
      { column: 'owner_email', table: 'users', referencedColumn: 'email' },
      { column: 'id', table: 'users', referencedColumn: 'id' },
    ],
  });
  expect(byAddress.text(file)).toContain(`using (owner_email = (select auth.jwt() ->> 'email'));`);
  const elsewhere = { table: 'tenants kept elsewhere', referencedColumn: 'id' };
  const { proposal } = repaired(
    { kind: 'tenant', path: [{ column: 'org_id', ...elsewhere }] },
    { root: undefined, memberships: [], keptElsewhere: { tenants: 'text' } },
  );
  expect(proposal.fixes).toEqual([]);
});

test('several migrations of one round are numbered one after the other', () => {
  const { proposal, text } = repair(
    files,
    [
      finding('create-policies', { table: 'invoices' }),
      { ...finding('index-tenant', { table: 'clients' }), fingerprint: 'other' },
    ],
    {
      database: database(table('invoices', [], false)),
    },
  );
  expect(proposal.fixes.map(fix => fix.newFiles[0]?.file)).toEqual([
    'drizzle/0001_enable_invoices_policies.sql',
    'drizzle/0002_index_clients_owner.sql',
  ]);
  expect(JSON.parse(text('drizzle/meta/_journal.json')).entries.map((entry: { tag: string }) => entry.tag)).toEqual([
    '0000_init',
    '0001_enable_invoices_policies',
    '0002_index_clients_owner',
  ]);
});

test('where the tenant’s row lists its people, its own policy looks there, and others look the tenant up', () => {
  const column = { name: 'people', type: 'uuid[]', notNull: true, hasDefault: false, generated: false };
  const wide = (name: string): Policy => policy(name, 'shown', 'select', { using: 'true' });
  const accounts = { ...table('accounts', [wide('accounts')], true), columns: [column] };
  const repaired = (name: string): string => {
    const { text } = repair(
      files,
      [{ ...finding('replace-policy', { table: name, operation: 'read' }), object: name }],
      {
        database: {
          ...emptyDatabase,
          platform: 'supabase',
          tables: [accounts, table('invoices', [wide('invoices')], true)],
        },
        tenancy: {
          ...billingTenancy,
          memberships: [{ table: 'accounts', tenantColumn: 'id', userColumn: 'people', lists: 'keys', adminRoles: [] }],
          owners: [
            ...billingTenancy.owners,
            {
              table: 'accounts',
              ownership: { kind: 'tenant', path: [{ column: 'id', table: 'accounts', referencedColumn: 'id' }] },
              confidence: 'foreign-key',
              secretColumns: [],
              capabilityColumns: [],
            },
          ],
        },
      },
    );
    return text(`drizzle/0001_narrow_${name}_policies.sql`);
  };
  expect(repaired('accounts')).toContain('using ((select auth.uid()) = any (people))');
  expect(repaired('invoices')).toContain(
    'using (account_id in (select id from accounts where (select auth.uid()) = any (people)))',
  );
});

const isMember = (column: string) =>
  `EXISTS ( SELECT 1 FROM public.members WHERE ((members.account_id = ${column}) AND (members.user_id = auth.uid())))`;

function supabase(...tables: readonly Table[]): DatabaseModel {
  return { ...emptyDatabase, platform: 'supabase', tables };
}

const supabaseAt = (...names: readonly string[]) => ({
  files: Object.fromEntries(names.map(name => [`supabase/migrations/${name}`, ''])),
  layout: { folder: 'supabase/migrations', tool: 'supabase' as const },
});

test('a condition that looks for the row in a sub-query calls it by its table, or it would mean what is read there', () => {
  const seen = table('clients', [policy('clients', 'seen', 'select', { using: isMember('clients.account_id') })], true);
  const open = table('invoices', [policy('invoices', 'all', 'select', { using: 'true' })], true);
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', policy: 'all' })], {
    database: supabase(seen, open),
  });
  expect(text('drizzle/0001_narrow_invoices_policies.sql')).toContain('members.account_id = invoices.account_id');
});

test('what only one role is let through by is not taken for what all members may do', () => {
  const others = [1, 2].map(number =>
    table(
      `clients_${number}`,
      [
        policy(`clients_${number}`, 'run', 'delete', {
          using: `has_role(auth.uid(), account_id, 'owner'::public.team_role)`,
        }),
      ],
      true,
    ),
  );
  const open = table('invoices', [policy('invoices', 'all', 'select', { using: 'true' })], true);
  const owners = others.map(({ name }) => ({ ...invoiceOwner, table: name }));
  const seen = table('clients', [policy('clients', 'seen', 'select', { using: 'is_member(account_id)' })], true);
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', policy: 'all' })], {
    database: supabase(...others, seen, open),
    tenancy: { ...billingTenancy, owners: [...billingTenancy.owners, ...owners] },
  });
  expect(text('drizzle/0001_narrow_invoices_policies.sql')).toContain('using (is_member(account_id))');
});

const invoiceOwner = {
  ownership: {
    kind: 'tenant',
    path: [{ column: 'account_id', table: 'accounts', referencedColumn: 'id' }],
  },
  confidence: 'foreign-key',
  secretColumns: [],
  capabilityColumns: [],
} as const;

test('migrations that are numbered by hand go on so, and stamps go on as stamps', () => {
  const open = table('invoices', [policy('invoices', 'all', 'select', { using: 'true' })], true);
  const fileOf = (...names: readonly string[]): string | undefined => {
    const { files: there, layout } = supabaseAt(...names);
    const { proposal } = repair(there, [finding('replace-policy', { table: 'invoices', policy: 'all' })], {
      database: supabase(open),
      migrations: layout,
    });
    return proposal.fixes[0]?.newFiles[0]?.file.replace('supabase/migrations/', '');
  };
  expect(fileOf('001_start.sql', '011_more.sql')).toBe('012_narrow_invoices_policies.sql');
  expect(fileOf('20250301000000-4f1c.sql', '20250301000005-9ab2.sql')).toBe(
    '20250301000006-narrow_invoices_policies.sql',
  );
  expect(fileOf('001_start.sql', '20250301000000_more.sql')).toBe('20250301000001_narrow_invoices_policies.sql');
});

test('a migration beside SQL files without numbers comes after all of them, and after each other', () => {
  const { proposal } = repair(
    { 'sql/policies.sql': '', 'sql/schema.sql': '' },
    [
      finding('create-policies', { table: 'invoices' }),
      { ...finding('index-tenant', { table: 'clients' }), fingerprint: 'other' },
    ],
    { database: database(table('invoices', [], false)), migrations: { folder: 'sql', tool: 'plain' } },
  );
  const added = proposal.fixes.map(fix => fix.newFiles[0]?.file ?? '');
  expect(added).toEqual(['sql/schema_001_enable_invoices_policies.sql', 'sql/schema_002_index_clients_owner.sql']);
  expect(['sql/policies.sql', 'sql/schema.sql', ...added].toSorted()).toEqual([
    'sql/policies.sql',
    'sql/schema.sql',
    ...added,
  ]);
});

test('a policy is dropped by its name, whatever that is', () => {
  const drops = (name: string): string => {
    const open = table('invoices', [policy('invoices', name, 'select', { using: 'true' })], true);
    const { text } = repair(files, [finding('replace-policy', { table: 'invoices', policy: name })], {
      database: supabase(open),
    });
    return text('drizzle/0001_narrow_invoices_policies.sql').split(' on invoices')[0] ?? '';
  };
  expect(drops('join')).toBe('drop policy "join"');
  expect(drops('read by v1.0')).toBe('drop policy "read by v1.0"');
  expect(drops('invoices_read')).toBe('drop policy invoices_read');
});

test('what no row decides is asked once, also where a sibling asks for every row', () => {
  const seen = table('clients', [policy('clients', 'own', 'select', { using: 'auth.uid() = account_id' })], true);
  const open = table('invoices', [policy('invoices', 'all', 'select', { using: 'true' })], true);
  const { text } = repair(files, [finding('replace-policy', { table: 'invoices', policy: 'all' })], {
    database: supabase(seen, open),
  });
  expect(text('drizzle/0001_narrow_invoices_policies.sql')).toContain('using ((select auth.uid()) = account_id)');
});

test('a row of the caller’s own names only rows of the caller’s, where its owner is asked for already', () => {
  const key = {
    name: 'client',
    columns: ['client_id'],
    table: 'clients',
    referencedColumns: ['id'],
    onDelete: 'cascade',
  } as const;
  const column = { name: 'client_id', type: 'uuid', notNull: false, hasDefault: false, generated: false };
  const own = policy('clients', 'own', 'select', { using: setting });
  const repaired = (check: string, reads: Policy = own): string => {
    const seen = table('clients', [reads], true);
    const add = {
      ...table('invoices', [policy('invoices', 'add', 'insert', { check })], true),
      foreignKeys: [key],
      columns: [column],
    };
    return repair(files, [finding('replace-policy', { table: 'invoices', policy: 'add' })], {
      database: { ...emptyDatabase, tables: [seen, add] },
    }).text('drizzle/0001_tie_references_of_invoices.sql');
  };
  expect(repaired(setting)).toContain(
    `and (invoices.client_id is null or exists (select from clients named where named.id = invoices.client_id and named.account_id = (select current_setting('app.account_id', true))))`,
  );
  expect(repaired('true')).toBe('');
  // What several share is what they see.
  const shared: Policy = { ...own, usingPredicate: { kind: 'opaque', reason: 'a call' } };
  expect(repaired(setting, shared)).toContain(
    'and (invoices.client_id is null or exists (select from clients named where named.id = invoices.client_id))',
  );
});

test('a policy for who holds a role of the app is not narrowed to rows of their own; one for a role in the tenant is', () => {
  const refusalOf = (using: string): readonly string[] => {
    const open = table('invoices', [policy('invoices', 'staff', 'select', { using })], true);
    const { proposal } = repair(files, [finding('replace-policy', { table: 'invoices', policy: 'staff' })], {
      database: supabase(open),
    });
    return proposal.unrepaired.map(each => each.reason);
  };
  expect(refusalOf(`has_role(auth.uid(), 'security'::public.app_role)`).join()).toContain('role of the whole app');
  expect(refusalOf(`has_role(( SELECT auth.uid() AS uid), 'security')`).join()).toContain('role of the whole app');
  expect(refusalOf(`has_team_role(auth.uid(), client_id, 'owner')`)).toEqual([]);
  expect(refusalOf(`status = 'sent'`)).toEqual([]);
});
