import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import { createContext } from './context.ts';
import { runRules } from './rules.ts';

const context = createContext(silentProgress);
const folder = mkdtempSync(join(tmpdir(), 'drift-'));

afterAll(async () => {
  await context.lifetime.close();
  rmSync(folder, { recursive: true, force: true });
});

const first = `create table firms (id uuid primary key);
create table bills (id uuid primary key, firm_id uuid not null references firms);
grant select on firms, bills to clerk;
`;
const second = `alter table bills enable row level security;
create policy own on bills to clerk using (firm_id = current_setting('app.firm')::uuid);
`;

async function driftFrom(server: string): Promise<readonly string[]> {
  mkdirSync(join(folder, 'migrations'), { recursive: true });
  writeFileSync(join(folder, 'migrations/1_first.sql'), first);
  writeFileSync(join(folder, 'migrations/2_second.sql'), second);
  const live = await (await context.replica()).createDatabase();
  await live.sql.query(`do $$ begin create role clerk; exception when duplicate_object then null; end $$; ${server}`);
  const { gaps } = await runRules(folder, { databaseUrl: live.url }, context);
  return gaps.flatMap(({ reason, file, line }) =>
    /on the server|The server/.test(reason) ? [`${reason}${file === '' ? '' : ` ${file}:${line}`}`] : [],
  );
}

test('a migration that waits is told, with its place', async () => {
  expect(await driftFrom(first)).toEqual([
    'The server differs from the migrations in 2 places; what is judged is the server.',
    "Row security of 'bills' is off on the server, and on after the migrations. migrations/1_first.sql:2",
    "The server has no policy 'own' on 'bills', which the migrations make. migrations/2_second.sql:2",
  ]);
});

test('what was changed by hand is told, and a server that has it all is not', async () => {
  expect(await driftFrom(`${first}${second}create table schema_migrations (version text);`)).toEqual([]);
  const byHand = `alter policy own on bills using (true); create policy everybody on bills using (true);
    create table notes (id int);`;
  expect(await driftFrom(`${first}${second}${byHand}`)).toEqual([
    'The server differs from the migrations in 3 places; what is judged is the server.',
    "The policy 'own' on 'bills' says something else on the server than after the migrations. migrations/2_second.sql:2",
    "The server has a policy 'everybody' on 'bills', which no migration makes.",
    "The server has a table 'notes', which no migration makes.",
  ]);
});
