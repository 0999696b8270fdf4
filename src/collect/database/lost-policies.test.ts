import { beforeAll, describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayMigrations } from './replay.ts';
import { loadParser } from './statements.ts';

const replica = replicaOfFile();

beforeAll(async () => {
  await loadParser();
});

async function lost(...texts: readonly string[]): Promise<readonly string[]> {
  const copy = await replica.createDatabase();
  const files = texts.map((text, index) => ({ file: `${index + 1}.sql`, text }));
  const replayed = await replayMigrations(copy.sql, files, 'supabase');
  await copy.drop();
  return replayed.lost.map(
    ({ table, name, command, roles, line }) => `${table}/${name} ${command} ${roles.join()} ${line}`,
  );
}

const logs = 'create schema yard; create table yard.logs (id int primary key); create table tips (id int primary key);';

describe('a policy that did not replay', () => {
  test('is lost where something is missing that another database may have', async () => {
    expect(
      await lost(
        `${logs}
         create policy "all of them" on yard.logs for select to authenticated, anon using (sees_all());
         create policy own on tips using (owner_id = auth.uid());
         do $$ begin create policy inside on tips for delete to authenticated using (sees_all()); end $$;`,
      ),
    ).toEqual([
      'tips/inside delete authenticated 4',
      'tips/own all public 3',
      'yard.logs/all of them select authenticated,anon 2',
    ]);
  });

  test('is not where Postgres takes it nowhere, or where it only narrows', async () => {
    expect(
      await lost(
        `${logs}
         create policy if not exists own on tips using (true);
         create policy own on tips using (true);
         create policy own on tips using (true);
         create policy narrow on tips as restrictive using (sees_all());`,
      ),
    ).toEqual([]);
  });

  test('is not where a later statement makes it again, or drops it', async () => {
    const early = `${logs}
      create policy a on tips using (sees_all());
      create policy b on yard.logs using (sees_all());
      create policy c on tips using (sees_all());`;
    const later = `create function sees_all() returns boolean language sql as 'select true';
      drop policy if exists b on yard.logs;
      create policy c on tips using (sees_all());`;
    expect(await lost(early, later)).toEqual(['tips/a all public 2']);
    expect(await lost(early, 'drop table tips; drop table yard.logs;')).toEqual([]);
  });
});
