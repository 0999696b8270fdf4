import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { solverOfFile } from '../../commands/fixtures/solver.ts';
import { proved } from '../../commands/fixtures/replayed.ts';

const replica = replicaOfFile();
const solver = solverOfFile();

/** Keys that are texts, as some libraries make them, and a setting that is empty once it was set before. */
function archive(author: string): string {
  return `
create role app nologin;
create table teams (id text primary key, name text not null);
create table people (id text primary key, email text not null unique);
create table members (team_id text not null references teams (id), person_id text not null references people (id), primary key (team_id, person_id));
create table papers (id text primary key, team_id text not null references teams (id), author_id text not null${author}, title text);
grant select on members, papers to app;
alter table members enable row level security;
alter table papers enable row level security;
create policy "own" on members for select to app using (person_id = current_setting('app.user_id', true));
create policy "own" on papers for select to app using (
  author_id = current_setting('app.user_id', true)
  or team_id in (select team_id from members where person_id = current_setting('app.user_id', true)));`;
}

async function readBy(actor: string, schema: string): Promise<Record<string, string>> {
  const cells = await proved(replica, solver.loaded, schema, 'plain');
  const found = cells.filter(cell => cell.role === 'app' && cell.actor === actor && cell.command === 'select');
  return Object.fromEntries(
    found
      .filter(({ object }) => object === 'members' || object === 'papers')
      .map(({ object, verdict, evidence }) => [
        object,
        evidence.some(({ kind }) => kind === 'proof') ? `${verdict}, proved` : verdict,
      ]),
  );
}

test('nobody’s key is the empty text, so that a session that says nothing reads nothing', async () => {
  const nothing = { members: 'isolated, proved', papers: 'isolated, proved' };
  expect(await readBy('anonymous', archive(' references people (id)'))).toEqual(nothing);
  expect(await readBy('anonymous', archive(''))).toEqual(nothing);
});

test('a key that is empty by default is read by whoever says nothing', async () => {
  expect(await readBy('anonymous', archive(` default ''`))).toEqual({ members: 'isolated, proved', papers: 'leaks' });
});
