-- A workshop planner: workshops (tenants) with crew, customers, jobs and invoices. Twelve tables, for measuring time.
create type public.crew_role as enum ('owner', 'planner', 'mechanic');

create table public.workshops (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  plan text not null default 'free',
  created_at timestamptz not null default now()
);

create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  display_name text not null,
  avatar_url text
);

create table public.crew (
  workshop_id uuid not null references public.workshops on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  role public.crew_role not null default 'mechanic',
  primary key (workshop_id, user_id)
);
create index on public.crew (user_id);

create table public.crew_invites (
  id uuid primary key default gen_random_uuid(),
  workshop_id uuid not null references public.workshops on delete cascade,
  email text not null,
  role public.crew_role not null default 'mechanic',
  token text not null unique default gen_random_uuid()::text,
  expires_at timestamptz not null default now() + interval '7 days'
);

create function public.is_crew(workshop uuid) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select from public.crew c where c.workshop_id = workshop and c.user_id = (select auth.uid()))
$$;

create function public.leads(workshop uuid) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.crew c
    where c.workshop_id = workshop and c.user_id = (select auth.uid()) and c.role in ('owner', 'planner')
  )
$$;

alter table public.workshops enable row level security;
alter table public.profiles enable row level security;
alter table public.crew enable row level security;
alter table public.crew_invites enable row level security;

create policy "crew see their workshop" on public.workshops for select to authenticated using (public.is_crew(id));
create policy "leads change their workshop" on public.workshops for update to authenticated
  using (public.leads(id)) with check (public.leads(id));
create policy "own profile" on public.profiles for all to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));
create policy "crew see each other" on public.crew for select to authenticated using (public.is_crew(workshop_id));
create policy "leads remove crew" on public.crew for delete to authenticated using (public.leads(workshop_id));
create policy "leads see invites" on public.crew_invites for select to authenticated using (public.leads(workshop_id));
create policy "leads invite" on public.crew_invites for insert to authenticated with check (public.leads(workshop_id));
create policy "leads withdraw invites" on public.crew_invites for delete to authenticated using (public.leads(workshop_id));
