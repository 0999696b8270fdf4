create type public.job_state as enum ('planned', 'started', 'done');

create table public.customers (
  id uuid primary key default gen_random_uuid(),
  workshop_id uuid not null references public.workshops on delete cascade,
  name text not null,
  email text,
  phone text,
  created_at timestamptz not null default now()
);
create index on public.customers (workshop_id);

create table public.vehicles (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customers on delete cascade,
  plate text not null,
  built integer check (built between 1900 and 2100)
);
create index on public.vehicles (customer_id);

create table public.jobs (
  id uuid primary key default gen_random_uuid(),
  workshop_id uuid not null references public.workshops on delete cascade,
  vehicle_id uuid references public.vehicles on delete set null,
  title text not null check (length(title) <= 200),
  state public.job_state not null default 'planned',
  assigned_to uuid references auth.users on delete set null,
  due_on date,
  created_at timestamptz not null default now()
);
create index on public.jobs (workshop_id);

create table public.job_notes (
  id bigint generated always as identity primary key,
  job_id uuid not null references public.jobs on delete cascade,
  author_id uuid not null default auth.uid() references auth.users,
  body text not null,
  created_at timestamptz not null default now()
);
create index on public.job_notes (job_id);

create table public.parts (
  id uuid primary key default gen_random_uuid(),
  workshop_id uuid not null references public.workshops on delete cascade,
  sku text not null,
  label text not null,
  price_cents integer not null check (price_cents >= 0),
  unique (workshop_id, sku)
);

create table public.job_parts (
  job_id uuid not null references public.jobs on delete cascade,
  part_id uuid not null references public.parts,
  quantity numeric(8, 2) not null default 1 check (quantity > 0),
  primary key (job_id, part_id)
);

alter table public.customers enable row level security;
alter table public.vehicles enable row level security;
alter table public.jobs enable row level security;
alter table public.job_notes enable row level security;
alter table public.parts enable row level security;
alter table public.job_parts enable row level security;

create policy "crew work with customers" on public.customers for all to authenticated
  using (public.is_crew(workshop_id)) with check (public.is_crew(workshop_id));
create policy "crew work with vehicles" on public.vehicles for all to authenticated
  using (exists (select from public.customers c where c.id = customer_id and public.is_crew(c.workshop_id)))
  with check (exists (select from public.customers c where c.id = customer_id and public.is_crew(c.workshop_id)));
create policy "crew work with jobs" on public.jobs for all to authenticated
  using (workshop_id in (select c.workshop_id from public.crew c where c.user_id = (select auth.uid())))
  with check (workshop_id in (select c.workshop_id from public.crew c where c.user_id = (select auth.uid())));
create policy "crew read notes" on public.job_notes for select to authenticated
  using (exists (select from public.jobs j where j.id = job_id and public.is_crew(j.workshop_id)));
create policy "authors write notes" on public.job_notes for insert to authenticated
  with check (author_id = (select auth.uid()) and exists (select from public.jobs j where j.id = job_id and public.is_crew(j.workshop_id)));
create policy "crew work with parts" on public.parts for all to authenticated
  using (public.is_crew(workshop_id)) with check (public.is_crew(workshop_id));
create policy "crew use parts" on public.job_parts for all to authenticated
  using (exists (select from public.jobs j where j.id = job_id and public.is_crew(j.workshop_id)))
  with check (exists (select from public.jobs j where j.id = job_id and public.is_crew(j.workshop_id)));
