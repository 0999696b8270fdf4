import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replayed } from '../../commands/fixtures/replayed.ts';
import type { Replica } from '../../core/ports.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { detectPlatform } from './replay.ts';

describe('the platform', () => {
  test.each([
    ['auth.uid() in a policy', 'create policy p on notes using (user_id = auth.uid());'],
    ['a key to auth.users', 'create table notes (user_id uuid references auth.users (id));'],
    ['quoted names', 'create table notes (user_id uuid references "auth"."users" ("id"));'],
    ['buckets', `insert into storage.buckets (id, name) values ('a', 'a');`],
    ['roles of the API', 'grant select on notes to anon;'],
    // Written out with everything that the platform made, but for its roles.
    [
      'a dump of the whole database',
      'create schema auth; create table auth.users (id uuid); grant select on notes to "authenticated";',
    ],
    // Its own table in the platform's schema does not make the schema its own.
    ['a table in the platform’s schema', 'create table auth.users_more (user_id uuid references auth.users (id));'],
  ])('is Supabase: %s', (_, text) => {
    expect(detectPlatform([text])).toBe('supabase');
  });

  test.each([
    ['nothing of the kind', 'create table notes (id uuid);'],
    [
      'a schema and a table of the app’s own',
      'create schema if not exists auth; create table auth.users (id uuid); create table notes (user_id uuid references auth.users (id));',
    ],
    [
      'a function of the app’s own',
      `create schema auth; create or replace function auth.uid() returns uuid language sql as $$ select null::uuid $$;
       create policy p on notes using (user_id = auth.uid());`,
    ],
    ['settings of the app’s own', `create policy p on notes using (user_id = current_setting('auth.user_id', true));`],
    ['quoted', 'CREATE SCHEMA "auth"; CREATE TABLE "auth"."users" ("id" uuid); select * from "auth"."users";'],
  ])('is a plain Postgres: %s', (_, text) => {
    expect(detectPlatform([text])).toBe('plain');
  });
});

describe('schemas of an app on a plain Postgres that are called like those of the platform', () => {
  let replica: Replica;

  beforeAll(async () => {
    replica = await startReplica();
  });

  afterAll(async () => {
    await replica.stop();
  });

  const workshops = (policy: string): string => `
create role app_user;
create schema auth;
create schema storage;
create table auth.users (id uuid primary key default gen_random_uuid(), email text not null unique);
create table workshops (id uuid primary key default gen_random_uuid(), name text not null);
create table auth.memberships (
  user_id uuid not null references auth.users (id), workshop_id uuid not null references workshops (id),
  primary key (user_id, workshop_id)
);
create table storage.files (id uuid primary key default gen_random_uuid(), workshop_id uuid not null references workshops (id), name text not null);
create table storage.objects (id uuid primary key default gen_random_uuid(), workshop_id uuid not null references workshops (id), name text not null);
create function auth.uid() returns uuid language sql stable as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;
grant usage on schema auth, storage to app_user;
grant select on auth.memberships, storage.files, storage.objects to app_user;
alter table auth.memberships enable row level security;
alter table storage.files enable row level security;
alter table storage.objects enable row level security;
create policy mine on auth.memberships for select to app_user using (user_id = auth.uid());
create policy files on storage.files for select to app_user using (${policy});
create policy objects on storage.objects for select to app_user using (workshop_id in (select workshop_id from auth.memberships));
`;

  async function verdicts(policy: string): Promise<Readonly<Record<string, string>>> {
    const { cells } = await replayed(replica, workshops(policy), 'plain');
    const asked = cells.filter(
      ({ role, actor, command }) => role === 'app_user' && actor === 'member' && command === 'select',
    );
    return Object.fromEntries(asked.map(cell => [`${cell.schema}.${cell.object}`, cell.verdict]));
  }

  test('are judged like any other', async () => {
    expect(await verdicts('auth.uid() is not null')).toMatchObject({
      'storage.files': 'leaks',
      'storage.objects': 'isolated',
      'auth.memberships': 'isolated',
    });
    expect(
      await verdicts('workshop_id in (select m.workshop_id from auth.memberships m where m.user_id = auth.uid())'),
    ).toMatchObject({ 'storage.files': 'isolated' });
  });
});
