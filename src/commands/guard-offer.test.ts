import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import { renderTerminal } from '../report/terminal/render.ts';
import { createContext } from './context.ts';
import { runFix } from './fix.ts';

const files: Readonly<Record<string, string>> = {
  'package.json':
    '{ "name": "notes", "dependencies": { "iron-session": "8.0.4", "next": "16.0.0", "pg": "8.23.1" } }\n',
  'lib/db.ts': `import { Pool } from 'pg';

export const pool = new Pool({ connectionString: process.env.DATABASE_URL });
`,
  'lib/session.ts': `import { getIronSession } from 'iron-session';
import { cookies } from 'next/headers';

export interface SessionData { userId?: string; teamId?: string }
export async function getSession() {
  return getIronSession<SessionData>(await cookies(), { cookieName: 'notes', password: process.env.SESSION_PASSWORD ?? '' });
}
`,
  'app/api/notes/[id]/route.ts': `import { pool } from '../../../../lib/db';
import { getSession } from '../../../../lib/session';

export async function GET(_: Request, { params }: { params: Promise<{ id: string }> }) {
  const session = await getSession();
  if (!session.userId) return new Response(null, { status: 401 });
  const { id } = await params;
  const { rows } = await pool.query('select id, body from notes where id = $1', [id]);
  return Response.json(rows);
}
`,
  'migrations/001_init.sql': `create table users (id uuid primary key, email text not null);
create table teams (id uuid primary key, name text not null);
create table memberships (user_id uuid not null references users, team_id uuid not null references teams, primary key (user_id, team_id));
create table notes (id uuid primary key, team_id uuid not null references teams, body text not null);
`,
};

const context = createContext(silentProgress);
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'drydock-guard-offer-'));
  for (const [file, text] of Object.entries(files)) write(file, text);
});
afterAll(async () => {
  await context.lifetime.close();
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

test('a query that ignores the tenant is offered the guard, tried on a copy', async () => {
  const { guard } = await runFix(root, { attack: false }, context);
  expect(guard).toMatchObject({ command: 'drydock guard init' });
  expect(guard?.findings).toHaveLength(1);
  expect(guard?.files).toContain('lib/guard.ts');
  expect(guard?.moved).toEqual([]);
  expect(guard?.verification[0]).toMatchObject({ step: 'replay', outcome: 'passed' });
});

test('an app on postgres.js is told that the guard moves it to node-postgres', async () => {
  const route = 'app/api/notes/[id]/route.ts';
  const own = files[route] ?? '';
  write('lib/db.ts', "import postgres from 'postgres';\n\nexport const sql = postgres(process.env.DATABASE_URL!);\n");
  write(
    route,
    own
      .replace('{ pool }', '{ sql }')
      .replace(
        "const { rows } = await pool.query('select id, body from notes where id = $1', [id]);",
        'const rows = await sql`select id, body from notes where id = ${id}`;',
      ),
  );
  const result = await runFix(root, { attack: false }, context);
  expect(result.guard?.moved).toContain('lib/db.ts');
  const text = renderTerminal(result, { columns: 120, colour: false, unicode: true });
  expect(text).toContain('It moves postgres.js to node-postgres in lib/db.ts');
  for (const file of ['lib/db.ts', route]) write(file, files[file] ?? '');
});

test('an app without a table of members is offered none', async () => {
  write(
    'migrations/001_init.sql',
    'create table users (id uuid primary key);\ncreate table notes (id uuid primary key, user_id uuid not null references users, body text not null);\n',
  );
  const { guard } = await runFix(root, { attack: false }, context);
  expect(guard).toBeUndefined();
});
