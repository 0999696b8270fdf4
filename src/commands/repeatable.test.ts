import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { replayMigrations } from '../collect/database/replay.ts';
import type { RulesAssertions } from '../core/assertion.ts';
import { silentProgress } from '../core/ports.ts';
import { startReplica } from '../prove/replica/start.ts';
import { toJson } from '../report/json.ts';
import { toPgTap } from '../report/tests/pgtap.ts';
import { toVitest } from '../report/tests/vitest.ts';
import { createContext } from './context.ts';
import { runRules } from './rules.ts';

/**
 * What a replay could make anew each time: keys of reference data, moments that columns have no default for, that keys
 * hold and that functions are called with, sequences, and whom a first write lets in.
 */
const guild = `
create table guilds (id uuid primary key default gen_random_uuid(), name text not null);
create table seats (user_id uuid references auth.users, guild_id uuid references guilds, seated timestamptz not null, primary key (user_id, guild_id));
create table tiers (id uuid primary key default gen_random_uuid(), name text not null);
insert into tiers (name) values ('apprentice'), ('master');
create table guild_roles (id uuid primary key default gen_random_uuid(), name text not null unique);
insert into guild_roles (name) values ('guest'), ('keeper');
alter table seats add column role_id uuid references guild_roles;
create table vaults (id uuid primary key default gen_random_uuid(), guild_id uuid not null references guilds, gold integer not null);
create table ledgers (
  id bigserial primary key, guild_id uuid not null references guilds, tier_id uuid not null references tiers,
  author uuid references auth.users, token text not null default md5(random()::text), noted timestamptz(3) not null, due_at timestamp not null
);
create table chimes (id uuid default gen_random_uuid(), at timestamptz default now(), guild_id uuid not null references guilds, body text not null, primary key (id, at));
create table drafts (id uuid primary key default gen_random_uuid(), user_id uuid not null references auth.users, body text not null, changed timestamptz not null);
alter table guilds enable row level security;
alter table seats enable row level security;
alter table ledgers enable row level security;
alter table chimes enable row level security;
alter table drafts enable row level security;
alter table guild_roles enable row level security;
alter table vaults enable row level security;
create policy "all roles" on guild_roles for select to authenticated using (true);
create policy "any keeper" on vaults for select to authenticated using (
  exists (select 1 from seats s join guild_roles r on r.id = s.role_id where s.user_id = auth.uid() and r.name = 'keeper'));
create policy "own seats" on seats for select to authenticated using (user_id = auth.uid());
create policy "any seat" on seats for insert to authenticated with check (user_id = auth.uid());
create policy "seated read" on guilds for select to authenticated using (id in (select guild_id from seats where user_id = auth.uid()));
create policy "seated write" on ledgers for all to authenticated using (guild_id in (select guild_id from seats where user_id = auth.uid()));
create policy "any chime" on chimes for insert to authenticated with check (true);
create policy "seated hear" on chimes for select to authenticated using (guild_id in (select guild_id from seats where user_id = auth.uid()));
create policy "own drafts" on drafts for all to authenticated using (user_id = auth.uid());
create view ledger_titles as select id, guild_id, token from ledgers;
create function noted_before(moment timestamptz) returns setof ledgers language sql stable security definer set search_path = ''
as $$ select * from public.ledgers l where l.noted <= moment $$;
create function by_token(wanted text) returns setof ledgers language sql stable security definer set search_path = ''
as $$ select * from public.ledgers l where l.token = wanted $$;
insert into storage.buckets (id, name, public) values ('scrolls', 'scrolls', false);
create policy "any scroll" on storage.objects for select to authenticated using (bucket_id = 'scrolls');
`;

let folder: string;
let runs: readonly Run[];

interface Run {
  /** Its JSON but for the times. */
  readonly text: string;
  readonly assertions: RulesAssertions;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-repeatable-'));
  mkdirSync(join(folder, 'supabase', 'migrations'), { recursive: true });
  writeFileSync(join(folder, 'supabase', 'migrations', '20260101000000_guild.sql'), guild);
  runs = [await run(), await run()];
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run with a Postgres and a solver of its own. */
async function run(): Promise<Run> {
  const context = createContext(silentProgress);
  try {
    const result = await runRules(folder, { pgtap: 'guild.sql', vitest: 'guild.test.mjs' }, context);
    const { assertions = { seed: [], assertions: [] } } = result;
    return { text: toJson(result).replaceAll(/"elapsedMs": \d+/g, '"elapsedMs": 0'), assertions };
  } finally {
    await context.lifetime.close();
  }
}

/** The scripts after a first write, as `psql` gets them. */
function scriptsIn(text: string): readonly string[] {
  return text.split('\n').flatMap(line => {
    const [, written] = /^ *"transcript": (".*"),?$/.exec(line) ?? [];
    const transcript: unknown = written === undefined ? undefined : JSON.parse(written);
    return typeof transcript === 'string' && transcript.includes('after it so does this:\n')
      ? [transcript.split('after it so does this:\n')[1] ?? '']
      : [];
  });
}

describe('two runs', () => {
  test('find each kind: leaks by policy, view, function and bucket, proofs, and what a first write opens', () => {
    const text = runs[0]?.text ?? '';
    for (const seen of [
      '"objectKind": "view"',
      '"objectKind": "function"',
      '"objectKind": "bucket"',
      '"kind": "proof"',
    ])
      expect(text).toContain(seen);
    expect(text).toContain('That write leaks, and after it so does this');
    expect(text).toContain('noted_before');
  });

  test('tell what runs on any other copy, though the keys of reference data are other ones there', async () => {
    const script = scriptsIn(runs[0]?.text ?? '').find(text =>
      text.includes("current_setting('drydock.tiers_id_1')::uuid"),
    );
    const replica = await startReplica();
    try {
      const { sql } = await replica.createDatabase();
      await replayMigrations(sql, [{ file: '1.sql', text: guild }], 'supabase');
      const [before, after] = (script ?? '').split('-- seen: 1 row more than before; expected: 0');
      expect(after).toContain('rollback;');
      expect(Object.values((await sql.query(before ?? '')).rows[0] ?? {})).toEqual(['1']);
    } finally {
      await replica.stop();
    }
  });

  test('tell the role that somebody holds by where it stands, for on any other copy it has another key', async () => {
    const leaking = runs[0]?.text.split('\n').flatMap(line => {
      const [, written] =
        /^ *"transcript": (".*from \\"public\\"\.\\"vaults\\".*seen: 1 row of tenant B.*"),?$/.exec(line) ?? [];
      return written === undefined ? [] : [String(JSON.parse(written))];
    });
    const [script = ''] = (leaking ?? []).filter(text => text.includes('drydock.guild_roles_id_'));
    const replica = await startReplica();
    try {
      const { sql } = await replica.createDatabase();
      await replayMigrations(sql, [{ file: '1.sql', text: guild }], 'supabase');
      const [before = ''] = script.split('-- seen: 1 row of tenant B; expected: 0');
      expect(Object.values((await sql.query(before)).rows[0] ?? {})).toEqual(['1']);
    } finally {
      await replica.stop();
    }
  });

  test('give the same bytes but for the time that they took', () => {
    const [first = '', second = ''] = runs.map(({ text }) => text.split('\n'));
    expect(first.length).toBeGreaterThan(1000);
    expect(second).toEqual(first);
  });

  test('write the same tests, which find the keys of reference data in the database that they run on', async () => {
    const [first, second] = runs.map(({ assertions }) => ({
      pgtap: toPgTap(assertions).split('\n'),
      vitest: toVitest(assertions).split('\n'),
    }));
    expect(second).toEqual(first);
    const { seed, assertions } = runs[1]?.assertions ?? { seed: [], assertions: [] };
    const own = assertions.find(({ words }) => words.includes('can add rows of its own tenant: ledgers'));
    expect(own?.statement).toContain("current_setting('drydock.tiers_id_");
    const replica = await startReplica();
    try {
      const { sql } = await replica.createDatabase();
      await replayMigrations(sql, [{ file: '1.sql', text: guild }], 'supabase');
      const script = [
        'begin; set local session_replication_role = replica',
        ...seed,
        'set local session_replication_role = origin',
      ];
      await sql.query(script.join(';\n'));
      expect((await sql.query(own?.statement ?? '')).rowCount).toBe(1);
    } finally {
      await replica.stop();
    }
  });
});
