import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { readCatalog } from './catalog.ts';
import { findMigrations } from './find-migrations.ts';
import { replayMigrations, type Replayed } from './replay.ts';
import { splitStatements, loadParser } from './statements.ts';

const replica = replicaOfFile();

beforeAll(async () => {
  await loadParser();
});

async function replay(
  texts: readonly string[],
  platform: 'supabase' | 'plain' = 'plain',
): Promise<Replayed & { readonly database: Awaited<ReturnType<typeof readCatalog>> }> {
  const copy = await replica.createDatabase();
  const replayed = await replayMigrations(
    copy.sql,
    texts.map((text, index) => ({ file: `${index + 1}.sql`, text })),
    platform,
  );
  const database = await readCatalog(copy.sql, platform, replayed.places);
  await copy.drop();
  return { ...replayed, database };
}

describe('files in no known order', () => {
  const tables = 'create table a_items (id int primary key, team int references b_teams (id));';
  const policies =
    'alter table a_items enable row level security;\ncreate policy own on a_items using (team = current_team());';
  const teams =
    "create table b_teams (id int primary key);\ncreate function current_team() returns int language sql as 'select 1';";
  const texts = [policies, tables, teams];

  async function replayed(anyOrder: boolean): Promise<Replayed & { readonly policies: readonly string[] }> {
    const copy = await replica.createDatabase();
    const files = texts.map((text, index) => ({
      file: `${'abc'.charAt(index)}.sql`,
      text,
      ...(anyOrder ? { anyOrder: true as const } : {}),
    }));
    const result = await replayMigrations(copy.sql, files, 'plain');
    const database = await readCatalog(copy.sql, 'plain', result.places);
    await copy.drop();
    return { ...result, policies: database.tables.flatMap(table => table.policies.map(policy => policy.name)) };
  }

  test('what came before what it names is run after it, and told where it stands', async () => {
    const { report, policies: made, places } = await replayed(true);
    expect(report).toEqual({ files: 3, statements: 5, failed: [] });
    expect(made).toEqual(['own']);
    expect(places.get('policy:a_items/own')).toMatchObject({ file: 'a.sql', line: 2 });
  });

  test('of files with an order, none is', async () => {
    const { report } = await replayed(false);
    expect(report.failed.map(({ file, line }) => [file, line])).toEqual([
      ['a.sql', 1],
      ['a.sql', 2],
      ['b.sql', 1],
    ]);
  });

  test('what nothing makes still fails, once', async () => {
    const copy = await replica.createDatabase();
    const text = 'alter table gone enable row level security;';
    const { report } = await replayMigrations(copy.sql, [{ file: 'a.sql', text, anyOrder: true }], 'plain');
    await copy.drop();
    expect(report.failed).toMatchObject([{ file: 'a.sql', line: 1, sqlstate: '42P01', firstCause: true }]);
  });
});

describe('splitting', () => {
  test('respects dollar quotes, strings, comments and breakpoints, and counts lines', () => {
    const text =
      "-- first; not a statement\ncreate table a (b text default ';');\n--> statement-breakpoint\n\ndo $$\nbegin\n  null;\nend\n$$;\n";
    expect(
      splitStatements(text).map(({ line, endLine, text: statement }) => [line, endLine, statement.slice(0, 8)]),
    ).toEqual([
      [2, 2, 'create t'],
      [5, 9, 'do $$\nbe'],
    ]);
  });

  test('leaves out what takes a migration back, as goose, sql-migrate, dbmate and tern mark it', () => {
    const kinds = (text: string): readonly (readonly [string, number])[] =>
      splitStatements(text).map(({ text: statement, line }) => [statement, line]);
    const made = 'create table a (b int)';
    for (const [up, down] of [
      ['-- +goose UP\n-- +goose StatementBegin', '-- +goose Down'],
      ['-- +migrate Up', '-- +migrate Down'],
      ['-- migrate:up', '-- migrate:down transaction:false'],
      ['\n', '---- create above / drop below ----'],
    ])
      expect(kinds(`${up}\n${made};\n${down}\ndrop table a;`).map(([text]) => text)).toEqual([made]);
    expect(kinds(`-- +goose Down\ndrop table a;\n-- +goose Up\n${made};`)).toEqual([[made, 4]]);
    expect(kinds(`-- goes down the list of boats\n${made};`)).toEqual([[made, 2]]);
  });

  test('keeps the other statements when one cannot be parsed', () => {
    const statements = splitStatements('create table a (b int);\ncreat table oops;\ncreate table c (d int);');
    expect(statements.map(statement => statement.kind.kind)).toEqual(['defines', 'unparsed', 'defines']);
    expect(statements.map(statement => statement.line)).toEqual([1, 2, 3]);
  });
});

describe('a replay', () => {
  test('gives and takes rights on the database as it is named elsewhere, and leaves other databases alone', async () => {
    const text = `create role keeper; create role guest;
      grant create on database shop to keeper, guest;
      revoke create on database "shop" from guest;`;
    const { report, database } = await replay([text]);
    expect(report.failed).toEqual([]);
    expect(database.facts?.schemaMakers).toContain('keeper');
    expect(database.facts?.schemaMakers).not.toContain('guest');
  });

  test('tells what came under its name by a statement that would have kept what somebody else had made', async () => {
    const { database } = await replay([
      `create schema if not exists shelf;
       create table shelf.books (id int);
       create table if not exists shelf.books (id int);
       grant create on schema shelf to public;
       create table if not exists shelf.loans (id int);
       create or replace function due() returns int language sql as 'select 1';
       create view lent as select 1 as one;
       create or replace view lent as select 2 as one;
       drop function if exists later();
       create or replace function later() returns int language sql as 'select 1';`,
    ]);
    expect(
      database.facts?.takenAsFound?.map(({ what, name, line, grantsBefore }) => [what, name, line, grantsBefore]),
    ).toEqual([
      ['schema', 'shelf', 1, 0],
      ['table', 'shelf.loans', 5, 1],
      ['function', 'due', 6, 1],
    ]);
  });

  test('switches on what somebody switched on by hand, and says so once', async () => {
    const { report, gaps } = await replay([
      `create table notes (id int primary key, spot geography(Point, 4326), meaning vector(3));
       create function near(wanted vector(3)) returns setof notes language sql as 'select * from notes order by meaning <-> wanted';
       create table shelves (id int primary key, size shelf_size);`,
    ]);
    expect(report.failed.map(({ message }) => message)).toEqual(['type "shelf_size" does not exist']);
    expect(gaps.map(({ reason }) => reason)).toEqual([
      "The extension 'postgis' is switched on outside the migrations.",
      "The extension 'vector' is switched on outside the migrations.",
    ]);
  });

  test('gives keys as an extension does that an ORM or a dashboard switched on', async () => {
    const { report, database, gaps } = await replay([
      `create table notes (id uuid primary key default uuid_generate_v7(), tag uuid default uuid_generate_v4());
       insert into notes default values;
       create table shelves (id uuid primary key default shelf_key());`,
    ]);
    expect(report.failed.map(({ message }) => message)).toEqual(['function shelf_key() does not exist']);
    expect(gaps.map(({ reason }) => reason)).toEqual([
      "The extension 'pg_uuidv7' is switched on outside the migrations.",
      "The extension 'uuid-ossp' is switched on outside the migrations.",
    ]);
    expect(database.functions).toEqual([]);
    expect(database.tables.find(({ name }) => name === 'notes')?.columns[0]).toMatchObject({ randomDefault: true });
  });

  test('stands in for PostGIS without showing what it stands in with', async () => {
    const { report, database } = await replay(
      [
        `create extension if not exists postgis with schema extensions;
         create table berths (id int primary key, place geography(Point, 4326), area geometry(Polygon, 4326) not null);
         create index on berths using gist (place);
         alter table berths add middle geometry generated always as (st_setsrid(st_centroid(area), 4326)) stored;
         create view near as select id, st_distance(place, st_setsrid(st_makepoint(1, 2), 4326)::geography) as metres from berths
           where st_dwithin(place, st_point(1, 2)::geography, 500) and area && st_makeenvelope(0, 0, 1, 1, 4326);
         insert into berths values (1, 'POINT(1 2)', st_geomfromtext('POLYGON EMPTY'));`,
      ],
      'supabase',
    );
    expect(report.failed).toEqual([]);
    expect(database.tables.find(({ name }) => name === 'berths')?.columns.map(({ name }) => name)).toEqual([
      'id',
      'place',
      'area',
      'middle',
    ]);
    expect(database.functions).toEqual([]);
  });

  test('goes on after a failure, and tells its cause from what follows', async () => {
    const { report, database } = await replay([
      'create table notes (folder_id uuid references folders (id));\ncreate index on notes (folder_id);\ncreate table kept (id int);\nalter table elsewhere add column x int;',
    ]);
    expect(report).toMatchObject({ files: 1, statements: 4 });
    expect(report.failed.map(({ line, sqlstate, firstCause }) => ({ line, sqlstate, firstCause }))).toEqual([
      { line: 1, sqlstate: '42P01', firstCause: true },
      { line: 2, sqlstate: '42P01', firstCause: false },
      { line: 4, sqlstate: '42P01', firstCause: true },
    ]);
    expect(database.tables.map(table => table.name)).toEqual(['kept']);
  });

  test('does what a migration tool would outside of a transaction', async () => {
    const { report } = await replay([
      'begin;\ncreate table a (b int);\ncommit;\ncreate index concurrently a_b on a (b);\ncreate role notes_reader;',
      'create role notes_reader;\ncopy a (b) from stdin;\ncreate extension if not exists vector;\ncreate table e (v vector(3));\ncreate index on e using hnsw (v vector_cosine_ops);',
    ]);
    expect(report.failed).toEqual([]);
  });

  test('finds on Supabase what migrations there rely on', async () => {
    const { report, database } = await replay(
      [
        `create table public.notes (id uuid primary key default extensions.uuid_generate_v4(), user_id uuid references auth.users (id), data jsonb);
         alter table notes enable row level security;
         create policy "Own notes" on notes for select to authenticated using ((select auth.uid()) = user_id and (auth.jwt() ->> 'role') is not null);
         create policy "Own files" on storage.objects for select using ((storage.foldername(name))[1] = auth.uid()::text);
         alter publication supabase_realtime add table notes;
         select cron.schedule('nightly', '0 0 * * *', $$ delete from notes $$);
         create extension if not exists pg_net with schema extensions;`,
      ],
      'supabase',
    );
    expect(report.failed).toEqual([]);
    const notes = database.tables.find(table => table.name === 'notes');
    expect(notes?.policies.map(({ name, definedAt }) => [name, definedAt?.line])).toEqual([['Own notes', 3]]);
    expect(notes?.grants.filter(grant => grant.role === 'anon').map(grant => grant.privilege)).toContain('select');
    expect(database.tables.find(table => table.name === 'storage.objects')?.policies).toHaveLength(1);
  });

  test('what a block makes, plain or as a text, stands on its line, unless it was there', async () => {
    const { places } = await replay([
      `create table notes (id int, body text);
create policy "old" on notes using (true);

do $$
begin
  -- create policy "spoken of" on notes using (true);
  if not exists (select from pg_policies where policyname = 'read; all') then
    create policy "read; all" on notes
      for select using (body <> ';');
  end if;
  if not exists (select from pg_policies where policyname = 'old') then
    create policy "old" on notes using (true);
  end if;
  execute 'create policy "write" on notes for insert with check (body <> ''x'')';
end $$;`,
    ]);
    expect(places.get('policy:notes/read; all')).toMatchObject({ file: '1.sql', line: 8, endLine: 9 });
    expect(places.get('policy:notes/write')).toMatchObject({
      line: 14,
      text: `create policy "write" on notes for insert with check (body <> 'x')`,
    });
    expect(places.get('policy:notes/old')).toMatchObject({ line: 2 });
    expect(places.has('policy:notes/spoken of')).toBe(false);
  });

  test('follows renames and replaced objects to the place that counts', async () => {
    const { places } = await replay([
      'create table old (id int);\ncreate view v as select 1 as x;',
      'alter table old rename to new;\ncreate or replace view v as select 2 as x;',
    ]);
    expect(places.get('table:new')).toEqual({ file: '1.sql', line: 1, endLine: 1 });
    expect(places.get('view:v')).toEqual({ file: '2.sql', line: 2, endLine: 2 });
  });
});

describe('migrations', () => {
  const root = mkdtempSync(join(tmpdir(), 'drydock-migrations-'));
  const put = (file: string, text: string): void => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  afterAll(() => rmSync(root, { recursive: true }));

  test('apply in the order of the journal, in the order of their names, or as they are named', () => {
    put('db/drizzle/meta/_journal.json', '{"entries":[{"idx":0,"tag":"0001_second"},{"idx":1,"tag":"0000_first"}]}');
    put('db/drizzle/0000_first.sql', 'select 1');
    put('db/drizzle/0001_second.sql', 'select 2');
    expect(findMigrations(root)).toMatchObject({
      kind: 'drizzle',
      folder: 'db/drizzle',
      files: [{ file: 'db/drizzle/0001_second.sql' }, { file: 'db/drizzle/0000_first.sql' }],
    });
    put('supabase/migrations/2_b.sql', 'select 2');
    put('supabase/migrations/1_a.sql', 'select 1');
    expect(findMigrations(root)).toMatchObject({
      kind: 'supabase',
      files: [{ file: 'supabase/migrations/1_a.sql' }, { file: 'supabase/migrations/2_b.sql' }],
    });
    expect(findMigrations(root, 'db/drizzle/0000_first.sql').files).toEqual([
      { file: 'db/drizzle/0000_first.sql', text: 'select 1' },
    ]);
  });

  test('that are not there are asked for', () => {
    const empty = mkdtempSync(join(tmpdir(), 'drydock-empty-'));
    expect(() => findMigrations(empty)).toThrow('There are no SQL migrations');
    expect(() => findMigrations(empty, 'nowhere')).toThrow('There is no file or folder nowhere');
    rmSync(empty, { recursive: true });
  });
});
