import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import type { FixResult, RulesResult } from '../core/result.ts';
import { createContext } from './context.ts';
import { runFix } from './fix.ts';
import { runRules } from './rules.ts';

const context = createContext(silentProgress);
afterAll(() => context.lifetime.close());

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-fix-'));
  write({ 'package.json': '{ "name": "notes", "dependencies": { "@supabase/supabase-js": "2" } }' });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

const tables = `create table teams (id uuid primary key default gen_random_uuid(), name text not null);
create table team_members (
  id uuid primary key default gen_random_uuid(),
  team_id uuid not null references teams (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'member')),
  unique (team_id, user_id)
);
create table notes (
  id uuid primary key default gen_random_uuid(),
  team_id uuid not null references teams (id) on delete cascade,
  body text not null
);
create index on notes (team_id);
create index on team_members (user_id);
alter table teams enable row level security;
alter table team_members enable row level security;
alter table notes enable row level security;
`;

async function fixed(): Promise<{ readonly fix: FixResult; readonly rules: RulesResult }> {
  const fix = await runFix(folder, { attack: false, apply: true }, context);
  return { fix, rules: await judged() };
}

/** Rules end their replica, so they have one of their own. */
async function judged(): Promise<RulesResult> {
  const own = createContext(silentProgress);
  try {
    return await runRules(folder, {}, own);
  } finally {
    await own.lifetime.close();
  }
}

function standing({ cells }: RulesResult, verdict: string): readonly string[] {
  return [
    ...new Set(
      cells.filter(cell => cell.verdict === verdict).map(({ object, command, role }) => `${role} ${command} ${object}`),
    ),
  ];
}

test('policies that are all open are closed without keeping out members or who makes a team', async () => {
  const open = (table: string): string =>
    `create policy "open" on ${table} for all to authenticated using (true) with check (true);`;
  write({
    'supabase/migrations/001_notes.sql': `${tables}${['teams', 'team_members', 'notes'].map(open).join('\n')}\n`,
  });
  const { fix, rules } = await fixed();
  expect(standing(rules, 'leaks')).toEqual([]);
  expect(standing(rules, 'broken')).toEqual([]);
  const held = fix.fixes.filter(each => each.offered);
  const steps = held.flatMap(each => each.verification);
  expect(steps.filter(each => each.step === 'own-access').every(each => each.outcome === 'passed')).toBe(true);
  const sql = held.flatMap(each => each.fix.newFiles.map(file => file.text)).join('\n');
  expect(sql).toContain('teams_awaits_first_member(team_id)');
  expect(sql).toContain('alter table teams add column created_by uuid default auth.uid();');
  expect(held.flatMap(each => each.fix.newFiles.map(file => file.file)).toSorted()[0]).toMatch(/\/002_/);
});

test('who joins any team by himself joins only the one that he made, which says so already', async () => {
  const member = `exists (select 1 from team_members m where m.team_id = %.team_id and m.user_id = (select auth.uid()))`;
  write({
    'supabase/migrations/001_notes.sql': `${tables.replace('name text not null', 'name text not null, owner_id uuid not null default auth.uid() references auth.users (id)')}
create policy "make" on teams for insert to authenticated with check (owner_id = (select auth.uid()));
create policy "own" on teams for select to authenticated using (owner_id = (select auth.uid()));
create policy "mine" on team_members for select to authenticated using (user_id = (select auth.uid()));
create policy "join" on team_members for insert to authenticated with check (user_id = (select auth.uid()));
create policy "read" on notes for select to authenticated using (${member.replaceAll('%', 'notes')});
`,
  });
  const before = await judged();
  expect(standing(before, 'leaks')).toContain('authenticated insert team_members');
  const { fix, rules } = await fixed();
  expect(standing(rules, 'leaks')).toEqual([]);
  expect(standing(rules, 'broken')).toEqual([]);
  const sql = fix.fixes.flatMap(each => (each.offered ? each.fix.newFiles.map(file => file.text) : [])).join('\n');
  expect(sql).toContain('t.owner_id = auth.uid()');
  expect(sql).not.toContain('add column');
});
