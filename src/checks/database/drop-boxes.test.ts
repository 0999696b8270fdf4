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

/** What is said of a form for visitors that anybody may fill in for any clinic. */
async function form(
  more: string,
  columns = 'email text not null, message text',
  about = 'enquiries',
): Promise<readonly string[]> {
  const text = `
    create table clinics (id uuid primary key default gen_random_uuid(), name text not null);
    create table clinic_members (
      clinic_id uuid not null references clinics (id), user_id uuid not null references auth.users (id),
      role text not null default 'member', primary key (clinic_id, user_id)
    );
    create table enquiries (id uuid primary key default gen_random_uuid(), clinic_id uuid not null references clinics (id), ${columns});
    alter table clinics enable row level security;
    alter table clinic_members enable row level security;
    alter table enquiries enable row level security;
    create function works_at(clinic uuid) returns boolean language sql stable security definer set search_path = ''
    as $$ select exists (select 1 from public.clinic_members m where m.clinic_id = clinic and m.user_id = auth.uid()) $$;
    create policy "own" on clinic_members for select to authenticated using (user_id = auth.uid());
    create policy "send" on enquiries for insert to anon, authenticated with check (true);
    create policy "read" on enquiries for select to authenticated using (works_at(clinic_id));
    ${more}`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) });
  return findings
    .filter(({ object }) => object === about)
    .map(({ severity = check.severity, harm }) => `${severity}: ${harm}`);
}

test('a form for visitors is milder: nothing comes out, and only the tenant that it is sent to is deceived', async () => {
  const sent =
    'Anyone on the internet can send enquiries to any clinic, made-up ones too; only its own people are shown them.';
  expect(await form('')).toEqual([`medium: ${sent}`]);
  expect(
    await form(`create policy "answer" on enquiries for update to authenticated using (works_at(clinic_id));`),
  ).toEqual([`medium: ${sent}`]);
});

test.each([
  ['everybody reads them', `create policy "all" on enquiries for select to anon using (true);`],
  [
    'a policy goes by them',
    `create table replies (id uuid primary key default gen_random_uuid(), clinic_id uuid references clinics (id), body text);
     alter table replies enable row level security;
     create policy "asked" on replies for select to authenticated
       using (exists (select 1 from enquiries e where e.clinic_id = replies.clinic_id and e.email = auth.email()));`,
  ],
  [
    'a function makes members of them',
    `create function join_clinic(enquiry uuid) returns void language sql security definer set search_path = ''
     as $$ insert into public.clinic_members (clinic_id, user_id) select clinic_id, auth.uid() from public.enquiries where id = enquiry $$;`,
  ],
])('where %s it is not', async (_, more) => {
  expect((await form(more)).every(told => !told.startsWith('medium'))).toBe(true);
});

test.each([
  ['says nothing of who sends it', 'amount integer not null, paid boolean not null default true'],
  ['gives a role', `email text not null, role text not null default 'member'`],
  ['holds a code', 'email text not null, invite_token text not null'],
])('a row that %s is no form', async (_, columns) => {
  expect((await form('', columns)).map(told => told.split(':')[0])).toEqual(['critical']);
});

test('an invitation is no form, though the database itself does not go by it', async () => {
  const invitations = `
    create table invitations (
      id uuid primary key default gen_random_uuid(), clinic_id uuid not null references clinics (id), email text not null
    );
    alter table invitations enable row level security;
    create policy "invite" on invitations for insert to anon with check (true);`;
  expect((await form(invitations, undefined, 'invitations')).map(told => told.split(':')[0])).toEqual(['critical']);
});
