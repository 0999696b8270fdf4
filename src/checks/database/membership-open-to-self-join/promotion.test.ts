import { expect, test } from 'vitest';
import { replicaOfFile } from '../../../commands/fixtures/replica.ts';
import { replayed } from '../../../commands/fixtures/replayed.ts';
import type { CheckFinding } from '../../check.ts';
import { check } from './index.ts';

const replica = replicaOfFile();

/** A farm whose foremen, the farmer's right hands, look after who works there. */
const farms = (roles: string): string => `
create table farms (id uuid primary key default gen_random_uuid(), name text not null);
create table farm_members (
  farm_id uuid not null references farms (id), user_id uuid not null references auth.users (id),
  role text not null check (role in (${roles})), primary key (farm_id, user_id)
);
create table fields (id uuid primary key default gen_random_uuid(), farm_id uuid not null references farms (id), crop text);
alter table farms enable row level security;
alter table fields enable row level security;
create policy "own" on fields for select to authenticated using (
  farm_id in (select m.farm_id from farm_members m where m.user_id = auth.uid())
);
alter table farm_members enable row level security;
create function role_in(farm uuid) returns text language sql stable security definer set search_path = ''
as $$ select m.role from public.farm_members m where m.farm_id = farm and m.user_id = (select auth.uid()) $$;
create policy "own" on farms for select to authenticated using (role_in(id) is not null);
create policy "colleagues" on farm_members for select to authenticated using (role_in(farm_id) is not null);
`;

async function findingsFor(text: string): Promise<readonly CheckFinding[]> {
  return check.judge({ app: undefined, paths: [], ...(await replayed(replica, text)) }).findings;
}

test('an ordinary member is one who decides for nobody, whatever stands first in the list of roles', async () => {
  const managed = `create policy "managed" on farm_members for update to authenticated using (role_in(farm_id) in ('owner', 'manager')) with check (role_in(farm_id) in ('owner', 'manager'));`;
  expect(await findingsFor(farms(`'owner', 'manager', 'staff'`) + managed)).toEqual([]);
});

test('who makes more of himself stays within his tenant, and the finding says no more', async () => {
  const own = `create policy "own row" on farm_members for update to authenticated using (user_id = auth.uid() and role_in(farm_id) is not null);`;
  expect(await findingsFor(farms(`'owner', 'manager', 'staff'`) + own)).toMatchObject([
    {
      message:
        "The policy 'own row' on 'farm_members' lets an ordinary member make himself an administrator of his tenant.",
      harm: 'Any ordinary member can make himself an administrator of his farm.',
      severity: 'high',
    },
  ]);
});
