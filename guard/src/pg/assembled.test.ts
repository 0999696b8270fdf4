import { expect, test } from 'vitest';
import { runsAssembled } from './assembled.ts';

test.each([
  ["begin execute 'select 1'; end", false],
  ["begin execute 'insert into a values ($1)' using new.id; end", false],
  [
    "begin execute format('insert into %I.%I(old, new) values (%L, $1)', tg_table_schema, tg_table_name, x) using new; end",
    false,
  ],
  ["begin execute 'delete from ' || quote_ident(name) || ' where id = ' || quote_literal(id); end", false],
  ["begin execute 'refresh materialized view ' || view::regclass; end", false],
  ['begin return query execute $q$select * from a where b = $1$q$ using (c); end', false],
  ["begin for r in execute 'select 1' loop null; end loop; end", false],
  [
    "begin q := 'select * from a'; if x then q := q || ' where b = ' || quote_literal(x); end if; execute q; end",
    false,
  ],
  ["declare q text := format('update %I set a = 1', t); begin execute(q) into n; end", false],
  ['create trigger t before insert on a for each row execute function b()', false],
  ['grant execute on function a() to b', false],
  ["begin execute format('set local app.x = %L', v); end", false],
  ['begin execute plan; end', true],
  ['begin execute $1; end', true],
  ["begin execute 'select * from ' || name; end", true],
  ["begin execute 'cre' || 'ate temp table a ()'; end", true],
  ["begin execute format('create %s table a ()', kind); end", true],
  ["begin execute format('%s', x); end", true],
  ["begin execute format('select %I()', name); end", true],
  ["begin execute 'select ' || quote_ident(name) || '(1)'; end", true],
  ["begin execute 'select 1; ' || more; end", true],
  ["begin execute 'select 1; create table pg_temp.a ()'; end", true],
  ["begin execute 'create table ' || quote_ident(s) || '.a ()'; end", true],
  ["begin q := 'select 1'; select body into q from plans; execute q; end", true],
  ["begin q := q || 'select 1'; execute q; end", true],
  ["begin execute concat('select ', name); end", true],
  ["begin execute 'select 1 /*' || x || '*/'; end", true],
])('%s: %s', (body, told) => {
  expect(runsAssembled(body.toLowerCase())).toBe(told);
});

test('what a caller gives is nobody knows what', () => {
  const body = "begin if x then q := 'select 1'; end if; execute q; end";
  expect([runsAssembled(body), runsAssembled(body, ['x', 'q'])]).toEqual([false, true]);
});
