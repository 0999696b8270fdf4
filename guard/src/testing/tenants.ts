import type pg from 'pg';

/** One tenant; ids are fixed, so that tests read well. */
export const acme = '00000000-0000-4000-8000-00000000000a';
/** The other tenant. */
export const globex = '00000000-0000-4000-8000-00000000000b';
/** Ann, a member of Acme. */
export const ann = '00000000-0000-4000-8000-0000000000a1';
/** Bob, a member of Globex. */
export const bob = '00000000-0000-4000-8000-0000000000b1';
/** A user who belongs to nobody. */
export const stranger = '00000000-0000-4000-8000-0000000000c1';

/** Where the schema below keeps who belongs to which tenant. */
export const membership = { table: 'memberships', user: 'user_id', tenant: 'tenant_id' };

/** A small app's schema, with the policies and roles that the guard expects, and three invoices of each tenant. */
export async function makeTenants(owner: pg.Pool): Promise<void> {
  await owner.query(schema);
  for (const [tenant, user] of [
    [acme, ann],
    [globex, bob],
  ]) {
    await owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [user, tenant]);
    await owner.query(
      `insert into invoices (tenant_id, number, cents)
       select $1::text::uuid, format('%s-%s', right($1::text, 1), n), n * 100
       from generate_series(1, 3) as n`,
      [tenant],
    );
  }
}

const current = "(select nullif(current_setting('app.tenant_id', true), '')::uuid)";
const asking = "(select nullif(current_setting('app.user_id', true), '')::uuid)";

const schema = `
create role app login;
create role app_admin login bypassrls;
create table memberships (
  user_id uuid not null,
  tenant_id uuid not null,
  role text not null default 'member',
  primary key (user_id, tenant_id)
);
create table invoices (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  number text not null,
  cents int not null,
  unique (tenant_id, number)
);
create table currencies (code text primary key);
insert into currencies values ('EUR'), ('USD');
alter table memberships enable row level security;
alter table memberships force row level security;
alter table invoices enable row level security;
alter table invoices force row level security;
create policy own on memberships for select to app using (user_id = ${asking} or tenant_id = ${current});
create policy tenant on invoices to app using (tenant_id = ${current}) with check (tenant_id = ${current});
grant select on memberships, currencies to app;
grant select, insert, update, delete on invoices to app;
grant select, insert, update, delete on all tables in schema public to app_admin;
`;
