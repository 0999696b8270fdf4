import { quoteName, quoteText } from '../sql/quote.ts';

/**
 * The SQL of what `guard/stripe` keeps: which customer is whose, which events were handled, and how new each object is.
 * Run it once, as the role that owns your tables. `app` is the role of the app's (guarded) pool, `lookup` the role of
 * the plain pool that finds a tenant by its customer.
 *
 * @example
 * const sql: string = stripeMigration({ app: 'app', lookup: 'app_lookup' });
 */
export function stripeMigration(roles: {
  readonly app: string;
  readonly lookup: string;
  /** The setting that your pool fills with the tenant, where it is not `app.tenant_id`. */
  readonly setting?: string;
}): string {
  const app = quoteName(roles.app);
  const both = [...new Set([roles.app, roles.lookup])].map(quoteName).join(', ');
  return `${tables.replace("'app.tenant_id'", quoteText(roles.setting ?? 'app.tenant_id'))}
grant usage on schema drydock to ${both};
grant select, insert, update on drydock.stripe_customer to ${app};
grant execute on function drydock.tenant_of_stripe_customer(text, text, boolean) to ${quoteName(roles.lookup)};
grant execute on function drydock.claim_stripe_event(text, text, text, boolean, text, timestamptz, text, text) to ${both};
grant execute on function drydock.stripe_object_fetched(text) to ${app};
`;
}

// The app reaches customers under row security, in the scope of the request; the ledger only through functions.
const tables = `create schema if not exists drydock;

create table if not exists drydock.stripe_customer (
  tenant text not null,
  account text not null default '',
  livemode boolean not null,
  customer text unique,
  primary key (tenant, account, livemode)
);
alter table drydock.stripe_customer enable row level security;
drop policy if exists own_tenant on drydock.stripe_customer;
create policy own_tenant on drydock.stripe_customer
  using (tenant = (select nullif(current_setting('app.tenant_id', true), '')));

create table if not exists drydock.stripe_event (
  id text primary key,
  type text not null,
  account text not null,
  livemode boolean not null,
  object text,
  created timestamptz not null,
  outcome text not null check (outcome in ('handled', 'unmatched')),
  tenant text,
  received timestamptz not null default now()
);
create index if not exists stripe_event_received on drydock.stripe_event using brin (received);

create table if not exists drydock.stripe_object (
  id text primary key,
  seen timestamptz not null
);

create or replace function drydock.tenant_of_stripe_customer(customer text, account text, livemode boolean)
returns text language sql stable security definer set search_path = '' as $$
  select known.tenant
  from drydock.stripe_customer known
  where known.customer = $1 and known.account = $2 and known.livemode = $3
$$;

create or replace function drydock.claim_stripe_event(
  id text, type text, account text, livemode boolean, object text, created timestamptz, outcome text, tenant text
) returns text language plpgsql security definer set search_path = '' as $$
declare
  before timestamptz;
begin
  insert into drydock.stripe_event as known (id, type, account, livemode, object, created, outcome, tenant)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict on constraint stripe_event_pkey do update
    set outcome = excluded.outcome, tenant = excluded.tenant, received = now()
    where known.outcome = 'unmatched' and excluded.outcome = 'handled';
  if not found then return 'duplicate'; end if;
  if $7 = 'unmatched' or $5 is null then return 'newest'; end if;
  insert into drydock.stripe_object (id, seen) values ($5, $6) on conflict do nothing;
  if found then return 'newest'; end if;
  select known.seen into before from drydock.stripe_object known where known.id = $5 for update;
  if $6 <= before then return case when $6 = before then 'tied' else 'older' end; end if;
  update drydock.stripe_object known set seen = $6 where known.id = $5;
  return 'newest';
end
$$;

-- Not void, which Prisma cannot read.
create or replace function drydock.stripe_object_fetched(object text)
returns boolean language sql security definer set search_path = '' as $$
  update drydock.stripe_object known set seen = greatest(known.seen, clock_timestamp()) where known.id = $1
  returning true
$$;

revoke all on drydock.stripe_customer, drydock.stripe_event, drydock.stripe_object from public;
revoke all on function drydock.tenant_of_stripe_customer(text, text, boolean) from public;
revoke all on function drydock.claim_stripe_event(text, text, text, boolean, text, timestamptz, text, text) from public;
revoke all on function drydock.stripe_object_fetched(text) from public;`;
