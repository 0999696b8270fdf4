import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { readCatalog } from './catalog.ts';
import { findMigrations } from './find-migrations.ts';
import { replayMigrations } from './replay.ts';
import { loadParser } from './statements.ts';

const made: string[] = [];
let replica: Replica;

beforeAll(async () => {
  await loadParser();
  replica = await startReplica();
});

afterAll(async () => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
  await replica.stop();
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'scripts-'));
  made.push(root);
  for (const [file, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

const pool = {
  'psql/main.sql': String.raw`create schema pool;
set search_path to pool, public;
\ir types.sql
\ir tables/main.sql
alter table lanes enable row level security;
\i psql/policies.sql
`,
  'psql/types.sql': `create type stroke as enum ('crawl');`,
  'psql/tables/main.sql': String.raw`\ir ./lanes.sql
\ir 'swims.sql'`,
  'psql/tables/lanes.sql': '\ncreate table lanes (id int primary key, owner text);',
  'psql/tables/swims.sql': 'create table swims (id int primary key, lane_id int references lanes, stroke stroke);',
  'psql/policies.sql': `\n\ncreate policy own on lanes using (owner = current_setting('app.user', true));`,
  'psql/reset.sql': 'drop schema if exists pool cascade;',
  'psql/seed.sql': String.raw`\ir main.sql
insert into lanes values (1, 'me');`,
};

const inOrder = [
  'psql/main.sql',
  'psql/types.sql',
  'psql/tables/lanes.sql',
  'psql/tables/swims.sql',
  'psql/main.sql',
  'psql/policies.sql',
];

describe('a script for psql', () => {
  test('is run with the files that it includes, and what only fills or resets is not', () => {
    expect(findMigrations(folderWith(pool)).files.map(({ file }) => file)).toEqual(inOrder);
  });

  test.each(['psql', 'psql/main.sql'])('is found where %s is named', given => {
    expect(findMigrations(folderWith(pool), given).files.map(({ file }) => file)).toEqual(inOrder);
  });

  test('is one session: what it sets holds in what it includes, and each thing keeps its place', async () => {
    const copy = await replica.createDatabase();
    const { report, places } = await replayMigrations(copy.sql, findMigrations(folderWith(pool)).files, 'plain');
    const { tables } = await readCatalog(copy.sql, 'plain', places);
    await copy.drop();
    expect(report.failed).toEqual([]);
    const lanes = tables.find(({ name }) => name === 'pool.lanes');
    expect(lanes?.definedAt).toMatchObject({ file: 'psql/tables/lanes.sql', line: 2 });
    expect(lanes?.policies.map(({ name, definedAt }) => [name, definedAt?.file, definedAt?.line])).toEqual([
      ['own', 'psql/policies.sql', 3],
    ]);
  });

  test('among numbered files runs where it stands', () => {
    const root = folderWith({
      'migrations/001_all.sql': String.raw`\ir 002_lanes.sql`,
      'migrations/002_lanes.sql': 'create table lanes (id int);',
      'migrations/003_swims.sql': 'create table swims (id int);',
    });
    expect(findMigrations(root).files.map(({ file }) => file)).toEqual([
      'migrations/002_lanes.sql',
      'migrations/003_swims.sql',
    ]);
  });

  test('that includes itself comes to an end', () => {
    const root = folderWith({ 'db/main.sql': 'create table lanes (id int);\n\\ir main.sql' });
    expect(findMigrations(root, 'db/main.sql').files.length).toBeLessThan(20);
  });
});
