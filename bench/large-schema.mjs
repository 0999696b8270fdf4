// Writes a made-up Supabase app of many tables, to see how `drydock rules` grows with what it judges.
//
//   node bench/large-schema.mjs <folder> [tables] [functions]
//   /usr/bin/time -f '%U + %S s, %M kB' node bin/drydock.js rules <folder>
//
// Every table belongs to a workspace and asks one helper function who is a member. Each third one hangs on the one before,
// each hundredth lets everybody read, each hundredth forgets to look at what is written; functions with their owner's
// rights list a table of the caller's workspace, and each hundredth of them believes who calls.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, tables = '2000', functions = '100'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node bench/large-schema.mjs <folder> [tables] [functions]');

const people = `
create table public.workspaces (id uuid primary key default gen_random_uuid(), name text not null, created_at timestamptz not null default now());
create table public.members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'member' check (role in ('member', 'admin')),
  primary key (workspace_id, user_id)
);
create function public.is_member(workspace uuid) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select 1 from public.members m where m.workspace_id = workspace and m.user_id = auth.uid())
$$;
alter table public.workspaces enable row level security;
alter table public.members enable row level security;
create policy "read own workspaces" on public.workspaces for select to authenticated using (public.is_member(id));
create policy "read own memberships" on public.members for select to authenticated using (public.is_member(workspace_id));
`;

const nouns = ['orders', 'notes', 'tasks', 'invoices', 'contacts', 'assets', 'events', 'reports', 'messages', 'quotes'];

function nameOf(number) {
  return `${nouns[number % nouns.length]}_${number}`;
}

function tableText(number) {
  const name = nameOf(number);
  const hangs =
    number % 3 === 2 ? `,\n  parent_id uuid references public.${nameOf(number - 1)} (id) on delete cascade` : '';
  const member = 'public.is_member(workspace_id)';
  const reads = number % 100 === 50 ? 'true' : member;
  const writes = number % 100 === 75 ? 'true' : member;
  return `
create table public.${name} (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  created_by uuid references auth.users (id),
  title text not null,
  status text not null default 'open' check (status in ('open', 'closed')),
  amount numeric not null default 0,
  created_at timestamptz not null default now()${hangs}
);
create index on public.${name} (workspace_id);
alter table public.${name} enable row level security;
create policy "read ${name}" on public.${name} for select to authenticated using (${reads});
create policy "add ${name}" on public.${name} for insert to authenticated with check (${writes});
create policy "change ${name}" on public.${name} for update to authenticated using (${member}) with check (${writes});
create policy "delete ${name}" on public.${name} for delete to authenticated using (${member});
`;
}

function functionText(number, of) {
  const name = nameOf(number % of);
  const asks = number % 100 === 50 ? '' : ' and public.is_member(workspace)';
  return `
create function public.list_${number}_${name}(workspace uuid) returns setof public.${name} language sql stable security definer set search_path = '' as $$
  select t.* from public.${name} t where t.workspace_id = workspace${asks}
$$;
`;
}

const migrations = join(folder, 'supabase', 'migrations');
mkdirSync(migrations, { recursive: true });
writeFileSync(join(migrations, '20250101000000_people.sql'), people);
const each = 50;
for (let start = 0; start < Number(tables); start += each)
  writeFileSync(
    join(migrations, `20250102${String(start).padStart(6, '0')}_tables.sql`),
    Array.from({ length: Math.min(each, Number(tables) - start) }, (_, index) => tableText(start + index)).join(''),
  );
writeFileSync(
  join(migrations, '20250103000000_functions.sql'),
  Array.from({ length: Number(functions) }, (_, index) => functionText(index, Number(tables))).join(''),
);
