create table public.invoices (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  work_order_id uuid,
  number text not null,
  customer_name text not null,
  customer_email text,
  status text not null default 'draft' check (status in ('draft', 'sent', 'paid', 'void')),
  total_cents integer not null default 0,
  issued_on date,
  created_at timestamptz not null default now(),
  unique (id, workspace_id),
  unique (workspace_id, number),
  foreign key (work_order_id, workspace_id) references public.work_orders (id, workspace_id) on delete set null (work_order_id)
);

create table public.invoice_lines (
  id uuid primary key default gen_random_uuid(),
  invoice_id uuid not null references public.invoices (id) on delete cascade,
  description text not null,
  quantity numeric(10, 2) not null default 1,
  unit_price_cents integer not null default 0
);

create table public.payments (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  invoice_id uuid not null,
  amount_cents integer not null,
  method text not null default 'card' check (method in ('card', 'transfer', 'cash')),
  received_at timestamptz not null default now(),
  foreign key (invoice_id, workspace_id) references public.invoices (id, workspace_id) on delete cascade
);

alter table public.invoices enable row level security;

create policy "Members can view invoices"
  on public.invoices for select
  to authenticated
  using (workspace_id in (select m.workspace_id from public.members m where m.user_id = (select auth.uid())));

create policy "Members can create invoices"
  on public.invoices for insert
  to authenticated
  with check (workspace_id in (select m.workspace_id from public.members m where m.user_id = (select auth.uid())));

create policy "Members can update invoices"
  on public.invoices for update
  to authenticated
  using (workspace_id in (select m.workspace_id from public.members m where m.user_id = (select auth.uid())))
  with check (workspace_id in (select m.workspace_id from public.members m where m.user_id = (select auth.uid())));

create policy "Members can view payments"
  on public.payments for select
  to authenticated
  using (public.is_member(workspace_id));

create policy "Members can record payments"
  on public.payments for insert
  to authenticated
  with check (public.is_member(workspace_id));

-- Outstanding amount per workspace, for the dashboard.
create view public.open_balances as
  select
    i.workspace_id,
    count(*) as open_invoices,
    sum(i.total_cents) as open_cents
  from public.invoices i
  where i.status = 'sent'
  group by i.workspace_id;

create or replace function public.get_invoice_summary(p_workspace_id uuid)
returns table (status text, invoice_count bigint, total_cents bigint)
language sql
stable
security definer
set search_path = ''
as $$
  select i.status, count(*), sum(i.total_cents)::bigint
  from public.invoices i
  where i.workspace_id = p_workspace_id
  group by i.status;
$$;

create or replace function public.mark_invoice_paid(p_invoice_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  update public.invoices
  set status = 'paid'
  where id = p_invoice_id;
end;
$$;
