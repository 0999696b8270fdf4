import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../collect/database/catalog.ts';
import { replayMigrations } from '../collect/database/replay.ts';
import type { Replica, ReplicaDatabase } from '../core/ports.ts';
import { startReplica } from '../prove/replica/start.ts';
import { plantableIn, type Plantable } from './planted-names.ts';
import { loadSqlParser } from './sql.ts';

let replica: Replica;
let copy: ReplicaDatabase;

const shop = `
create schema open_shelf;
create type tier as enum ('clerk', 'owner');
create table clerks (id uuid primary key, email varchar(80) not null, tier tier not null, tags text[] not null);
create function is_clerk(clerk uuid) returns boolean language sql stable as $$ select true $$;
create function behind(clerk uuid) returns boolean
language sql stable security definer set search_path = open_shelf, public, pg_temp
as $$ select exists (select 1 from clerks c where c.id = clerk and c.tier = 'owner'::tier and is_clerk(c.id)) $$;
create function beaten(clerk uuid) returns boolean
language plpgsql stable security definer set search_path = public, open_shelf, pg_temp
as $$
declare
  known tier;
begin
  select c.tier into known from clerks c where c.id = clerk and lower(c.email) <> '';
  return known is not null and exists (select 1 from clerks c where c.tier = known);
end $$;
create function exact(clerk uuid) returns boolean
language sql stable security definer set search_path = public, open_shelf, pg_temp
as $$ with found as (select c.id from clerks c where c.id = clerk) select count(*) > 0 from found where is_clerk(id) $$;
create function qualified(clerk uuid) returns boolean
language sql stable security definer set search_path = open_shelf, pg_temp
as $$ select exists (select 1 from public.clerks c where c.tier operator(pg_catalog.=) 'owner' and public.is_clerk(c.id)) $$;
create function elsewhere(clerk uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$ select exists (select 1 from clerks c where c.tier = 'owner'::tier) $$;
`;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  copy = await replica.createDatabase();
  await replayMigrations(copy.sql, [{ file: 'shop.sql', text: shop }], 'plain');
}, 60_000);

afterAll(async () => {
  await replica.stop();
});

async function plantable(name: string): Promise<Plantable> {
  const database = await readCatalog(copy.sql, 'plain');
  const definition = database.functions.find(each => each.name === name);
  return definition === undefined ? { before: [], beaten: [] } : plantableIn('open_shelf', definition, database);
}

test('tables, types and functions that live behind the schema on the path are found there first', async () => {
  expect(await plantable('behind')).toEqual({ before: ['clerks', 'is_clerk', 'tier'], beaten: ['='] });
});

test('behind the app’s own schema only operators and functions with exact types are taken, and Postgres takes them', async () => {
  expect(await plantable('beaten')).toEqual({ before: [], beaten: ['=', 'lower'] });
  await copy.sql.query(`
    insert into clerks values ('00000000-0000-0000-0000-000000000001', 'ada@shop.example', 'owner', '{}');
    create function open_shelf.never(tier, tier) returns boolean language sql as 'select false';
    create operator open_shelf.= (leftarg = tier, rightarg = tier, function = open_shelf.never);
  `);
  const asked = `select beaten('00000000-0000-0000-0000-000000000001') as answer`;
  expect((await copy.sql.query(asked)).rows).toEqual([{ answer: false }]);
  await copy.sql.query('drop operator open_shelf.= (tier, tier)');
  expect((await copy.sql.query(asked)).rows).toEqual([{ answer: true }]);
});

test('names with their schema, arguments of exact types, and paths that leave the schema out cannot be misled', async () => {
  for (const name of ['exact', 'qualified', 'elsewhere'])
    expect(await plantable(name)).toEqual({ before: [], beaten: [] });
});
