// What row security costs beside the same condition written into each query, on 1,000,000 rows of 1,000 tenants: interleaved rounds, medians of p50.
// node guard/bench/policies.mjs [--rounds 10] [--queries 200]
import { parseArgs } from 'node:util';
import pg from 'pg';
import { built, median } from './built.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, queries: { type: 'string', default: '200' } },
});
const rounds = Number(options.rounds);
const queries = Number(options.queries);
const { startPostgres, guardSql } = await built('testing/postgres', 'sql/index');

const postgres = await startPostgres({ shared_buffers: '512MB', max_parallel_workers_per_gather: '0' });
const owner = postgres.pool();
await owner.query(`create table memberships (user_id uuid not null, tenant_id uuid not null);
create table invoices (
  id bigint primary key,
  tenant_id uuid not null,
  cents int not null,
  created_at timestamptz not null
);
insert into invoices
select n, ('00000000-0000-4000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid, n % 977, now() - n * interval '1 second'
from generate_series(1, 1000000) as n;
create index invoices_tenant on invoices (tenant_id, created_at desc);
create table plain (like invoices including all);
insert into plain select * from invoices;`);
const { up, concurrent } = guardSql({
  membership: { table: 'memberships', user: 'user_id', tenant: 'tenant_id' },
  tables: [{ kind: 'tenant', table: 'invoices', column: 'tenant_id', indexed: true }],
});
for (const statement of [...up, ...concurrent]) await owner.query(statement);
await owner.query('grant select, update on plain to app');
await owner.query('vacuum analyze');

const tenant = '00000000-0000-4000-8000-000000000007';
// One connection for every form: which of two servers the kernel wakes sooner would outweigh the policy.
const client = new pg.Client(postgres.url.replace('postgres@', 'app@'));
await client.connect();
await client.query("select set_config('app.tenant_id', $1, false)", [tenant]);

const shapes = [
  ['one row by its key', 'select * from TABLE where id = 5007', ' and '],
  ['list of 20', 'select * from TABLE WHERE order by created_at desc limit 20', ' where '],
  ['count and sum', 'select count(*), sum(cents) from TABLE', ' where '],
  ['update of one row', 'update TABLE set cents = cents where id = 5007', ' and '],
];
process.stdout.write(
  '| query | where, p50 µs | policy, p50 µs | ratio | both, ratio |\n| --- | ---: | ---: | ---: | ---: |\n',
);
for (const [name, shape, joined] of shapes) {
  const condition = `${joined}tenant_id = $1`;
  const written = shape.includes('WHERE') ? shape.replace('WHERE', condition.trim()) : shape + condition;
  const unwritten = shape.replace('WHERE', '');
  const forms = [
    { name: `w-${name}`, text: written.replace('TABLE', 'plain'), values: [tenant] },
    { name: `p-${name}`, text: unwritten.replace('TABLE', 'invoices'), values: [] },
    { name: `b-${name}`, text: written.replace('TABLE', 'invoices'), values: [tenant] },
  ];
  const times = forms.map(() => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, value] of (await p50(forms)).entries()) times[index].push(value);
  const [where, policy] = times.map(median);
  const ratio = values => median(values.map((value, round) => value / times[0][round])).toFixed(2);
  process.stdout.write(
    `| ${name} | ${where.toFixed(0)} | ${policy.toFixed(0)} | ${ratio(times[1])} | ${ratio(times[2])} |\n`,
  );
}
await client.end();
await postgres.stop();
process.exit(0);

/** One after the other for each single query, so that what else the machine does falls on all of them alike. */
async function p50(forms) {
  const times = forms.map(() => []);
  for (let index = 0; index < queries; index += 1) {
    for (const [place, query] of forms.entries()) {
      const before = process.hrtime.bigint();
      await client.query(query);
      times[place].push(Number(process.hrtime.bigint() - before) / 1000);
    }
  }
  return times.map(median);
}
