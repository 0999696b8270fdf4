import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { detectPlatform } from '../../collect/database/replay.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import type { Owner, TenancyModel } from './types.ts';

const replica = replicaOfFile();

async function tenancyOf(text: string): Promise<TenancyModel> {
  return (await replayed(replica, text, detectPlatform([text]), false)).tenancy;
}

function path(tenancy: TenancyModel, table: string): string {
  const ownership: Owner['ownership'] | undefined = tenancy.owners.find(owner => owner.table === table)?.ownership;
  if (ownership === undefined) return 'absent';
  return ownership.kind === 'tenant' || ownership.kind === 'user'
    ? `${ownership.kind} ${ownership.path.map(hop => `${hop.column}>${hop.table}`).join(' ')}`
    : ownership.kind;
}

describe('who owns what', () => {
  test('follows keys in an app with Prisma’s names', async () => {
    const tenancy = await tenancyOf(`
      create table "User" (id text primary key, email text not null unique, "passwordHash" text);
      create table "Session" (id text primary key, "sessionToken" text not null unique, "userId" text not null references "User" (id), expires timestamp not null);
      create table "Team" (id text primary key, name text not null);
      create table "UserTeam" ("userId" text not null references "User" (id), "teamId" text not null references "Team" (id), role text not null default 'MEMBER', primary key ("userId", "teamId"));
      create table "Document" (id text primary key, "teamId" text references "Team" (id), "ownerId" text references "User" (id), name text);
      create table "Link" (id text primary key, "documentId" text not null references "Document" (id), slug text unique, password text);
      create table "View" (id text primary key, "linkId" text not null references "Link" (id), "viewerEmail" text);
      create table "Currency" (code text primary key, label text);
    `);
    expect(tenancy).toMatchObject({ root: { table: 'Team', key: 'id' }, principal: { table: 'User', key: 'id' } });
    expect(tenancy.memberships).toMatchObject([
      { table: 'UserTeam', tenantColumn: 'teamId', userColumn: 'userId', roleColumn: 'role' },
    ]);
    expect(path(tenancy, 'Document')).toBe('tenant teamId>Team');
    expect(path(tenancy, 'View')).toBe('tenant linkId>Link documentId>Document teamId>Team');
    expect(path(tenancy, 'Session')).toBe('user userId>User');
    expect(path(tenancy, 'Currency')).toBe('shared');
    const secrets = tenancy.owners.flatMap(owner => owner.secretColumns.map(column => `${owner.table}.${column}`));
    expect(secrets.sort()).toEqual(['Link.password', 'Session.sessionToken', 'User.passwordHash']);
  });

  test('believes a key that every row has before a name that a column happens to have', async () => {
    const tables = (member: string): string => `
      create table users (id text primary key);
      create table workspaces (id text primary key, name text not null);
      create table members (user_id text not null references users (id), workspace_id text not null references workspaces (id), primary key (user_id, workspace_id));
      create table programs (id text primary key, workspace_id text not null references workspaces (id));
      create table enrollments (id text primary key, ${member}, status text);`;
    const both = await tenancyOf(tables('tenant_id text, program_id text not null references programs (id)'));
    expect(path(both, 'enrollments')).toBe('tenant program_id>programs workspace_id>workspaces');
    const required = await tenancyOf(tables('tenant_id text not null, program_id text references programs (id)'));
    expect(path(required, 'enrollments')).toBe('tenant tenant_id>workspaces');
    const alone = await tenancyOf(tables('tenant_id text'));
    expect(path(alone, 'enrollments')).toBe('tenant tenant_id>workspaces');
    const optional = await tenancyOf(tables('tenant_id text, program_id text references programs (id)'));
    expect(path(optional, 'enrollments')).toBe('tenant tenant_id>workspaces');
  });

  test('leaves a part of somebody’s own row to them, though a tenant may have made it', async () => {
    const tables = (mailbox: string, more = ''): string => `
      create table users (id text primary key);
      create table workspaces (id text primary key, name text not null);
      create table members (user_id text not null references users (id), workspace_id text not null references workspaces (id), primary key (user_id, workspace_id));
      create table mailboxes (id text primary key, user_id text not null references users (id));
      create table templates (id text primary key, workspace_id text not null references workspaces (id));
      create table rules (id text primary key, mailbox_id text ${mailbox} references mailboxes (id), template_id text references templates (id)${more});
      create table rule_actions (id text primary key, rule_id text not null references rules (id));`;
    const own = await tenancyOf(tables('not null'));
    expect(path(own, 'rules')).toBe('user mailbox_id>mailboxes user_id>users');
    expect(path(own, 'rule_actions')).toBe('user rule_id>rules mailbox_id>mailboxes user_id>users');
    const either = await tenancyOf(tables(''));
    expect(path(either, 'rules')).toBe('tenant template_id>templates workspace_id>workspaces');
    const both = await tenancyOf(tables('not null', ', workspace_id text not null references workspaces (id)'));
    expect(path(both, 'rules')).toBe('tenant workspace_id>workspaces');
  });

  test('takes each user for a tenant where nothing groups them', async () => {
    const tenancy = await tenancyOf(`
      create table projects (id uuid primary key, user_id uuid not null references auth.users (id), name text);
      create table tasks (id uuid primary key, project_id uuid not null references projects (id), title text);
      create table profiles (id uuid primary key references auth.users (id), full_name text);
      create table stars (profile_id uuid not null references profiles (id), task_id uuid references tasks (id), primary key (profile_id));
    `);
    expect(tenancy).toMatchObject({
      root: { table: 'auth.users' },
      principal: { table: 'auth.users' },
      memberships: [],
    });
    expect(path(tenancy, 'tasks')).toBe('user project_id>projects user_id>auth.users');
    expect(path(tenancy, 'stars')).toBe('user profile_id>auth.users');
  });

  test('understands policies where there are no foreign keys', async () => {
    const tenancy = await tenancyOf(`
      create table accounts (id uuid primary key, name text);
      create table account_users (account_id uuid not null references accounts (id), user_id uuid not null references auth.users (id), unique (account_id, user_id));
      create table reports (id uuid primary key, belongs uuid not null, body text);
      create table uploads (id uuid primary key, account_id uuid, path text);
      alter table reports enable row level security;
      create policy "own" on reports using (belongs in (select account_id from account_users where user_id = auth.uid()));
    `);
    expect(tenancy.root?.table).toBe('accounts');
    expect(path(tenancy, 'reports')).toBe('tenant belongs>accounts');
    expect(path(tenancy, 'uploads')).toBe('tenant account_id>accounts');
  });

  const clubs = `
      create table clubs (id uuid primary key, name text);
      create table club_members (club_id uuid not null references clubs (id), user_id uuid not null references auth.users (id), primary key (club_id, user_id));
      create function my_club() returns uuid language sql stable as $$ select club_id from club_members where user_id = auth.uid() limit 1 $$;
      create table courts (id uuid primary key, club_id uuid not null references clubs (id), name text);
      alter table courts enable row level security;`;

  test('takes a column that policies ask for before a key to another row, though nothing else says what it holds', async () => {
    const tenancy = await tenancyOf(`${clubs}
      create table lessons (id uuid primary key, court_id uuid not null references courts (id), club_id uuid, price int);
      create table notes (id uuid primary key, court_id uuid not null references courts (id), club_id uuid);
      alter table lessons enable row level security;
      create policy "own lessons" on lessons using (club_id = my_club());
    `);
    expect(path(tenancy, 'lessons')).toBe('tenant club_id>clubs');
    expect(path(tenancy, 'notes')).toBe('tenant court_id>courts club_id>clubs');
  });

  test('gives a row below a tenant’s to its user where every policy asks for him alone', async () => {
    const marks = `
      create table marks (id uuid primary key, user_id uuid not null references auth.users (id), court_id uuid not null references courts (id));
      alter table marks enable row level security;
      create policy "read" on marks for select using (user_id = auth.uid());
      create policy "write" on marks for insert with check (user_id = auth.uid());`;
    expect(path(await tenancyOf(clubs + marks), 'marks')).toBe('user user_id>auth.users');
    const shared = `${marks} create policy "club" on marks for select using (exists (select from courts c where c.id = court_id and c.club_id = my_club()));`;
    expect(path(await tenancyOf(clubs + shared), 'marks')).toBe('tenant court_id>courts club_id>clubs');
  });

  test('does not take the tenant that somebody likes to see first for one that he belongs to, unless something asks for it', async () => {
    const profiles = `
      create table profiles (id uuid primary key references auth.users (id), default_club_id uuid references clubs (id), nickname text);`;
    const tenancy = await tenancyOf(clubs + profiles);
    expect(tenancy.memberships.map(membership => membership.table)).toEqual(['club_members']);
    expect(path(tenancy, 'profiles')).toBe('user id>auth.users');
    const asked = `${profiles}
      create policy "chosen" on courts using (club_id = (select default_club_id from profiles where id = auth.uid()));`;
    expect((await tenancyOf(clubs + asked)).memberships.map(membership => membership.table)).toContain('profiles');
  });

  test('gives what staff publishes for everybody to nobody, and not what its author may show', async () => {
    const releases = (write: string): string => `
      create function has_role(who uuid, wanted text) returns boolean language sql stable as $$ select false $$;
      create table releases (id uuid primary key, notes text, created_by uuid references auth.users (id));
      create table settings (name text primary key, value text, updated_by uuid references auth.users (id));
      alter table releases enable row level security;
      create policy "read" on releases for select using (auth.uid() is not null);
      create policy "write" on releases for all using (${write});`;
    const published = await tenancyOf(clubs + releases(`has_role(auth.uid(), 'super_admin')`));
    expect(path(published, 'releases')).toBe('shared');
    expect(path(published, 'settings')).toBe('shared');
    expect(path(await tenancyOf(clubs + releases('created_by = auth.uid()')), 'releases')).toBe(
      'user created_by>auth.users',
    );
    const invited = releases(`has_role(auth.uid(), 'super_admin')`).replace('notes text', 'email text');
    expect(path(await tenancyOf(clubs + invited), 'releases')).toBe('user created_by>auth.users');
  });

  test('takes favourites of one’s own recipes for no membership, and a list that policies ask for one', async () => {
    const tables = (policy: string): string => `
      create table recipes (id uuid primary key, user_id uuid not null references auth.users (id), title text);
      create table recipe_favorites (recipe_id uuid not null references recipes (id), user_id uuid not null references auth.users (id), primary key (recipe_id, user_id));
      create table steps (id uuid primary key, recipe_id uuid not null references recipes (id), user_id uuid not null references auth.users (id));
      create table photos (id uuid primary key, recipe_id uuid not null references recipes (id));
      create table photo_seen (photo_id uuid not null references photos (id), user_id uuid not null references auth.users (id), primary key (photo_id, user_id));
      create table captions (id uuid primary key, photo_id uuid not null references photos (id));
      create table crops (id uuid primary key, photo_id uuid not null references photos (id));
      create table prints (id uuid primary key, photo_id uuid not null references photos (id));
      alter table recipes enable row level security;
      create policy cooks on recipes using (${policy});`;
    const kept = await tenancyOf(tables('user_id = auth.uid()'));
    expect(kept).toMatchObject({ root: { table: 'auth.users' }, memberships: [] });
    expect(path(kept, 'captions')).toBe('user photo_id>photos recipe_id>recipes user_id>auth.users');
    const asked = await tenancyOf(
      tables(
        'exists (select 1 from recipe_favorites f where f.recipe_id = recipes.id and f.user_id = (select auth.uid()))',
      ),
    );
    expect(asked).toMatchObject({ root: { table: 'recipes' }, memberships: [{ table: 'recipe_favorites' }] });
  });

  test('does not take the key of every row for one of a tenant, because a part of the tenant shares his', async () => {
    const tenancy = await tenancyOf(`
      create table clubs (id uuid primary key);
      create table club_members (club_id uuid not null references clubs (id), user_id uuid not null references auth.users (id), primary key (club_id, user_id));
      create table club_secrets (id uuid primary key references clubs (id), iban text);
      create table news (id uuid primary key, title text);
      create table notices (id uuid primary key, user_id uuid not null references auth.users (id));
      create table fees (id uuid primary key, club_id uuid not null, amount int);
    `);
    const owners = ['club_secrets', 'news', 'notices', 'fees'].map(table => path(tenancy, table));
    expect(owners).toEqual(['tenant id>clubs', 'shared', 'user user_id>auth.users', 'tenant club_id>clubs']);
  });

  test('takes whom somebody follows for no membership of his', async () => {
    const tenancy = await tenancyOf(`
      create table users (id uuid primary key references auth.users (id), handle text not null unique);
      create table follows (follower_id uuid not null references users (id), followee_id uuid not null references users (id), primary key (follower_id, followee_id));
      create table clubs (id uuid primary key);
      create table club_members (club_id uuid not null references clubs (id), user_id uuid not null references users (id), primary key (club_id, user_id));
      create table posts (id uuid primary key, user_id uuid not null references users (id));
      create table likes (post_id uuid not null references posts (id), user_id uuid not null references users (id), primary key (post_id, user_id));
      create table fees (id uuid primary key, club_id uuid not null references clubs (id));
      create table games (id uuid primary key, club_id uuid not null references clubs (id));
    `);
    expect(tenancy.root?.table).toBe('clubs');
    expect(tenancy.memberships.map(({ table }) => table)).toEqual(['club_members']);
  });

  test('takes memberships in parts of a tenant for those of the tenant, where it is written beside and nothing else says who belongs', async () => {
    const houses = (table: string, more = ''): string => `
      create table users (id uuid primary key, email text not null unique);
      create table tenants (id uuid primary key, created_by uuid references users (id));
      create table organizations (id uuid primary key, tenant_id uuid not null references tenants (id), unique (tenant_id, id));
      create table ${table} (
        id uuid primary key, tenant_id uuid not null references tenants (id), organization_id uuid not null,
        created_by uuid not null references users (id), user_id uuid not null references users (id), role text not null,
        channel_id uuid not null, muted boolean, archived boolean,
        foreign key (tenant_id, organization_id) references organizations (tenant_id, id), unique (tenant_id, user_id, channel_id)
      );
      create table files (id uuid primary key, tenant_id uuid not null references tenants (id), name text);
      create table notes (id uuid primary key, tenant_id uuid not null references tenants (id), body text);
      ${more}`;
    const found = async (text: string): Promise<readonly string[]> =>
      (await tenancyOf(text)).memberships.filter(({ lists }) => lists === undefined).map(({ table }) => table);
    expect(await found(houses('memberships'))).toEqual(['memberships']);
    expect(await found(houses('reports'))).not.toContain('reports');
    const people = `create table tenant_users (tenant_id uuid not null references tenants (id), user_id uuid not null references users (id), role text, primary key (tenant_id, user_id));`;
    expect(await found(houses('memberships', people))).toEqual(['tenant_users']);
  });

  test('takes what each member set for himself for no second membership', async () => {
    const tenancy = await tenancyOf(`
      create table clubs (id uuid primary key);
      create table club_people (club_id uuid not null references clubs (id), user_id uuid not null references auth.users (id), primary key (club_id, user_id));
      create table report_settings (club_id uuid not null references clubs (id), user_id uuid not null references auth.users (id), hour int, primary key (club_id, user_id));
      create function my_club(who uuid) returns uuid language sql stable security definer set search_path = '' as 'select club_id from public.club_people where user_id = who limit 1';
      alter table report_settings enable row level security;
      create policy own on report_settings using (user_id = auth.uid()) with check (club_id = my_club(auth.uid()));
    `);
    expect(tenancy.memberships.map(({ table }) => table)).toEqual(['club_people']);
  });

  test('takes for a membership, whatever it is called, where a helper that policies ask looks up the role', async () => {
    const tenancy = await tenancyOf(`
      create table sites (id uuid primary key, name text not null);
      create table site_people (
        id uuid primary key, site_id uuid not null references sites (id), person uuid not null references auth.users (id), power text not null
      );
      create table pages (id uuid primary key, site_id uuid not null references sites (id));
      create function power_in(site uuid) returns text language sql stable security definer
      as $$ select p.power from public.site_people p where p.site_id = site and p.person = auth.uid() limit 1 $$;
      create policy own on pages using (power_in(site_id) = any (array['admin', 'writer']));
    `);
    expect(tenancy.memberships).toStrictEqual([
      {
        table: 'site_people',
        tenantColumn: 'site_id',
        userColumn: 'person',
        roleColumn: 'power',
        adminRoles: ['admin'],
      },
    ]);
  });

  test('does not take a table of roles for one of tenants', async () => {
    const tenancy = await tenancyOf(`
      create table roles (id uuid primary key, name text not null unique);
      create table user_roles (user_id uuid references auth.users (id), role_id uuid references roles (id), primary key (user_id, role_id));
      create table invitations (id uuid primary key, email text, role_id uuid not null references roles (id));
      create table permissions (role_id uuid not null references roles (id), name text, primary key (role_id, name));
    `);
    expect(tenancy.root?.table).toBe('auth.users');
    expect(path(tenancy, 'user_roles')).toBe('user user_id>auth.users');
  });

  test('prefers the outermost group, and the users’ own column where there is no membership', async () => {
    const tenancy = await tenancyOf(`
      create table companies (id bigint primary key, name text);
      create table users (id bigint primary key, email text, company_id bigint not null references companies (id), role text);
      create table boards (id bigint primary key, company_id bigint not null references companies (id));
      create table board_members (board_id bigint references boards (id), user_id bigint references users (id), primary key (board_id, user_id));
      create table cards (id bigint primary key, board_id bigint not null references boards (id));
      create table comments (id bigint primary key, card_id bigint not null references cards (id), author_id bigint references users (id));
    `);
    expect(tenancy.root?.table).toBe('companies');
    expect(tenancy.memberships[0]).toMatchObject({ table: 'users', tenantColumn: 'company_id', userColumn: 'id' });
    expect(path(tenancy, 'comments')).toBe('tenant card_id>cards board_id>boards company_id>companies');
  });

  test('says of rows that are compared with the domain of who asks that a domain is no tenant', async () => {
    const because = async (condition: string): Promise<string> => {
      const { owners } = await tenancyOf(`
        create table desks (id uuid primary key default gen_random_uuid(), owner_email text not null);
        alter table desks enable row level security;
        create policy "own" on desks for select to authenticated using (${condition});`);
      const ownership = owners.find(({ table }) => table === 'desks')?.ownership;
      return ownership?.kind === 'unknown' ? ownership.because : (ownership?.kind ?? '');
    };
    expect(await because(`owner_email ilike '%' || split_part(auth.jwt() ->> 'email', '@', 2)`)).toContain(
      'the same domain need not be of the same tenant',
    );
    expect(await because('true')).toBe("'owner_email' is about a person, and no column leads to a tenant or a user");
  });
});
