import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GuardInit } from '../core/guard-init.ts';
import type { Replica, ReplicaDatabase } from '../core/ports.ts';
import { silentProgress } from '../core/ports.ts';
import { startReplica } from '../prove/replica/start.ts';
import { createContext } from './context.ts';
import { drizzleOnPostgresJs, pgWithIronSession, pgWithTeamPaths, prismaWithAuthJs } from './fixtures/guard-apps.ts';
import type { AppFiles } from './fixtures/guard-apps.ts';
import { runGuardInit } from './guard-init.ts';

/** What the request under way was sent with. */
const request = vi.hoisted(() => ({ headers: new Headers(), jar: new Map<string, string>() }));

vi.mock('next/headers', () => ({
  headers: async () => request.headers,
  cookies: async () => ({
    get: (name: string) => (request.jar.has(name) ? { name, value: request.jar.get(name) } : undefined),
    set: (name: string, value: string) => void request.jar.set(name, value),
  }),
}));

const here = dirname(createRequire(import.meta.url).resolve('../../package.json'));
const context = createContext(silentProgress);
const roots: string[] = [];
let replica: Replica;

beforeAll(async () => {
  replica = await startReplica();
});
afterAll(async () => {
  await replica.stop();
  await context.lifetime.close();
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  request.headers = new Headers();
  request.jar.clear();
});

/** The app in a repository of its own, with its packages. */
function appOf(files: AppFiles): string {
  const root = mkdtempSync(join(tmpdir(), 'drydock-guard-app-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  link(join(here, 'node_modules'), join(root, 'node_modules'));
  link(join(here, 'guard', 'node_modules'), join(root, 'node_modules'));
  git(root, 'init', '--quiet');
  commit(root);
  return root;
}

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of existsSync(from) ? readdirSync(from) : []) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) link(join(from, name), join(to, name));
    else if (!existsSync(join(to, name))) symlinkSync(join(from, name), join(to, name), 'junction');
  }
}

function git(root: string, ...parameters: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...parameters], { cwd: root });
}

function commit(root: string): void {
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--message', 'app');
}

/** Shown, written, run again, and taken back by the diff that was shown. */
async function initialised(root: string): Promise<GuardInit> {
  const shown = await runGuardInit(root, {}, context);
  expect(shown).toMatchObject({
    written: false,
    verified: { leaks: [], unknown: [], types: { kind: 'checked', errors: [] } },
  });
  const written = await runGuardInit(root, { write: true }, context);
  expect(written).toMatchObject({ written: true, diff: shown.diff });
  const patch = join(root, '.drydock', 'shown.diff');
  writeFileSync(patch, shown.diff);
  git(root, 'apply', '--check', '--reverse', patch);
  commit(root);
  const again = await runGuardInit(root, { write: true }, context);
  expect(again.files).toEqual([]);
  expect(again.todo.join('\n')).toContain('told by the first run alone');
  expect(written.todo.join('\n')).not.toContain('told by the first run alone');
  return written;
}

/** The database of the app after its migrations, with the connections of its roles in the environment. */
async function migrated(root: string, folder: string): Promise<ReplicaDatabase> {
  const database = await replica.createDatabase();
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.sql') && !/reverse|down\.sql/.test(file))
    .toSorted();
  for (const file of files) {
    const text = readFileSync(join(root, folder, file), 'utf8');
    const statements = /concurrently/.test(text) ? text.split(/;\s*\n/).filter(each => each.trim() !== '') : [text];
    for (const statement of statements) await database.sql.query(statement);
  }
  const as = (role: string): string => Object.assign(new URL(database.url), { username: role, password: '' }).href;
  vi.stubEnv('DATABASE_URL', as('app'));
  vi.stubEnv('ADMIN_DATABASE_URL', as('app_admin'));
  vi.stubEnv('AUTH_DATABASE_URL', as('app_auth'));
  return database;
}

interface Route {
  readonly GET: () => Promise<Response>;
  readonly POST: (request: Request) => Promise<Response>;
}

async function load<T>(root: string, file: string): Promise<T> {
  return (await import(/* @vite-ignore */ join(root, file))) as T;
}

const team = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';
const ada = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';

describe('Drizzle on postgres.js with better-auth', () => {
  test('is moved, and a forgotten where gives the rows of the own organization', async () => {
    const root = appOf(drizzleOnPostgresJs);
    await initialised(root);
    const database = await migrated(root, 'drizzle');
    vi.stubEnv('BETTER_AUTH_SECRET', 'a secret of the test, long enough for it');
    const { auth } = await load<{ auth: BetterAuth }>(root, 'lib/auth.ts');
    const { GET } = await load<Route>(root, 'app/api/notes/route.ts');
    const answer = await auth.api.signUpEmail({
      body: { email: 'ada@example.com', password: 'correct horse', name: 'Ada' },
      asResponse: true,
    });
    await database.sql.query(`insert into organization (id, name) values ('acme', 'Acme'), ('borealis', 'Borealis');
insert into member (id, organization_id, user_id) select 'm', 'acme', id from "user";
insert into notes (organization_id, body) values ('acme', 'ours'), ('borealis', 'theirs');
update session set active_organization_id = 'acme'`);
    const cookie = answer.headers
      .getSetCookie()
      .map(line => line.split(';')[0] ?? '')
      .join('; ');
    request.headers = new Headers({ cookie });
    expect(await (await GET()).json()).toEqual({ bodies: ['ours'], raw: ['ours'], renamed: 1 });
    const { rows } = await database.sql.query(`select body from notes order by body`);
    expect(rows).toEqual([{ body: 'ours!' }, { body: 'theirs' }]);
  });
});

interface BetterAuth {
  readonly api: {
    readonly signUpEmail: (options: object) => Promise<Response>;
  };
}

describe('Prisma 7 with Auth.js', () => {
  test('gets the guarded adapter, and a forgotten where gives the rows of the own team', async () => {
    const root = appOf(prismaWithAuthJs);
    execFileSync(process.execPath, [createRequire(import.meta.url).resolve('prisma/build/index.js'), 'generate'], {
      cwd: root,
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' },
      stdio: 'ignore',
    });
    await initialised(root);
    const database = await migrated(root, join('prisma', 'migrations'));
    await database.sql.query(`insert into "User" (id, email) values ('${ada}', 'ada@example.com');
insert into "Team" (id, name) values ('${team}', 'Acme'), ('${other}', 'Borealis');
insert into "Membership" ("userId", "teamId") values ('${ada}', '${team}');
insert into "Note" ("teamId", body) values ('${team}', 'ours'), ('${other}', 'theirs')`);
    writeFileSync(join(root, 'lib', 'scopes.ts'), "export { asTenant } from '@drydock/guard';\n");
    const { asTenant } = await load<Scopes>(root, 'lib/scopes.ts');
    const { GET } = await load<Route>(root, 'app/api/notes/route.ts');
    const mine = await asTenant({ user: ada, tenant: team }, GET);
    expect(await mine.json()).toEqual({ bodies: ['ours'] });
    await expect(asTenant({ user: ada, tenant: other }, GET)).rejects.toThrow();
    await expect(GET()).rejects.toThrow();
    const { authOptions } = await load<{ authOptions: AuthOptions }>(root, 'lib/auth.ts');
    const [{ options }] = authOptions.providers;
    expect(await options.authorize({ email: 'ada@example.com' })).toMatchObject({ id: ada });
  });
});

interface Scopes {
  readonly asTenant: <T>(who: { user: string; tenant: string }, work: () => Promise<T>) => Promise<T>;
}

interface AuthOptions {
  readonly providers: readonly [{ readonly options: { readonly authorize: (given: object) => Promise<unknown> } }];
}

describe('node-postgres with iron-session', () => {
  test('signs in without a scope, and a forgotten where gives the rows of the own team', async () => {
    const root = appOf(pgWithIronSession);
    const { todo } = await initialised(root);
    expect(todo.join('\n')).not.toContain('Say who is asking');
    const database = await migrated(root, 'migrations');
    vi.stubEnv('SESSION_PASSWORD', 'a password of the test, long enough for it');
    await database.sql.query(`insert into users (id, email) values ('${ada}', 'ada@example.com');
insert into teams (id, name) values ('${team}', 'Acme'), ('${other}', 'Borealis');
insert into memberships (user_id, team_id) values ('${ada}', '${team}');
insert into notes (team_id, body) values ('${team}', 'ours'), ('${other}', 'theirs')`);
    const login = await load<Route>(root, 'app/login/route.ts');
    const { GET } = await load<Route>(root, 'app/api/notes/route.ts');
    await expect(GET()).rejects.toThrow(/scope|who asks/i);
    await login.POST(new Request('http://localhost', { method: 'POST', body: 'ada@example.com' }));
    expect(await (await GET()).json()).toEqual({ bodies: ['ours'] });
    const reverse = readdirSync(join(root, 'migrations', 'reverse')).map(file =>
      join(root, 'migrations', 'reverse', file),
    );
    for (const file of reverse) await database.sql.query(readFileSync(file, 'utf8'));
    const { rows } = await database.sql.query('select count(*)::int as left from pg_policies');
    expect(rows).toEqual([{ left: 0 }]);
  });
});

interface TeamRoute {
  readonly GET: (request: Request, context: { params: Promise<{ teamId: string }> }) => Promise<Response>;
}

interface Actions {
  readonly addNote: (teamId: string, body: string) => Promise<{ readonly added: number }>;
}

describe('routes and actions that name their tenant', () => {
  test('ask for that tenant, those that name none for the only one, and what asks nobody is left', async () => {
    const root = appOf(pgWithTeamPaths);
    const { entries } = await initialised(root);
    expect(entries).toMatchObject({
      session: 1,
      changed: ['action app/actions.ts#addNote', 'GET /api/teams/[teamId]/notes'],
      left: [{ file: 'app/shared/[token]/route.ts', line: 3 }],
    });
    const database = await migrated(root, 'migrations');
    vi.stubEnv('SESSION_PASSWORD', 'a password of the test, long enough for it');
    await database.sql.query(`insert into users (id, email) values ('${ada}', 'ada@example.com');
insert into teams (id, name) values ('${team}', 'Acme'), ('${other}', 'Borealis');
insert into memberships (user_id, team_id) values ('${ada}', '${team}');
insert into notes (team_id, body) values ('${team}', 'ours'), ('${other}', 'theirs')`);
    const login = await load<Route>(root, 'app/login/route.ts');
    const { GET } = await load<TeamRoute>(root, 'app/api/teams/[teamId]/notes/route.ts');
    const { addNote } = await load<Actions>(root, 'app/actions.ts');
    const notes = await load<Route>(root, 'app/api/notes/route.ts');
    const read = async (teamId: string): Promise<Response> =>
      GET(new Request('http://localhost'), { params: Promise.resolve({ teamId }) });
    expect((await read(team)).status).toBe(401);
    await login.POST(new Request('http://localhost', { method: 'POST', body: 'ada@example.com' }));
    expect(await (await read(team)).json()).toEqual({ bodies: ['ours'] });
    expect((await read(other)).status).toBe(404);
    expect(await addNote(team, 'more')).toEqual({ added: 1 });
    await expect(addNote(other, 'planted')).rejects.toThrow('no member of the tenant');
    expect(await (await notes.GET()).json()).toEqual({ bodies: ['ours', 'more'] });
    await database.sql.query(`insert into memberships (user_id, team_id) values ('${ada}', '${other}')`);
    expect(await (await read(other)).json()).toEqual({ bodies: ['theirs'] });
    expect(await (await notes.GET()).json()).toEqual({ bodies: [] });
  });
});

describe('a session that reads rows of the app', () => {
  test('is refused, and does not ask for ever who is asking', async () => {
    const root = appOf({
      ...pgWithIronSession,
      'lib/session.ts': `import { getIronSession } from 'iron-session';
import { cookies } from 'next/headers';
import { pool } from './db';

export interface SessionData { userId?: string; teamId?: string }
export async function getSession() {
  await pool.query('select 1 from users');
  return getIronSession<SessionData>(await cookies(), { cookieName: 'notes', password: 'a password of the test, long enough for it' });
}
`,
    });
    await runGuardInit(root, { write: true }, context);
    await migrated(root, 'migrations');
    const { GET } = await load<Route>(root, 'app/api/notes/route.ts');
    await expect(GET()).rejects.toThrow();
  });
});

describe('Harbor', () => {
  test('holds, and its type checker finds nothing new', async () => {
    const shown = await runGuardInit(join(here, 'examples', 'harbor'), {}, context);
    expect(shown.verified).toMatchObject({ leaks: [], unknown: [], types: { kind: 'checked', errors: [] } });
    expect(shown.files).toEqual([
      '.env.example',
      'app/actions/admin.ts',
      'app/api/organizations/[organizationId]/notes/[noteId]/route.ts',
      'app/api/organizations/[organizationId]/orders/[orderId]/route.ts',
      'app/api/organizations/[organizationId]/uploads/[uploadId]/route.ts',
      'app/workspace/[organizationId]/board/page.tsx',
      'app/workspace/[organizationId]/layout.tsx',
      'app/workspace/[organizationId]/receivables/page.tsx',
      'drizzle/0006_guard.sql',
      'drizzle/meta/_journal.json',
      'drizzle/reverse/0006_guard.sql',
      'lib/auth.ts',
      'lib/db/auth-db.ts',
      'lib/db/index.ts',
      'lib/guard-next.ts',
      'lib/guard.ts',
      'package.json',
    ]);
    const advised = new Map(shown.entries.left.map(each => [each.name, each.code.join('')]));
    expect(advised.get('POST /api/webhooks/stripe')).toContain('asAdmin(');
    expect(advised.get('GET /api/calendar/[token]')).toContain('asAdmin(');
    // Nothing there says who may: work across tenants would open it again.
    expect(advised.get('POST /api/webhooks/stripe/subscriptions')).toBe('');
    expect(advised.get('page /reports/[organizationSlug]')).toBe('');
  });
});

const pushed = `import { pgTable, text } from 'drizzle-orm/pg-core';
export const users = pgTable('users', { id: text().primaryKey() });
export const teams = pgTable('teams', { id: text().primaryKey() });
export const memberships = pgTable('memberships', {
  userId: text('user_id').notNull().references(() => users.id),
  teamId: text('team_id').notNull().references(() => teams.id),
});
export const notes = pgTable('notes', { id: text().primaryKey(), teamId: text('team_id').notNull().references(() => teams.id) });
`;

describe('what it does not write', () => {
  test.each([
    [
      'an app on MySQL',
      { 'lib/db.ts': "import mysql from 'mysql2/promise';\n" },
      /works on Postgres, and 'lib\/db.ts' says that this app's database is MySQL/,
    ],
    [
      'a schema without tenants',
      { 'migrations/001.sql': 'create table notes (id int primary key);\n' },
      /which user belongs to which tenant/,
    ],
    [
      'an app whose organizations Clerk keeps',
      {
        'app/api/notes/route.ts':
          "import { auth } from '@clerk/nextjs/server';\nexport const GET = async () => Response.json(await auth());\n",
        'migrations/001.sql': 'create table notes (id int primary key, org_id text not null);\n',
      },
      /which user belongs to which tenant/,
      /Clerk's webhooks/,
    ],
    [
      'an app that pushes its schema',
      {
        'package.json':
          '{ "dependencies": { "next": "16.0.0", "pg": "8.23.1", "drizzle-orm": "0.45.4", "drizzle-kit": "0.31.4" } }\n',
        'lib/schema.ts': pushed,
        'app/api/notes/route.ts':
          "import { drizzle } from 'drizzle-orm/node-postgres';\nimport { notes } from '../../../lib/schema';\nexport const GET = async () => Response.json(await drizzle(process.env.DATABASE_URL!).select().from(notes));\n",
      },
      /no migrations in SQL/,
      /npx drizzle-kit generate/,
    ],
  ])('%s is told so, and nothing is written', async (_, files, message, next = /./) => {
    const root = appOf({ ...common(), ...files });
    await expect(runGuardInit(root, { write: true }, context)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      next: expect.stringMatching(next),
    });
    expect(existsSync(join(root, 'lib', 'guard.ts'))).toBe(false);
  });
});

function common(): AppFiles {
  return {
    'package.json': '{ "dependencies": { "next": "16.0.0" } }\n',
    '.gitignore': 'node_modules\n.drydock\n',
    'app/api/notes/route.ts': 'export const GET = () => Response.json([]);\n',
  };
}
