-- Attachments, quotes, inspections, expenses and the shared parts catalogue.

create table public.attachments (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  boat_id uuid,
  uploaded_by uuid not null references auth.users (id) on delete cascade,
  file_name text not null,
  storage_path text not null,
  created_at timestamptz not null default now(),
  foreign key (boat_id, workspace_id) references public.boats (id, workspace_id) on delete cascade
);

create table public.quotes (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  boat_id uuid,
  title text not null,
  customer_name text not null,
  status text not null default 'draft' check (status in ('draft', 'sent', 'accepted', 'declined')),
  total_cents integer not null default 0,
  share_token text not null unique default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
  created_at timestamptz not null default now(),
  foreign key (boat_id, workspace_id) references public.boats (id, workspace_id) on delete cascade
);

create table public.inspections (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  boat_id uuid not null,
  kind text not null,
  due_on date not null,
  result text,
  foreign key (boat_id, workspace_id) references public.boats (id, workspace_id) on delete cascade
);

create table public.expenses (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  spent_by uuid not null references auth.users (id) on delete cascade,
  description text not null,
  amount_cents integer not null,
  spent_on date not null default current_date
);

create table public.catalog_parts (
  id uuid primary key default gen_random_uuid(),
  -- null: part of the shared catalogue we ship
  workspace_id uuid references public.workspaces (id) on delete cascade,
  sku text not null,
  name text not null,
  price_cents integer not null default 0
);

alter table public.attachments enable row level security;
alter table public.quotes enable row level security;
alter table public.inspections enable row level security;
alter table public.expenses enable row level security;
alter table public.catalog_parts enable row level security;

-- Attachments
create policy "Authenticated users can view attachments"
  on public.attachments for select
  to authenticated
  using (true);

create policy "Members can add attachments"
  on public.attachments for insert
  to authenticated
  with check (public.is_member(workspace_id) and uploaded_by = (select auth.uid()));

create policy "Members can edit attachments"
  on public.attachments for update
  to authenticated
  using (public.is_member(workspace_id))
  with check (uploaded_by = (select auth.uid()));

create policy "Members can delete attachments"
  on public.attachments for delete
  to authenticated
  using (public.is_member(workspace_id));

-- Quotes
create policy "Members manage quotes"
  on public.quotes for all
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));

create policy "Customers can open a sent quote"
  on public.quotes for select
  using (status <> 'draft');

-- Inspections (the reminder job has no user)
create policy "Members and jobs can read inspections"
  on public.inspections for select
  using (auth.uid() is null or public.is_member(workspace_id));

create policy "Members can plan inspections"
  on public.inspections for insert
  to authenticated
  with check (public.is_member(workspace_id));

create policy "Members can update inspections"
  on public.inspections for update
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));

-- Expenses
create policy "Members can view expenses"
  on public.expenses for select
  to authenticated
  using (
    exists (
      select 1 from public.members m
      where m.workspace_id = workspace_id
        and m.user_id = auth.uid()
    )
  );

create policy "Members can add expenses"
  on public.expenses for insert
  to authenticated
  with check (
    spent_by = (select auth.uid())
    and exists (
      select 1 from public.members m
      where m.workspace_id = expenses.workspace_id
        and m.user_id = auth.uid()
    )
  );

create policy "Members can delete expenses"
  on public.expenses for delete
  to authenticated
  using (public.is_member(workspace_id));

-- Parts
create policy "Shared parts and our own"
  on public.catalog_parts for select
  to authenticated
  using (workspace_id is null or public.is_member(workspace_id));

create policy "Members manage their own parts"
  on public.catalog_parts for insert
  to authenticated
  with check (public.is_member(workspace_id));

create policy "Members update their own parts"
  on public.catalog_parts for update
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));
