import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { readCatalog } from '../../collect/database/catalog.ts';
import type { Replica, ReplicaDatabase, Solver } from '../../core/ports.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { loadSolver } from '../../prove/proof/solver.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { loadSqlParser } from '../sql.ts';
import { all, any, not, same, symbol } from './formula.ts';
import { holds, type FiniteModel } from './finite-model.ts';
import { createEncoder, policyTruth } from './policies.ts';
import { createSession } from './session.ts';
import { createVocabulary, type Vocabulary } from './vocabulary.ts';

/**
 * Random policies over random rows: what the formulas say of each row, for each user, against what Postgres shows. A pair
 * is one policy on one row for one user. `DRYDOCK_PAIRS=100000` makes it a long run.
 */
const wanted = Number(process.env['DRYDOCK_PAIRS'] ?? 6000);

const schema = `
create role app nologin;
create type grade as enum ('low', 'high');
create table boat (id text primary key, club text, owner text, grade grade, open boolean, berth text);
create table crew (id text primary key, club text, person text not null, active boolean not null, part text);
create table berth (id text primary key, club text not null);
create schema auth;
create function auth.uid() returns text language sql stable as $$ select nullif(current_setting('request.jwt.claim.sub', true), '') $$;
create function sails(boat_club text) returns boolean language sql stable security definer set search_path = public
  as $$ select exists (select 1 from crew c where c.club = boat_club and c.person = auth.uid()) $$;
create function sails_here(boat_club text) returns boolean language sql stable
  as $$ select exists (select 1 from crew c where c.club = boat_club and c.active) $$;
create function part_in(boat_club text) returns text language plpgsql stable security definer set search_path = public as $$
declare
  found_part text;
begin
  select c.part into found_part from crew c where c.club = boat_club and c.person = auth.uid() order by c.id limit 1;
  return found_part;
end $$;
create function may_sail(boat_club text, needs_active boolean) returns boolean language plpgsql stable security definer set search_path = public as $$
declare
  is_active boolean;
begin
  if boat_club is null then
    return false;
  elsif boat_club = 'B' then
    return needs_active;
  end if;
  select c.active into is_active from crew c where c.club = boat_club and c.person = auth.uid() and c.id = 'c1';
  if not found then
    return null;
  end if;
  return is_active or not needs_active;
end $$;
create view active_crew as select c.id, c.club, c.person from crew c where c.active;
create view crew_of_caller with (security_invoker = on) as select c.club, c.part from crew c left join berth b on b.club = c.club where b.id is null;
grant usage on schema auth to app;
grant select on all tables in schema public to app;
alter table boat enable row level security;
alter table crew enable row level security;
`;

const users = ['u', 'v', ''] as const;
const texts = ['A', 'B', 'u', 'v'];

const value = fc.constantFrom(
  'boat.club',
  'boat.owner',
  'boat.berth',
  'boat.grade::text',
  'boat.id',
  'auth.uid()',
  "'A'",
  "'u'",
  'null::text',
  'part_in(boat.club)',
  "nullif(boat.club, 'A')",
  'coalesce(boat.owner, boat.club)',
  "case when boat.open then boat.club else 'B' end",
  '(select c.club from crew c where c.id = boat.id)',
  '(select max(c.part) from crew c where c.id = boat.owner)',
  "(select coalesce(max(c.part), 'A') from crew c where c.id = boat.owner)",
  '(select upper(lower(max(c.club))) from crew c where c.id = boat.berth)',
);
const inner = fc.oneof(value, fc.constantFrom('c.club', 'c.person', 'c.part', 'c.id'));

const condition = fc.letrec<{ atom: string; tree: string; deep: string }>(tie => ({
  atom: fc.oneof(
    fc
      .tuple(value, fc.constantFrom('=', '<>', 'is distinct from', 'is not distinct from'), value)
      .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    value.map(one => `${one} is null`),
    fc.tuple(value, value, value).map(([one, two, three]) => `${one} in (${two}, ${three})`),
    fc.tuple(value, value).map(([one, two]) => `${one} <> all (array[${two}, 'B'])`),
    fc.tuple(value, value).map(([one, two]) => `${one} = any (array[${two}, 'A'])`),
    fc.constantFrom(
      'boat.open',
      'boat.open is true',
      'boat.open is not false',
      "boat.grade = 'low'",
      "boat.grade <> 'high'::grade",
      'coalesce(boat.open, false)',
      'true',
      'false',
      'null::boolean',
      'sails(boat.club)',
      'sails_here(boat.club)',
      'may_sail(boat.club, boat.open)',
      'may_sail(boat.owner, true)',
      '(select count(*) from crew c where c.club = boat.club) > 0',
      '(select count(*) from crew c where c.club = boat.club and c.person = auth.uid()) = 0',
      '(select c.active from crew c where c.id = boat.id)',
      'boat.club = any (array(select c.club from crew c where c.person = auth.uid()))',
      '(boat.club, boat.owner) in (select c.club, c.person from crew c)',
      'exists (select 1 from crew_of_caller x where x.club = boat.club)',
      'boat.berth in (select b.id from berth b left join crew c on c.club = b.club and c.active where c.id is null)',
      'exists (with mine as (select c.club from crew c where c.person = auth.uid()) select 1 from mine a join mine b on a.club <> b.club)',
      'boat.club in (select c.club from crew c where c.active union select b.club from berth b)',
    ),
  ),
  deep: fc.oneof(
    fc
      .tuple(inner, fc.constantFrom('=', '<>', 'is not distinct from'), inner)
      .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    fc.constantFrom('c.active', 'c.part is null', 'c.person = auth.uid()', 'c.club = boat.club'),
    tie('atom'),
  ),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('atom'),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `(${left}) and (${right})`),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `(${left}) or (${right})`),
    tie('tree').map(one => `not (${one})`),
    tie('tree').map(one => `(${one}) is not true`),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `coalesce(${left}, ${right})`),
    fc.tuple(tie('deep'), tie('deep')).map(([one, two]) => `exists (select 1 from crew c where (${one}) and (${two}))`),
    fc
      .tuple(value, inner, tie('deep'))
      .map(([one, shown, where]) => `${one} in (select ${shown} from crew c where ${where})`),
    fc
      .tuple(value, inner, tie('deep'))
      .map(
        ([one, shown, where]) =>
          `${one} not in (select ${shown} from active_crew a join crew c on c.id = a.id where ${where})`,
      ),
  ),
})).tree;

const text = fc.constantFrom(...texts);
const maybe = fc.option(text, { nil: null });
const boats = fc.array(
  fc.record({
    club: maybe,
    owner: maybe,
    grade: fc.option(fc.constantFrom('low', 'high'), { nil: null }),
    open: fc.option(fc.boolean(), { nil: null }),
    berth: maybe,
  }),
  { minLength: 4, maxLength: 6 },
);
const crew = fc.array(fc.record({ club: maybe, person: text, active: fc.boolean(), part: maybe }), { maxLength: 4 });
const berths = fc.array(fc.record({ club: text }), { maxLength: 2 });
const crewPolicy = fc.constantFrom(
  'true',
  'false',
  'person = auth.uid()',
  'active',
  "club <> 'B'",
  'person = auth.uid() or part is null',
);

interface Rows {
  readonly [table: string]: readonly Readonly<Record<string, string | null>>[];
}

const state = fc.tuple(boats, crew, berths).map(([boat, members, berth]): Rows => {
  const withId = (prefix: string, rows: readonly Readonly<Record<string, string | boolean | null>>[]): Rows[string] =>
    rows.map((row, index) => ({
      ...Object.fromEntries(Object.entries(row).map(([name, each]) => [name, each === null ? null : String(each)])),
      id: index === 0 ? 'A' : index === 1 ? 'u' : `${prefix}${index}`,
    }));
  return { boat: withId('b', boat), crew: withId('c', members), berth: withId('h', berth) };
});

let replica: Replica;
let database: ReplicaDatabase;
let model: DatabaseModel;
let solver: Solver | undefined;

beforeAll(async () => {
  await loadSqlParser();
  [replica, solver] = await Promise.all([startReplica(), loadSolver()]);
  database = await replica.createDatabase();
  await database.sql.query(schema);
  model = await readCatalog(database.sql, 'plain');
});

afterAll(async () => {
  await Promise.all([replica.stop(), solver?.close()]);
});

function literal(each: string | null | undefined): string {
  return each === null || each === undefined ? 'null' : `'${each}'`;
}

/** Which rows Postgres shows to each user; undefined where the policy ends in an error. */
async function shown(
  rows: Rows,
  policy: string,
  onCrew: string,
): Promise<ReadonlyMap<string, ReadonlySet<string>> | undefined> {
  const { sql } = database;
  const inserts = Object.entries(rows).flatMap(([table, list]) =>
    list.map(
      row =>
        `insert into ${table} (${Object.keys(row).join(', ')}) values (${Object.values(row).map(literal).join(', ')})`,
    ),
  );
  await sql.query('begin');
  try {
    await sql.query(
      [
        ...inserts,
        `create policy tried on boat for select to app using (${policy})`,
        `create policy tried on crew for select to app using (${onCrew})`,
      ].join('; '),
    );
    await sql.query('set local role app');
    const found = new Map<string, ReadonlySet<string>>();
    for (const user of users) {
      await sql.query('select set_config($1, $2, true)', ['request.jwt.claim.sub', user]);
      const answer = await sql.query('select id from boat');
      found.set(user, new Set(answer.rows.map(row => String(row['id']))));
    }
    return found;
  } catch {
    return undefined;
  } finally {
    await sql.query('rollback');
  }
}

interface Encoded {
  readonly vocabulary: Vocabulary;
  readonly formula: (row: string) => string;
}

function encode(policies: DatabaseModel, user: string): Encoded {
  const vocabulary = createVocabulary(policies);
  const session = createSession(vocabulary, { role: 'app', signedIn: user !== '', namesUser: () => false });
  const encoder = createEncoder(vocabulary, session);
  const boat = policies.tables.find(table => table.name === 'boat');
  if (boat === undefined) throw new Error('no boats');
  const row = vocabulary.row('boat');
  const { t } = policyTruth(encoder, { table: boat, row, role: 'app', command: 'select', part: 'using' });
  const name = vocabulary.define('shown', [row], t);
  return { vocabulary, formula: id => `(${name} ${symbol(`boat ${id}`)})` };
}

async function withPolicies(policy: string, onCrew: string): Promise<DatabaseModel | undefined> {
  const { sql } = database;
  await sql.query('begin');
  try {
    await sql.query(
      `create policy tried on boat for select to app using (${policy}); create policy tried on crew for select to app using (${onCrew})`,
    );
    const { rows } = await sql.query(
      `select c.relname, pg_get_expr(p.polqual, p.polrelid) as using from pg_policy p join pg_class c on c.oid = p.polrelid`,
    );
    return {
      ...model,
      tables: model.tables.map(table => ({
        ...table,
        policies: rows
          .filter(row => row['relname'] === table.name)
          .map(
            row =>
              ({
                name: 'tried',
                table: table.name,
                command: 'select',
                permissive: true,
                roles: ['app'],
                using: String(row['using']),
              }) as const,
          ),
      })),
    };
  } catch {
    return undefined;
  } finally {
    await sql.query('rollback');
  }
}

/** The rows as a structure in which every value stands for itself. */
function structure(rows: Rows, user: string): FiniteModel {
  const sorts = new Map(
    Object.entries(rows).map(([table, list]) => [
      symbol(`row ${table}`),
      list.map(row => symbol(`${table} ${row['id'] ?? ''}`)),
    ]),
  );
  const answers = new Map<string, string>();
  for (const [table, list] of Object.entries(rows))
    for (const row of list)
      for (const [column, each] of Object.entries(row)) {
        const name = symbol(`${table} ${row['id'] ?? ''}`);
        answers.set(`${symbol(`${table} ${column}`)} ${name}`, each === null ? 'nothing' : symbol(`'${each}'`));
        answers.set(`${symbol(`${table} ${column} is null`)} ${name}`, String(each === null));
      }
  return {
    sorts,
    answer: (name, parts) => {
      if (name === symbol('the user')) return symbol(`'${user}'`);
      if (name.startsWith('|live ')) return 'true';
      const known = answers.get([name, ...parts].join(' '));
      if (known !== undefined) return known;
      return name;
    },
  };
}

test('what the formulas say of a row is what Postgres does with it', async () => {
  let pairs = 0;
  let seen = 0;
  let inexact = 0;
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(state, condition, crewPolicy, async (rows, policy, onCrew) => {
      const policies = pairs < wanted ? await withPolicies(policy, onCrew) : undefined;
      const truth = policies === undefined ? undefined : await shown(rows, policy, onCrew);
      if (policies === undefined || truth === undefined) return;
      const faults: string[] = [];
      for (const user of users) {
        const { vocabulary, formula } = encode(policies, user);
        const finite = structure(rows, user);
        const declarations = vocabulary.declarations();
        const isExact = vocabulary.reasons.size === 0 && !/max\(|part_in/.test(policy);
        for (const { id } of rows['boat'] ?? []) {
          const isShown = truth.get(user)?.has(id ?? '') === true;
          pairs += 1;
          if (isShown) seen += 1;
          if (!isExact) inexact += 1;
          if (vocabulary.reasons.size > 0) continue;
          const says = holds(formula(id ?? ''), declarations, finite);
          // May always, and exactly where everything was understood.
          if (isShown && !says) faults.push(`${policy} hides row ${id} from ${user}`);
          if (!isShown && says && isExact) faults.push(`${policy} shows row ${id} to ${user}`);
        }
        if (solver !== undefined && asked < 60 && isExact) {
          asked += 1;
          if (await disagrees(solver, { vocabulary, formula }, rows, user, truth.get(user) ?? new Set()))
            faults.push(`z3 disagrees on ${policy}`);
        }
      }
      expect(faults).toEqual([]);
    }),
    { numRuns: Math.ceil(wanted / 8), seed: 20261122 },
  );
  expect(pairs).toBeGreaterThan(wanted * 0.9);
  // A property over nothing, or over what was not understood, would hold of anything.
  expect(seen).toBeGreaterThan(pairs / 10);
  expect(inexact).toBeLessThan(pairs * 0.6);
}, 3_600_000);

/** Whether z3 finds the rows as they are and one of them shown otherwise than Postgres does. */
async function disagrees(
  asking: Solver,
  { vocabulary, formula }: Encoded,
  rows: Rows,
  user: string,
  visible: ReadonlySet<string>,
): Promise<boolean> {
  const facts: string[] = [];
  const constant = (each: string): string => vocabulary.constant(each);
  if (user !== '') facts.push(same(vocabulary.free('the user'), constant(user)));
  const used = [...vocabulary.used];
  for (const [table, columns] of used) {
    const found = model.tables.find(each => each.name === table);
    if (found === undefined) continue;
    const names = (rows[table] ?? []).map(row => {
      const { sort } = vocabulary.row(table);
      const name = vocabulary.free(`${table} ${row['id'] ?? ''}`, sort);
      facts.push(vocabulary.live(table, name));
      for (const column of found.columns.filter(each => columns.has(each.name))) {
        const { term, isNull } = vocabulary.column(found, column, name);
        const each = row[column.name];
        facts.push(each === null || each === undefined ? isNull : all([not(isNull), same(term, constant(each))]));
      }
      return name;
    });
    const other = vocabulary.row(table);
    facts.push(
      `(forall ((${other.name} ${other.sort})) ${any([not(vocabulary.live(table, other.name)), ...names.map(name => same(other.name, name))])})`,
    );
    if (names.length > 1) facts.push(`(distinct ${names.join(' ')})`);
  }
  const wrong = any(
    (rows['boat'] ?? []).map(({ id }) => (visible.has(id ?? '') ? not(formula(id ?? '')) : formula(id ?? ''))),
  );
  const axioms = vocabulary.axioms();
  const answer = await asking.check({
    declarations: vocabulary.declarations(),
    assertions: [...facts, ...axioms, wrong].map(each => ({ formula: each })),
    timeoutMs: 5000,
  });
  if (answer.kind === 'unknown') throw new Error(answer.reason);
  return answer.kind === 'sat';
}
