import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '../testing/postgres.ts';
import type { TestPostgres } from '../testing/postgres.ts';
import { migrationFiles } from './files.ts';
import { guardSql } from './guard-sql.ts';
import type { SqlOptions, Tool } from './options.ts';

const acme = '00000000-0000-4000-8000-00000000000a';
const globex = '00000000-0000-4000-8000-00000000000b';

/** A small billing app, as it is before the guard: one role, no row security. */
const schema = `
create table users (id text primary key, email text not null);
create table teams (id uuid primary key, name text not null);
create table memberships (user_id text not null references users, team_id uuid not null references teams, role text not null default 'member');
create table invoices (id int primary key, team_id uuid not null references teams, number text not null);
create table invoice_lines (id serial primary key, invoice_id int not null references invoices on delete cascade, text text not null);
create table line_notes (id serial primary key, line_id int not null references invoice_lines on delete cascade, body text not null);
create table drafts (id serial primary key, author text not null, body text not null);
create table "Odd ""Name""" (id serial primary key, "Team" uuid not null);
create table currencies (code text primary key);
create table sessions (token text primary key, user_id text not null);
create view invoice_numbers as select number from invoices;
create function invoice_count() returns bigint language sql stable security definer as 'select count(*) from invoices';
insert into currencies values ('EUR');
insert into users values ('ann', 'ann@acme.example'), ('bob', 'bob@globex.example'), ('eve', 'eve@nowhere.example');
insert into teams values ('${acme}', 'Acme'), ('${globex}', 'Globex');
insert into memberships values ('ann', '${acme}'), ('bob', '${globex}');
insert into invoices values (1, '${acme}', 'a-1'), (2, '${globex}', 'b-1');
insert into invoice_lines (invoice_id, text) values (1, 'acme line'), (2, 'globex line');
insert into line_notes (line_id, body) values (1, 'acme note'), (2, 'globex note');
insert into drafts (author, body) values ('ann', 'of ann'), ('bob', 'of bob');
insert into "Odd ""Name""" ("Team") values ('${acme}'), ('${globex}');
insert into sessions values ('secret', 'ann');
`;

const plan: SqlOptions = {
  types: { tenant: 'uuid', user: 'text' },
  membership: { table: 'memberships', user: 'user_id', tenant: 'team_id', auth: true },
  tables: [
    { kind: 'tenants', table: 'teams', auth: true },
    { kind: 'users', table: 'users', auth: true },
    { kind: 'tenant', table: 'invoices', column: 'team_id' },
    { kind: 'child', table: 'public.invoice_lines', column: 'invoice_id', parent: 'invoices' },
    { kind: 'child', table: 'line_notes', column: 'line_id', parent: 'public.invoice_lines' },
    { kind: 'user', table: 'drafts', column: 'author' },
    { kind: 'tenant', table: 'Odd "Name"', column: 'Team' },
    { kind: 'reference', table: 'currencies' },
    { kind: 'auth', table: 'sessions' },
  ],
  views: ['invoice_numbers'],
  functions: ['invoice_count()'],
};

let postgres: TestPostgres;
let server: pg.Pool;
let owner: pg.Pool;
let number = 0;
beforeAll(async () => {
  postgres = await startPostgres();
  server = postgres.pool();
});
afterAll(() => postgres.stop());

async function makeApp(): Promise<void> {
  number += 1;
  await server.query(`create database d${number}`);
  owner = postgres.pool({ connectionString: postgres.url.replace(/postgres$/, `d${number}`) });
  await owner.query(schema);
}

/** Runs one statement for somebody, as `guardPool` would: the settings hold for its transaction only. */
async function as(role: string, who: { tenant?: string; user?: string }, text: string): Promise<readonly unknown[][]> {
  const client = await owner.connect();
  try {
    await client.query('begin');
    await client.query(`set local role ${role}`);
    await client.query("select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true)", [
      who.tenant ?? '',
      who.user ?? '',
    ]);
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
    await client.query('commit');
    return rows;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

const ann = { tenant: acme, user: 'ann' };

async function apply(options: SqlOptions = plan): Promise<void> {
  const { up, concurrent } = guardSql(options);
  for (const statement of [...up, ...concurrent]) await owner.query(statement);
}

describe('the role of the app', () => {
  beforeAll(async () => {
    await makeApp();
    await apply();
  });

  test.each([
    ['a table with the tenant’s column', 'select number from invoices', [['a-1']]],
    ['a table below it', 'select text from invoice_lines', [['acme line']]],
    ['a table below that', 'select body from line_notes', [['acme note']]],
    ['a table of the user’s own', 'select body from drafts', [['of ann']]],
    ['a table with a name that must be quoted', 'select count(*)::int from "Odd ""Name"""', [[1]]],
    ['the tenants', 'select name from teams', [['Acme']]],
    ['the users', 'select id from users', [['ann']]],
    ['the memberships', 'select user_id from memberships', [['ann']]],
    ['a table for everybody', 'select code from currencies', [['EUR']]],
    ['a view', 'select number from invoice_numbers', [['a-1']]],
    ['a function', 'select invoice_count()::int', [[1]]],
  ])('reads its tenant’s rows and no others in %s', async (_, text, rows) => {
    expect(await as('app', ann, text)).toEqual(rows);
  });

  test('without a tenant sees nothing but the user’s own', async () => {
    expect(await as('app', {}, 'select id from invoices union all select id from drafts')).toEqual([]);
    expect(await as('app', { user: 'ann' }, 'select number from invoices')).toEqual([]);
    expect(await as('app', { user: 'ann' }, 'select team_id from memberships')).toEqual([[acme]]);
    expect(await as('app', { user: 'ann' }, 'select name from teams')).toEqual([['Acme']]);
    expect(await as('app', { user: 'eve' }, 'select name from teams')).toEqual([]);
  });

  test.each([
    `insert into invoices values (9, '${globex}', 'planted')`,
    `update invoices set team_id = '${globex}'`,
    "insert into invoice_lines (invoice_id, text) values (2, 'planted')",
    `insert into memberships values ('ann', '${globex}')`,
    `update memberships set team_id = '${globex}'`,
    "insert into drafts (author, body) values ('bob', 'planted')",
  ])('cannot write a row of another tenant or user: %s', async text => {
    await expect(as('app', ann, text)).rejects.toMatchObject({ message: expect.stringMatching(/row-level security/) });
  });

  test.each([
    'select token from sessions',
    "insert into currencies values ('XXX')",
    'delete from teams',
    'drop table invoices',
  ])('has no right to %s', async text => {
    await expect(as('app', ann, text)).rejects.toMatchObject({ code: '42501' });
  });

  test('is not opened by a policy that somebody adds in a hurry', async () => {
    await owner.query('create policy hurry on invoices using (true) with check (true)');
    try {
      expect(await as('app', ann, 'select number from invoices')).toEqual([['a-1']]);
      await expect(as('app', ann, `insert into invoices values (9, '${globex}', 'x')`)).rejects.toThrow(
        /row-level security/,
      );
    } finally {
      await owner.query('drop policy hurry on invoices');
    }
  });

  test('gets nothing of a table that is made later', async () => {
    await owner.query('create table later (id int)');
    await expect(as('app', ann, 'select * from later')).rejects.toMatchObject({ code: '42501' });
    expect(await as('app_admin', {}, 'select * from later')).toEqual([]);
  });
});

describe('the other roles', () => {
  beforeEach(makeApp);

  test.each(['bypass', 'policies'] as const)('the admin role sees every tenant by %s', async admin => {
    await apply({ ...plan, admin, roles: { admin: `admin_${admin}` } });
    expect(await as(`admin_${admin}`, {}, 'select number from invoices order by id')).toEqual([['a-1'], ['b-1']]);
    expect(await as(`admin_${admin}`, {}, 'select id from memberships, users where user_id = id')).toHaveLength(2);
  });

  test.each(['bypass', 'policies'] as const)(
    'the auth library works with its tables and no invoice by %s',
    async admin => {
      const auth = `auth_${admin}`;
      await apply({ ...plan, admin, roles: { auth } });
      expect(await as(auth, {}, 'select token from sessions')).toEqual([['secret']]);
      await as(auth, {}, `insert into memberships values ('eve', '${acme}')`);
      await expect(as(auth, {}, 'select * from invoices')).rejects.toMatchObject({ code: '42501' });
    },
  );

  test('an owner that is named gets the tables, and the migrator makes what belongs to it', async () => {
    await apply({ ...plan, roles: { owner: 'app_owner', migrator: 'app_migrator' } });
    const migrator = postgres.pool({
      connectionString: postgres.url.replace('postgres@', 'app_migrator@').replace(/postgres$/, `d${number}`),
    });
    await migrator.query('create table made (id int)');
    const { rows } = await owner.query("select distinct tableowner from pg_tables where schemaname = 'public'");
    expect(rows).toEqual([{ tableowner: 'app_owner' }]);
    expect((await migrator.query('select * from invoices')).rows).toEqual([]);
  });

  test('a role of the app that passes every policy ends the migration', async () => {
    await server.query('create role too_mighty bypassrls');
    await expect(apply({ ...plan, roles: { app: 'too_mighty' } })).rejects.toThrow(/passes every policy/);
  });
});

describe('the migration', () => {
  beforeEach(makeApp);

  test('lets the app change the rows of its tenant', async () => {
    await apply();
    expect(await as('app', ann, "update invoices set number = 'a-2' returning id")).toEqual([[1]]);
    expect(await as('app', ann, "insert into invoice_lines (invoice_id, text) values (1, 'x') returning text")).toEqual(
      [['x']],
    );
    expect(await as('app', ann, 'delete from invoices returning id')).toEqual([[1]]);
    const { rows } = await owner.query('select number from invoices');
    expect(rows).toEqual([{ number: 'b-1' }]);
  });

  test('can be run again, and back, and again', async () => {
    const { down } = guardSql(plan);
    await apply();
    await apply();
    for (const statement of down) await owner.query(statement);
    const { rows } = await owner.query(`select
      (select count(*)::int from pg_policies) as policies,
      (select count(*)::int from pg_class where relrowsecurity or relforcerowsecurity) as tables,
      (select count(*)::int from pg_indexes where indexname like 'guard%') as indexes,
      has_table_privilege('public', 'invoices', 'select') as everybody`);
    expect(rows).toEqual([{ policies: 0, tables: 0, indexes: 0, everybody: false }]);
    await apply();
    expect(await as('app', ann, 'select number from invoices')).toEqual([['a-1']]);
  });

  test('asks for the tenant once for a statement, by an index', async () => {
    await apply();
    await owner.query(
      `insert into invoices select n, '${globex}', 'n' from generate_series(10, 5000) as n; analyze invoices`,
    );
    const lines = await as('app', ann, 'explain (costs off) select * from invoices');
    const text = lines.flat().join('\n');
    expect(text).toContain('Index Cond: (team_id = (InitPlan 1).col1)');
    expect(text).not.toContain('SubPlan');
  });

  test('runs in Drizzle, behind the migrations that ran', async () => {
    await inFolder('drizzle', async (folder, write) => {
      const journal = {
        version: '7',
        dialect: 'postgresql',
        entries: [{ idx: 0, version: '7', when: 5, tag: '0000_init', breakpoints: true }],
      };
      write('0000_init.sql', 'create table first (id int);');
      write('meta/_journal.json', JSON.stringify(journal));
      await migrate(drizzle(owner), { migrationsFolder: folder });
      const { files } = migrationFiles(guardSql({ ...plan, tool: 'drizzle' }), {
        tool: 'drizzle',
        folder: '.',
        present: ['0000_init.sql', 'meta'],
        journal: JSON.stringify(journal),
      });
      for (const file of files) write(file.path, file.text);
      await migrate(drizzle(owner), { migrationsFolder: folder });
      expect(files.map(file => file.path)).toEqual(['./0001_guard.sql', './meta/_journal.json']);
    });
    expect(await as('app', ann, 'select number from invoices')).toEqual([['a-1']]);
  });

  test.each([
    [
      'prisma',
      ['20250102000000_init'],
      ['20250102000001_guard/migration.sql', '20250102000002_guard_index_1/migration.sql'],
      '20250102000001_guard/down.sql',
    ],
    ['supabase', ['20250102000000_init.sql'], ['20250102000001_guard.sql'], '20250102000001_guard.sql'],
    ['plain', ['0001_init.sql'], ['0002_guard.sql', '0003_guard_indexes.sql'], 'reverse/0002_guard.sql'],
  ] as const)('is laid out for %s, each file one query, and leads back', async (tool, present, first, reverse) => {
    const sql = guardSql({ ...plan, tool });
    const laidOut = migrationFiles(sql, { tool, folder: 'migrations', present });
    expect(laidOut.files.slice(0, first.length).map(file => file.path)).toEqual(
      first.map(path => `migrations/${path}`),
    );
    expect(laidOut.reverse.path.endsWith(reverse)).toBe(true);
    for (const file of laidOut.files) await runFile(tool, file.text);
    expect(await as('app', ann, 'select number from invoices')).toEqual([['a-1']]);
    await owner.query(laidOut.reverse.text);
    expect((await owner.query('select from pg_policies')).rowCount).toBe(0);
  });
});

describe('what cannot be written', () => {
  test.each([
    [{ ...plan, settings: { tenant: "x'; drop table invoices" } }, /no name of a setting/],
    [{ ...plan, types: { tenant: 'uuid) or (true' } }, /no name of a type/],
    [{ ...plan, functions: ['f(); drop table invoices'] }, /no signature/],
    [{ ...plan, tables: [{ kind: 'child', table: 'lines', column: 'x', parent: 'nowhere' }] }, /is not listed/],
    [{ ...plan, tables: [{ kind: 'child', table: 'loop', column: 'x', parent: 'loop' }] }, /in a circle/],
    [{ ...plan, tables: [...plan.tables, ...plan.tables] }, /listed twice/],
  ] as const)('is refused', (options, message) => {
    expect(() => guardSql(options as SqlOptions)).toThrow(message);
  });
});

/** psql sends each statement of a file by itself; the others send the whole. */
async function runFile(tool: Tool, text: string): Promise<void> {
  const whole = tool !== 'plain' || text.startsWith('begin;');
  const parts = whole ? [text] : text.split('\n').filter(line => line.startsWith('create'));
  for (const part of parts) await owner.query(part);
}

async function inFolder(
  name: string,
  work: (folder: string, write: (path: string, text: string) => void) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `guard-${name}-`));
  try {
    await work(folder, (path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
