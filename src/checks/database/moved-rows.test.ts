import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check as selfJoin } from './membership-open-to-self-join/index.ts';
import { check as writeCheck } from './write-check-without-tenant/index.ts';

const replica = replicaOfFile();

const band = `
create table bands (id uuid primary key default gen_random_uuid(), name text not null);
create table band_members (band_id uuid not null references bands (id), user_id uuid not null references auth.users (id), primary key (band_id, user_id));
create function plays(b uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.band_members m where m.band_id = b and m.user_id = (select auth.uid())) $$;
create table songs (id uuid primary key default gen_random_uuid(), band_id uuid not null references bands (id), title text not null);
create table sets (id uuid primary key default gen_random_uuid(), band_id uuid not null, title text not null);
alter table bands enable row level security;
alter table band_members enable row level security;
alter table songs enable row level security;
alter table sets enable row level security;
create policy "own" on band_members for select to authenticated using (user_id = (select auth.uid()));
create policy "own" on songs for all to authenticated using (plays(band_id));
create policy "own" on sets for all to authenticated using (plays(band_id));
`;

async function told(more: string): Promise<readonly string[]> {
  const sources = { app: undefined, paths: [], ...(await replayed(replica, band + more)) };
  return [selfJoin, writeCheck].flatMap(({ id, judge }) =>
    judge(sources).findings.map(({ harm }) => `${id.slice('database/'.length)}: ${harm}`),
  );
}

test('a row of one’s own that is moved to others is told as that, and not as a change of theirs', async () => {
  const notes = `create table notes (id uuid primary key default gen_random_uuid(), band_id uuid not null references bands (id), user_id uuid not null references auth.users (id), words text);
    alter table notes enable row level security;
    create policy "read" on notes for select to authenticated using (plays(band_id));
    create policy "add" on notes for insert to authenticated with check (plays(band_id) and user_id = (select auth.uid()));
    create policy "change" on notes for update to authenticated using (user_id = (select auth.uid()));`;
  expect(await told(notes)).toEqual([
    'write-check-without-tenant: Any signed-in user can move notes of his own to any other band.',
  ]);
});

test('a list whose members are no people makes nobody a member', async () => {
  const members = (people: string): string => `create table set_members (
      id uuid primary key default gen_random_uuid(), song_id uuid not null references songs (id), set_id uuid not null references sets (id), ${people}
    );
    alter table set_members enable row level security;
    create policy "add" on set_members for insert to authenticated with check (song_id is not null);
    create policy "read" on set_members for select to authenticated using (exists (select 1 from songs s where s.id = song_id and plays(s.band_id)));`;
  expect(await told(members('added_by uuid'))).toEqual([
    'write-check-without-tenant: Any signed-in user can add set members to any band.',
  ]);
  expect(await told(members('user_id uuid'))).toEqual([expect.stringMatching(/^membership-open-to-self-join: /)]);
});
