// What each lint of Supabase's splinter is there to see, shown to `drydock rules` on schemas of our own: found where the
// fault is, silent where it is not. Usage: node bench/splinter.mjs [lint…]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const base = readFileSync(join(root, 'src/checks/database/fixtures/supabase.sql'), 'utf8');
const table = name => `create table ${name} (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id) on delete cascade,
  author_id uuid references auth.users (id),
  body text not null default ''
);\n`;
const secured = name => `${table(name)}alter table ${name} enable row level security;\n`;
const own = (name, command = 'all') =>
  `create policy "Members ${command} ${name}" on ${name} for ${command} to authenticated ${command === 'insert' ? 'with check' : 'using'} (is_member(organization_id));\n`;
const found = true;
const silent = false;

/** The lint, our check for the same fault, and states of a schema with what must be said of each. */
const expectations = [
  [
    '0002 auth_users_exposed',
    'view-bypasses-policies',
    [
      ['view of the users', 'create view people as select id, email from auth.users;', found],
      ['materialized view of the users', 'create materialized view people as select id, email from auth.users;', found],
      [
        'the same, taken away from requests',
        'create view people as select id, email from auth.users; revoke all on people from anon, authenticated;',
        silent,
      ],
    ],
  ],
  [
    '0003 auth_rls_initplan',
    'policy-evaluated-per-row',
    [
      ['auth.uid() for each row', `${secured('notes')}create policy p on notes using (author_id = auth.uid());`, found],
      [
        'auth.jwt() for each row',
        `${secured('notes')}create policy p on notes using (organization_id::text = auth.jwt() -> 'app_metadata' ->> 'org');`,
        found,
      ],
      [
        'current_setting() for each row',
        `${secured('notes')}create policy p on notes using (organization_id::text = current_setting('request.jwt.claims', true)::json ->> 'org');`,
        found,
      ],
      [
        'in the check of an insert',
        `${secured('notes')}create policy p on notes for insert with check (author_id = auth.uid() and is_member(organization_id));`,
        found,
      ],
      [
        'in a sub-query of its own',
        `${secured('notes')}create policy p on notes using (author_id = (select auth.uid()));`,
        silent,
      ],
    ],
  ],
  [
    '0006 multiple_permissive_policies',
    'several-permissive-policies',
    [
      ['two for reading', `${secured('notes')}${own('notes')}${own('notes', 'select')}`, found],
      ['one for each command', `${secured('notes')}${own('notes', 'insert')}${own('notes', 'select')}`, silent],
      [
        'a restrictive one beside it',
        `${secured('notes')}${own('notes')}create policy r on notes as restrictive using (body <> 'x');`,
        silent,
      ],
    ],
  ],
  [
    '0007 policy_exists_rls_disabled',
    'policies-not-enabled',
    [
      ['policies on a table without row security', `${table('notes')}${own('notes')}`, found],
      ['row security on', `${secured('notes')}${own('notes')}`, silent],
    ],
  ],
  [
    '0008 rls_enabled_no_policy',
    'row-security-without-policy',
    [
      ['no policy', secured('notes'), found],
      ['one policy', `${secured('notes')}${own('notes')}`, silent],
    ],
  ],
  [
    '0010 security_definer_view',
    'view-bypasses-policies',
    [
      [
        'view with its owner’s rights',
        `${secured('notes')}${own('notes')}create view all_notes as select * from notes;`,
        found,
      ],
      [
        'security invoker',
        `${secured('notes')}${own('notes')}create view all_notes with (security_invoker = on) as select * from notes;`,
        silent,
      ],
    ],
  ],
  [
    '0011 function_search_path_mutable',
    'function-without-search-path',
    [
      [
        'definer without a path',
        'create function f() returns bigint language sql security definer as $$ select count(*) from public.folders $$;',
        found,
      ],
      [
        'path set',
        `create function f() returns bigint language sql security definer set search_path = '' as $$ select count(*) from public.folders $$;`,
        silent,
      ],
      [
        'body resolved when made',
        'create function f() returns bigint language sql security definer return (select count(*) from folders);',
        silent,
      ],
    ],
  ],
  [
    '0013 rls_disabled_in_public',
    'table-without-row-security',
    [
      ['exposed table', table('notes'), found],
      ['row security on', `${secured('notes')}${own('notes')}`, silent],
      ['in a schema that requests may not use', `create schema inner_part;\n${table('inner_part.notes')}`, silent],
    ],
  ],
  [
    '0014 extension_in_public',
    'extension-in-public',
    [
      ['in public', 'create extension pg_trgm with schema public;', found],
      ['in extensions', 'create extension pg_trgm with schema extensions;', silent],
    ],
  ],
  [
    '0015 rls_references_user_metadata',
    'policy-trusts-user-metadata',
    [
      [
        'claim',
        `${secured('notes')}create policy p on notes using (organization_id::text = (select auth.jwt()) -> 'user_metadata' ->> 'org');`,
        found,
      ],
      [
        'app_metadata',
        `${secured('notes')}create policy p on notes using (organization_id::text = (select auth.jwt()) -> 'app_metadata' ->> 'org');`,
        silent,
      ],
    ],
  ],
  [
    '0016 materialized_view_in_api',
    'view-bypasses-policies',
    [
      [
        'materialized view of a protected table',
        `${secured('notes')}${own('notes')}create materialized view all_notes as select * from notes;`,
        found,
      ],
      [
        'taken away from requests',
        `${secured('notes')}${own('notes')}create materialized view all_notes as select * from notes; revoke all on all_notes from anon, authenticated;`,
        silent,
      ],
    ],
  ],
  [
    '0017 foreign_table_in_api',
    'foreign-table-open',
    [
      [
        'foreign table',
        'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table charges (id int) server s;',
        found,
      ],
      [
        'taken away from requests',
        'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table charges (id int) server s; revoke all on charges from anon, authenticated;',
        silent,
      ],
      [
        'in a schema that requests may not use',
        'create schema inner_part; create foreign data wrapper w; create server s foreign data wrapper w; create foreign table inner_part.charges (id int) server s;',
        silent,
      ],
    ],
  ],
  [
    '0023 sensitive_columns_exposed',
    'table-without-row-security',
    [
      [
        'secret column without row security',
        `create table logins (id uuid primary key, organization_id uuid references organizations (id), password text);`,
        found,
      ],
      [
        'row security on',
        `create table logins (id uuid primary key, organization_id uuid references organizations (id), password text); alter table logins enable row level security;`,
        silent,
      ],
    ],
  ],
  [
    '0024 rls_policy_always_true',
    'policy-always-true',
    [
      [
        'update using (true)',
        `${secured('notes')}${own('notes', 'select')}create policy p on notes for update to authenticated using (true);`,
        found,
      ],
      [
        'delete using (true)',
        `${secured('notes')}${own('notes', 'select')}create policy p on notes for delete to authenticated using (true);`,
        found,
      ],
      [
        'insert with check (true)',
        `${secured('notes')}create policy p on notes for insert to authenticated with check (true);`,
        found,
      ],
      ['all using (true)', `${secured('notes')}create policy p on notes using (true);`, found],
      ['for the service role', `${secured('notes')}create policy p on notes to service_role using (true);`, silent],
      [
        'narrowed by a restrictive one',
        `${secured('notes')}create policy p on notes to authenticated using (true) with check (true); create policy r on notes as restrictive to authenticated using (is_member(organization_id)) with check (is_member(organization_id));`,
        silent,
      ],
      ['tied to the tenant', `${secured('notes')}${own('notes')}`, silent],
    ],
  ],
  [
    '0025 public_bucket_allows_listing',
    'public-bucket-listing',
    [
      [
        'reading a public bucket for all',
        `insert into storage.buckets (id, name, public) values ('logos', 'logos', true); create policy p on storage.objects for select using (bucket_id = 'logos');`,
        found,
      ],
      [
        'for signed-in users',
        `insert into storage.buckets (id, name, public) values ('logos', 'logos', true); create policy p on storage.objects for select to authenticated using (bucket_id = 'logos');`,
        found,
      ],
      [
        'private bucket',
        `insert into storage.buckets (id, name, public) values ('logos', 'logos', false); create policy p on storage.objects for select to authenticated using (bucket_id = 'logos' and owner_id = (select auth.uid())::text);`,
        silent,
      ],
      [
        'own folder',
        `insert into storage.buckets (id, name, public) values ('logos', 'logos', true); create policy p on storage.objects for select to authenticated using (bucket_id = 'logos' and is_member(((storage.foldername(name))[1])::uuid));`,
        silent,
      ],
      ['no policy', `insert into storage.buckets (id, name, public) values ('logos', 'logos', true);`, silent],
    ],
  ],
  [
    '0028/0029 security_definer_function_executable',
    'definer-function-',
    [
      [
        'reads another tenant’s rows',
        `${secured('notes')}${own('notes')}create function notes_of(org uuid) returns setof notes language sql security definer set search_path = '' as $$ select * from public.notes where organization_id = org $$;`,
        found,
      ],
      [
        'does something for whoever calls',
        `${secured('notes')}${own('notes')}create function forget() returns void language sql security definer set search_path = '' as $$ delete from public.notes where body = 'x' $$;`,
        found,
      ],
      [
        'asks who calls',
        `${secured('notes')}${own('notes')}create function notes_of(org uuid) returns setof notes language sql security definer set search_path = '' as $$ select * from public.notes where organization_id = org and public.is_member(org) $$;`,
        silent,
      ],
      [
        'execute revoked',
        `${secured('notes')}${own('notes')}create function forget() returns void language sql security definer set search_path = '' as $$ delete from public.notes where body = 'x' $$; revoke execute on function forget() from public, anon, authenticated;`,
        silent,
      ],
    ],
  ],
];

const wanted = process.argv.slice(2);
const rows = expectations.filter(([lint]) => wanted.length === 0 || wanted.some(part => lint.includes(part))).map(run);
const all = rows.flatMap(row => row.states);
for (const { lint, check, states } of rows) {
  const wrong = states.filter(state => !state.met).map(state => state.name);
  process.stdout.write(
    `| ${lint} | \`${check}\` | ${states.length - wrong.length} of ${states.length} |${wrong.length === 0 ? '' : ` ${wrong.join('; ')}`}\n`,
  );
}
process.stdout.write(`${all.filter(state => state.met).length} of ${all.length} expectations met\n`);

function run([lint, check, states]) {
  return {
    lint,
    check,
    states: states.map(([name, sql, expected]) => ({
      name,
      met: findingsIn(sql).some(id => id.startsWith(`database/${check}`)) === expected,
    })),
  };
}

function findingsIn(sql) {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-splinter-'));
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true });
  writeFileSync(join(folder, 'supabase/migrations/20260101000000_base.sql'), base);
  writeFileSync(join(folder, 'supabase/migrations/20260102000000_case.sql'), sql);
  const answer = spawnSync(process.execPath, [join(root, 'bin/drydock.js'), 'rules', folder, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  rmSync(folder, { recursive: true, force: true });
  const report = JSON.parse(answer.stdout);
  if (report.replay.failed.length > 0) throw new Error(`${sql}\n${report.replay.failed[0].message}`);
  return report.findings.map(finding => finding.check);
}
