create table public.integrations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  provider text not null check (provider in ('quickbooks', 'xero', 'twilio')),
  account_name text,
  api_key text not null,
  webhook_secret text,
  connected_at timestamptz not null default now(),
  unique (workspace_id, provider)
);

alter table public.integrations enable row level security;

create policy "Members can see integrations"
  on public.integrations for select
  to authenticated
  using (public.is_member(workspace_id));

create policy "Owners connect integrations"
  on public.integrations for insert
  to authenticated
  with check (public.is_workspace_owner(workspace_id));

create policy "Owners disconnect integrations"
  on public.integrations for delete
  to authenticated
  using (public.is_workspace_owner(workspace_id));

-- Stripe events we have already handled. Only the service role touches it.
create table public.stripe_events (
  id text primary key,
  type text not null,
  received_at timestamptz not null default now()
);

alter table public.stripe_events enable row level security;
