import { describe, expect, test } from 'vitest';
import { replicaOfFile } from './fixtures/replica.ts';
import type { Gate } from '../core/rules.ts';
import { library, replayed, type Replayed } from './fixtures/replayed.ts';
import { gate } from './gate.ts';

const replica = replicaOfFile();

async function model(text: string, platform: 'supabase' | 'plain' = 'supabase'): Promise<Replayed> {
  return replayed(replica, text, platform, false);
}

function faultsIn({ faults }: Gate): readonly string[] {
  return faults.map(({ table, kind }) => `${table}: ${kind}`);
}

const holds =
  'create table holds (id uuid primary key default gen_random_uuid(), branch_id uuid not null references branches (id));';

describe('the gate', () => {
  test('is silent on tables with row security, policies and an index, and on what belongs to nobody', async () => {
    const found = gate(await model(library));
    expect(found.faults).toEqual([]);
    expect(found).toMatchObject({ expects: 'policies', tables: 4 });
  });

  test('a bare table with an owner lacks row security, policies and an index, each with its SQL', async () => {
    const found = gate(await model(library + holds));
    expect(faultsIn(found)).toEqual(['holds: row-security', 'holds: policy', 'holds: index']);
    expect(found.faults[0]?.sql).toBe('alter table holds enable row level security;');
    expect(found.faults[1]?.sql).toContain('create policy holds_insert_own on holds for insert to authenticated');
    expect(found.faults[1]?.sql).toContain('works_at(branch_id)');
    expect(found.faults[2]?.sql).toBe('create index holds_branch_id_idx on holds (branch_id);');
    expect(found.faults[0]).toMatchObject({ file: 'schema.sql', line: 23 });
  });

  test('the SQL that it names is all that is missing', async () => {
    const { faults } = gate(await model(library + holds));
    const repaired = gate(await model([library, holds, ...faults.map(fault => fault.sql)].join('\n')));
    expect(repaired.faults).toEqual([]);
  });

  test('compared with an earlier state, only what is new counts', async () => {
    const before = await model(library + holds);
    const after = await model(`${library}${holds}\ndrop index fines_branch;`);
    const since = gate(after, { ...before, since: 'main' });
    expect(since.since).toBe('main');
    expect(faultsIn(since)).toEqual(['fines: index']);
  });

  test('what lacks the same under another name is not new, and what it lacks on top is', async () => {
    const before = await model(`${library}${holds} drop index fines_branch;`);
    const renames =
      'drop index fines_branch; alter table holds rename to requests; alter table fines rename column branch_id to of_branch;';
    const after = await model(`${library}${holds} ${renames}`);
    expect(faultsIn(gate(after, { ...before, since: 'main' }))).toEqual([]);
    const worse = await model(`${library}${holds} ${renames} alter table fines disable row level security;`);
    expect(faultsIn(gate(worse, { ...before, since: 'main' }))).toEqual(['fines: row-security']);
  });

  test('a privilege that most siblings do not give is told, with its revocation', async () => {
    const narrow = 'revoke delete on branches, staff, loans, fines from authenticated;';
    const found = gate(await model(library + narrow + holds));
    const grant = found.faults.find(fault => fault.kind === 'grant');
    expect(grant?.message).toBe("'holds' grants delete to 'authenticated', which most of its siblings do not.");
    expect(grant?.sql).toBe('revoke delete on holds from authenticated;');
  });

  test('a table that only the service key reaches, its grants revoked, lacks no policy', async () => {
    const closed = `${holds} create index on holds (branch_id); alter table holds enable row level security; revoke all on holds from anon, authenticated;`;
    expect(gate(await model(library + closed)).faults).toEqual([]);
  });
});

describe('what is meant', () => {
  test('a table that nobody was given a policy for is told first how to say so by privileges', async () => {
    const closed = `${holds} create index on holds (branch_id); alter table holds enable row level security;`;
    const [found] = gate(await model(library + closed)).faults;
    expect(found?.kind).toBe('policy');
    expect(found?.sql).toMatch(
      /^-- Where only your server[^\n]*\nrevoke select, insert, update, delete on holds from authenticated;/,
    );
  });

  test('a privilege for which a policy names the role is no slip', async () => {
    const narrow = 'revoke delete on branches, staff, loans, fines from authenticated;';
    const meant = `${holds} create index on holds (branch_id); alter table holds enable row level security;
      create policy "own holds" on holds for delete to authenticated using (works_at(branch_id));`;
    expect(gate(await model(library + narrow + meant)).faults).toEqual([]);
  });
});

const plain = `
create table teams (id uuid primary key, name text not null);
create table users (id uuid primary key, email text not null unique);
create table team_members (team_id uuid not null references teams, user_id uuid not null references users, primary key (team_id, user_id));
create table notes (id uuid primary key, team_id uuid not null references teams, body text);
create index on notes (team_id);
`;

describe('the gate of an app that isolates in its own queries', () => {
  test('asks for no policy and no row security, and says so', async () => {
    const found = gate(await model(plain, 'plain'));
    expect(found.expects).toBe('app');
    expect(found.because).toContain('the queries of the app do');
    expect(found.faults).toEqual([]);
  });

  test('asks for an index and a foreign key on the owner’s column', async () => {
    const files = 'create table files (id uuid primary key, team_id uuid not null, name text);';
    const found = gate(await model(plain + files, 'plain'));
    expect(faultsIn(found)).toEqual(['files: foreign-key', 'files: index']);
    expect(found.faults[0]?.sql).toBe('alter table files add foreign key (team_id) references teams (id);');
  });

  test('where policies are forced for the owner, a new table is to force its own', async () => {
    const owned = ['teams', 'users', 'team_members', 'notes'];
    const forced = owned.map(
      name => `alter table ${name} enable row level security; alter table ${name} force row level security;`,
    );
    const files =
      'create table files (id uuid primary key, team_id uuid not null references teams); create index on files (team_id); alter table files enable row level security;';
    const found = gate(await model([plain, ...forced, files].join('\n'), 'plain'));
    expect(faultsIn(found).filter(each => each.startsWith('files'))).toEqual(['files: forced-row-security']);
  });

  test('where policies guard one table, those that only the app’s own connection reaches are the app’s', async () => {
    const role = `create role app_reader; grant usage on schema public to app_reader; grant select on notes to app_reader;
      alter table notes enable row level security;
      create policy own on notes for select to app_reader using (team_id::text = current_setting('app.team_id', true));`;
    const found = gate(await model(plain + role, 'plain'));
    expect(found.expects).toBe('policies');
    expect(found.faults).toEqual([]);
    const files =
      'create table files (id uuid primary key, team_id uuid not null references teams); create index on files (team_id); grant select on files to app_reader;';
    expect(faultsIn(gate(await model(plain + role + files, 'plain')))).toEqual([
      'files: row-security',
      'files: policy',
    ]);
  });
});
