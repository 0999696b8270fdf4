// What the forms of one policy cost on a table of 50,000 rows of 500 tenants. Usage: npm run build && node bench/policy-speed.mjs
import { replayMigrations } from '../dist/collect/database/replay.js';
import { answerAs, measureListing } from '../dist/prove/speed/measure.js';
import { startReplica } from '../dist/prove/replica/start.js';

const schema = `create table notes (id uuid primary key default gen_random_uuid(), author_id uuid not null, organization_id uuid not null);
create table members (organization_id uuid, user_id uuid, primary key (organization_id, user_id));
alter table notes enable row level security;
alter table members enable row level security;
create policy m on members using (user_id = (select auth.uid()));
insert into notes (author_id, organization_id) select ('00000000-0000-4000-8000-' || lpad((i % 500)::text, 12, '0'))::uuid, ('00000000-0000-4000-9000-' || lpad((i % 500)::text, 12, '0'))::uuid from generate_series(1, 50000) i;
insert into members select ('00000000-0000-4000-9000-' || lpad(i::text, 12, '0'))::uuid, ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid from generate_series(0, 499) i;`;
const forms = [
  ['`author_id = auth.uid()`', policy('author_id = auth.uid()')],
  ['`author_id = (select auth.uid())`', policy('author_id = (select auth.uid())')],
  ['the same, with an index on the column', 'create index on notes (author_id)'],
  [
    '`exists (… m.organization_id = notes.organization_id …)`',
    policy(
      'exists (select 1 from members m where m.organization_id = notes.organization_id and m.user_id = (select auth.uid()))',
    ),
  ],
  [
    '`organization_id in (select m.organization_id …)`',
    policy('organization_id in (select m.organization_id from members m where m.user_id = (select auth.uid()))'),
  ],
];

function policy(condition) {
  return `drop policy if exists p on notes; create policy p on notes using (${condition})`;
}

const replica = await startReplica();
try {
  const { sql } = await replica.createDatabase();
  await replayMigrations(sql, [{ file: 'schema.sql', text: schema }], 'supabase');
  await sql.query('analyze');
  for (const [name, change] of forms) {
    await sql.query(change);
    await sql.query('begin');
    const settings = { 'request.jwt.claims': '{"sub":"00000000-0000-4000-8000-000000000007"}' };
    const listing = { role: 'authenticated', settings, limitMs: 10_000, statement: 'select count(*) from notes' };
    const { elapsedMs } = await measureListing(sql, listing);
    const visible = await answerAs(sql, listing);
    await sql.query('rollback');
    process.stdout.write(`| ${name} | ${elapsedMs?.toFixed(1) ?? 'too long'} ms | ${visible} |\n`);
  }
} finally {
  await replica.stop();
}
