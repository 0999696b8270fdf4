import { beforeAll, describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { readCatalog } from './catalog.ts';
import { replayMigrations } from './replay.ts';
import { loadParser } from './statements.ts';

const replica = replicaOfFile();

beforeAll(async () => {
  await loadParser();
});

async function held(role: string, text: string): Promise<{ readonly held: readonly string[]; readonly told: string }> {
  const copy = await replica.createDatabase();
  const { gaps } = await replayMigrations(copy.sql, [{ file: '1.sql', text }], 'plain');
  const { tables } = await readCatalog(copy.sql, 'plain');
  await copy.drop();
  const grants = tables.flatMap(({ name, grants: all }) =>
    all.filter(grant => grant.role === role).map(grant => `${name} ${grant.privilege}`),
  );
  return { held: grants.sort(), told: gaps.map(({ reason }) => reason).join() };
}

const tables = (role: string): string => `
create table notes (id int primary key, owner text);
create table drafts (id int primary key);
alter table notes enable row level security;
create policy own on notes for select to ${role} using (owner = current_setting('app.user', true));
create policy write on notes for insert to ${role} with check (owner = current_setting('app.user', true));
`;

describe('a role that is made outside the migrations', () => {
  test('holds what their policies for it name, where they grant it nothing', async () => {
    const { held: grants, told } = await held('web_guest', tables('web_guest'));
    expect(grants).toEqual(['notes insert', 'notes select']);
    expect(told).toBe(
      "The role 'web_guest' is made outside the migrations, which grant it nothing: it is taken to have the commands that their policies for it name, and to reach nothing else.",
    );
  });

  test('holds what they grant it, where they grant it anything', async () => {
    const { held: grants, told } = await held(
      'web_clerk',
      `${tables('web_clerk')} grant usage on schema public to web_clerk; grant select on drafts to web_clerk;`,
    );
    expect(grants).toEqual(['drafts select']);
    expect(told).toBe("The role 'web_clerk' is made outside the migrations: here it has only what they grant it.");
  });
});
