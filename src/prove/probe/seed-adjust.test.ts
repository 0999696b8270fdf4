import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf } from '../../collect/source/read-source.ts';
import { made } from '../../commands/fixtures/replayed.ts';
import { judge } from '../../judge/judge.ts';
import { buildAppModel } from '../../model/app/build.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import { synthesizeRows } from '../exploit/seed.ts';
import { canaryOf } from '../exploit/victim-data.ts';
import { adjustSeed } from './seed-adjust.ts';

const replica = replicaOfFile();

const desk = `
create table desks (id uuid primary key default gen_random_uuid(), name text not null);
create table users (id uuid primary key default gen_random_uuid(), email text not null unique, user_role text);
create table clerks (desk_id uuid not null references desks (id), user_id uuid not null references users (id), primary key (desk_id, user_id));
create table user_roles (user_id uuid not null references users (id), role text not null check (role in ('customer', 'support')), primary key (user_id, role));
create table calls (id uuid primary key default gen_random_uuid(), desk_id uuid not null references desks (id), words text);
alter table calls enable row level security;
create policy "support" on calls using (exists (
  select from user_roles r where r.user_id = current_setting('app.user_id', true)::uuid and r.role = 'support'
));
`;

const app = {
  'package.json': JSON.stringify({ dependencies: { next: '16.0.0', 'better-auth': '1.7.0', pg: '8.21.0' } }),
  'lib/auth.ts': `import { betterAuth } from 'better-auth'; export const auth = betterAuth({});`,
  'app/api/calls/route.ts': `
    import { headers } from 'next/headers';
    import { Pool } from 'pg';
    import { auth } from '../../../lib/auth';
    const pool = new Pool();
    export async function GET() {
      const session = await auth.api.getSession({ headers: await headers() });
      if (!session || session.user.role !== 'support') return new Response(null, { status: 404 });
      return Response.json((await pool.query('select * from calls')).rows);
    }`,
};

test('the user for whom roles of the whole app are kept gets what the guards ask for, where the app keeps roles', async () => {
  const { copy, database } = await made(replica, desk, 'plain');
  const tenancy = inferTenancy(database);
  const { sql } = copy;
  const tenants = ['A', 'B'] as const;
  const seed = await synthesizeRows({
    sql,
    database,
    tenancy,
    tenants,
    usersPerTenant: 3,
    outsiders: true,
    canary: canaryOf,
  });
  const source = sourceOf(filesInMemory(app));
  const { paths } = judge({ app: buildAppModel(source, database), database, tenancy, cells: [], checks: [] });
  await adjustSeed({ sql, database, tenancy, seed, paths, credentialPrefix: '' });
  const third = seed.tenants.A?.users[2]?.id;
  const held = await sql.query(`select user_id::text as id from user_roles where role = 'support'`);
  expect(held.rows).toEqual([{ id: third }]);
  const written = await sql.query(`select id::text as id from users where user_role = 'support'`);
  expect(written.rows).toEqual([{ id: third }]);
  await copy.drop();
});
