import { afterAll, beforeAll, expect, test } from 'vitest';

import { filesInMemory } from '../collect/source/files.ts';
import { sourceOf } from '../collect/source/read-source.ts';
import { replayed, type Replayed } from '../commands/fixtures/replayed.ts';
import type { Replica } from '../core/ports.ts';
import { loadSqlParser } from '../logic/sql.ts';
import { buildAppModel } from '../model/app/build.ts';
import { startReplica } from '../prove/replica/start.ts';
import { judge } from './judge.ts';

let replica: Replica;
let byKey: Replayed;
let byAddress: Replayed;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  [byKey, byAddress] = [
    await replayed(replica, schema('uuid[]', 'auth.uid()'), 'supabase', false),
    await replayed(replica, schema('text[]', `(auth.jwt() ->> 'email')`), 'supabase', false),
  ];
});

afterAll(async () => {
  await replica.stop();
});

function schema(type: string, caller: string): string {
  return `
    create table teams (id uuid primary key, name text not null, people ${type} not null, guests ${type} not null);
    create table tasks (id uuid primary key, team_id uuid not null references teams (id), title text);
    alter table teams enable row level security;
    alter table tasks enable row level security;
    create policy "own" on teams for select to authenticated using (${caller} = any (people));`;
}

/** How a query for tasks with the key that no policy binds is judged, after the statements before it. */
function verdict(before: string, { database, tenancy, cells } = byKey): string | undefined {
  const app = buildAppModel(
    sourceOf(
      filesInMemory({
        'package.json': JSON.stringify({
          dependencies: { next: '16.0.0', '@supabase/ssr': '0.5.0', '@supabase/supabase-js': '2.45.0' },
        }),
        'app/api/tasks/route.ts': `
          import { createServerClient } from '@supabase/ssr';
          import { createClient } from '@supabase/supabase-js';
          import { cookies } from 'next/headers';
          const admin = createClient(process.env.SUPABASE_URL!, process.env.SUPABASE_SERVICE_ROLE_KEY!);
          export async function POST(request: Request) {
            const store = await cookies();
            const client = createServerClient(process.env.SUPABASE_URL!, process.env.SUPABASE_ANON_KEY!, { cookies: { getAll: () => store.getAll(), setAll() {} } });
            const { data: { user } } = await client.auth.getUser();
            if (!user) return new Response(null, { status: 401 });
            const { team: id, other } = await request.json();
            ${before}
            const { data } = await admin.from('tasks').select('*').eq('team_id', team.id);
            return Response.json(data);
          }`,
      }),
    ),
    database,
  );
  const { paths } = judge({ app, database, tenancy, cells, checks: [] });
  return paths.find(path => path.sink.table === 'tasks')?.verdict;
}

const refused = 'return new Response(null, { status: 403 });';

function found(filter: string, fields = '*'): string {
  return `const { data: team } = await admin.from('teams').select('${fields}').eq('id', id)${filter}.single(); if (!team) ${refused}`;
}

test('a team that is looked up among those whose list holds the caller is the caller’s', () => {
  expect(verdict(found(`.contains('people', [user.id])`, 'id'))).toBe('isolated');
  expect(verdict(found(`.contains('people', [user.email])`, 'id'), byAddress)).toBe('isolated');
});

test('a list that is looked at for somebody else, or another list, ties nobody to the team', () => {
  expect(verdict(found(''))).toBe('leaks');
  expect(verdict(found(`.contains('people', [other])`))).toBe('leaks');
  expect(verdict(found(`.contains('people', [user.id])`), byAddress)).toBe('leaks');
  expect(verdict(found(`.contains('guests', [user.id])`))).toBe('leaks');
});

test('code that asks the list of a team that was loaded ties what follows to it', () => {
  expect(verdict(`${found('')} if (!team.people.includes(user.id)) ${refused}`)).toBe('isolated');
  expect(verdict(`${found('')} if (!team.people?.includes(user.id)) ${refused}`)).toBe('isolated');
  expect(verdict(`${found('')} if (!team.people.includes(other)) ${refused}`)).toBe('leaks');
  expect(verdict(`${found('')} if (!team.name.includes(user.id)) ${refused}`)).toBe('leaks');
  expect(verdict(`${found('')} const isIn = team.people.includes(user.id);`)).toBe('leaks');
});
