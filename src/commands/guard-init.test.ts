import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContext } from './context.ts';
import { runGuardInit } from './guard-init.ts';
import { silentProgress } from '../core/ports.ts';

const files: Readonly<Record<string, string>> = {
  'package.json': '{\n  "name": "notes",\n  "dependencies": {\n    "next": "16.0.0",\n    "pg": "8.0.0"\n  }\n}\n',
  '.env.example': 'DATABASE_URL=postgres://localhost/notes\n',
  'lib/db.ts': `import { Pool } from 'pg';

export const pool = new Pool({ connectionString: process.env.DATABASE_URL });
`,
  'app/api/notes/route.ts': `import { pool } from '../../../lib/db';

export async function GET() {
  return Response.json((await pool.query('select * from notes')).rows);
}
`,
  'migrations/001_init.sql': `create table users (id uuid primary key, email text not null);
create table teams (id uuid primary key, name text not null);
create table memberships (user_id uuid not null references users, team_id uuid not null references teams, primary key (user_id, team_id));
create table notes (id uuid primary key, team_id uuid not null references teams, body text not null);
create table comments (id uuid primary key, note_id uuid not null references notes, body text not null);
`,
};

const context = createContext(silentProgress);
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'drydock-guard-init-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
});
afterAll(async () => {
  await context.lifetime.close();
  rmSync(root, { recursive: true, force: true });
});

const text = (file: string): string => readFileSync(join(root, file), 'utf8');

test('the guard is shown as a diff that holds on a copy, and nothing is written', async () => {
  const shown = await runGuardInit(root, {}, context);
  expect(shown.files).toEqual([
    '.env.example',
    'lib/db.ts',
    'lib/guard.ts',
    'migrations/002_guard.sql',
    'migrations/003_guard_indexes.sql',
    'migrations/reverse/002_guard.sql',
    'package.json',
  ]);
  expect(shown.verified).toMatchObject({ leaks: [], unknown: [] });
  expect(shown.verified.isolated).toBeGreaterThan(20);
  expect(shown.diff).toContain('+export const pool = openPool({ connectionString: process.env.DATABASE_URL });');
  expect(shown.diff).toContain("+    membership: { table: 'memberships', user: 'user_id', tenant: 'team_id' },");
  expect(shown.written).toBe(false);
  expect(text('lib/db.ts')).toBe(files['lib/db.ts']);
});

test('it is not written over changes that are not committed, and written into a clean worktree', async () => {
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  await expect(runGuardInit(root, { write: true }, context)).rejects.toThrow(/not committed/);
  writeFileSync(join(root, '.gitignore'), '.drydock/\n');
  execFileSync('git', ['add', '--all'], { cwd: root });
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '--quiet', '-m', 'app'], { cwd: root });
  const written = await runGuardInit(root, { write: true }, context);
  expect(written.written).toBe(true);
  expect(text('lib/db.ts')).toContain("import { openPool } from './guard';");
  expect(text('package.json')).toContain('"@drydock/guard"');
});

test('the tables of its parts come as a migration of their own, and hold too', async () => {
  const parts = ['stripe', 'events', 'freeze', 'limits'] as const;
  const written = await runGuardInit(root, { with: parts, write: true, force: true }, context);
  expect(written.files).toEqual([
    '.env.example',
    'migrations/004_guard_parts.sql',
    'migrations/reverse/004_guard_parts.sql',
  ]);
  expect(written.verified).toMatchObject({ leaks: [], unknown: [] });
  expect(text('migrations/004_guard_parts.sql')).toContain('create table if not exists drydock.stripe_customer');
  expect(text('.env.example')).toContain('LIMITS_DATABASE_URL=');
  expect(written.todo.join('\n')).toContain('stripeWebhook(');
  const again = await runGuardInit(root, { with: parts, write: true, force: true }, context);
  expect(again.files).toEqual([]);
});
