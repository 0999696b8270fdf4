import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { collectDatabase } from './collect.ts';

let replica: Replica;
let root: string;

beforeAll(async () => {
  replica = await startReplica();
  root = mkdtempSync(join(tmpdir(), 'drydock-elsewhere-'));
});

afterAll(async () => {
  await replica.stop();
  rmSync(root, { recursive: true, force: true });
});

const tables = `create table clubs (id uuid primary key);
create table fees (id uuid primary key, club_id uuid not null references clubs (id), payer uuid not null);`;
const policies = `alter table fees enable row level security;
create policy "own fees" on fees using (payer = auth.uid());`;

async function collected(name: string, files: Readonly<Record<string, string>>, migrations?: readonly string[]) {
  const app = join(root, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), text);
  }
  const found = await collectDatabase({ root: app, replica, ...(migrations === undefined ? {} : { migrations }) });
  await found.replicaDatabase?.drop();
  const secured = found.database.tables.filter(({ rowSecurity }) => rowSecurity).map(({ name: table }) => table);
  return { platform: found.platform, secured, gaps: found.gaps.map(({ reason }) => reason) };
}

test('policies that were run by hand are replayed after migrations that have none, and that is said', async () => {
  const { platform, secured, gaps } = await collected('by-hand', {
    'prisma/migrations/1_init/migration.sql': tables,
    'prisma/rls.sql': policies,
    'prisma/seed.sql': `insert into clubs values (gen_random_uuid()); -- create policy nothing on fees using (true);`,
  });
  expect({ platform, secured: secured.filter(name => !/^(storage|realtime)\./.test(name)) }).toEqual({
    platform: 'supabase',
    secured: ['fees'],
  });
  expect(gaps).toEqual([
    "No migration says who may reach which rows. 'prisma/rls.sql' does, and is taken to have been run after the migrations; where that is not so, name only what was run: --migrations prisma/migrations.",
  ]);
});

test('what was named is all that is replayed', async () => {
  const files = { 'prisma/migrations/1_init/migration.sql': tables, 'prisma/rls.sql': policies };
  expect(await collected('named', files, ['prisma/migrations'])).toEqual({ platform: 'plain', secured: [], gaps: [] });
});

test('where migrations have policies, others are named only for tables on which they have none', async () => {
  const { gaps } = await collected('partly', {
    'supabase/migrations/1_init.sql': `${tables}\n${policies}`,
    'supabase/old/fees.sql': 'create policy "every fee" on public.fees using (true);',
    'supabase/old/clubs.sql': 'create policy "every club" on "public"."clubs" for select using (true);',
  });
  expect(gaps).toEqual([
    "'supabase/old/clubs.sql' says who may reach the rows of 'clubs', and no migration that was replayed does. If it was run, name it too: --migrations supabase/migrations supabase/old/clubs.sql.",
  ]);
});
