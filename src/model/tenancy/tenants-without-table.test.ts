import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { made } from '../../commands/fixtures/replayed.ts';
import { inferTenancy } from './infer.ts';

const replica = replicaOfFile();

/** Whose the rows of a table are: `tenant org_id`, `user user_id`, `shared`. */
async function ownersIn(schema: string): Promise<Record<string, string>> {
  const { copy, database } = await made(replica, schema, 'supabase');
  await copy.drop();
  const { owners } = inferTenancy(database);
  return Object.fromEntries(
    owners
      .filter(({ table }) => !/^(auth|storage|realtime)\./.test(table))
      .map(({ table, ownership }) => [
        table,
        'path' in ownership ? [ownership.kind, ...ownership.path.map(hop => hop.column)].join(' ') : ownership.kind,
      ]),
  );
}

const secured = (...tables: readonly string[]): string =>
  tables.map(table => `alter table ${table} enable row level security;`).join('\n');

describe('a column that names a tenant of which there is no table', () => {
  test('is told by what policies compare it with, and found by its name in other tables', async () => {
    const schema = `
create table projects (id uuid primary key, org_id text not null);
create table tasks (id uuid primary key, project_id uuid not null references projects (id), title text);
create table bills (id uuid primary key, organization_id text not null);
create table logs (id uuid primary key, org_id text, line text);
${secured('projects', 'tasks', 'bills', 'logs')}
create policy "p" on projects using (org_id = (auth.jwt() ->> 'org_id'));
create policy "b" on bills using (organization_id = (auth.jwt() ->> 'org_id'));
create policy "l" on logs using (true);`;
    expect(await ownersIn(schema)).toEqual({
      bills: 'tenant organization_id',
      logs: 'tenant org_id',
      projects: 'tenant org_id',
      tasks: 'tenant project_id org_id',
    });
  });

  test('has any name that the session says, where several tables have it', async () => {
    const policy = `using (region_id = current_setting('app.region_id')::uuid)`;
    const schema = (more: string): string => `
create table sites (id uuid primary key, region_id uuid not null);
${more}
${secured('sites')}
create policy "s" on sites ${policy};`;
    expect(await ownersIn(schema('create table visits (id uuid primary key, region_id uuid not null);'))).toEqual({
      sites: 'tenant region_id',
      visits: 'tenant region_id',
    });
    expect(await ownersIn(schema(''))).toEqual({ sites: 'shared' });
  });

  test('may be called as tenants are, without more, where policies ask for it', async () => {
    const schema = `
create table profiles (id uuid primary key references auth.users (id), tenant text not null);
create table orders (id uuid primary key, tenant text not null);
create table leads (id uuid primary key, tenant text);
${secured('profiles', 'orders', 'leads')}
create policy "p" on profiles using (id = auth.uid());
create policy "o" on orders using (tenant = (select tenant from profiles where id = auth.uid()));
create policy "l" on leads using (true);`;
    expect(await ownersIn(schema)).toEqual({
      leads: 'tenant tenant',
      orders: 'tenant tenant',
      profiles: 'tenant tenant',
    });
  });

  test('is none where the policy gives the value itself, or compares it with the user', async () => {
    const schema = (condition: string): string => `
create table notes (id uuid primary key, account_id uuid not null);
create table files (id uuid primary key, account_id uuid not null);
${secured('notes', 'files')}
create policy "n" on notes using (${condition});`;
    expect(await ownersIn(schema(`account_id = '00000000-0000-4000-8000-000000000001'`))).toEqual({
      files: 'shared',
      notes: 'shared',
    });
    expect((await ownersIn(schema('account_id = auth.uid()')))['notes']).toBe('user account_id');
  });

  test('is none that leads to a table', async () => {
    const schema = `
create table businesses (id uuid primary key, owner_id uuid not null references auth.users (id), name text);
create table ads (id uuid primary key, business_id uuid not null, text text);
create table moods (id uuid primary key, user_id uuid not null references auth.users (id), text text);
create table tags (id uuid primary key, user_id uuid not null references auth.users (id), text text);
create table links (id uuid primary key, user_id uuid not null references auth.users (id), text text);
${secured('businesses', 'ads')}
create policy "b" on businesses using (owner_id = auth.uid());
create policy "a" on ads using (business_id in (select id from businesses where owner_id = auth.uid()));`;
    expect((await ownersIn(schema))['ads']).not.toBe('tenant business_id');
  });

  test('says nothing of what a claim of another kind opens', async () => {
    const schema = `
create table notes (id uuid primary key, user_id uuid not null references auth.users (id));
create table articles (id uuid primary key, plan text not null, body text);
${secured('notes', 'articles')}
create policy "n" on notes using (user_id = auth.uid());
create policy "a" on articles for select using (plan = (auth.jwt() -> 'app_metadata' ->> 'plan'));`;
    expect(await ownersIn(schema)).toEqual({ articles: 'shared', notes: 'user user_id' });
  });
});
