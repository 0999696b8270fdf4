import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { made } from '../../commands/fixtures/replayed.ts';
import { inferTenancy } from './infer.ts';

const replica = replicaOfFile();

/** Gyms with members, and one table of theirs whose policy is given. */
async function rootOf(using: string, more = ''): Promise<string | undefined> {
  const { copy, database } = await made(
    replica,
    `create table users (id uuid primary key default gen_random_uuid(), email text not null unique);
create table gyms (id uuid primary key default gen_random_uuid(), name text not null);
create table gym_members (gym_id uuid not null references gyms (id), user_id uuid not null references users (id), primary key (gym_id, user_id));
create table lockers (id uuid primary key default gen_random_uuid(), gym_id uuid not null references gyms (id), user_id uuid references users (id));
${more}
alter table lockers enable row level security;
create policy "own" on lockers using (${using});`,
    'plain',
  );
  await copy.drop();
  return inferTenancy(database).root?.table;
}

describe('the table of tenants', () => {
  test('is the one whose key the session says, whatever it is called', async () => {
    expect(await rootOf(`gym_id = current_setting('app.gym_id')::uuid`)).toBe('gyms');
    expect(await rootOf(`gym_id::text = (current_setting('request.jwt.claims', true)::json ->> 'gym_id')`)).toBe(
      'gyms',
    );
  });

  test('is that one as well where users write themselves which tenant asks', async () => {
    const { copy, database } = await made(
      replica,
      `create table gyms (id uuid primary key, name text not null);
create table lockers (id uuid primary key default gen_random_uuid(), gym_id uuid not null references gyms (id));
alter table lockers enable row level security;
create policy "own" on lockers using (gym_id = ((auth.jwt() -> 'user_metadata') ->> 'gym_id')::uuid);`,
    );
    await copy.drop();
    expect(inferTenancy(database).root?.table).toBe('gyms');
  });

  test('is not found by a session that says only which user asks', async () => {
    expect(await rootOf(`user_id = current_setting('app.user_id')::uuid`)).toBe('users');
  });

  test('is what is above, where both are said', async () => {
    const more = `create table organizations (id uuid primary key default gen_random_uuid(), name text not null);
create table invoices (id uuid primary key default gen_random_uuid(), organization_id uuid not null references organizations (id));
alter table gyms add column organization_id uuid not null references organizations (id);
alter table invoices enable row level security;
create policy "own" on invoices using (organization_id = current_setting('app.organization_id')::uuid);`;
    expect(await rootOf(`gym_id = current_setting('app.gym_id')::uuid`, more)).toBe('organizations');
  });
});
