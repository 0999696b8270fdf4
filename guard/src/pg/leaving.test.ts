import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { all, anns, asAnn, asBob, bobs, codeOf, numbers, startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { findPgBouncer, startPgBouncer } from '../testing/pgbouncer.ts';
import { leftBy } from './leaving.ts';

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants();
  await tenants.owner.query(functions);
});
afterEach(() => tenants.endPools());
afterAll(() => tenants.postgres.stop());

const functions = `
create function kept() returns setof text language plpgsql as $$
begin
  create temp table if not exists kept_rows (n text);
  insert into kept_rows select number from invoices;
  return query select n from kept_rows;
end $$;
create function held() returns void language plpgsql as $$
begin
  execute 'declare held_rows cursor with hold for ${all}';
end $$;
create function planned(plan text) returns void language sql begin atomic select set_config('app.plan', plan, false); end;
create function into_role() returns void language plpgsql as $$ begin set role app_reader; end $$;
create role app_reader;
grant app_reader to app;
create function around() returns setof text language sql as $$ select * from kept() $$;
create view kept_view with (security_invoker) as select * from around();
grant select on kept_view to app;
create table notes (tenant_id uuid, body text);
alter table notes enable row level security;
create policy tenant on notes to app using (tenant_id::text = current_setting('app.tenant_id'));
grant select, insert on notes to app;
create function counted() returns trigger language plpgsql as $$
begin
  create temporary table if not exists noted as select new.body;
  return new;
end $$;
create trigger counted before insert on notes for each row execute function counted();
create function dropped() returns setof text language plpgsql as $$
begin
  create temp table passing (n text) on commit drop;
  create temp table passed as select number from invoices;
  perform set_config('app.plan', 'a', true);
  return query select * from passed;
  drop table passed;
end $$;
`;

const pid = 'select pg_backend_pid() as pid, count(*) from invoices group by 1';

describe('what a function leaves', () => {
  test.each([
    ['a temporary table', 'select * from kept()', 'select * from kept_rows', '42P01'],
    ['a temporary table, through another', 'select * from around()', 'select * from kept_rows', '42P01'],
    ['a temporary table, through a view', 'select * from kept_view', 'select * from kept_rows', '42P01'],
    [
      'a temporary table, through a trigger',
      "insert into notes select tenant_id, 'secret' from invoices",
      'select * from noted',
      '42P01',
    ],
    ['a cursor with hold', 'select held()', 'fetch all from held_rows', '34000'],
  ])('%s is not found by the next tenant', async (_, made, found, code) => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() => pool.query(made));
    expect(await codeOf(asBob(() => pool.query(found)))).toBe(code);
    await asAnn(() => taking(pool, client => client.query({ name: 'again', text: made })));
    expect(await codeOf(asBob(() => pool.query(found)))).toBe(code);
  });

  test('a setting or a role is not found by the next tenant either', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    await asAnn(() => pool.query('select planned($1)', ['secret']));
    const plan = (): Promise<unknown> => pool.query("select current_setting('app.plan', true) as plan");
    expect(await asBob(plan)).toMatchObject({ rows: [{ plan: null }] });
    await asAnn(() => pool.query('select into_role()'));
    expect(await asBob(() => numbers(pool))).toBe(bobs);
  });

  test('is told by the self-test, and what leaves nothing costs no connection', async () => {
    const pool = tenants.guarded({}, { max: 1 });
    const before = await asAnn(() => pool.query(pid));
    expect((await asAnn(() => pool.query('select * from dropped()'))).rowCount).toBe(3);
    expect(
      await asAnn(() => numbers(pool, 'select number from invoices where number = any(array[$$kept()$$, number])')),
    ).toBe(anns);
    expect((await asAnn(() => pool.query(pid))).rows).toEqual(before.rows);
    expect((await pool.selfTest()).leaving).toEqual(
      ['counted', 'held', 'into_role', 'kept', 'planned'].map(name => `public.${name}`),
    );
  });

  test.skipIf(findPgBouncer() === undefined)('is refused behind a pooler by transaction', async () => {
    const bouncer = await startPgBouncer(findPgBouncer() ?? '', tenants.postgres.port, 1);
    const pool = tenants.guarded(
      {},
      { host: '127.0.0.1', port: bouncer.port, connectionString: `postgres://app@127.0.0.1:${bouncer.port}/postgres` },
    );
    expect(await codeOf(asAnn(() => pool.query('select * from kept()')))).toBe('unsafe-connection');
    expect(await codeOf(asBob(() => pool.query('select * from kept_rows')))).toBe('42P01');
    expect(await asBob(() => numbers(pool, 'select number from dropped() as number order by 1'))).toBe(bobs);
    await tenants.endPools();
    await bouncer.stop();
  });
});

const guarded = ['app.tenant_id', 'app.user_id'];

test.each([
  ["perform set_config('app.tenant_id', x, false);", undefined],
  ["perform set_config('app.plan', x, true);", undefined],
  ["perform set_config('app.plan', coalesce(nullif(x, ''), y(1)), true); perform z(1, false);", undefined],
  ["perform set_config('app.plan', x, is_local);", 'setting'],
  ['perform set_config(name, x, false);', 'setting'],
  ["perform pg_catalog.set_config(setting_name => 'app.plan', new_value => x, is_local => true);", undefined],
  ["perform set_config('search_path', coalesce(nullif(x, ''), y(1)), false);", 'setting'],
  ['begin set local app.plan = 1; end', undefined],
  ['begin set app.plan = 1; end', 'setting'],
  ['begin set session role app_other; end', 'setting'],
  ["begin execute 'set search_path to ' || quote_ident(x); end", 'setting'],
  ["begin update member set role = 'x'; insert into a values (1) on conflict do update set role = 'y'; end", undefined],
  ['-- create temp table a ()\nbegin /* set role x; */ return; end', undefined],
  ['create temp table a on commit drop as select 1;', undefined],
  ["execute format('create temp table %I as select 1', name);", 'rows'],
  ['create temporary table a as select 1; insert into b select * from a; drop table a;', undefined],
  ['drop table if exists a; create temporary table a as select 1;', 'rows'],
  ['create temp table a (); create temp table ab (); drop table if exists ab;', 'rows'],
  ['select number into temp a from invoices;', 'rows'],
  ['select temp, temporary from weather;', undefined],
])('of a function that runs %j is left: %s', (body, left) => {
  expect(leftBy(body, guarded)).toBe(left);
});
