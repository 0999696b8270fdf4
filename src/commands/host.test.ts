import { expect, test } from 'vitest';
import { made } from './fixtures/replayed.ts';
import { replicaOfFile } from './fixtures/replica.ts';
import { hostOf } from './results.ts';

const replica = replicaOfFile();

test.each([
  ['supabase', 'auth.uid()::text = owner', ['Supabase']],
  ['supabase', '(select auth.user_id()) = owner', ['Neon']],
  ['plain', `owner = current_setting('app.user_id', true)`, []],
] as const)('on %s policies that ask %s say whose Postgres it is', async (platform, asking, named) => {
  const { copy, database } = await made(
    replica,
    `create table notes (id serial primary key, owner text not null); alter table notes enable row level security;
     create policy "own" on notes using (${asking});`,
    platform,
  );
  await copy.drop();
  expect(hostOf({ platform, database })).toEqual(named);
});
