import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayed } from '../../commands/fixtures/replayed.ts';
import type { Replica } from '../../core/ports.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { check } from './policy-always-true/index.ts';

let replica: Replica;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
});

afterAll(async () => {
  await replica.stop();
});

async function harmsOf(role: string, platform: 'plain' | 'supabase'): Promise<readonly string[]> {
  const text = `
    create table users (id uuid primary key);
    create table notes (id uuid primary key, user_id uuid not null references users (id), body text);
    alter table notes enable row level security;
    alter table notes force row level security;
    create policy "notes" on notes for select to ${role} using (true);
    grant select on notes to ${role};`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text, platform)) });
  return findings.map(({ harm }) => harm);
}

test('what only a role of the app’s own connection reaches, no user reaches by himself', async () => {
  await (await replica.createDatabase()).sql.query('create role notes_app login');
  expect(await harmsOf('notes_app', 'plain')).toEqual([
    "Any query that runs as 'notes_app' can read any user's notes.",
  ]);
  expect(await harmsOf('authenticated', 'supabase')).toEqual(["Any signed-in user can read any user's notes."]);
});
