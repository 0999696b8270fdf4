import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findBaseElsewhere } from './base-elsewhere.ts';
import { findMigrations, migrationSetsAround, readSqlFiles } from './find-migrations.ts';

const made: string[] = [];

afterAll(() => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'base-'));
  made.push(root);
  for (const [file, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

function baseOf(
  files: Readonly<Record<string, string>>,
  app = '.',
): { readonly files: readonly string[]; readonly gaps: readonly string[] } {
  const named = folderWith(files);
  const root = join(named, app);
  const found = findBaseElsewhere(findMigrations(root, undefined, { named }), readSqlFiles(root), () =>
    migrationSetsAround(root, named),
  );
  return { files: found.files.map(({ file }) => file), gaps: found.gaps.map(({ reason }) => reason) };
}

const schema = `create table pets (id uuid primary key); create table visits (id uuid primary key, pet_id uuid references pets (id));`;
const later = `create table if not exists vets (id uuid primary key);
alter table pets add column vet_id uuid references vets (id);
create policy "own" on public.visits using (true);`;
const nothing = { files: [], gaps: [] };

test('a schema beside migrations that change its tables was run before them, and that is said', () => {
  expect(baseOf({ 'supabase/migrations/1_vets.sql': later, 'supabase/schema.sql': schema })).toEqual({
    files: ['supabase/schema.sql'],
    gaps: [
      "The migrations build on tables that they do not make. 'supabase/schema.sql' makes 2 of them, and is taken to have been run before; where that is not so, name only what was run: --migrations supabase/migrations.",
    ],
  });
});

test('migrations of another package are a base like a file', () => {
  const files = {
    'pnpm-workspace.yaml': 'packages: [apps/*, packages/*]',
    'apps/web/package.json': '{}',
    'apps/web/supabase/migrations/1_vets.sql': later,
    'packages/db/migrations/0001_pets.sql': 'create table pets (id uuid primary key);',
    'packages/db/migrations/0002_test.sql': 'create table visits (id uuid primary key);',
  };
  expect(baseOf(files, 'apps/web').files).toEqual([
    '../../packages/db/migrations/0001_pets.sql',
    '../../packages/db/migrations/0002_test.sql',
  ]);
});

test('of several, the one that is called a schema stands for the others', () => {
  const several = { 'supabase/all.sql': schema, 'supabase/schema.sql': schema, 'supabase/setup.sql': schema };
  expect(baseOf({ 'supabase/migrations/1_vets.sql': later, ...several }).files).toEqual(['supabase/schema.sql']);
});

test('migrations that make what they change need none, nor do those that name only tables of the platform', () => {
  expect(baseOf({ 'supabase/migrations/1.sql': `${schema}${later}`, 'supabase/schema.sql': schema })).toEqual(nothing);
  const platform = `create table notes (id uuid references auth.users (id)); create policy "own" on storage.objects using (true); -- alter table pets`;
  expect(baseOf({ 'supabase/migrations/1.sql': platform, 'supabase/schema.sql': schema })).toEqual(nothing);
});

test('what makes the tables of the migrations again, too few of those that they lack, or lies aside is none', () => {
  const migrations = { 'supabase/migrations/1.sql': later.replace('if not exists ', '') };
  const whole = `${schema} create table vets (id uuid primary key);`;
  expect(baseOf({ ...migrations, 'supabase/schema.sql': whole })).toEqual(nothing);
  expect(baseOf({ ...migrations, 'supabase/old/schema.sql': schema, 'docs/schema.sql': schema })).toEqual(nothing);
  const more = `${later} alter table owners add x int; alter table bills add x int; alter table fees add x int;`;
  expect(baseOf({ 'supabase/migrations/1.sql': more, 'supabase/schema.sql': schema })).toEqual(nothing);
});
