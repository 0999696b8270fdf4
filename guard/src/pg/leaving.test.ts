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
create function assembled(kind text) returns void language plpgsql as $$
begin
  execute 'create ' || kind || ' table assembled_rows as select number from invoices';
end $$;
create function standard(kind text) returns void language sql begin atomic select assembled(kind); end;
create function adds() returns bigint language sql as $$ insert into notes select tenant_id, 'secret' from invoices returning 1 $$;
create function told(t text) returns text language plpgsql as $$ begin perform set_config('app.told', t, false); return t; end $$;
create function collect(t text, v text) returns text language sql as $$ select told(v) $$;
create aggregate collected(text) (sfunc = collect, stype = text);
create table folders (tenant_id uuid, id int primary key);
alter table folders enable row level security;
create policy tenant on folders to app using (tenant_id::text = current_setting('app.tenant_id'));
create table drafts (tenant_id uuid, folder int references folders on delete cascade, body text default told('secret'));
create function gone() returns trigger language plpgsql as $$ begin perform told('secret'); return old; end $$;
create trigger gone after delete on drafts for each row execute function gone();
alter table drafts enable row level security;
create policy tenant on drafts to app using (tenant_id::text = current_setting('app.tenant_id'));
create table seen (tenant_id uuid, body text check (told(body) = body));
alter table seen enable row level security;
create policy tenant on seen to app using (tenant_id::text = current_setting('app.tenant_id') and told(body) = body)
  with check (true);
grant select, insert, delete on folders, drafts, seen to app;
create function archived() returns trigger language plpgsql as $$
begin
  execute format('insert into %I.%I (tenant_id, body) values ($1, %L)', tg_table_schema, 'archive', new.body) using new.tenant_id;
  return new;
end $$;
create table archive (tenant_id uuid, body text);
alter table archive enable row level security;
create policy tenant on archive to app using (tenant_id::text = current_setting('app.tenant_id'));
create table posts (tenant_id uuid, body text);
alter table posts enable row level security;
create policy tenant on posts to app using (tenant_id::text = current_setting('app.tenant_id'));
create trigger archived before insert on posts for each row execute function archived();
grant select, insert on archive, posts to app;
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

  const nothingTold = '[{"told":null}]';
  const told = "select current_setting('app.told', true) as told";
  test.each([
    ['an assembled text', ["select assembled('temp')"], 'select * from assembled_rows', '42P01'],
    ['a body of the standard', ["select standard('temp')"], 'select * from assembled_rows', '42P01'],
    ['a function that writes to a table with a trigger', ['select adds()'], 'select * from noted', '42P01'],
    ['an aggregate', ["select collected('secret')"], told, nothingTold],
    ['a default', ['insert into drafts (tenant_id) select tenant_id from invoices'], told, nothingTold],
    ['a check', ["insert into seen select tenant_id, 'secret' from invoices"], told, nothingTold],
    ['a policy', ['select * from seen'], told, nothingTold],
    [
      'a row that hangs on another',
      [
        'insert into folders select tenant_id, 1 from invoices limit 1',
        "insert into drafts select tenant_id, 1, 'x' from invoices limit 1",
        'delete from folders',
      ],
      told,
      nothingTold,
    ],
  ])('%s is gone too', async (_, made, found, left) => {
    const pool = tenants.guarded({}, { max: 1 });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const text of made) await asAnn(() => pool.query(text));
    const seen = asBob(() => pool.query(found)).then(({ rows }) => JSON.stringify(rows));
    expect(await seen.catch((error: Error) => codeOf(Promise.reject(error)))).toBe(left);
  });

  test('what assembles a text of quoted names costs no connection, nor does what the app says of a function', async () => {
    const pool = tenants.guarded({ leavesNothing: { assembled: 'it is asked for views alone' } }, { max: 1 });
    const before = await asAnn(() => pool.query(pid));
    await asAnn(() => pool.query("insert into posts select tenant_id, 'x' from invoices"));
    await asAnn(() => pool.query("select assembled('unlogged')")).catch(() => undefined);
    expect((await asAnn(() => pool.query(pid))).rows).toEqual(before.rows);
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
      ['assembled', 'counted', 'held', 'into_role', 'kept', 'planned', 'told'].map(name => `public.${name}`),
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
  ["begin execute 'set search_path to ' || quote_ident(x); end", 'rows'],
  ["begin execute 'set search_path to elsewhere'; end", 'rows'],
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
  expect(leftBy({ body, language: 'plpgsql', parameters: [] }, guarded)).toBe(left);
});
