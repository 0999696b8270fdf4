import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { solverOfFile } from '../../commands/fixtures/solver.ts';
import { proved } from '../../commands/fixtures/replayed.ts';
import { verdictsOn } from '../../commands/fixtures/verdicts.ts';

const replica = replicaOfFile();
const solver = solverOfFile();

const shared = (reads: string): string => `
create table documents (id uuid primary key default gen_random_uuid(), owner_id uuid not null references auth.users (id), body text);
create table share_links (
  id uuid primary key default gen_random_uuid(), document_id uuid not null references documents (id),
  token text not null unique default gen_random_uuid()::text, expires_at timestamptz
);
create function owns(document uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select from public.documents d where d.id = document and d.owner_id = (select auth.uid())) $$;
alter table documents enable row level security;
alter table share_links enable row level security;
create policy "own" on documents for all to authenticated using (owner_id = auth.uid()) with check (owner_id = auth.uid());
create policy "live" on share_links for select to authenticated using (${reads});
create policy "share" on share_links for insert to authenticated with check (owns(document_id));`;

test('that nothing is shared is taken for granted of what shares open, and not of the shares themselves', async () => {
  const open = await proved(replica, solver.loaded, shared('expires_at is null or expires_at > now()'));
  expect(verdictsOn(open, 'share_links')['select']).toBe('leaks');
  const closed = await proved(
    replica,
    solver.loaded,
    shared('owns(document_id) and (expires_at is null or expires_at > now())'),
  );
  expect(verdictsOn(closed, 'share_links')['select']).toBe('isolated, proved');
});

const forms = (reads: string): string => `
create table forms (id uuid primary key default gen_random_uuid(), owner_id uuid not null references auth.users (id), is_published boolean not null default false);
create table answers (id uuid primary key default gen_random_uuid(), form_id uuid not null references forms (id) on delete cascade, respondent_email text, body text);
create function owns(form uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select from public.forms f where f.id = form and f.owner_id = (select auth.uid())) $$;
create function is_open(form uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select from public.forms f where f.id = form and f.is_published) $$;
alter table forms enable row level security;
alter table answers enable row level security;
create policy "own" on forms for all to authenticated using (owner_id = auth.uid()) with check (owner_id = auth.uid());
create policy "published" on forms for select to anon, authenticated using (is_published);
create policy "answer" on answers for insert to anon, authenticated with check (is_open(form_id));
create policy "read" on answers for select to authenticated using (${reads});`;

test('who publishes a form does not show to everybody what visitors write into it', async () => {
  const open = await proved(replica, solver.loaded, forms('owns(form_id) or is_open(form_id)'));
  expect(verdictsOn(open, 'answers')['select']).toBe('isolated, leaks');
  expect(verdictsOn(open, 'answers')['insert']).toBe('isolated, proved');
  const closed = await proved(replica, solver.loaded, forms('owns(form_id)'));
  expect(verdictsOn(closed, 'answers')['select']).toBe('isolated, proved');
});
