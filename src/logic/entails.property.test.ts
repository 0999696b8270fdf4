import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Replica, ReplicaDatabase } from '../core/ports.ts';
import { startReplica } from '../prove/replica/start.ts';
import { billingWorld } from './billing-world.ts';
import { entails } from './entails.ts';
import { loadSqlParser, lowerSqlCondition } from './sql.ts';

/** The same small billing app as in the unit tests, as a real database with two teams. Row A… is team A's, person a is its member. */
const schema = `
create role app nologin;
create table person (id text primary key, email text unique);
create table team (id text primary key, name text);
create table team_member (id text primary key, team_id text not null references team, person_id text not null references person, role text);
create table customer (id text primary key, team_id text references team, name text);
create table invoice (id text primary key, team_id text references team, number text, share_token text unique, customer_id text references customer);
create schema auth;
create function auth.uid() returns text language sql stable as $$ select nullif(current_setting('test.user', true), '') $$;
grant usage on schema auth to app;
grant select on all tables in schema public to app;
insert into person values ('a', 'a@example.test'), ('b', 'b@example.test');
insert into team values ('A', 'same'), ('B', 'same');
insert into team_member values ('ma', 'A', 'a', 'owner'), ('mb', 'B', 'b', 'owner');
insert into customer values ('CA', 'A', 'same'), ('CB', 'B', 'same'), ('CN', null, 'same');
insert into invoice values ('IA', 'A', '1', 'ta', 'CA'), ('IB', 'B', '1', 'tb', 'CB'), ('IN', null, '1', 'tn', 'CN'), ('IX', 'B', null, null, null);
alter table invoice enable row level security;
`;

const values = fc.constantFrom(
  'invoice.team_id',
  'invoice.id',
  'invoice.number',
  'invoice.customer_id',
  'auth.uid()',
  'm.team_id',
  'm.person_id',
  "'A'",
  "'1'",
  'null::text',
  "current_setting('test.sent', true)",
);

/** Conditions over the row and, inside a sub-query, over a membership. */
const condition = fc
  .letrec<{ atom: string; tree: string }>(tie => ({
    atom: fc.oneof(
      fc
        .tuple(values, fc.constantFrom('=', '<>', 'is not distinct from', 'is distinct from'), values)
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      values.map(value => `${value} is null`),
      values.map(value => `${value} is not null`),
      fc.constantFrom('true', 'false'),
      fc.tuple(values, values, values).map(([left, one, two]) => `${left} in (${one}, ${two})`),
    ),
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('atom'),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `(${left}) and (${right})`),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `(${left}) or (${right})`),
      tie('tree').map(inner => `not (${inner})`),
      tie('tree').map(inner => `exists (select 1 from team_member m where ${inner})`),
      tie('tree').map(inner => `invoice.team_id in (select m.team_id from team_member m where ${inner})`),
    ),
  }))
  .tree.map(text => `exists (select 1 from team_member m where ${text}) or (${text.includes('m.') ? 'false' : text})`);

const shapes = fc.oneof(
  condition,
  fc
    .constantFrom(
      'exists (select 1 from team_member m where m.team_id = invoice.team_id and m.person_id = auth.uid())',
      'invoice.team_id in (select m.team_id from team_member m where m.person_id = auth.uid())',
      'invoice.customer_id in (select c.id from customer c join team_member m on m.team_id = c.team_id where m.person_id = auth.uid())',
    )
    .chain(scoped =>
      condition.chain(other =>
        fc.constantFrom(`(${scoped}) and (${other})`, `(${scoped}) or (${other})`, `not (${scoped}) and (${other})`),
      ),
    ),
);

let replica: Replica;
let database: ReplicaDatabase;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  database = await replica.createDatabase();
  await database.sql.query(schema);
});

afterAll(() => replica.stop());

const columns: Readonly<Record<string, readonly string[]>> = {
  invoice: ['id', 'team_id', 'number', 'share_token', 'customer_id'],
  team_member: ['id', 'team_id', 'person_id', 'role'],
  customer: ['id', 'team_id', 'name'],
};

/** Rows of team B that person a sees under the policy. */
async function foreignRows(policy: string): Promise<number> {
  await database.sql.query('begin');
  try {
    await database.sql.query(`create policy tried on invoice for select to app using (${policy})`);
    await database.sql.query("select set_config('test.user', 'a', true), set_config('test.sent', 'B', true)");
    await database.sql.query('set local role app');
    const { rows } = await database.sql.query("select count(*)::int as seen from invoice where team_id = 'B'");
    return Number(rows[0]?.['seen'] ?? 0);
  } finally {
    await database.sql.query('rollback');
  }
}

test('whatever policy is judged to isolate shows no row of another tenant in Postgres', async () => {
  const world = billingWorld();
  let judgedOwned = 0;
  await fc.assert(
    fc.asyncProperty(shapes, async policy => {
      const where = lowerSqlCondition(policy, {
        relations: [{ alias: 'invoice', row: 'self', table: 'invoice' }],
        columnsOf: name => columns[name],
      });
      const answer = entails(
        {
          row: { name: 'self', table: 'invoice', where },
          rows: [],
          conditions: [],
          memberTenants: [],
          signedIn: true,
          absence: 'dropped',
        },
        world,
      );
      if (answer.kind !== 'owned') return;
      judgedOwned += 1;
      expect(await foreignRows(policy), policy).toBe(0);
    }),
    { numRuns: 3000, seed: 20261122 },
  );
  // A property over nothing would hold of anything.
  expect(judgedOwned).toBeGreaterThan(200);
});
