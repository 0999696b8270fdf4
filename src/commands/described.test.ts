import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import { createContext } from './context.ts';
import { runRules } from './rules.ts';

const made: string[] = [];

afterAll(() => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'described-'));
  made.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

async function replayOf(files: Readonly<Record<string, string>>) {
  const context = createContext(silentProgress);
  try {
    const { replay, cells } = await runRules(folderWith(files), {}, context);
    const reads = cells.filter(({ object, command }) => object === 'marks' && command === 'select');
    return { failed: replay.failed.length, verdicts: [...new Set(reads.map(({ verdict }) => verdict))] };
  } finally {
    await context.lifetime.close();
  }
}

const migrations = {
  'supabase/migrations/1_notes.sql': `alter table notes enable row level security;
create policy "own notes" on notes for all to authenticated using (user_id = auth.uid());
create table marks (id uuid primary key default gen_random_uuid(), note_id uuid references notes (id), user_id uuid not null references auth.users (id));
alter table marks enable row level security;
create policy "own marks" on marks for all to authenticated using (user_id = auth.uid());`,
};
const types = `export type Database = {
  // Written by the generator
  public: { Tables: { notes: { Row: { id: string; user_id: string }; Relationships: [] } } }
}`;
const vite = JSON.stringify({ name: 'notes', dependencies: { '@supabase/supabase-js': '2.0.0', vite: '7.0.0' } });

test('an app in which nothing is traced describes its tables to the rules, too', async () => {
  const files = { ...migrations, 'package.json': vite, 'src/integrations/types.ts': types };
  expect(await replayOf(files)).toEqual({ failed: 0, verdicts: ['isolated'] });
});

test('without a description, what the migrations build on is missing', async () => {
  await expect(replayOf({ ...migrations, 'package.json': vite })).rejects.toThrow('relation "notes" does not exist');
});

test('tests are written of what the replica has, whatever more the code describes', async () => {
  const context = createContext(silentProgress);
  const described = `export type Database = {
  // Written by the generator
  public: { Tables: { shops: { Row: { id: string; owner_id: string; code: string; business_id: string }; Relationships: [] } } }
}`;
  const root = folderWith({
    'supabase/migrations/1_shops.sql': `create table shops (id uuid primary key default gen_random_uuid(), owner_id uuid not null references auth.users (id), code text);
alter table shops enable row level security;
create policy "own" on shops for all to authenticated using (owner_id = (select auth.uid()));`,
    'package.json': vite,
    'src/integrations/types.ts': described,
  });
  try {
    const { assertions } = await runRules(root, { vitest: 'rules.test.mjs' }, context);
    expect(assertions?.assertions.some(({ object }) => object === 'shops')).toBe(true);
  } finally {
    await context.lifetime.close();
  }
});
