import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check } from './policy-always-true/index.ts';

const replica = replicaOfFile();

/** What is said of profiles that whoever is signed in reads. */
async function told(columns: string): Promise<readonly string[]> {
  const text = `
    create table profiles (id uuid primary key references auth.users (id), ${columns});
    alter table profiles enable row level security;
    create policy "read" on profiles for select to authenticated using (true);`;
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) });
  return findings.map(({ severity = check.severity }) => severity);
}

test('what users choose to be called is milder than what is about them', async () => {
  expect(await told('username text not null, avatar_url text, updated_at timestamptz')).toEqual(['medium']);
  expect(await told('username text not null, phone text')).toEqual(['critical']);
  expect(await told('username text not null, plan text')).toEqual(['critical']);
});
