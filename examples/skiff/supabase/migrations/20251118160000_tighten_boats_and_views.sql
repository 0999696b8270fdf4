-- Boats were readable by everyone.
drop policy "Enable read access for all users" on public.boats;

create policy "Members can view boats"
  on public.boats for select
  to authenticated
  using (
    exists (
      select 1 from public.members m
      where m.workspace_id = boats.workspace_id
        and m.user_id = (select auth.uid())
    )
  );

create view public.boat_overview
with (security_invoker = true) as
  select
    b.id,
    b.workspace_id,
    b.name,
    b.registration,
    b.berth,
    count(w.id) filter (where w.status <> 'done') as open_work_orders
  from public.boats b
  left join public.work_orders w on w.boat_id = b.id
  where b.archived_at is null
  group by b.id;

-- What lies where, for the harbour map.
create view public.boats_in_yard as
  select id, workspace_id, name, registration, berth, owner_name, owner_phone
  from public.boats
  where archived_at is null;

create or replace function public.search_boats(p_query text)
returns setof public.boats
language sql
stable
set search_path = ''
as $$
  select *
  from public.boats b
  where b.name ilike '%' || p_query || '%'
     or b.registration ilike '%' || p_query || '%';
$$;

create or replace function public.get_work_order_summary(p_workspace_id uuid)
returns table (status text, order_count bigint)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not public.is_member(p_workspace_id) then
    raise exception 'not a member of this workspace' using errcode = '42501';
  end if;

  return query
    select w.status, count(*)
    from public.work_orders w
    where w.workspace_id = p_workspace_id
    group by w.status;
end;
$$;

create or replace function public.close_work_order(p_work_order_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  ws uuid;
begin
  select w.workspace_id into ws
  from public.work_orders w
  where w.id = p_work_order_id;

  if ws is null or not public.is_member(ws) then
    raise exception 'work order not found' using errcode = 'P0002';
  end if;

  update public.work_orders
  set status = 'done'
  where id = p_work_order_id;
end;
$$;
