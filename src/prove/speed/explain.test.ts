import { expect, test } from 'vitest';

import { readCatalog } from '../../collect/database/catalog.ts';
import { replayMigrations } from '../../collect/database/replay.ts';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { solverOfFile } from '../../commands/fixtures/solver.ts';
import type { PolicySpeed } from '../../core/rules.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import { buildMatrix } from '../exploit/matrix.ts';
import { measurePolicies } from './explain.ts';

const replica = replicaOfFile();
const solver = solverOfFile();

const base = `
create table studios (id uuid primary key default gen_random_uuid(), name text not null);
create table studio_members (
  studio_id uuid not null references studios (id), user_id uuid not null references auth.users (id),
  role text not null default 'member', primary key (studio_id, user_id)
);
create index on studio_members (user_id);
create function in_studio(studio uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.studio_members m where m.studio_id = studio and m.user_id = (select auth.uid())) $$;
alter table studio_members enable row level security;
create policy own on studio_members for select to authenticated using (user_id = (select auth.uid()));
`;

/** A table of songs with one policy. */
function songs(condition: string, more = ''): string {
  return `${base}
create table songs (id uuid primary key default gen_random_uuid(), studio_id uuid not null references studios (id), user_id uuid not null references auth.users (id), title text not null);
alter table songs enable row level security;
create policy heard on songs for all to authenticated using (${condition}) with check (${condition});
${more}`;
}

async function speedOfSongs(text: string, withSolver = true): Promise<PolicySpeed | undefined> {
  const copy = await replica.createDatabase();
  try {
    const { sql } = copy;
    const { places } = await replayMigrations(sql, [{ file: 'songs.sql', text }], 'supabase');
    const database = await readCatalog(sql, 'supabase', places);
    const tenancy = inferTenancy(database);
    const { seed } = await buildMatrix(copy, database, tenancy);
    const count = async (): Promise<unknown> =>
      (await sql.query('select count(*)::int as count from songs')).rows[0]?.['count'];
    const before = await count();
    const { speeds, gaps } = await measurePolicies({
      sql,
      database,
      tenancy,
      seed,
      solver: withSolver ? solver.loaded : undefined,
      volume: { rows: 20_000, others: 2_000, tenants: 100 },
    });
    expect(gaps).toEqual([]);
    expect(await count()).toBe(before);
    return speeds.find(speed => speed.table === 'songs');
  } finally {
    await copy.drop();
  }
}

test('a policy that asks for every row is proposed to ask once, over an index, and the solver shows it the same', async () => {
  const speed = await speedOfSongs(songs('user_id = auth.uid()'));
  expect(speed?.asWritten.plan).toContain('Seq Scan on songs');
  expect(speed?.faster?.equivalence).toBe('proved');
  expect(speed?.faster?.statements.join('\n')).toContain('(select auth.uid())');
  expect(speed?.visible).toBeGreaterThan(100);
  expect(speed?.visible).toBeLessThan(300);
});

test('a helper that is called for every row becomes a set that is read once, with the rights of the helper', async () => {
  const speed = await speedOfSongs(songs('in_studio(studio_id)'));
  const statements = speed?.faster?.statements.join('\n') ?? '';
  expect(speed?.faster?.equivalence).toBe('proved');
  expect(statements).toContain('create function "public"."in_studio_of_caller"() returns setof uuid');
  expect(statements).toContain('studio_id = any (array(select "public"."in_studio_of_caller"()))');
  expect(statements).toContain(`security definer set search_path = ''`);
  expect(speed?.visible).toBe(201);
});

test('without a solver a form is compared on rows, and says so', async () => {
  const speed = await speedOfSongs(songs('in_studio(studio_id)'), false);
  expect(speed?.faster?.equivalence).toBe('tested');
  expect(speed?.faster?.because).toContain('z3 is not installed');
});

test('a policy that asks once over an index is left as it is', async () => {
  const speed = await speedOfSongs(songs('user_id = (select auth.uid())', 'create index on songs (user_id);'));
  expect(speed?.asWritten.plan).toMatch(/Index|Bitmap/);
  expect(speed?.faster).toBeUndefined();
});

test('a helper whose rows are not only the caller’s is not made a set that everybody could list', async () => {
  const text = songs(
    'is_open(studio_id)',
    'alter table studios add column is_public boolean not null default false;',
  ).replace(
    'create table songs',
    `create function is_open(studio uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.studios s where s.id = studio and s.name = 'open') $$;
create table songs`,
  );
  const speed = await speedOfSongs(text);
  expect(speed?.faster?.statements.join('\n') ?? '').not.toContain('create function');
});
