import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check } from './definer-function-without-caller-check/index.ts';

const replica = replicaOfFile();

interface Case {
  /** Who may read posts. */
  readonly readers?: string;
  readonly head?: string;
  readonly body: string;
}

/** What is said of a function that writes to posts. */
async function told({ readers = 'published', head = 'viewed(post uuid)', body }: Case): Promise<readonly string[]> {
  const text = `
    create table blogs (id uuid primary key default gen_random_uuid(), name text not null);
    create table bloggers (blog_id uuid not null references blogs (id), user_id uuid not null references auth.users (id), primary key (blog_id, user_id));
    create table posts (
      id uuid primary key default gen_random_uuid(), blog_id uuid not null references blogs (id), title text not null,
      published boolean not null default true, views integer not null default 0, read_at timestamptz
    );
    create table previews (
      id uuid primary key default gen_random_uuid(), blog_id uuid not null references blogs (id), note text,
      expires_at timestamptz not null, made_at timestamptz not null default now()
    );
    alter table blogs enable row level security;
    alter table bloggers enable row level security;
    alter table posts enable row level security;
    alter table previews enable row level security;
    create policy "ours" on bloggers for select to authenticated using (user_id = (select auth.uid()));
    create policy "write" on posts for all to authenticated
      using (blog_id in (select b.blog_id from bloggers b where b.user_id = (select auth.uid())));
    create policy "read" on posts for select using (${readers});
    create function ${head} returns void language plpgsql security definer set search_path = '' as $$ begin ${body}; end $$;`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) });
  return findings.map(({ severity = check.severity, harm }) => `${severity}: ${harm}`);
}

test('a function that only counts up what everybody may read is told as what it is', async () => {
  const low = ["low: Anyone on the internet can falsify 'views' of 'posts', rows that he may read anyway."];
  expect(await told({ body: 'update public.posts set views = views + 1 where id = post' })).toEqual(low);
  const usual = 'update public.posts p set views = coalesce(p.views, 0) + 1, read_at = now() where p.id = post';
  expect(await told({ body: usual, readers: 'true' })).toEqual(low);
});

test('one that only sees to what has expired by a date of its own is told as what it is', async () => {
  const low = [
    "low: Anyone on the internet can have 'sweep' see to what has expired, which it does to rows of every blog anyway.",
  ];
  const head = 'sweep()';
  expect(await told({ head, body: 'delete from public.previews where expires_at < now()' })).toEqual(low);
  const marked = `update public.previews p set note = 'gone' where now() >= p.expires_at and p.blog_id is not null`;
  expect(await told({ head, body: marked })).toEqual(low);
  const old = `delete from public.previews where made_at < now() - interval '30 days' and note is not null`;
  expect(await told({ head, body: old })).toEqual(low);
});

test.each<[string, Case]>([
  [
    'any row has the date',
    { head: 'sweep()', body: 'delete from public.previews where expires_at < now() or note is null' },
  ],
  [
    'the caller says which',
    { head: 'sweep(blog uuid)', body: 'delete from public.previews where expires_at < now() and blog_id = blog' },
  ],
  ['every row is from before now', { head: 'sweep()', body: 'delete from public.previews where made_at < now()' }],
  [
    'the caller says how old',
    {
      head: 'sweep(days integer)',
      body: 'delete from public.previews where made_at < now() - make_interval(days => days)',
    },
  ],
  ['it is no date of expiry', { head: 'sweep()', body: 'delete from public.previews where note is not null' }],
  [
    'the rows are not for everybody',
    {
      readers: 'blog_id in (select b.blog_id from bloggers b where b.user_id = auth.uid())',
      body: 'update public.posts set views = views + 1 where id = post',
    },
  ],
  [
    'the caller says by how much',
    { head: 'viewed(post uuid, n integer)', body: 'update public.posts set views = views + n where id = post' },
  ],
  [
    'it writes something else as well',
    { head: 'viewed(post uuid, t text)', body: 'update public.posts set views = views + 1, title = t where id = post' },
  ],
  [
    'it goes on',
    { body: 'update public.posts set views = views + 1 where id = post; delete from public.posts where id = post' },
  ],
])('it stays critical where %s', async (_, given) => {
  expect(await told(given)).toEqual([expect.stringMatching(/^critical: /)]);
});
