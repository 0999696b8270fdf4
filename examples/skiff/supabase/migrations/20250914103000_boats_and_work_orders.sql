create table public.boats (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  registration text,
  berth text,
  owner_name text,
  owner_phone text,
  length_m numeric(5, 2),
  archived_at timestamptz,
  created_at timestamptz not null default now(),
  unique (id, workspace_id)
);

create index boats_workspace_id_idx on public.boats (workspace_id);

create table public.work_orders (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  boat_id uuid not null,
  title text not null,
  status text not null default 'open' check (status in ('open', 'in_progress', 'done')),
  assigned_to uuid references auth.users (id) on delete set null,
  due_on date,
  created_at timestamptz not null default now(),
  unique (id, workspace_id),
  foreign key (boat_id, workspace_id) references public.boats (id, workspace_id) on delete cascade
);

create index work_orders_workspace_id_idx on public.work_orders (workspace_id, status);

create table public.work_order_lines (
  id uuid primary key default gen_random_uuid(),
  work_order_id uuid not null references public.work_orders (id) on delete cascade,
  description text not null,
  quantity numeric(10, 2) not null default 1,
  unit_price_cents integer not null default 0
);

create table public.notes (
  id uuid primary key default gen_random_uuid(),
  work_order_id uuid not null references public.work_orders (id) on delete cascade,
  author_id uuid not null references auth.users (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  work_order_id uuid not null references public.work_orders (id) on delete cascade,
  author_id uuid not null references auth.users (id) on delete cascade,
  body text not null,
  created_at timestamptz not null default now()
);

alter table public.boats enable row level security;
alter table public.work_orders enable row level security;
alter table public.work_order_lines enable row level security;
alter table public.notes enable row level security;
alter table public.messages enable row level security;

-- Boats
create policy "Enable read access for all users"
  on public.boats for select
  using (true);

create policy "Members can add boats"
  on public.boats for insert
  to authenticated
  with check (
    exists (
      select 1 from public.members m
      where m.workspace_id = boats.workspace_id
        and m.user_id = (select auth.uid())
    )
  );

create policy "Members can update boats"
  on public.boats for update
  to authenticated
  using (
    exists (
      select 1 from public.members m
      where m.workspace_id = boats.workspace_id
        and m.user_id = (select auth.uid())
    )
  );

create policy "Members can delete boats"
  on public.boats for delete
  to authenticated
  using (
    exists (
      select 1 from public.members m
      where m.workspace_id = boats.workspace_id
        and m.user_id = (select auth.uid())
    )
  );

-- Work orders
create policy "Members manage work orders"
  on public.work_orders for all
  to authenticated
  using (public.is_member(workspace_id))
  with check (public.is_member(workspace_id));

create policy "Members manage work order lines"
  on public.work_order_lines for all
  to authenticated
  using (
    exists (
      select 1 from public.work_orders w
      where w.id = work_order_lines.work_order_id
        and public.is_member(w.workspace_id)
    )
  );

-- Notes
create policy "Members can read notes"
  on public.notes for select
  to authenticated
  using (
    work_order_id in (
      select w.id
      from public.work_orders w
      join public.members m on m.workspace_id = w.workspace_id
      where m.user_id = (select auth.uid())
    )
  );

create policy "Members can write notes"
  on public.notes for insert
  to authenticated
  with check (
    author_id = (select auth.uid())
    and work_order_id in (
      select w.id
      from public.work_orders w
      join public.members m on m.workspace_id = w.workspace_id
      where m.user_id = (select auth.uid())
    )
  );

-- Messages
create policy "Members can read messages"
  on public.messages for select
  to authenticated
  using (
    exists (
      select 1
      from public.work_orders w
      join public.members m on m.workspace_id = w.workspace_id
      where w.id = messages.work_order_id
        and m.user_id = (select auth.uid())
    )
  );

create policy "Users can send messages"
  on public.messages for insert
  to authenticated
  with check (author_id = (select auth.uid()));
