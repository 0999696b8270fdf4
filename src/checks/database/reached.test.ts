import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check as functionCheck } from './definer-function-without-caller-check/index.ts';
import { check } from './policy-always-true/index.ts';

const replica = replicaOfFile();

async function harmsOf(role: string, platform: 'plain' | 'supabase'): Promise<readonly string[]> {
  const text = `
    create table users (id uuid primary key);
    create table notes (id uuid primary key, user_id uuid not null references users (id), body text);
    alter table notes enable row level security;
    alter table notes force row level security;
    create policy "notes" on notes for select to ${role} using (true);
    grant select on notes to ${role};`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text, platform)) });
  return findings.map(({ harm }) => harm);
}

test('what only a role of the app’s own connection reaches, no user reaches by himself', async () => {
  await (await replica.createDatabase()).sql.query('create role notes_app login');
  expect(await harmsOf('notes_app', 'plain')).toEqual([
    "Any query that runs as 'notes_app' can read any user's notes.",
  ]);
  expect(await harmsOf('authenticated', 'supabase')).toEqual(["Any signed-in user can read any user's notes."]);
});

test('rows of nobody are relied on by every tenant, and are no other tenant’s', async () => {
  const database = await replayed(
    replica,
    `create table distances (id uuid primary key default gen_random_uuid(), origin text not null, km int);
     alter table distances enable row level security;
     create policy "any" on distances for update to authenticated using (true) with check (auth.uid() is not null);
     create policy "see" on distances for select to authenticated using (true);`,
  );
  const { findings } = check.judge({ app: undefined, paths: [], ...database });
  expect(findings.map(({ message, severity }) => `${severity} ${message}`)).toEqual([
    "medium The policy 'any' on 'distances' is true for every row, so 'authenticated' may update rows that every tenant relies on.",
  ]);
});

test('a function that reads what is somebody’s reads that, and changes nothing of nobody’s', async () => {
  const database = await replayed(
    replica,
    `create table fees (id uuid primary key default gen_random_uuid(), price int);
     create table orders (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id), note text);
     alter table fees enable row level security;
     alter table orders enable row level security;
     create policy "own" on orders for select to authenticated using (user_id = auth.uid());
     create function notes() returns setof text language sql stable security definer set search_path = ''
     as $$ select o.note from public.fees r right join public.orders o on true $$;`,
  );
  const { findings } = functionCheck.judge({ app: undefined, paths: [], ...database });
  expect(findings.map(({ harm }) => harm)).toEqual(["Anyone on the internet can read any user's orders."]);
});
