/** A membership table as the guard asks for it: under row security, with the rows of two users in two tenants. */
export const members = `create table member (person text, team text);
alter table member enable row level security;
alter table member force row level security;
create policy own on member for select
  using (person = (select nullif(current_setting('app.user_id', true), '')));
insert into member values ('ada', 'acme'), ('bo', 'borealis');`;

/** How the guard finds a row in it. */
export const membership = { table: 'member', user: 'person', tenant: 'team' };
