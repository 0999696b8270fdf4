import { describe, expect, test } from 'vitest';
import { statementJudge } from './statements.ts';

const judge = statementJudge({ tenant: 'app.tenant_id', user: 'app.user_id' });

describe('a text that could change who asks', () => {
  test.each([
    "select set_config('app.tenant_id', 'x', true)",
    "select set_config('app.' || 'tenant_id', 'x', true)",
    "select set_config($1, 'x', true)",
    "select set_config(/* a */ 'app.tenant_id', 'x', true)",
    "select set_config('app.ten'\n'ant_id', 'x', true)",
    "select set_config(E'app.tenant\\x5fid', 'x', true)",
    'select set_config($$app.tenant_id$$, $$x$$, true)',
    `select pg_catalog."set_config"('app.tenant_id', 'x', true)`,
    `select U&"set\\005fconfig"('app.tenant_id', 'x', true)`,
    "with x as (select set_config('APP.Tenant_Id', 'x', true)) select * from x",
    "set app.tenant_id = 'x'",
    "set local app.tenant_id to 'x'",
    `set session "app"."tenant_id" = 'x'`,
    `set "app.tenant_id" = 'x'`,
    "set/**/app.tenant_id = 'x'",
    "set -- a\n app.tenant_id = 'x'",
    "/* a /* b */ */ set app.tenant_id = 'x'",
    "select '--'; set/**/role app",
    "select '\\'', '--' ; set/**/role app --'",
    'select 1; reset app.tenant_id',
    'set role app_admin',
    'set session authorization app_admin',
    'reset all',
    'discard all',
    "update pg_settings set setting = 'x' where name = 'app.tenant_id'",
    "update/**/pg_catalog.pg_settings set setting = 'x'",
    "alter role current_user set app.tenant_id = 'x'",
    "alter/**/user app set search_path = 'x'",
    "alter database postgres set app.tenant_id = 'x'",
    "do $$ begin perform set_config('app.tenant_id', 'x', true); end $$",
    "do $$ begin execute 'se' || 't role app'; end $$",
    "do 'begin perform set_con'\n'fig(''app.ten'\n'ant_id'', ''x'', true); end'",
    "create function pg_temp.f() returns text language sql as E'select \\x73et_config(1)'",
    "create or replace function f() returns void language plpgsql as $$ begin execute 'x'; end $$",
    "select query_to_xml('select se' || 't_config(1)', true, true, '')",
    "select * from ts_stat('select to_tsvector(body) from notes')",
    "select * from crosstab('select ' || 'x') as t(a int)",
    'deallocate drydock_tenant',
    'prepare drydock_tenant(text, text, text) as select 1',
    // A comment ends at either line break, and a name between quotes needs no space before it.
    "select 1;--\rset app.tenant_id = 'x'",
    "select 1;--\rset local app.tenant_id = 'x';--\rselect 2",
    '--\rset role app_admin',
    "select 1; do --\r $$ begin execute 'x'; end $$",
    `set"app"."tenant_id"='x'`,
    `select 1;set"app.user_id"='x'`,
    `set"role"to'app_admin'`,
    'set local session authorization app_admin',
    'set session session authorization app_admin',
    "alter function own() set app.tenant_id = 'x'",
    "create /*;*/ procedure p() language plpgsql as $$ begin set app.tenant_id = 'x'; end $$",
    "create or/*;*/replace--;\rfunction p() returns int language plpgsql as $$ begin execute 'x'; end $$",
    "select * from connectby('notes', 'id', 'parent', '1', 0) as t(a int)",
    "select * from xpath_table('id', 'doc', 'notes', '/a', 'true') as t(a int)",
  ])('%s', text => {
    expect(judge(text).kind).toBe('tampering');
  });
});

describe('a text that only looks so', () => {
  test.each([
    ["update invoices set note = 'reset role'", 'single'],
    ["select 'set app.tenant_id' as hint", 'single'],
    ["insert into notes values ('the do and the set of it')", 'single'],
    ["select set_config('my.flag', 'on', true)", 'single'],
    ['select setting from pg_settings', 'single'],
    ['do $$ begin insert into notes values (1); end $$', 'single'],
    ["select * from crosstab('select a, b, c from t order by 1') as t(a int)", 'single'],
    ['alter table invoices add column note text', 'single'],
    ["set search_path = 'acme'", 'harmless'],
    ["set local statement_timeout = '1s'", 'harmless'],
    ['begin', 'transaction'],
    ['rollback to savepoint "a;b"', 'transaction'],
    ['select 1; select 2', 'several'],
    ["select ';'", 'single'],
  ])('%s', (text, kind) => {
    expect(judge(text).kind).toBe(kind);
  });

  test.each([
    ['create temp table t as select 1', 'rows'],
    ['create /* a */ temporary/**/table t as select 1', 'rows'],
    ['declare c cursor with hold for select * from invoices', 'rows'],
    ['select * into temporary t from invoices', 'rows'],
    ['create table pg_temp.t (a int)', 'rows'],
    ['create temp table t on commit drop as select 1', undefined],
    ['create temp table t (a int) on commit drop; create temp table u (a int)', 'rows'],
    ['set search_path = pg_temp', 'rows'],
    ['set search_path = acme', 'setting'],
    ["set session schema 'acme'", 'setting'],
    [`set "my"."customer" = '1'`, 'setting'],
    ["select 1; set my.customer = '1'", 'setting'],
    ["select set_config('my.customer', '1', false)", 'setting'],
    ["select set_config('my.customer', $1, $2)", 'setting'],
    ["select set_config('my.customer', lower($1), false), f(1, true)", 'setting'],
    ["select set_config('my.customer', lower($1), true)", undefined],
    ["set local my.customer = '1'", undefined],
    ['set local search_path = acme', undefined],
    ["set statement_timeout = '1s'", undefined],
    ["update notes set my = '1'", undefined],
    ["select 'create temp table'", undefined],
  ])('%s leaves %s behind', (text, left) => {
    expect(judge(text).leaves).toBe(left);
  });

  test.each([
    `; ${'/**/'.repeat(50_000)} x`,
    `set ${'/* a '.repeat(20_000)}`,
    `${'set /* a '.repeat(20_000)}`,
    `do ${"$a$ ' ".repeat(50_000)}`,
    `do ${Array.from({ length: 20_000 }, (_, index) => `$a${index}$`).join('')}`,
    `update t set a = '${'update pg_setting '.repeat(50_000)}'`,
    `select crosstab(${"'".repeat(50_000)}`,
    `${'create '.repeat(20_000)} set`,
    `set ${'local '.repeat(20_000)}`,
    `${"set_config ('a', (".repeat(20_000)}`,
    `;${'--\r'.repeat(50_000)}`,
    `insert into notes values ${"('the set', E'a\\'b', 1),".repeat(50_000)}`,
  ])('is judged in no time, however long and nested: %#', text => {
    const start = performance.now();
    judge(text);
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});
