import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check } from './policy-always-true/index.ts';

const replica = replicaOfFile();

/** What is said of page views to which anybody adds rows. */
async function told(more: string): Promise<readonly string[]> {
  const text = `
    create table admins (user_id uuid primary key references auth.users (id));
    create table page_views (
      id bigint generated always as identity primary key, user_id uuid references auth.users (id), path text not null
    );
    alter table admins enable row level security;
    alter table page_views enable row level security;
    create policy "add" on page_views for insert to anon, authenticated with check (true);
    ${more}`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) });
  return findings.map(({ severity = check.severity, harm }) => `${severity}: ${harm}`);
}

const dropped = [
  "medium: Anyone on the internet can add page views in the name of any user; only the app's server and staff are shown them.",
];

test('rows that nobody but the server and the staff is shown are milder than those that somebody reads', async () => {
  expect(await told('')).toEqual(dropped);
  const staff = 'exists (select 1 from admins a where a.user_id = auth.uid())';
  expect(await told(`create policy "staff" on page_views for select to authenticated using (${staff});`)).toEqual(
    dropped,
  );
});

test.each([
  [
    'their users read them',
    `create policy "own" on page_views for select to authenticated using (user_id = auth.uid());`,
  ],
  ['a view shows them', `create view visits as select user_id, count(*) as visits from page_views group by user_id;`],
  [
    'a policy asks them',
    `create table badges (id uuid primary key default gen_random_uuid(), title text);
     alter table badges enable row level security;
     create policy "visitors" on badges for select to authenticated
       using (exists (select 1 from page_views v where v.user_id = auth.uid()));`,
  ],
  [
    'they set something off',
    `create table scores (user_id uuid primary key references auth.users (id), points int not null default 0);
     alter table scores enable row level security;
     create function score() returns trigger language plpgsql security definer set search_path = ''
     as $$ begin update public.scores set points = points + 1 where user_id = new.user_id; return new; end $$;
     create trigger score after insert on page_views for each row execute function score();`,
  ],
])('where %s they are not', async (_, more) => {
  expect(await told(more)).toEqual(['critical: Anyone on the internet can add page views to any user.']);
});
