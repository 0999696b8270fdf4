create table public.invoices (
  id uuid primary key default gen_random_uuid(),
  workshop_id uuid not null references public.workshops on delete cascade,
  customer_id uuid not null references public.customers,
  number text not null,
  total_cents integer not null default 0,
  paid_at timestamptz,
  unique (workshop_id, number)
);

create table public.subscriptions (
  workshop_id uuid primary key references public.workshops on delete cascade,
  stripe_customer_id text not null unique,
  status text not null default 'trialing'
);

alter table public.invoices enable row level security;
alter table public.subscriptions enable row level security;
create policy "leads work with invoices" on public.invoices for all to authenticated
  using (public.leads(workshop_id)) with check (public.leads(workshop_id));
create policy "leads see the subscription" on public.subscriptions for select to authenticated using (public.leads(workshop_id));

create view public.open_invoices with (security_invoker = true) as
  select i.id, i.workshop_id, i.number, i.total_cents from public.invoices i where i.paid_at is null;

create function public.revenue(workshop uuid) returns bigint language plpgsql stable security definer set search_path = '' as $$
begin
  if not public.leads(workshop) then
    raise exception 'not allowed';
  end if;
  return (select coalesce(sum(i.total_cents), 0) from public.invoices i where i.workshop_id = workshop);
end
$$;

insert into storage.buckets (id, name, public) values ('job-photos', 'job-photos', false);
create policy "crew reach photos" on storage.objects for all to authenticated
  using (bucket_id = 'job-photos' and public.is_crew(((storage.foldername(name))[1])::uuid))
  with check (bucket_id = 'job-photos' and public.is_crew(((storage.foldername(name))[1])::uuid));
