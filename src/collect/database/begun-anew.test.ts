import { expect, test } from 'vitest';
import { begunAnew } from './begun-anew.ts';
import type { MigrationFile } from './find-migrations.ts';

const first = 'create table firms (id uuid, kind text); create table bills (id uuid); create table drafts (id uuid);';
const more =
  'create function is_clerk() returns boolean language sql as $$ select true $$; alter table bills add column sum int;';
const again = `create type kind as enum ('a', 'b'); create table public.firms (id uuid, kind kind); create table "bills" (id uuid); alter table bills enable row level security;`;
const later = 'alter table bills add column paid boolean;';

function begun(...texts: readonly string[]): readonly string[] {
  const files = texts.map((text, at): MigrationFile => ({ file: `supabase/migrations/${at + 1}.sql`, text }));
  return begunAnew(files).files.map(({ file }) => file.replace(/^.*\//, ''));
}

test('a migration that makes everything again is the first of a new database', () => {
  expect(begun(first, more, again, later)).toEqual(['3.sql', '4.sql']);
  const { gaps } = begunAnew([
    { file: '1.sql', text: first },
    { file: '2.sql', text: again },
  ]);
  expect(gaps).toMatchObject([{ file: '2.sql', reason: expect.stringContaining('begun anew') }]);
});

test('is not where what came before is still spoken of, dropped first, asked for or in no order', () => {
  const all = ['1.sql', '2.sql', '3.sql'];
  expect(begun(first, again, 'alter table drafts add column title text;')).toEqual(all);
  expect(begun(first, more, `${again} create policy "own" on bills using (is_clerk());`)).toEqual(all);
  expect(begun(first, more, `drop table if exists bills, firms cascade; ${again}`)).toEqual(all);
  expect(begun(first, more, again.replaceAll('create table', 'create table if not exists'))).toEqual(all);
  expect(begun(first, more, 'create table bills (id uuid);')).toEqual(all);
  expect(begunAnew([first, again].map((text, at) => ({ file: `${at}.sql`, text, anyOrder: true }))).files).toHaveLength(
    2,
  );
});
