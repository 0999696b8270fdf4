// What the forms of one policy cost on a table of 50,000 rows of 500 tenants. Usage: npm run build && node bench/policy-speed.mjs
import { replayMigrations } from '../dist/collect/database/replay.js';
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
    await sql.query(
      `set local role authenticated; set local request.jwt.claims = '{"sub":"00000000-0000-4000-8000-000000000007"}'`,
    );
    const times = [];
    for (let run = 0; run < 5; run += 1) {
      const answer = await sql.query('explain (analyze, format json) select count(*) from notes');
      times.push(answer.rows[0]['QUERY PLAN'][0]['Execution Time']);
    }
    const { rows } = await sql.query('select count(*)::int as visible from notes');
    await sql.query('rollback');
    const median = times.sort((left, right) => left - right)[2];
    process.stdout.write(`| ${name} | ${median.toFixed(1)} ms | ${String(rows[0].visible)} |\n`);
  }
} finally {
  await replica.stop();
}
