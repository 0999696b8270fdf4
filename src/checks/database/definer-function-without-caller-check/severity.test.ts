import { expect, test } from 'vitest';
import { replicaOfFile } from '../../../commands/fixtures/replica.ts';
import { replayed } from '../../../commands/fixtures/replayed.ts';
import { check } from './index.ts';

const replica = replicaOfFile();

const text = `
create table clubs (id uuid primary key default gen_random_uuid(), name text not null);
create table club_members (club_id uuid not null references clubs (id), user_id uuid not null references auth.users (id), primary key (club_id, user_id));
create table user_roles (user_id uuid not null references auth.users (id), role text not null, primary key (user_id, role));
create table courts (id uuid primary key default gen_random_uuid(), club_id uuid not null references clubs (id), name text not null);
alter table clubs enable row level security;
alter table club_members enable row level security;
alter table user_roles enable row level security;
alter table courts enable row level security;
create function is_staff() returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select from public.user_roles r where r.user_id = auth.uid() and r.role = 'admin') $$;
create policy "staff" on courts for all to authenticated using (is_staff()) with check (is_staff());
create function club_of(who uuid) returns uuid language sql stable security definer set search_path = ''
as $$ select m.club_id from public.club_members m where m.user_id = who limit 1 $$;
create function courts_of(club uuid) returns setof courts language sql stable security definer set search_path = ''
as $$ select c.* from public.courts c where c.club_id = club $$;
create function promote(who uuid) returns void language plpgsql security definer set search_path = ''
as $$ begin insert into public.user_roles (user_id, role) values (who, 'admin') on conflict do nothing; end $$;
create policy "by token" on courts for select to authenticated using (club_id = ((auth.jwt() -> 'app_metadata' ->> 'club_id')::uuid));
create function enter(club uuid) returns boolean language sql security definer set search_path = ''
as $$ update auth.users set raw_app_meta_data = jsonb_build_object('club_id', club) where id = auth.uid() returning true $$;
`;

test('a key is milder than a row, and a role of the whole app opens what asks for it', async () => {
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) });
  const told = new Map(findings.map(finding => [finding.object, finding]));
  expect(told.get('club_of')).toMatchObject({ severity: 'medium' });
  expect(told.get('courts_of')?.severity).toBeUndefined();
  expect(told.get('promote')).toMatchObject({
    opens: 1,
    harm: 'Anyone on the internet can give himself a role of the whole app.',
  });
  const entering = told.get('enter');
  expect(entering?.severity).toBeUndefined();
  expect(entering?.harm).toBe("Any signed-in user who calls 'enter' first can read any club's courts.");
});

test('whoever changes something else of a profile that holds a role gives no role', async () => {
  const functions = (set: string): string => `
    create table profiles (id uuid primary key references auth.users (id), is_admin boolean not null default false, motto text);
    create table reports (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users (id));
    alter table profiles enable row level security;
    alter table reports enable row level security;
    create policy "own profile" on profiles for select to authenticated using (id = auth.uid());
    create policy "staff" on reports for select to authenticated using (exists (select from profiles p where p.id = auth.uid() and p.is_admin));
    create function change(who uuid) returns void language plpgsql security definer set search_path = ''
    as $$ begin update public.profiles set ${set} where id = who; end $$;`;
  for (const [set, harm] of [
    [`motto = 'new'`, "Anyone on the internet can change any user's profiles."],
    ['is_admin = true', 'Anyone on the internet can give himself a role of the whole app.'],
  ] as const) {
    const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, functions(set))) });
    expect(findings.map(finding => finding.harm)).toEqual([harm]);
  }
});

test('a function with its caller’s rights is at fault where it says whose tenant asks', async () => {
  const shelves = (guard: string, policy: string): string => `
create table shops (id uuid primary key default gen_random_uuid(), name text not null);
create table shop_members (shop_id uuid not null references shops (id), user_id uuid not null references auth.users (id), primary key (shop_id, user_id));
create table shelves (id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops (id), label text);
alter table shops enable row level security;
alter table shop_members enable row level security;
alter table shelves enable row level security;
create policy "own" on shop_members for select to authenticated using (user_id = auth.uid());
create policy "chosen" on shelves for select to authenticated using (${policy});
create function shelves_of(shop uuid) returns setof shelves language plpgsql as $$ begin
  ${guard}
  perform set_config('app.shop', shop::text, true);
  return query select * from public.shelves;
end $$;`;
  const chosen = `shop_id::text = current_setting('app.shop', true)`;
  const own = `shop_id in (select m.shop_id from shop_members m where m.user_id = auth.uid())`;
  const asks = `if not exists (select from public.shop_members m where m.shop_id = shop and m.user_id = auth.uid()) then raise exception 'no'; end if;`;
  const found = async (text: string): Promise<readonly string[]> =>
    check
      .judge({ app: undefined, paths: [], ...(await replayed(replica, text)) })
      .findings.map(({ message }) => message);
  expect(await found(shelves('', chosen))).toEqual([
    "'shelves_of' sets 'app.shop', which policies believe, and does not ask who calls, so 'authenticated' may read another tenant's rows through its arguments.",
  ]);
  expect(await found(shelves(asks, chosen))).toEqual([]);
  expect(await found(shelves('', `${chosen} and ${own}`))).toEqual([]);
  // Where the policy is open, the policy is at fault.
  expect(await found(shelves('', 'true').replace(/perform[^;]*;/, ''))).toEqual([]);
});
