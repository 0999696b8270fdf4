import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { readCatalog } from './catalog.ts';
import { buildTwin, readLiveDatabase } from './live.ts';
import { replayMigrations } from './replay.ts';

let replica: Replica;

beforeAll(async () => {
  replica = await startReplica();
});

afterAll(async () => {
  await replica.stop();
});

const shop = `
create type order_state as enum ('open', 'paid');
create domain short_text as text check (length(value) < 40);
create table shops (id bigserial primary key, name short_text not null);
create table orders (
  id uuid primary key default gen_random_uuid(),
  shop_id bigint not null references shops (id) on delete cascade,
  state order_state not null default 'open',
  total numeric(10, 2) check (total >= 0),
  label text generated always as (state_label('open')) stored
);
alter table orders enable row level security;
alter table orders force row level security;
create policy "own orders" on orders to authenticated using (shop_id = 1) with check (shop_id = 1);
create policy "no deletes" on orders as restrictive for delete using (false);
create view paid_orders with (security_invoker = true) as select id, shop_id from orders where state = 'paid';
create function count_orders(shop bigint) returns bigint language sql stable security definer as $$ select count(*) from orders where shop_id = shop $$;
revoke execute on function count_orders(bigint) from public, anon;
revoke all on shops from anon;
grant select (name) on shops to anon;
insert into storage.buckets (id, name, public) values ('files', 'files', true);
create policy "files" on storage.objects for select using (bucket_id = 'files');
`;

/** Everything but what the twin need not have: indexes that only make queries fast. */
function comparable(database: DatabaseModel): unknown {
  return { ...database, roles: [], tables: database.tables.map(table => ({ ...table, indexes: [] })) };
}

describe('a live database', () => {
  test('is rebuilt in the replica without reading a row', async () => {
    const live = await replica.createDatabase();
    const helper = `create function state_label(state text) returns text language sql immutable as $$ select upper(state) $$;`;
    const { report } = await replayMigrations(live.sql, [{ file: 'shop.sql', text: helper + shop }], 'supabase');
    expect(report.failed).toEqual([]);
    const read = await readLiveDatabase(live.url, new Map());
    expect(read.platform).toBe('supabase');
    const twin = await replica.createDatabase();
    expect(await buildTwin(twin.sql, read)).toEqual([]);
    expect(comparable(await readCatalog(twin.sql, 'supabase'))).toEqual(comparable(read.database));
  });

  test('is read by a role that may use no schema of Supabase, with what it could not see told', async () => {
    const live = await replica.createDatabase();
    const { report } = await replayMigrations(
      live.sql,
      [{ file: 'notes.sql', text: 'create table notes (id uuid primary key, owner_id uuid references auth.users);' }],
      'supabase',
    );
    expect(report.failed).toEqual([]);
    await live.sql.query('create role auditor login');
    const read = await readLiveDatabase(live.url.replace('//postgres@', '//auditor@'), new Map());
    expect(read.platform).toBe('supabase');
    expect(read.database.tables.map(table => table.name)).toContain('notes');
    expect(read.gaps.map(gap => gap.reason)).toEqual([expect.stringContaining("may not read 'storage.buckets'")]);
    await live.sql.query('revoke select on pg_policy from public');
    await expect(readLiveDatabase(live.url.replace('//postgres@', '//auditor@'), new Map())).rejects.toMatchObject({
      code: 'database-unreachable',
      message: 'The catalog could not be read: permission denied for table pg_policy.',
    });
  });

  test('is asked for by an address, and another word is not looked up as a host', async () => {
    await expect(readLiveDatabase('production', new Map())).rejects.toMatchObject({ code: 'usage' });
  });

  test('that does not answer is said to be unreachable, without its password', async () => {
    await expect(readLiveDatabase('postgres://me:hunter2@127.0.0.1:1/none', new Map())).rejects.toMatchObject({
      code: 'database-unreachable',
    });
    await expect(readLiveDatabase('postgres://me:hunter2@127.0.0.1:1/none', new Map())).rejects.not.toThrow('hunter2');
  });
});
