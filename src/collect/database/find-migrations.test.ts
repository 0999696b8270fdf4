import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { DrydockError } from '../../core/error.ts';
import { findMigrations } from './find-migrations.ts';

const made: string[] = [];

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'migrations-'));
  made.push(root);
  for (const [file, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

afterAll(() => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
});

const knex = {
  'db/migrations/2_bills.js': `exports.up = knex =>\n  knex.schema.createTable('bills', t => { t.increments('id'); });`,
  'db/migrations/1_firms.js': `exports.up = knex => knex.raw('create table firms (id uuid)');`,
};

describe('migrations in code', () => {
  test('are found where there are none in SQL, in the order of their names, each statement on its line', () => {
    const set = findMigrations(folderWith(knex));
    expect({ kind: set.kind, folder: set.folder }).toEqual({ kind: 'code', folder: 'db/migrations' });
    expect(set.files).toEqual([
      { file: 'db/migrations/1_firms.js', text: 'create table firms (id uuid); ' },
      {
        file: 'db/migrations/2_bills.js',
        text: '\ncreate table "public"."bills" ("id" serial, primary key ("id")); ',
      },
    ]);
  });

  test('stand back for SQL, and for a description of tables that they do not make', () => {
    expect(findMigrations(folderWith({ ...knex, 'sql/schema.sql': 'create table firms (id uuid);' })).kind).toBe(
      'plain',
    );
    expect(findMigrations(folderWith(knex), undefined, { tables: ['firms', 'bills'] }).kind).toBe('code');
    expect(() => findMigrations(folderWith(knex), undefined, { tables: ['firms', 'bills', 'seats'] })).toThrow(
      'no SQL migrations',
    );
  });

  test('of another database than Postgres are no migrations of this app', () => {
    const mysql = `export class First { async up(queryRunner) { await queryRunner.query('CREATE TABLE \`firms\` (\`id\` int NOT NULL AUTO_INCREMENT) ENGINE=InnoDB'); } }`;
    expect(() => findMigrations(folderWith({ 'src/migrations/1_first.ts': mysql }))).toThrow('no SQL migrations');
  });
});

describe('files of SQL', () => {
  const orderOf = (...names: readonly string[]): readonly (true | undefined)[] =>
    findMigrations(
      folderWith(Object.fromEntries(names.map(name => [`sql/${name}.sql`, 'create table firms (id uuid);']))),
    ).files.map(({ anyOrder }) => anyOrder);

  test('have an order where all are numbered, and none where one is not', () => {
    expect(orderOf('001_init', '002_seats')).toEqual([undefined, undefined]);
    expect(orderOf('V1__init', 'V2__seats')).toEqual([undefined, undefined]);
    expect(orderOf('001_init', 'schema')).toEqual([true, true]);
  });

  const namesOf = (folder: string, ...names: readonly string[]): readonly string[] =>
    findMigrations(
      folderWith(Object.fromEntries(names.map(name => [`${folder}/${name}`, 'create table firms (id uuid);']))),
    ).files.map(({ file }) => file.slice(folder.length + 1));

  test('run by their numbers, and without those that take them back', () => {
    expect(namesOf('migrations', '10_c.up.sql', '2_b.up.sql', '2_b.down.sql', '1_a.up.sql')).toEqual([
      '1_a.up.sql',
      '2_b.up.sql',
      '10_c.up.sql',
    ]);
    expect(namesOf('migrations', '1_a_up.sql', '1_a_down.sql', '2_pull_down.sql')).toEqual([
      '1_a_up.sql',
      '2_pull_down.sql',
    ]);
    expect(
      namesOf('db/migration', 'R__views.sql', 'U2__b.sql', 'V10__c.sql', 'V2.1__d.sql', 'V2__b.sql', 'V1__a.sql'),
    ).toEqual(['V1__a.sql', 'V2__b.sql', 'V2.1__d.sql', 'V10__c.sql', 'R__views.sql']);
  });

  test('lie in a folder for each, with the way back beside them', () => {
    expect(namesOf('migrations', '10_b/up.sql', '10_b/down.sql', '9_a/up.sql', '9_a/down.sql')).toEqual([
      '9_a/up.sql',
      '10_b/up.sql',
    ]);
  });

  test('run by name where the journal has a mistake, and a folder among them is no file', () => {
    const root = folderWith({
      'drizzle/meta/_journal.json': '<<<<<<< HEAD',
      'drizzle/0001_b.sql': 'create table firms (id uuid);',
      'drizzle/0000_a.sql/kept.txt': '',
    });
    expect(findMigrations(root).files.map(({ file }) => file)).toEqual(['drizzle/0001_b.sql']);
  });

  test('that hold no statement are none, and neither are those that are no SQL: the sentence says what would be', () => {
    expect(() => findMigrations(folderWith({ 'sql/1.sql': '', 'sql/2.sql': '-- later\n' }))).toThrow(
      'hold no statement',
    );
    expect(namesOf('sql', '1.sql')).toEqual(['1.sql']);
    const messageOf = (file: string): unknown => {
      try {
        return findMigrations(folderWith({ [file]: 'def upgrade(): pass' }));
      } catch (thrown) {
        return thrown instanceof DrydockError ? `${thrown.message} ${thrown.next}` : thrown;
      }
    };
    expect(messageOf('alembic/versions/1a_init.py')).toMatch(/Those of Alembic in 'alembic\/versions'.*--sql > schema/);
    expect(messageOf('db/migrate/20240101_init.rb')).toMatch(/Rails.*pg_dump --schema-only/);
    expect(messageOf('priv/repo/migrations/1_init.exs')).toMatch(/mix ecto\.dump/);
    expect(messageOf('src/notes.py')).not.toMatch(/Those of/);
  });
});

describe('a file that says again what the numbered ones say', () => {
  const tables =
    'create table firms (id uuid); create table seats (id uuid); alter table seats enable row level security;';
  const helper =
    'create function is_member() returns boolean language sql as $$ select false $$; grant select on seats to app;';
  const numbered = {
    'supabase/migrations/0001_tables.sql': tables,
    'supabase/migrations/0002_helper.sql': helper,
    'supabase/migrations/0003_later.sql': helper.replace('language sql', 'language sql security definer'),
  };
  const read = (more: Readonly<Record<string, string>>): ReturnType<typeof findMigrations> =>
    findMigrations(folderWith({ ...numbered, ...more }));

  test('runs after the last that it repeats, and what is there already is no failure', () => {
    const all = { 'supabase/migrations/all.sql': `-- to be pasted\n${tables.toUpperCase()}\n${helper}` };
    const [first, second, third] = Object.keys(numbered);
    const { files } = read(all);
    expect(files.map(({ file }) => file)).toEqual([first, second, 'supabase/migrations/all.sql', third]);
    expect(files[2]?.repeats).toBe('0002_helper.sql');
  });

  test('runs by its name where it says something of its own, and where it has a number', () => {
    const own = `${tables} create policy "all" on seats using (true); drop function is_member(); revoke all on seats from app;`;
    const last = (more: Readonly<Record<string, string>>): string | undefined => read(more).files.at(-1)?.file;
    expect(last({ 'supabase/migrations/hotfix.sql': own })).toBe('supabase/migrations/hotfix.sql');
    expect(last({ 'supabase/migrations/0004_again.sql': `${tables}${helper}` })).toMatch(/0004_again/);
  });
});

describe('declared schemas of Supabase', () => {
  const schemas = {
    'supabase/schemas/b/seats.sql': 'create table seats (id uuid);',
    'supabase/schemas/a.sql': 'create table firms (id uuid);',
  };
  const filesOf = (files: Readonly<Record<string, string>>): readonly string[] =>
    findMigrations(folderWith(files)).files.map(({ file }) => file);

  test('stand where there are no migrations, by name or in the order that the configuration gives', () => {
    expect(filesOf(schemas)).toEqual(['supabase/schemas/a.sql', 'supabase/schemas/b/seats.sql']);
    const ordered = `[db.migrations]\nschema_paths = ["./schemas/b/*.sql", "./schemas/a.sql"]`;
    expect(filesOf({ ...schemas, 'supabase/config.toml': ordered })).toEqual([
      'supabase/schemas/b/seats.sql',
      'supabase/schemas/a.sql',
    ]);
    expect(findMigrations(folderWith(schemas))).toMatchObject({ kind: 'supabase', folder: 'supabase/migrations' });
  });

  test('tell the schemas that the API serves only where a configuration lies beside them', () => {
    const migrated = { 'supabase/migrations/1.sql': 'create table firms (id uuid);' };
    const served = (files: Readonly<Record<string, string>>): readonly string[] | undefined =>
      findMigrations(folderWith({ ...migrated, ...files })).exposedSchemas;
    expect(served({})).toBeUndefined();
    expect(served({ 'supabase/config.toml': '[api]\nport = 54321' })).toEqual(['public', 'graphql_public']);
    expect(served({ 'supabase/config.toml': '[api]\nschemas = ["public", "crm"]' })).toEqual(['public', 'crm']);
    expect(served({ 'supabase/config.toml': '[api' })).toBeUndefined();
  });

  test('give way to migrations, and a configuration with a mistake orders nothing', () => {
    const migrated = { ...schemas, 'supabase/migrations/1.sql': 'create table firms (id uuid);' };
    expect(filesOf(migrated)).toEqual(['supabase/migrations/1.sql']);
    expect(filesOf({ ...schemas, 'supabase/config.toml': '[db.migrations' })).toHaveLength(2);
  });
});

test('migrations that only change the tables of the code are its own, where none make them', () => {
  const files = {
    'supabase/migrations/1_seats.sql': 'create table seats (id uuid); alter table firms add column seats int;',
    'db/notes.sql': 'create table notes (id uuid);',
  };
  expect(findMigrations(folderWith(files), undefined, { tables: ['firms', 'bills'] }).folder).toBe(
    'supabase/migrations',
  );
  const makes = { ...files, 'db/migrations/1.sql': 'create table firms (id uuid);' };
  expect(findMigrations(folderWith(makes), undefined, { tables: ['firms', 'bills'] }).folder).toBe('db/migrations');
});

test('migrations of another app in the workspace are not those of one whose code tells its policies', () => {
  const workspace = {
    'package.json': '{"workspaces":["apps/*","packages/*"]}',
    'apps/shop/package.json': '{"name":"shop","dependencies":{"@acme/store":"*"}}',
    'apps/other/package.json': '{"name":"other"}',
    'apps/other/migrations/1.sql': 'create table firms (id uuid);',
  };
  const shop = (files: Readonly<Record<string, string>>): string => join(folderWith(files), 'apps/shop');
  const app = { tables: ['firms'], tellsPolicies: true };
  expect(() => findMigrations(shop(workspace), undefined, app)).toThrow('no SQL migrations');
  expect(findMigrations(shop(workspace), undefined, { tables: ['firms'] }).folder).toBe('../other/migrations');
  const shared = {
    ...workspace,
    'packages/store/package.json': '{"name":"@acme/store","dependencies":{"@acme/db":"*"}}',
    'packages/db/package.json': '{"name":"@acme/db"}',
    'packages/db/migrations/1.sql': 'create table firms (id uuid);',
  };
  expect(findMigrations(shop(shared), undefined, app).folder).toBe('../../packages/db/migrations');
  const above = { ...workspace, 'supabase/migrations/1.sql': 'create table firms (id uuid);' };
  expect(findMigrations(shop(above), undefined, app).folder).toBe('../../supabase/migrations');
});
