import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { copyOfExample, drydock, folderWith, listing, root } from './drydock.ts';

const disposals: (() => void)[] = [];

afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

function folder(files: Readonly<Record<string, string>>): string {
  const made = folderWith(files);
  disposals.push(made.dispose);
  return made.path;
}

function example(name: string): string {
  const made = copyOfExample(name);
  disposals.push(made.dispose);
  return made.path;
}

/** A two-page notes app: one leak, one table. */
const notes: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "notes", "dependencies": { "next": "16.4.5", "pg": "8.23.1" } }',
  'next.config.mjs': 'export default {};',
  'lib/db.ts':
    "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
  'app/api/notes/[id]/route.ts': [
    "import { pool } from '../../../../lib/db';",
    'export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }) {',
    '  const { id } = await params;',
    "  const { rows } = await pool.query('select * from notes where id = $1', [id]);",
    '  return Response.json(rows[0]);',
    '}',
    '',
  ].join('\n'),
  'migrations/0001_notes.sql': [
    'create table users (id uuid primary key, email text not null unique);',
    'create table teams (id uuid primary key, name text not null);',
    'create table team_members (team_id uuid not null references teams, user_id uuid not null references users, role text not null, primary key (team_id, user_id));',
    'create table notes (id uuid primary key, team_id uuid not null references teams, body text not null);',
    '',
  ].join('\n'),
};

describe('what a user types', () => {
  test('--help names every command, and each command has examples', async () => {
    const help = await drydock(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['triage', 'trace', 'rules', 'probe', 'fix', 'rescue']) {
      expect(help.stdout).toContain(command);
      const own = await drydock([command, '--help']);
      expect(own.stdout, command).toContain('Examples:');
      expect(own.code).toBe(0);
    }
  });

  test('an unknown option is refused with exit code 2 and nothing on stdout', async () => {
    const run = await drydock(['trace', '--frobnicate']);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('--frobnicate');
  });

  test('a finding gives exit code 1, and stdout holds the report alone', async () => {
    const run = await drydock(['trace', folder(notes), '--json']);
    expect(run.code).toBe(1);
    const report: unknown = JSON.parse(run.stdout);
    expect(report).toMatchObject({ schemaVersion: 1, command: 'trace', summary: { leaks: 1 } });
  });

  test('the same input gives the same output', async () => {
    const path = folder(notes);
    const [first, second] = [
      await drydock(['trace', path, '--json', '--quiet']),
      await drydock(['trace', path, '--json', '--quiet']),
    ];
    const withoutTimes = (text: string): string => text.replaceAll(/"elapsedMs": ?\d+(\.\d+)?/g, '"elapsedMs": 0');
    expect(withoutTimes(first.stdout)).toBe(withoutTimes(second.stdout));
  });
});

describe('what is explained', () => {
  test('a table is named without the folder, from inside the app', async () => {
    const run = await drydock(['trace', 'notes'], { cwd: folder(notes) });
    expect(run.stdout).toContain('GET /api/notes/[id]');
    expect(run.stderr).not.toMatch(/no folder/i);
  });

  test('an entry point too', async () => {
    const run = await drydock(['trace', 'GET /api/notes/[id]'], { cwd: folder(notes) });
    expect(run.stdout).toContain('select');
  });

  test('a path that is not there is still a folder that is not there', async () => {
    const run = await drydock(['trace', './notes'], { cwd: folder(notes) });
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/no folder/i);
  });
});

describe('bad input', () => {
  test.each(['probe', 'rescue'])('%s of an app that cannot be built: all but the probe is reported', async command => {
    const run = await drydock([command, folder(notes), '--json']);
    expect(run.code).toBe(2);
    const report: unknown = JSON.parse(run.stdout);
    expect(report).toMatchObject({ command: 'triage', trace: { summary: { leaks: 1 } } });
    expect(run.stderr).toContain('npm ci');
    expect(run.stderr).toContain('is reported');
  });

  test('a rescue that stops leaves no report of an earlier one', async () => {
    const path = folder({ ...notes, '.drydock/rescue/report.html': 'all is well' });
    await drydock(['rescue', path]);
    expect(existsSync(join(path, '.drydock/rescue/report.html'))).toBe(false);
  });

  test('a report that cannot be written is no bug of Drydock', async () => {
    const path = folder(notes);
    const run = await drydock(['trace', path, '--html', path]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(path);
    expect(run.stderr).not.toContain('bug in Drydock');
  });

  test('a folder that is not there', async () => {
    const run = await drydock(['trace', '/nowhere/at/all']);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/no folder/i);
  });

  test('not a Next.js app', async () => {
    const run = await drydock(['trace', folder({ 'README.md': '# empty' })]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('No Next.js app');
    expect(run.stderr).toContain('next.config');
  });

  test('a migration that opens a table fails the gate and the diff; one that adds a sound table passes', async () => {
    const path = folder({
      'supabase/migrations/1_base.sql': [
        'create table public.teams (id uuid primary key, name text not null);',
        'create table public.members (team_id uuid not null references public.teams, user_id uuid not null references auth.users, primary key (team_id, user_id));',
        'alter table public.teams enable row level security; alter table public.members enable row level security;',
        'create policy mine on public.members for select to authenticated using (user_id = (select auth.uid()));',
        'create policy ours on public.teams for select to authenticated using (id in (select team_id from public.members));',
      ].join('\n'),
    });
    const git = (...parameters: readonly string[]): unknown =>
      execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...parameters], { cwd: path });
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'base');
    const table = 'create table public.notes (id uuid primary key, team_id uuid not null references public.teams);';
    const migration = join(path, 'supabase/migrations/2_notes.sql');
    writeFileSync(migration, table);
    const bare = await drydock(['rules', path, '--diff', 'HEAD', '--gate', '--json']);
    expect(bare.code).toBe(1);
    const report = JSON.parse(bare.stdout) as {
      readonly gate: { readonly faults: readonly { readonly kind: string }[] };
      readonly changes: readonly { readonly direction: string; readonly words: string }[];
    };
    expect(report.gate.faults.map(fault => fault.kind)).toEqual(['row-security', 'policy', 'index']);
    expect(report.changes[0]).toMatchObject({
      direction: 'worse',
      words: "anyone on the internet can read, add, change and delete other tenants' rows of 'notes'",
    });
    writeFileSync(
      migration,
      `${table}
alter table public.notes enable row level security; create index on public.notes (team_id);
create policy ours on public.notes for select to authenticated using (team_id in (select team_id from public.members));`,
    );
    const sound = await drydock(['rules', path, '--diff', 'HEAD', '--gate', '--format', 'markdown']);
    expect(sound.stdout).toContain('## Drydock: nothing got worse');
    expect(sound.code).toBe(0);
    const lost = await drydock(['rules', path, '--diff', 'no-such-branch']);
    expect(lost.code).toBe(2);
    expect(lost.stderr).toContain("no commit 'no-such-branch'");
  });

  test('each finding of the database is at the line that makes what it is about', async () => {
    const run = await drydock(['rules', join(root, 'examples/skiff'), '--format', 'sarif', '--quiet']);
    const log = JSON.parse(run.stdout) as {
      readonly runs: readonly {
        readonly results: readonly {
          readonly locations: readonly {
            readonly physicalLocation: {
              readonly artifactLocation: { readonly uri: string };
              readonly region: { readonly startLine: number };
            };
          }[];
        }[];
      }[];
    };
    const places = (log.runs[0]?.results ?? []).map(result => result.locations[0]?.physicalLocation);
    expect(places.length).toBeGreaterThan(15);
    const lines = places.map(place => {
      const text = readFileSync(join(root, place?.artifactLocation.uri ?? ''), 'utf8').split('\n');
      return text[(place?.region.startLine ?? 0) - 1] ?? '';
    });
    const statement = /^\s*(?:create (?:or replace )?(?:policy|table|view|materialized view|function)|alter|grant)\b/i;
    expect(lines.filter(line => !statement.test(line))).toEqual([]);
  });

  test('no migrations: rules says how to name them, trace goes on and says what that costs', async () => {
    const { 'migrations/0001_notes.sql': _, ...without } = notes;
    const path = folder(without);
    const rules = await drydock(['rules', path]);
    expect(rules.code).toBe(2);
    expect(rules.stderr).toContain('--migrations');
    const trace = await drydock(['trace', path, '--json']);
    expect(JSON.parse(trace.stdout)).toMatchObject({ summary: { unknown: 1 } });
  });

  test('files and folders of migrations apply in the order in which they are named', async () => {
    const path = folder({
      'base/tables.sql': 'create table memos (id uuid primary key);',
      'later/1.sql': 'alter table memos add column body text;',
    });
    const run = await drydock(['rules', path, '--migrations', 'base/tables.sql', 'later', '--json']);
    expect(JSON.parse(run.stdout)).toMatchObject({ replay: { files: 2, statements: 2, failed: [] } });
    const reverse = await drydock(['rules', path, '--json', '--migrations', 'later', '--migrations', 'base']);
    expect(JSON.parse(reverse.stdout)).toMatchObject({ replay: { failed: [{ file: 'later/1.sql', line: 1 }] } });
  });

  test('a syntax error in one file is a gap, and every other file is still analysed', async () => {
    const run = await drydock([
      'trace',
      folder({ ...notes, 'app/api/broken/route.ts': 'export async function GET( { return' }),
      '--json',
    ]);
    const report: unknown = JSON.parse(run.stdout);
    expect(report).toMatchObject({ summary: { leaks: 1 } });
    expect(run.stdout).toContain('app/api/broken/route.ts');
  });

  test('a migration that fails is named with its line, and the rest is replayed', async () => {
    const run = await drydock([
      'rules',
      folder({
        ...notes,
        'migrations/0002_wrong.sql':
          'alter table nonsense add column x text;\ncreate table later (id uuid primary key);\n',
      }),
      '--json',
    ]);
    const report: unknown = JSON.parse(run.stdout);
    expect(report).toMatchObject({
      replay: { failed: [{ file: 'migrations/0002_wrong.sql', line: 1, sqlstate: '42P01' }] },
    });
  });

  test('a database that cannot be reached', async () => {
    const run = await drydock([
      'rules',
      example('skiff'),
      '--database-url',
      'postgres://nobody:geheim@127.0.0.1:1/none',
    ]);
    expect(run.code).toBe(2);
    expect(run.stderr).not.toContain('geheim');
    expect(run.stderr).toMatch(/could not|cannot/i);
  });
});

describe('nothing is left behind', () => {
  test('Ctrl-C in the middle stops the replica and leaves the user’s files alone', async () => {
    const path = example('skiff');
    const before = listing(path);
    const run = await drydock(['rules', path], { interruptAfter: 'Reading the database schema' });
    expect(run.code).toBe(130);
    expect(listing(path)).toEqual(before);
    expect(await serversLeftBy(path)).toEqual([]);
  });

  test('triage writes nothing into the app', async () => {
    const path = folder(notes);
    const before = listing(path);
    await drydock([path]);
    expect(listing(path)).toEqual(before);
  });
});

/** The servers that stay: Postgres takes its pid file away a moment before it ends, and that is what Drydock waits for. */
async function serversLeftBy(path: string): Promise<readonly string[]> {
  for (let tries = 0; tries < 100 && serversStartedBy(path).length > 0; tries += 1)
    await new Promise(resolve => setTimeout(resolve, 20));
  return serversStartedBy(path);
}

/** Postgres servers of Drydock that still run; other tests' replicas have another parent. */
function serversStartedBy(_path: string): readonly string[] {
  const processes = execFileSync('ps', ['-eo', 'ppid,args'], { encoding: 'utf8' }).split('\n');
  return processes.filter(line => /^\s*1\s/.test(line) && line.includes('drydock-replica'));
}

test('the version is the package’s', async () => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const run = await drydock(['--version']);
  expect(manifest).toMatchObject({ version: run.stdout.trim() });
});

test('an app inside a repository: paths are relative to the folder that was named', async () => {
  const inside = Object.fromEntries(Object.entries(notes).map(([file, text]) => [`apps/web/${file}`, text]));
  const path = folder({ ...inside, 'package.json': '{ "name": "mono", "private": true, "workspaces": ["apps/*"] }' });
  const report: unknown = JSON.parse((await drydock(['trace', path, '--json'])).stdout);
  expect(report).toMatchObject({
    summary: { leaks: 1 },
    paths: [
      {
        entryPoint: { file: 'apps/web/app/api/notes/[id]/route.ts' },
        sink: { file: 'apps/web/app/api/notes/[id]/route.ts', line: 4 },
      },
    ],
    findings: [{ file: 'apps/web/app/api/notes/[id]/route.ts' }],
  });
});
