import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { solverOfFile } from '../../commands/fixtures/solver.ts';

import { readCatalog } from '../../collect/database/catalog.ts';
import { lowerPolicies } from '../../collect/database/policies.ts';
import { replayMigrations } from '../../collect/database/replay.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import type { Cell } from '../../core/cell.ts';
import type { ReplicaDatabase, Solver } from '../../core/ports.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import { buildMatrix } from '../exploit/matrix.ts';
import { createProver, type ProvedCells } from './prove.ts';

const replica = replicaOfFile();
const solver = solverOfFile();

const garage = `
create table teams (id uuid primary key default gen_random_uuid(), name text not null);
create table mechanics (
  team_id uuid not null references teams (id),
  user_id uuid not null references auth.users (id),
  role text not null default 'mechanic' check (role in ('owner', 'mechanic')),
  primary key (team_id, user_id)
);
create function works_in(team uuid) returns boolean language sql stable security definer set search_path = ''
as $$ select exists (select 1 from public.mechanics m where m.team_id = team and m.user_id = (select auth.uid())) $$;
create table cars (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), plate text not null);
create table repairs (id uuid primary key default gen_random_uuid(), car_id uuid not null references cars (id), price integer);
alter table teams enable row level security;
alter table mechanics enable row level security;
alter table cars enable row level security;
alter table repairs enable row level security;
create policy "mine" on mechanics for select to authenticated using (works_in(team_id));
`;

const boats = `
create table teams (id uuid primary key default gen_random_uuid(), name text not null);
create table users (
  id uuid primary key default gen_random_uuid(),
  team_id uuid not null references teams (id),
  email text not null unique
);
create table boats (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), name text);
alter table boats enable row level security;
`;

async function prove(
  text: string,
  using: () => Solver | undefined = () => solver.loaded,
  told?: (proved: ProvedCells, copy: ReplicaDatabase) => Promise<void>,
): Promise<readonly Cell[]> {
  const copy = await replica.createDatabase();
  const { report, places } = await replayMigrations(
    copy.sql,
    [{ file: 'garage.sql', text: garage + text }],
    'supabase',
  );
  expect(report.failed).toEqual([]);
  const database = lowerPolicies(await readCatalog(copy.sql, 'supabase', places));
  const tenancy = inferTenancy(database);
  const { cells, range } = await buildMatrix(copy, database, tenancy);
  const field = range === undefined ? undefined : { sql: copy.sql, range };
  const proved = await createProver({ database, tenancy, solver: using() }).prove(cells, field);
  await told?.(proved, copy);
  return proved.cells;
}

function verdictOf(
  cells: readonly Cell[],
  object: string,
  command: Cell['command'],
  actor: Cell['actor'] = 'member',
): string {
  const cell = cells.find(each => each.object === object && each.command === command && each.actor === actor);
  return cell?.verdict === 'isolated' && cell.evidence.some(({ kind }) => kind === 'proof')
    ? 'proved'
    : (cell?.verdict ?? 'absent');
}

describe('the prover', () => {
  test('a helper that raises an error ends what called it', async () => {
    const listing = (helper: string, call = 'perform public.check_works(team)'): Promise<readonly Cell[]> =>
      prove(`create function check_works(team uuid) returns void language plpgsql stable security definer set search_path = '' ${helper};
        create function cars_of(team uuid) returns setof cars language plpgsql stable security definer set search_path = '' as $$
        begin
          ${call};
          return query select c.* from public.cars c where c.team_id = team;
        end $$;`);
    const raising = (level: string): string => `as $$
      begin
        if not public.works_in(team) then raise ${level} 'not yours'; end if;
      end $$`;
    expect(verdictOf(await listing(raising('exception')), 'cars_of', 'execute')).toBe('proved');
    expect(verdictOf(await listing(raising('notice')), 'cars_of', 'execute')).toBe('leaks');
    // Of null a strict function gives null, whatever its body would do; who catches the error goes on.
    const strictly = await listing(`strict ${raising('exception')}`, 'perform public.check_works(null)');
    expect(verdictOf(strictly, 'cars_of', 'execute')).toBe('leaks');
    const caught = 'begin perform public.check_works(team); exception when others then null; end';
    expect(verdictOf(await listing(raising('exception'), caught), 'cars_of', 'execute')).toBe('leaks');
  });

  test('whose address stands in a policy is not who attacks; that he has another one lets him in where that is asked', async () => {
    const reading = (condition: string): Promise<readonly Cell[]> =>
      prove(
        `alter table cars add contact text; create policy "see" on cars for select to authenticated using (${condition});`,
      );
    const named = await reading(`auth.jwt() ->> 'email' = 'owner@garage.example'`);
    expect(verdictOf(named, 'cars', 'select')).toBe('proved');
    const cell = named.find(each => each.object === 'cars' && each.command === 'select' && each.actor === 'member');
    expect(cell?.evidence.flatMap(each => ('assumptions' in each ? each.assumptions : []))).toContain(
      'who asks has none of the addresses that conditions name',
    );
    expect(verdictOf(await reading(`auth.email() <> 'owner@garage.example'`), 'cars', 'select')).toBe('leaks');
    expect(verdictOf(await reading(`lower(auth.email()) in ('a@x.example', 'b@x.example')`), 'cars', 'select')).toBe(
      'proved',
    );
  });

  test('an update must leave a row behind that the policies let in', async () => {
    const updating = (check: string): Promise<readonly Cell[]> =>
      prove(`create policy "repaint" on cars for update to authenticated using (true) with check (${check});
        create policy "see" on cars for select to authenticated using (true);`);
    expect(verdictOf(await updating('false'), 'cars', 'update')).toBe('proved');
    expect(verdictOf(await updating('works_in(team_id)'), 'cars', 'update')).toBe('leaks');
  });

  test('gives up on an expression whose cases multiply, and goes on', async () => {
    const parts = (row: string): string =>
      ['plate', 'colour', 'owner', 'garage', 'country', 'maker']
        .map(name => `coalesce(${row}.${name}::text, '')`)
        .join(` || '|' || `);
    const columns = ['colour', 'owner', 'garage', 'country', 'maker'].map(name => `add ${name} text`).join(', ');
    const cells = await prove(`alter table cars ${columns};
      create function digest_of(c cars) returns text language sql immutable as $$ select ${parts('c')} || ${parts('c')} $$;
      create function seal(c cars) returns text language plpgsql as $$
      declare before text; content text;
      begin
        if c.team_id is null then select k.colour into before from cars k where k.team_id is null order by k.id limit 1;
        else select k.colour into before from cars k where k.team_id = c.team_id order by k.id limit 1;
        end if;
        content := encode(sha256(convert_to(digest_of(c) || coalesce(before, '') || digest_of(c), 'UTF8')), 'hex');
        return coalesce(before, '') || '|' || content || '|' || coalesce(before, '') || content;
      end $$;
      create policy "cars" on cars for select to authenticated using (works_in(team_id));`);
    expect(verdictOf(cells, 'cars', 'select')).toBe('proved');
  });

  test('takes for granted that who asks is no staff of the app, as long as nobody makes himself such', async () => {
    const staff = `
      create table user_roles (user_id uuid references auth.users (id), role text not null, primary key (user_id, role));
      alter table user_roles enable row level security;
      create function is_staff() returns boolean language sql stable security definer set search_path = ''
      as $$ select exists (select 1 from public.user_roles r where r.user_id = auth.uid() and r.role = 'admin') $$;
      create policy "cars" on cars for select to authenticated using (works_in(team_id) or is_staff());`;
    expect(verdictOf(await prove(staff), 'cars', 'select')).toBe('proved');
    // A role that sounds like nothing special is one that people of tenants hold.
    const everybody = staff.replace(`r.role = 'admin'`, `r.role = 'customer'`);
    expect(verdictOf(await prove(everybody), 'cars', 'select')).toBe('leaks');
    const open = await prove(
      `${staff} create policy "roles" on user_roles for insert to authenticated with check (user_id = auth.uid());`,
    );
    expect(verdictOf(open, 'cars', 'select')).not.toBe('proved');
    expect(verdictOf(open, 'user_roles', 'insert')).toBe('leaks');
  });

  test('says the same of a table that it began with before the others were tried', async () => {
    const { cells, ...sources } = await replayed(
      replica,
      `${garage} create policy "cars" on cars for select to authenticated using (works_in(team_id));`,
    );
    const said = ({ cells: proved }: ProvedCells): unknown =>
      proved.map(cell => cell.evidence.map(({ kind, transcript, assumptions }) => [kind, transcript, assumptions]));
    const ahead = createProver({ ...sources, solver: solver.loaded });
    ahead.ahead(cells.filter(cell => cell.object === 'cars'));
    expect(said(await ahead.prove(cells))).toEqual(
      said(await createProver({ ...sources, solver: solver.loaded }).prove(cells)),
    );
  });

  test('asks about the cells of one role where only those are read', async () => {
    const { cells, ...sources } = await replayed(
      replica,
      `${garage} create policy "cars" on cars for select using (works_in(team_id));`,
    );
    const shown = async (role?: string): Promise<readonly (string | undefined)[]> => {
      const prover = createProver({ ...sources, solver: solver.loaded, ...(role === undefined ? {} : { role }) });
      const { cells: proved } = await prover.prove(cells);
      const isProved = (cell: Cell): boolean => cell.evidence.some(({ kind }) => kind === 'proof');
      return [...new Set(proved.filter(isProved).map(cell => cell.role))].toSorted();
    };
    expect(await shown()).toEqual(['anon', 'authenticated']);
    expect(await shown('authenticated')).toEqual(['authenticated']);
  });

  test('does not take the user for the tenant whose key he writes, as that would be his own', async () => {
    const cells = await prove(`
      create table tools (id uuid primary key default gen_random_uuid(), team_id uuid not null, name text);
      alter table tools enable row level security;
      create policy "tools" on tools for all to authenticated using (team_id = auth.uid());`);
    expect(verdictOf(cells, 'tools', 'insert', 'stranger')).toBe('proved');
  });

  test('proves what binds the owner by a setting of the app, where it is forced, and nothing that the app’s own rows decide', async () => {
    const own = async (text: string): Promise<readonly Cell[]> => {
      const { cells, ...sources } = await replayed(replica, boats + text, 'plain');
      return (await createProver({ ...sources, solver: solver.loaded }).prove(cells)).cells;
    };
    const setting = `create policy "own" on boats using (team_id = current_setting('app.team_id', true)::uuid);`;
    const forced = await own(`${setting} alter table boats force row level security;`);
    for (const command of ['select', 'insert', 'update', 'delete'] as const)
      expect(verdictOf(forced, 'boats', command), command).toBe('proved');
    expect(verdictOf(await own(setting), 'boats', 'select')).toBe('leaks');
    const members = `create policy "own" on boats using (exists (
      select from users s where s.team_id = boats.team_id and s.id = current_setting('app.user_id', true)::uuid));
      alter table boats force row level security;`;
    expect(verdictOf(await own(members), 'boats', 'select')).toBe('isolated');
    // What its policies read is the owner's too: it is tried, and not refused.
    const anyMember = members.replace(/ and s\.id = [^)]*\)::uuid/, '');
    expect(verdictOf(await own(anyMember), 'boats', 'select')).toBe('leaks');
  });

  test('a text that is cast to a key is taken to be the key as Postgres writes it, unless requests choose it', async () => {
    const logs = (more = ''): string => `
      create role deck nologin;
      create table teams (id text primary key, name text not null);
      create table logs (id uuid primary key default gen_random_uuid(), team_id text not null references teams (id), entry text);
      grant select on logs to deck;
      alter table teams enable row level security;
      alter table logs enable row level security;
      create policy "own" on logs to deck using (team_id::uuid = current_setting('app.team_id', true)::uuid);
      ${more}`;
    const read = async (text: string): Promise<Cell | undefined> => {
      const { cells, ...sources } = await replayed(replica, text, 'plain');
      const proved = await createProver({ ...sources, solver: solver.loaded }).prove(cells);
      return proved.cells.find(each => each.object === 'logs' && each.command === 'select' && each.actor === 'member');
    };
    const assumed = (await read(logs()))?.evidence.flatMap(each => (each.kind === 'proof' ? each.assumptions : []));
    expect(assumed?.join('\n')).toContain('written as Postgres writes a uuid');
    const chosen = await read(
      logs('grant insert on teams to deck; create policy "found" on teams for insert to deck with check (true);'),
    );
    expect(chosen).toMatchObject({ verdict: 'isolated' });
    expect(chosen?.evidence.map(({ kind }) => kind)).not.toContain('proof');
  });

  test('a setting that nobody filled is nobody’s key, and yet opens what asks whether it is empty', async () => {
    const logs = (condition: string): string => `
      create role deck nologin;
      create table teams (id text primary key, name text not null);
      create table users (id text primary key, email text not null unique);
      create table members (team_id text not null references teams (id), user_id text not null references users (id), role text not null, primary key (team_id, user_id));
      create table logs (id uuid primary key default gen_random_uuid(), team_id text not null references teams (id), user_id text not null references users (id), entry text);
      alter table logs enable row level security;
      grant select, insert on logs to deck;
      create policy "logs" on logs to deck using (${condition});`;
    const verdicts = async (condition: string): Promise<readonly string[]> => {
      const { cells, ...sources } = await replayed(replica, logs(condition), 'plain');
      const proved = (await createProver({ ...sources, solver: solver.loaded }).prove(cells)).cells;
      return (['select', 'insert'] as const).map(command => verdictOf(proved, 'logs', command, 'anonymous'));
    };
    expect(await verdicts(`team_id = current_setting('app.team_id', true)`)).toEqual(['proved', 'proved']);
    const orNobody = `coalesce(current_setting('app.team_id', true), '') in ('', team_id)`;
    expect(await verdicts(orNobody)).toEqual(['leaks', 'leaks']);
  });

  test('takes for granted that no flag makes who asks staff of the app, as long as he cannot set it', async () => {
    const flagged = `
      create table profiles (id uuid primary key references auth.users (id), nickname text, is_admin boolean not null default false);
      alter table profiles enable row level security;
      create policy "own profile" on profiles for select to authenticated using (id = auth.uid());
      create policy "cars" on cars for select to authenticated
        using (works_in(team_id) or exists (select 1 from profiles p where p.id = auth.uid() and p.is_admin));`;
    expect(verdictOf(await prove(flagged), 'cars', 'select')).toBe('proved');
    const open = await prove(
      `${flagged} create policy "edit profile" on profiles for update to authenticated using (id = auth.uid());`,
    );
    expect(verdictOf(open, 'cars', 'select')).not.toBe('proved');
  });

  test('proves a policy that ties the row to a membership of the user, and not its twin that ties nothing', async () => {
    const safe = await prove(
      'create policy "cars" on cars for select to authenticated using (exists (select 1 from mechanics m where m.team_id = cars.team_id and m.user_id = auth.uid()));',
    );
    expect(verdictOf(safe, 'cars', 'select')).toBe('proved');
    expect(verdictOf(safe, 'cars', 'select', 'anonymous')).toBe('proved');
    const leaking = await prove(
      'create policy "cars" on cars for select to authenticated using (exists (select 1 from mechanics m where m.team_id = m.team_id and m.user_id = auth.uid()));',
    );
    expect(verdictOf(leaking, 'cars', 'select')).toBe('leaks');
    expect(verdictOf(leaking, 'cars', 'select', 'stranger')).toBe('isolated');
  });

  test('takes for granted that nobody published what is read, and not what is changed', async () => {
    const shown = (command: string): Promise<readonly Cell[]> =>
      prove(`alter table cars add column is_public boolean not null default false;
create policy "own" on cars for all to authenticated using (works_in(team_id)) with check (works_in(team_id));
create policy "shown" on cars for select to authenticated using (is_public);
create policy "hole" on cars for ${command} to authenticated using (is_public and plate <> '');`);
    expect(verdictOf(await shown('select'), 'cars', 'select')).toBe('proved');
    for (const command of ['update', 'delete'] as const)
      expect(verdictOf(await shown(command), 'cars', command), command).not.toBe('proved');
  });

  test('follows helpers, parents and the policies of what a sub-query reads', async () => {
    const cells = await prove(`
      create function can_see(car uuid) returns boolean language plpgsql stable security definer set search_path = '' as $$
      declare
        team uuid;
      begin
        select c.team_id into team from public.cars c where c.id = car;
        if not found then
          return false;
        end if;
        return public.works_in(team);
      end $$;
      create policy "cars" on cars for all to authenticated using (team_id in (select m.team_id from mechanics m where m.user_id = auth.uid()));
      create policy "repairs" on repairs for select to authenticated using (can_see(car_id));
      create policy "new repairs" on repairs for insert to authenticated with check (exists (select 1 from cars c where c.id = car_id));
    `);
    expect(verdictOf(cells, 'cars', 'update')).toBe('proved');
    expect(verdictOf(cells, 'repairs', 'select')).toBe('proved');
    expect(verdictOf(cells, 'repairs', 'insert')).toBe('proved');
  });

  test('what rests on a membership that anybody may write for himself is shown for one statement only', async () => {
    const cars = 'create policy "cars" on cars for select to authenticated using (works_in(team_id));';
    const open = await prove(
      `${cars} create policy "join" on mechanics for insert to authenticated with check (user_id = auth.uid());`,
    );
    const read = open.find(cell => cell.object === 'cars' && cell.command === 'select' && cell.actor === 'member');
    expect(read?.evidence.map(({ kind }) => kind)).toEqual(['bounded']);
    expect(read?.evidence[0]?.transcript).toContain("may add rows to 'mechanics'");
    expect(read?.evidence[0]?.transcript).toContain('That write leaks, and after it so does this:\nbegin;');
    expect(read?.evidence[0]?.transcript).toMatch(
      /insert into "public"."mechanics".*\n(.*\n)*select count.*\n-- seen: 1 row/,
    );
    const closed = await prove(
      `${cars}
      create table invites (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), email text not null);
      alter table invites enable row level security;
      create policy "invite" on invites for insert to authenticated with check (works_in(team_id));
      create policy "join" on mechanics for insert to authenticated with check (
        user_id = auth.uid() and exists (select 1 from invites i where i.team_id = mechanics.team_id and i.email = auth.email())
      );
      create policy "invites" on invites for select to authenticated using (email = auth.email() or works_in(team_id));`,
    );
    expect(verdictOf(closed, 'cars', 'select')).toBe('proved');
    expect(verdictOf(closed, 'mechanics', 'insert')).toBe('proved');
    expect(
      closed.find(cell => cell.object === 'cars' && cell.command === 'select' && cell.actor === 'member')?.evidence[0]
        ?.transcript,
    ).toContain("'invites', 'mechanics' that the policies allow ties him to the victim");
  });

  test('follows functions, views and files to the rows behind them', async () => {
    const cells = await prove(`
      insert into storage.buckets (id, name) values ('papers', 'papers');
      create policy "papers" on storage.objects for select to authenticated using (
        bucket_id = 'papers' and (storage.foldername(name))[1] in (select m.team_id::text from mechanics m where m.user_id = auth.uid())
      );
      create policy "cars" on cars for select to authenticated using (works_in(team_id));
      create view plates with (security_invoker = on) as select plate from cars;
      create view my_plates as select c.plate from cars c join mechanics m on m.team_id = c.team_id where m.user_id = auth.uid();
      create function plates_of(team uuid) returns setof text language plpgsql stable security definer set search_path = '' as $$
      begin
        if not public.works_in(team) then
          raise exception 'no';
        end if;
        return query select c.plate from public.cars c where c.team_id = team;
      end $$;
      create function scrap(car uuid) returns void language sql security definer set search_path = '' as $$
        delete from public.cars c where c.id = car and public.works_in(c.team_id)
      $$;
      create function report_of(team uuid) returns jsonb language sql stable as $$
        with mine as (select c.* from cars c where c.team_id = team),
          counted as (select coalesce(count(*), 0) as number, max(plate) as last from mine),
          by_plate as (select coalesce(plate, '?') as plate, count(*) as number from mine group by coalesce(plate, '?'))
        select jsonb_build_object('number', t.number, 'last', t.last, 'plates', (select jsonb_agg(b.plate) from by_plate b)) from counted t
      $$;
      create function count_cars(team uuid) returns bigint language sql stable security definer set search_path = '' as $$
        select count(*) from public.cars c where c.team_id = team
      $$;
    `);
    for (const view of ['plates', 'my_plates']) expect(verdictOf(cells, view, 'select')).toBe('proved');
    for (const name of ['works_in', 'plates_of', 'scrap', 'report_of'])
      expect(verdictOf(cells, name, 'execute')).toBe('proved');
    expect(verdictOf(cells, 'count_cars', 'execute')).not.toBe('proved');
    expect(verdictOf(cells, 'objects', 'select')).toBe('proved');
  });

  test('what a trigger makes of a row before policies see it is what counts', async () => {
    const notes = (fill: string): string => `
      create table notes (id uuid primary key default gen_random_uuid(), team_id uuid references teams (id), author uuid default auth.uid(), text text);
      alter table notes enable row level security;
      create policy "see" on notes for select to authenticated using (works_in(team_id));
      create policy "add" on notes for insert to authenticated with check (author = auth.uid());
      create function fill() returns trigger language plpgsql security definer set search_path = '' as $$ begin
        ${fill}
        return new;
      end $$;
      create trigger fill before insert on notes for each row execute function fill();`;
    const own = `new.team_id := (select m.team_id from public.mechanics m where m.user_id = auth.uid() limit 1);`;
    const verdict = async (fill: string): Promise<readonly (string | undefined)[]> => {
      const cells = (await prove(notes(fill))).filter(cell => cell.object === 'notes' && cell.command === 'insert');
      return ['stranger', 'member'].map(actor => cells.find(cell => cell.actor === actor)?.verdict);
    };
    expect(await verdict(own)).toEqual(['isolated', 'isolated']);
    expect(await verdict(`if new.team_id is null then ${own} end if;`)).toEqual(['leaks', 'leaks']);
  });

  test('what views, triggers, parts and rules write into memberships is no less a write than one that policies see', async () => {
    const seen = `create policy "cars" on cars for select to authenticated using (works_in(team_id));`;
    const opened = async (text: string, object: string, command: Cell['command']): Promise<readonly string[]> => {
      const cells = await prove(seen + text);
      return [verdictOf(cells, 'cars', 'select'), verdictOf(cells, object, command)];
    };
    const mine = (rights: string): string =>
      `create view my_work ${rights} as select team_id, user_id, role from mechanics where user_id = auth.uid();`;
    expect(await opened(mine(''), 'my_work', 'update')).toEqual(['isolated', 'leaks']);
    expect(await opened(mine('with (security_invoker = on)'), 'my_work', 'update')).toEqual(['proved', 'proved']);

    const instead = (into: string): string => `
      create view teams_of_mine with (security_invoker = on) as select id, name from teams;
      create function join_team() returns trigger language plpgsql security definer set search_path = '' as $$
      declare made uuid; begin ${into} return new; end $$;
      create trigger join_team instead of insert on teams_of_mine for each row execute function join_team();`;
    const joining = `insert into public.mechanics (team_id, user_id) values (new.id, auth.uid());`;
    const founding = `insert into public.teams (name) values (new.name) returning id into made;
      insert into public.mechanics (team_id, user_id) values (made, auth.uid());`;
    expect(await opened(instead(joining), 'teams_of_mine', 'insert')).toEqual(['isolated', 'leaks']);
    expect(await opened(instead(founding), 'teams_of_mine', 'insert')).toEqual(['proved', 'isolated']);

    const copying = (asked: string): string => `
      create table profiles (id uuid primary key references auth.users (id), team uuid);
      alter table profiles enable row level security;
      create policy "own" on profiles for all to authenticated using (id = auth.uid()) with check (id = auth.uid());
      create function follow() returns trigger language plpgsql security definer set search_path = '' as $$ begin
        if new.team is not null ${asked} then
          insert into public.mechanics (team_id, user_id) values (new.team, new.id) on conflict do nothing;
        end if;
        return new; end $$;
      create trigger follow after insert or update on profiles for each row execute function follow();`;
    expect(await opened(copying(''), 'profiles', 'update')).toEqual(['isolated', 'leaks']);
    expect(await opened(copying('and public.works_in(new.team)'), 'profiles', 'update')).toEqual(['proved', 'proved']);

    const named = (asked: string): string => `
      create table profiles (id uuid primary key references auth.users (id), garage text);
      alter table profiles enable row level security;
      create policy "own" on profiles for all to authenticated using (id = auth.uid()) with check (id = auth.uid());
      create function follow() returns trigger language plpgsql security definer set search_path = '' as $$ begin
        insert into public.mechanics (team_id, user_id)
          select t.id, new.id from public.teams t where t.name = new.garage ${asked} on conflict do nothing;
        return new; end $$;
      create trigger follow after update on profiles for each row execute function follow();`;
    expect(await opened(named(''), 'profiles', 'update')).toEqual(['isolated', 'leaks']);
    expect(await opened(named('and public.works_in(t.id)'), 'profiles', 'update')).toEqual(['proved', 'proved']);

    const part = (secured: string): string => `create table guests (until date) inherits (mechanics); ${secured}`;
    expect(await opened(part(''), 'guests', 'insert')).toEqual(['isolated', 'leaks']);
    expect(await opened(part('alter table guests enable row level security;'), 'guests', 'insert')).toEqual([
      'proved',
      'proved',
    ]);

    const ruled = `
      create table wishes (team_id uuid, user_id uuid not null references auth.users (id));
      alter table wishes enable row level security;
      create policy "own" on wishes for insert to authenticated with check (user_id = auth.uid());
      create rule granted as on insert to wishes do also
        insert into mechanics (team_id, user_id) values (new.team_id, new.user_id);`;
    expect((await opened(ruled, 'wishes', 'insert'))[0]).toBe('isolated');
  });

  test('a token is trusted as far as what its hook reads is not the attacker’s to write', async () => {
    const chosen = (check: string): string => `
      create table settings (user_id uuid primary key references auth.users (id), active_team uuid);
      alter table settings enable row level security;
      create policy "own" on settings for all to authenticated using (user_id = auth.uid()) with check (user_id = auth.uid() and ${check});
      create policy "cars" on cars for select to authenticated using (team_id = (auth.jwt() ->> 'team_id')::uuid);
      create function token(event jsonb) returns jsonb language plpgsql stable as $$ begin
        return jsonb_set(event, '{claims, team_id}',
          (select to_jsonb(s.active_team) from public.settings s where s.user_id = (event ->> 'user_id')::uuid));
      end $$;
      revoke execute on function token from public, anon, authenticated;
      grant execute on function token to supabase_auth_admin;`;
    expect(verdictOf(await prove(chosen('true')), 'cars', 'select')).not.toBe('proved');
    expect(verdictOf(await prove(chosen('works_in(active_team)')), 'cars', 'select')).toBe('proved');
  });

  test('a file of the attacker’s own that is renamed into the folder of others is an upload there', async () => {
    const files = (check: string): string => `
      insert into storage.buckets (id, name) values ('papers', 'papers');
      create policy "see" on storage.objects for select to authenticated using (bucket_id = 'papers' and owner_id = auth.uid()::text);
      create policy "add" on storage.objects for insert to authenticated with check (bucket_id = 'papers' and ${inOwnFolder});
      create policy "rename" on storage.objects for update to authenticated using (bucket_id = 'papers' and ${inOwnFolder}) ${check};`;
    const inOwnFolder = `(storage.foldername(name))[1] in (select m.team_id::text from mechanics m where m.user_id = auth.uid())`;
    const open = await prove(files(`with check (bucket_id = 'papers')`));
    expect(verdictOf(open, 'objects', 'insert')).toBe('proved');
    expect(
      open.find(cell => cell.object === 'objects' && cell.command === 'update' && cell.actor === 'member')?.verdict,
    ).toBe('leaks');
    expect(verdictOf(await prove(files('')), 'objects', 'update')).toBe('proved');
  });

  test('a row of the attacker’s own that refers to the victim’s opens what is shown by reference', async () => {
    const tables = `
      create table jobs (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), car_id uuid not null references cars (id));
      alter table jobs enable row level security;
      create policy "jobs" on jobs for select to authenticated using (works_in(team_id));
      create policy "cars" on cars for select to authenticated using (
        exists (select 1 from jobs j where j.car_id = cars.id and works_in(j.team_id))
      );`;
    const open = await prove(
      `${tables} create policy "add" on jobs for insert to authenticated with check (works_in(team_id));`,
    );
    expect(verdictOf(open, 'cars', 'select')).not.toBe('proved');
    const closed = await prove(`${tables} create policy "add" on jobs for insert to authenticated with check (
      works_in(team_id) and exists (select 1 from cars c where c.id = car_id and c.team_id = jobs.team_id));`);
    expect(verdictOf(closed, 'cars', 'select')).toBe('proved');
  });

  test('a row of two tenants is shown to both of them, and an invitation to whom it is addressed', async () => {
    const cells = await prove(`
      create table deals (id uuid primary key default gen_random_uuid(), buyer_id uuid not null references teams (id), seller_id uuid not null references teams (id));
      alter table deals enable row level security;
      create policy "deals" on deals for select to authenticated using (works_in(buyer_id) or works_in(seller_id));
      create table invites (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), email text not null);
      alter table invites enable row level security;
      create policy "invites" on invites for select to authenticated using (lower(email) = lower(auth.jwt() ->> 'email') or works_in(team_id));
    `);
    expect(verdictOf(cells, 'deals', 'select')).toBe('proved');
    expect(verdictOf(cells, 'invites', 'select')).toBe('proved');
  });

  test('a policy for rows of its own table is followed, and one that Postgres refuses as endless lets nothing through', async () => {
    const cells = await prove(`
      create table crews (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), user_id uuid not null references auth.users (id));
      alter table crews enable row level security;
      create policy "read" on crews for select to authenticated using (user_id = auth.uid());
      create policy "add" on crews for insert to authenticated with check (
        exists (select 1 from crews c where c.team_id = crews.team_id)
      );
      create table shifts (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), user_id uuid not null references auth.users (id));
      alter table shifts enable row level security;
      create policy "read" on shifts for select to authenticated using (
        exists (select 1 from shifts s where s.team_id = shifts.team_id and s.user_id = auth.uid())
      );
      create policy "add" on shifts for insert to authenticated with check (
        exists (select 1 from shifts s where s.team_id = s.team_id)
      );
      create table notes (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), author text not null);
      alter table notes enable row level security;
      create policy "read" on notes for select to authenticated using (
        author = 'everybody' or exists (select 1 from auth.users u where u.email = notes.author)
      );
    `);
    expect(verdictOf(cells, 'notes', 'select')).toBe('proved');
    expect(verdictOf(cells, 'crews', 'insert')).toBe('proved');
    expect(verdictOf(cells, 'shifts', 'select')).toBe('broken');
    expect(verdictOf(cells, 'shifts', 'insert')).toBe('broken');
    expect(verdictOf(cells, 'shifts', 'select', 'anonymous')).toBe('proved');
  });

  test('rows that only the solver thinks of are made, and what Postgres gives away on them leaks', async () => {
    const cells = await prove(
      `
      create type stage as enum ('draft', 'ready', 'done');
      create table orders (
        id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id),
        stage stage not null default 'draft', parent_id uuid, plate text check (length(plate) > 3)
      );
      create table lines (id uuid primary key default gen_random_uuid(), order_id uuid not null references orders (id), price integer);
      alter table orders enable row level security;
      alter table lines enable row level security;
      create policy "orders" on orders for select to authenticated using (
        works_in(team_id) or (stage = 'done' and parent_id is null and plate = 'none')
      );
      create policy "lines" on lines for delete to authenticated using (
        exists (select 1 from orders o where o.id = lines.order_id and (works_in(o.team_id) or (o.stage = 'done' and o.parent_id is null and o.plate = 'none')))
      );
      create policy "see lines" on lines for select to authenticated using (true);
      `,
      () => solver.loaded,
      async ({ witnesses }, copy) => {
        expect(witnesses.reached).toBeGreaterThan(0);
        expect(
          (await copy.sql.query(`select count(*)::int as rows from orders where stage = 'done' and plate = 'none'`))
            .rows,
        ).toEqual([{ rows: 0 }]);
      },
    );
    expect(verdictOf(cells, 'orders', 'select', 'stranger')).toBe('leaks');
    expect(verdictOf(cells, 'lines', 'delete', 'stranger')).toBe('leaks');
    const found = cells.find(cell => cell.object === 'orders' && cell.verdict === 'leaks');
    expect(found?.because).toBe(
      "A user whom nothing ties to the owner read a row of another's, where stage = 'done' and parent_id is null and plate = 'none': rows that the prover found.",
    );
    const transcript = found?.evidence[0]?.transcript ?? '';
    expect(transcript).toContain("'done', null, 'none')");
    expect(transcript).toContain('-- seen: 1 row of another owner; expected: 0');
  });

  test('rows that tie who asks to the owner, and requests that carry a secret, are no leak', async () => {
    const cells = await prove(
      `
      create table deals (id uuid primary key default gen_random_uuid(), buyer_id uuid not null references teams (id), seller_id uuid not null references teams (id));
      alter table deals enable row level security;
      create policy "new deals" on deals for insert to authenticated with check (works_in(buyer_id) or works_in(seller_id));
      create table tokens (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams (id), token text not null);
      alter table tokens enable row level security;
      create function knows() returns boolean language sql stable security definer set search_path = ''
      as $$ select exists (select 1 from public.tokens t where t.token = current_setting('request.headers', true)::json ->> 'x-token') $$;
      create policy "cars" on cars for select to anon using (knows());
      `,
      () => solver.loaded,
      async ({ witnesses, gaps }) => {
        expect(witnesses).toEqual({ tried: 2, reached: 0 });
        const reasons = gaps.map(gap => gap.reason).join('\n');
        expect(reasons).toContain('only rows that tie who asks to the owner let it through');
        expect(reasons).toContain('it depends on what the session says (request.headers)');
        return Promise.resolve();
      },
    );
    expect(verdictOf(cells, 'deals', 'insert')).toBe('isolated');
    expect(verdictOf(cells, 'cars', 'select', 'anonymous')).toBe('isolated');
  });

  test('members who stand in a list of the tenant’s row are looked for there', async () => {
    const halls = (list: string, see: string, change = see): string => `
      create table halls (id uuid primary key default gen_random_uuid(), keepers ${list} not null, name text);
      create table shows (id uuid primary key default gen_random_uuid(), hall_id uuid not null references halls (id), title text);
      create table seats (id uuid primary key default gen_random_uuid(), show_id uuid not null references shows (id), place text);
      drop table repairs, cars, mechanics cascade;
      alter table halls enable row level security;
      alter table shows enable row level security;
      alter table seats enable row level security;
      create policy "see" on halls for select to authenticated using (${see});
      create policy "make" on halls for insert to authenticated with check (${see});
      create policy "change" on halls for update to authenticated using (${change}) with check (${see});
      create policy "shows" on shows for all to authenticated using (exists (select from halls h where h.id = hall_id and ${see}));
      create policy "seats" on seats for select to authenticated
        using (exists (select from shows s join halls h on h.id = s.hall_id where s.id = show_id and ${see}));`;
    const proved = ['halls', 'shows', 'seats'];
    for (const [list, see] of [
      ['uuid[]', '(select auth.uid()) = any (keepers)'],
      ['uuid[]', 'keepers @> array[auth.uid()]'],
      ['uuid[]', 'auth.uid() in (select unnest(keepers))'],
      ['jsonb', 'keepers ? auth.uid()::text'],
    ] as const) {
      const cells = await prove(halls(list, see));
      expect(proved.map(name => verdictOf(cells, name, 'select'))).toEqual(['proved', 'proved', 'proved']);
      expect(verdictOf(cells, 'halls', 'update')).toBe('proved');
      expect(verdictOf(cells, 'shows', 'update')).toBe('proved');
    }
    // Who may write any list writes himself into it: what then still holds, holds for requests that read what they change.
    const open = await prove(halls('uuid[]', 'auth.uid() = any (keepers)', 'true'));
    expect(verdictOf(open, 'halls', 'update')).toBe('leaks');
    const shows = open.find(({ object, command, actor }) => `${object} ${command} ${actor}` === 'shows select member');
    expect(shows?.evidence[0]?.assumptions).toContain(
      'the statement reads a column of the row, as every request through the API does',
    );
    const listed = await prove(
      `${halls('uuid[]', 'auth.uid() = any (keepers)', 'true')} create policy "all" on halls for select to authenticated using (true);`,
    );
    expect(verdictOf(listed, 'shows', 'select')).not.toBe('proved');
  });

  test('an injected policy that lets everybody in is never proved', async () => {
    const cells = await prove(
      'create policy "cars" on cars for all to authenticated using (works_in(team_id) or true);',
    );
    for (const command of ['select', 'insert', 'update', 'delete'] as const)
      expect(verdictOf(cells, 'cars', command)).toBe('leaks');
  });

  test('without z3 only what privileges and absent policies say is proved', async () => {
    const cells = await prove(
      'create policy "cars" on cars for select to authenticated using (works_in(team_id));',
      () => undefined,
    );
    expect(verdictOf(cells, 'cars', 'select')).toBe('isolated');
    expect(verdictOf(cells, 'cars', 'delete')).toBe('proved');
  });
});
