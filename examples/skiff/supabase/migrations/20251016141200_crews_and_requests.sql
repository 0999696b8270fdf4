create table public.crews (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  unique (id, workspace_id)
);

create table public.crew_members (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  crew_id uuid not null,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'hand' check (role in ('lead', 'hand')),
  joined_at timestamptz not null default now(),
  unique (crew_id, user_id),
  foreign key (crew_id, workspace_id) references public.crews (id, workspace_id) on delete cascade
);

create table public.crew_notes (
  id uuid primary key default gen_random_uuid(),
  crew_id uuid not null references public.crews (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);

create table public.service_requests (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  assigned_to uuid references auth.users (id) on delete set null,
  customer_name text not null,
  customer_phone text,
  description text not null,
  created_at timestamptz not null default now()
);

create table public.announcements (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  title text not null,
  body text not null,
  published_at timestamptz not null default now()
);

alter table public.crews enable row level security;
alter table public.crew_members enable row level security;
alter table public.crew_notes enable row level security;
alter table public.service_requests enable row level security;
alter table public.announcements enable row level security;

create policy "Members manage crews"
  on public.crews for all
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));

create policy "See your crews"
  on public.crew_members for select
  to authenticated
  using (user_id = (select auth.uid()) or public.is_member(workspace_id));

create policy "Join a crew"
  on public.crew_members for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "Update your crew membership"
  on public.crew_members for update
  to authenticated
  using (user_id = (select auth.uid()));

create policy "Leave a crew"
  on public.crew_members for delete
  to authenticated
  using (user_id = (select auth.uid()) and public.is_member(workspace_id));

create policy "Crew members share notes"
  on public.crew_notes for all
  to authenticated
  using (
    exists (
      select 1 from public.crew_members c
      where c.crew_id = crew_notes.crew_id
        and c.user_id = (select auth.uid())
    )
  );

create policy "See unassigned requests and your own"
  on public.service_requests for select
  to authenticated
  using (assigned_to is null or public.is_member(workspace_id));

create policy "Members create requests"
  on public.service_requests for insert
  to authenticated
  with check (public.is_member(workspace_id));

create policy "Members update requests"
  on public.service_requests for update
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));

create policy "Read announcements of your yard"
  on public.announcements for select
  to authenticated
  using (workspace_id = (auth.jwt() -> 'user_metadata' ->> 'workspace_id')::uuid);

create policy "Owners publish announcements"
  on public.announcements for insert
  to authenticated
  with check (public.is_workspace_owner(workspace_id));
