-- Workspaces, the people in them, and the plans they can be on.

create table public.plans (
  id text primary key,
  name text not null,
  stripe_price_id text unique,
  price_cents integer not null default 0,
  max_boats integer not null default 5,
  is_active boolean not null default true
);

insert into public.plans (id, name, stripe_price_id, price_cents, max_boats) values
  ('dinghy', 'Dinghy', null, 0, 5),
  ('sloop', 'Sloop', 'price_1QsloopMonthly', 4900, 60),
  ('schooner', 'Schooner', 'price_1QschoonerMonthly', 12900, 400)
on conflict (id) do nothing;

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text,
  full_name text,
  phone text,
  created_at timestamptz not null default now()
);

create table public.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  plan_id text not null default 'dinghy' references public.plans (id),
  stripe_customer_id text unique,
  created_at timestamptz not null default now()
);

create table public.members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'manager', 'member')),
  display_name text,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);

create index members_user_id_idx on public.members (user_id);

-- Security definer so that policies on "members" can use it without recursing.
create or replace function public.is_member(ws uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.members m
    where m.workspace_id = ws
      and m.user_id = (select auth.uid())
  );
$$;

create or replace function public.is_workspace_owner(ws uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.members m
    where m.workspace_id = ws
      and m.user_id = (select auth.uid())
      and m.role = 'owner'
  );
$$;

-- Creates the workspace and its first owner in one go.
create or replace function public.create_workspace(p_name text, p_slug text)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  new_id uuid;
begin
  if auth.uid() is null then
    raise exception 'not signed in' using errcode = '42501';
  end if;

  insert into public.workspaces (name, slug)
  values (p_name, p_slug)
  returning id into new_id;

  insert into public.members (workspace_id, user_id, role)
  values (new_id, auth.uid(), 'owner');

  return new_id;
end;
$$;

-- A profile for every new user.
create or replace function public.handle_new_user()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.profiles (id, email, full_name)
  values (new.id, new.email, new.raw_user_meta_data ->> 'full_name')
  on conflict (id) do nothing;
  return new;
end;
$$;

create trigger on_auth_user_created
  after insert on auth.users
  for each row execute function public.handle_new_user();

alter table public.plans enable row level security;
alter table public.profiles enable row level security;
alter table public.workspaces enable row level security;
alter table public.members enable row level security;

create policy "Plans are public"
  on public.plans for select
  using (true);

create policy "Users can view their own profile"
  on public.profiles for select
  to authenticated
  using (id = (select auth.uid()));

create policy "Users can update their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

create policy "Members can view their workspaces"
  on public.workspaces for select
  to authenticated
  using (public.is_member(id));

create policy "Members can view the team"
  on public.members for select
  to authenticated
  using (public.is_member(workspace_id));

create policy "Owners can add members"
  on public.members for insert
  to authenticated
  with check (public.is_workspace_owner(workspace_id));

create policy "Owners can update members"
  on public.members for update
  to authenticated
  using (public.is_workspace_owner(workspace_id))
  with check (public.is_workspace_owner(workspace_id));

create policy "Owners can remove members"
  on public.members for delete
  to authenticated
  using (public.is_workspace_owner(workspace_id));
