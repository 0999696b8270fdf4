import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import type { Platform } from '../../core/platform.ts';
import { inferTenancy } from './infer.ts';
import type { TenancyModel } from './types.ts';

const replica = replicaOfFile();

async function tenancyOf(text: string, platform: Platform = 'supabase'): Promise<TenancyModel> {
  return (await replayed(replica, text, platform, false)).tenancy;
}

/** A table of groups whose people stand in `people`, with rows of theirs. */
function groups({ name = 'teams', people = 'people uuid[] not null', policies = '' }): string {
  return `
    create table ${name} (id uuid primary key default gen_random_uuid(), title text not null, tags text[] not null default '{}', ${people});
    create table tasks (id uuid primary key default gen_random_uuid(), group_id uuid not null references ${name} (id), title text);
    create table notes (id uuid primary key default gen_random_uuid(), task_id uuid not null references tasks (id), body text);
    alter table ${name} enable row level security;
    alter table tasks enable row level security;
    ${policies}`;
}

function own(condition: string, name = 'teams'): string {
  return `create policy "own" on ${name} for select to authenticated using (${condition});`;
}

function listOf({ root, memberships }: TenancyModel): readonly unknown[] {
  return [
    root?.table,
    ...memberships.map(({ table, userColumn, lists }) => `${table}.${userColumn} ${lists ?? 'one'}`),
  ];
}

describe('users in a list', () => {
  test('make the row that lists them a tenant, and what hangs on it the tenant’s', async () => {
    const tenancy = await tenancyOf(groups({ policies: own('auth.uid() = any (people)') }));
    expect(tenancy.root).toEqual({ table: 'teams', key: 'id' });
    expect(tenancy.memberships).toEqual([
      { table: 'teams', tenantColumn: 'id', userColumn: 'people', lists: 'keys', adminRoles: [] },
    ]);
    const notes = tenancy.owners.find(owner => owner.table === 'notes')?.ownership;
    expect(notes).toMatchObject({
      kind: 'tenant',
      path: [{ column: 'task_id' }, { column: 'group_id', table: 'teams' }],
    });
    expect(tenancy.reasons).toContain(
      "'people' of 'teams' lists the users of each tenant: policies look there for who asks.",
    );
  });

  test.each([
    ['contains', 'uuid[]', 'people @> array[(select auth.uid())]', 'keys'],
    ['is contained', 'uuid[]', 'array[auth.uid()] <@ people', 'keys'],
    ['a position', 'uuid[]', 'array_position(people, auth.uid()) is not null', 'keys'],
    ['its elements', 'uuid[]', 'auth.uid() in (select unnest(people))', 'keys'],
    ['texts of the token', 'text[]', `(auth.jwt() ->> 'sub') = any (people)`, 'keys'],
    ['a key of JSON', 'jsonb', 'people ? auth.uid()::text', 'keys'],
    ['an element of JSON', 'jsonb', 'people @> to_jsonb(auth.uid()::text)', 'keys'],
    ['a list of JSON', 'jsonb', 'people @> jsonb_build_array(auth.uid())', 'keys'],
    ['addresses', 'text[]', `lower(auth.jwt() ->> 'email') = any (people)`, 'addresses'],
  ])('are found by how policies look for them: %s', async (_form, type, condition, holds) => {
    const tenancy = await tenancyOf(groups({ people: `people ${type} not null`, policies: own(condition) }));
    expect(listOf(tenancy)).toEqual(['teams', `teams.people ${holds}`]);
  });

  test('are found through functions that are told who asks', async () => {
    const helper = `create function is_in(team uuid, somebody uuid) returns boolean language plpgsql stable security definer set search_path = '' as $$
      begin return exists (select 1 from public.teams t where t.id = team and somebody = any (t.people)); end $$;`;
    const asked = await tenancyOf(groups({ policies: `${helper} ${own('is_in(id, auth.uid())')}` }));
    expect(listOf(asked)).toEqual(['teams', 'teams.people keys']);
    // Somebody else than who asks.
    const other = await tenancyOf(
      groups({ people: 'people uuid[] not null, lead uuid', policies: `${helper} ${own('is_in(id, lead)')}` }),
    );
    expect(other.memberships).toEqual([]);
  });

  test('are found by a setting of the app’s own, and by a function that reads it', async () => {
    const text = (condition: string): string => `
      create role clerk login;
      create table users (id text primary key, email text not null unique);
      create function current_person() returns text language sql stable as $$ select current_setting('app.user_id', true) $$;
      create table boards (id text primary key, people text[] not null, regions text[] not null);
      create table cards (id text primary key, board_id text not null references boards (id));
      alter table boards enable row level security;
      create policy own on boards to clerk using (${condition});`;
    expect(listOf(await tenancyOf(text(`current_setting('app.user_id', true) = any (people)`), 'plain'))).toEqual([
      'boards',
      'boards.people keys',
    ]);
    expect(listOf(await tenancyOf(text('current_person() = any (people)'), 'plain'))).toEqual([
      'boards',
      'boards.people keys',
    ]);
    expect((await tenancyOf(text(`current_setting('app.region') = any (regions)`), 'plain')).memberships).toEqual([]);
  });

  test('are a membership whatever their table is called, once rows hang on it', async () => {
    const chats = groups({ name: 'chats', policies: own('auth.uid() = any (people)', 'chats') });
    expect(listOf(await tenancyOf(chats))).toEqual(['chats', 'chats.people keys']);
    const alone = `create table polls (id uuid primary key, question text, voters uuid[] not null);
      alter table polls enable row level security; ${own('auth.uid() = any (voters)', 'polls')}`;
    expect((await tenancyOf(alone)).memberships).toEqual([]);
  });

  test('stand beside who owns the row, and ordinary people before those who run it', async () => {
    const tenancy = await tenancyOf(
      groups({
        people: 'owner_id uuid not null references auth.users (id), admin_ids uuid[] not null, people uuid[] not null',
        policies: own('owner_id = auth.uid() or auth.uid() = any (admin_ids) or auth.uid() = any (people)'),
      }),
    );
    expect(listOf(tenancy)).toEqual(['teams', 'teams.people keys', 'teams.admin_ids keys', 'teams.owner_id one']);
  });

  test('can be taken back by a declaration', async () => {
    const { database } = await replayed(
      replica,
      groups({ policies: own('auth.uid() = any (people)') }),
      'supabase',
      false,
    );
    expect(inferTenancy(database, { memberships: [] }).memberships).toEqual([]);
    expect(inferTenancy(database, { memberships: ['teams'] }).memberships).toHaveLength(1);
  });
});

describe('a list that is no membership', () => {
  test('of texts, of roles, or of people whom no policy looks for leaves the model as it was', async () => {
    const before = await tenancyOf(groups({ people: 'color text', policies: own('true') }));
    const looked = await tenancyOf(groups({ policies: own(`'news' = any (tags) or auth.role() = any (tags)`) }));
    expect([looked.root, looked.memberships]).toEqual([before.root, []]);
  });

  test('of those to whom a task is given, in a team with members', async () => {
    const text = (list: string): string => `
      create table teams (id uuid primary key, name text not null);
      create table team_members (team_id uuid not null references teams (id), user_id uuid not null references auth.users (id), primary key (team_id, user_id));
      create table tasks (id uuid primary key, team_id uuid not null references teams (id), tags text[]${list});
      create table comments (id uuid primary key, task_id uuid not null references tasks (id), body text);
      alter table tasks enable row level security;`;
    const plain = await tenancyOf(text(''));
    const given = await tenancyOf(
      `${text(', assignee_ids uuid[] not null')} ${own('auth.uid() = any (assignee_ids)', 'tasks')}`,
    );
    expect(given).toEqual(plain);
  });

  test('of those to whom a part of somebody’s own project is given, or with whom a document is shared', async () => {
    const tasks = await tenancyOf(`
      create table projects (id uuid primary key, user_id uuid not null references auth.users (id));
      create table tasks (id uuid primary key, project_id uuid not null references projects (id), assignee_ids uuid[] not null);
      create table comments (id uuid primary key, task_id uuid not null references tasks (id), body text);
      create table files (id uuid primary key, task_id uuid not null references tasks (id), path text);
      alter table tasks enable row level security;
      ${own('auth.uid() = any (assignee_ids)', 'tasks')}`);
    expect(tasks.root?.table).toBe('auth.users');
    const documents = await tenancyOf(`
      create table documents (id uuid primary key, owner_id uuid not null references auth.users (id), shared_with uuid[] not null);
      create table versions (id uuid primary key, document_id uuid not null references documents (id), body text);
      alter table documents enable row level security;
      ${own('owner_id = auth.uid() or auth.uid() = any (shared_with)', 'documents')}`);
    expect([documents.root?.table, documents.memberships]).toEqual(['auth.users', []]);
  });
});
