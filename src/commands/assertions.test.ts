import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replayMigrations } from '../collect/database/replay.ts';
import type { RulesAssertions } from '../core/assertion.ts';
import type { Replica, ReplicaDatabase } from '../core/ports.ts';
import { loadSqlParser } from '../logic/sql.ts';
import { isFailing } from '../prove/exploit/assertions.ts';
import { startReplica } from '../prove/replica/start.ts';
import { toPgTap } from '../report/tests/pgtap.ts';
import { helperSql } from '../report/tests/reach.ts';
import { toVitest } from '../report/tests/vitest.ts';
import { asserted, library } from './fixtures/replayed.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const leaks = `
create policy "any fines" on fines for select to authenticated using (true);
create policy "any new loans" on loans for insert to authenticated with check (true);
create function total(branch uuid) returns bigint language sql stable security definer set search_path = ''
as $$ select sum(f.cents) from public.fines f where f.branch_id = branch $$;
`;
const repairs = `
drop policy "any fines" on fines;
drop policy "any new loans" on loans;
alter function total(uuid) security invoker;
`;

let replica: Replica;
let found: RulesAssertions;
let folder: string;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  found = await asserted(replica, library + leaks);
  folder = mkdtempSync(join(tmpdir(), 'drydock-assertions-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}, 60_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await replica.stop();
});

/** A database with the migrations and without data, as the exported tests ask for. */
async function migrated(text: string): Promise<ReplicaDatabase> {
  const copy = await replica.createDatabase();
  await replayMigrations(copy.sql, [{ file: 'schema.sql', text }], 'supabase');
  return copy;
}

const failing = [
  'authenticated, member of a tenant, cannot add rows of another tenant: loans',
  'authenticated, member of a tenant, cannot read rows of another tenant: fines',
];

describe('the assertions', () => {
  test('allow and deny each command to anon and authenticated, eight or more where policies exist', () => {
    const loans = found.assertions.filter(assertion => assertion.object === 'loans');
    expect(loans.length).toBeGreaterThanOrEqual(8);
    expect(new Set(loans.filter(each => each.expects === 'something').map(each => each.command))).toEqual(
      new Set(['select', 'insert', 'update', 'delete']),
    );
    for (const role of ['anon', 'authenticated'])
      expect(
        new Set(loans.filter(each => each.role === role && each.expects === 'nothing').map(each => each.command)),
        role,
      ).toEqual(new Set(['select', 'insert', 'update', 'delete']));
  });

  test('what leaks now fails now, and nothing else does', () => {
    const words = found.assertions.filter(isFailing).map(assertion => assertion.words);
    expect(words).toEqual(expect.arrayContaining(failing));
    expect(words.filter(each => !/: loans$|: fines$|calling total$/.test(each))).toEqual([]);
    expect(words.some(each => each.endsWith('by calling total'))).toBe(true);
  });
});

describe('an attempt of the exported tests', () => {
  test('is nothing when refused, reached when only a constraint stops it, and failed for other errors', async () => {
    const copy = await migrated(library);
    await copy.sql.query(helperSql);
    const attempt = async (role: string, statement: string): Promise<unknown> =>
      (
        await copy.sql.query(`select pg_temp.drydock_try($1, '{}', '{}', $2, 'rows', null) as outcome`, [
          role,
          statement,
        ])
      ).rows[0]?.['outcome'];
    const insert = "insert into loans (branch_id, reader) values (gen_random_uuid(), 'Ada')";
    expect(await attempt('anon', insert)).toBe('nothing');
    expect(await attempt('service_role', insert)).toBe('reached');
    expect(await attempt('service_role', "insert into loans (branch_id) values ('no uuid')")).toMatch(/^failed: /);
    await copy.drop();
  });
});

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

async function runVitest(url: string): Promise<Report> {
  writeFileSync(join(folder, 'rules.test.mjs'), toVitest(found));
  const run = await execa(
    'node',
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, '--reporter=json'],
    {
      cwd: folder,
      env: { DATABASE_URL: url },
      reject: false,
    },
  );
  return JSON.parse(run.stdout) as Report;
}

function failedIn(report: Report): readonly string[] {
  return report.testResults.flatMap(file =>
    file.assertionResults.filter(each => each.status === 'failed').map(each => each.title),
  );
}

describe('the Vitest file', () => {
  test('fails on the leaking schema exactly where it leaks, and leaves no row behind', async () => {
    const copy = await migrated(library + leaks);
    expect(failedIn(await runVitest(copy.url)).toSorted()).toEqual(
      found.assertions
        .filter(isFailing)
        .map(each => each.words)
        .toSorted(),
    );
    expect((await copy.sql.query('select count(*)::int as rows from branches')).rows).toEqual([{ rows: 0 }]);
    await copy.drop();
  }, 60_000);

  test('passes on the repaired schema', async () => {
    const copy = await migrated(library + leaks + repairs);
    const report = await runVitest(copy.url);
    expect(failedIn(report)).toEqual([]);
    expect(report.numPassedTests).toBe(found.assertions.length);
    await copy.drop();
  }, 60_000);

  test('refuses a host that is not this machine', async () => {
    const report = await runVitest('postgres://app:secret@db.example.com/app');
    expect(report.numPassedTests).toBe(0);
    expect(report.testResults[0]?.message).toContain('test database on this machine');
  }, 60_000);
});

/** The few functions of pgTAP that the script uses, to the same effect: a line for each test. */
const pgTap = `
create sequence tap_number;
grant usage on sequence tap_number to public;
create function tap_line(passed boolean, words text) returns text language sql as
$$ select case when passed then '' else 'not ' end || 'ok ' || nextval('public.tap_number') || ' - ' || words $$;
create function plan(tests integer) returns text language sql as $$ select '1..' || tests $$;
create function "is"(got text, wanted text, words text) returns text language sql as $$ select tap_line(got is not distinct from wanted, words) $$;
create function finds(statement text) returns boolean language plpgsql as
$$ declare row record; begin for row in execute statement loop return true; end loop; return false; end $$;
create function is_empty(statement text, words text) returns text language sql as $$ select tap_line(not finds(statement), words) $$;
create function isnt_empty(statement text, words text) returns text language sql as $$ select tap_line(finds(statement), words) $$;
create function throws_ok(statement text, wanted text, message text, words text) returns text language plpgsql as
$$ begin execute statement; return tap_line(false, words); exception when others then return tap_line(sqlstate = wanted, words); end $$;
create function finish() returns setof text language sql as $$ select '# done' $$;
`;

async function runPgTap(copy: ReplicaDatabase): Promise<readonly string[]> {
  await copy.sql.query(pgTap);
  const client = new pg.Client({ connectionString: copy.url });
  await client.connect();
  try {
    // A script of several statements answers with a result for each.
    const answers: unknown = await client.query(toPgTap(found));
    const results = Array.isArray(answers)
      ? (answers as readonly pg.QueryResult<Readonly<Record<string, unknown>>>[])
      : [];
    return results.flatMap(result => result.rows.flatMap(row => Object.values(row).map(String)));
  } finally {
    await client.end();
  }
}

describe('the pgTAP script', () => {
  test('plans all of its tests and fails exactly where the schema leaks', async () => {
    const copy = await migrated(library + leaks);
    const lines = await runPgTap(copy);
    expect(lines[0]).toBe(`1..${found.assertions.length}`);
    expect(lines.filter(line => /^(not )?ok /.test(line))).toHaveLength(found.assertions.length);
    expect(
      lines
        .filter(line => line.startsWith('not ok'))
        .map(line => line.replace(/^not ok \d+ - /, ''))
        .toSorted(),
    ).toEqual(
      found.assertions
        .filter(isFailing)
        .map(each => each.words)
        .toSorted(),
    );
    expect((await copy.sql.query('select count(*)::int as rows from branches')).rows).toEqual([{ rows: 0 }]);
    await copy.drop();
  });

  test('passes on the repaired schema', async () => {
    const copy = await migrated(library + leaks + repairs);
    const lines = await runPgTap(copy);
    expect(lines.filter(line => line.startsWith('not ok'))).toEqual([]);
    expect(lines.at(-1)).toBe('# done');
    await copy.drop();
  });

  test('asks in the words of pgTAP where something is refused or empty', () => {
    const script = toPgTap(found);
    expect(script).toContain('set local role "anon";');
    expect(script).toContain('set local "request"."jwt"."claims" to ');
    for (const word of ['is_empty(', 'isnt_empty(', 'throws_ok(', "'42501'"]) expect(script).toContain(word);
    expect(script.trimEnd().endsWith('rollback;')).toBe(true);
  });
});

test('who belongs to a tenant is changed by its administrators, so that a repair may leave it to them', async () => {
  const { assertions } = await asserted(
    replica,
    `create table teams (id uuid primary key default gen_random_uuid(), name text);
create table team_members (team_id uuid not null references teams (id), user_id uuid not null references auth.users (id), role text not null check (role in ('owner', 'member')), note text, primary key (team_id, user_id));
create table jobs (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), title text);
alter table teams enable row level security;
alter table team_members enable row level security;
alter table jobs enable row level security;
create function in_team(team uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select from public.team_members m where m.team_id = team and m.user_id = auth.uid()) $$;
create policy "teams" on teams for all to authenticated using (in_team(id));
create policy "members" on team_members for all to authenticated using (in_team(team_id));
create policy "jobs" on jobs for all to authenticated using (in_team(team_id));`,
  );
  const changes = assertions.filter(each => each.command === 'update' && each.expects === 'something');
  const actorOf = (table: string) => changes.find(each => each.object === table)?.actor;
  expect(actorOf('team_members')).toBe('admin');
  expect(actorOf('jobs')).toBe('member');
}, 60_000);
