import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../collect/database/catalog.ts';
import { replayMigrations } from '../collect/database/replay.ts';
import { filesInMemory } from '../collect/source/files.ts';
import { sourceOf } from '../collect/source/read-source.ts';
import type { Replica } from '../core/ports.ts';
import { judge } from '../judge/judge.ts';
import { buildAppModel } from '../model/app/build.ts';
import { lowerPolicies } from '../collect/database/policies.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import { inferTenancy } from '../model/tenancy/infer.ts';
import { startReplica } from '../prove/replica/start.ts';
import { checks } from './index.ts';

const here = dirname(fileURLToPath(import.meta.url));
const baseFiles = readTree(join(here, 'fixtures/notes-app'));

/** One app of a check: what differs from the notes app that all of them share. */
interface Fixture {
  readonly check: string;
  readonly kind: 'bad' | 'good' | 'fixed';
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}

const appChecks = checks.filter(check => check.needs === 'app');
const fixtures = appChecks.flatMap(check => fixturesOf(check.id));
const models = new Map<string, DatabaseModel>();
let replica: Replica | undefined;

beforeAll(async () => {
  replica = await startReplica();
  for (const fixture of fixtures) {
    const schema = schemaOf(fixture);
    if (!models.has(schema)) models.set(schema, await modelOf(schema, replica));
  }
});

afterAll(async () => {
  await replica?.stop();
});

describe.each(appChecks.map(check => check.id))('%s', id => {
  const mine = fixtures.filter(fixture => fixture.check === id);

  test('has a fixture that it finds, the same repaired, and one that only looks bad', () => {
    const names = (kind: Fixture['kind']) => mine.filter(fixture => fixture.kind === kind).map(fixture => fixture.name);
    expect(names('bad')).not.toEqual([]);
    expect(names('fixed')).toEqual(names('bad'));
    expect(names('good')).not.toEqual([]);
  });

  for (const fixture of mine.filter(({ kind }) => kind === 'bad')) {
    test(`is found in bad/${fixture.name}, at the marks`, () => {
      const found = findingsOf(fixture).filter(finding => finding.check === id);
      expect(found.map(finding => `${finding.file}:${finding.line}`).toSorted()).toEqual(marksOf(fixture));
    });
  }

  for (const fixture of mine.filter(({ kind }) => kind !== 'bad')) {
    test(`nothing is found in ${fixture.kind}/${fixture.name}`, () => {
      expect(
        findingsOf(fixture).map(finding => `${finding.check} ${finding.file}:${finding.line} ${finding.message}`),
      ).toEqual([]);
    });
  }
});

function findingsOf(fixture: Fixture) {
  const database = models.get(schemaOf(fixture));
  if (database === undefined) throw new Error('The schema was not replayed.');
  const app = buildAppModel(sourceOf(filesInMemory({ ...baseFiles, ...fixture.files })), database);
  const judged = judge({ app, database, tenancy: inferTenancy(database), cells: [], checks: appChecks });
  expect(
    judged.paths
      .filter(path => path.verdict === 'unknown')
      .map(path => `${path.sink.file}:${path.sink.line} ${path.notes.join(' ')}`),
  ).toEqual([]);
  return judged.findings;
}

/** Places of the lines below the marks, as `file:line`. */
function marksOf(fixture: Fixture): readonly string[] {
  return Object.entries(fixture.files)
    .flatMap(([file, text]) =>
      text
        .split('\n')
        .flatMap((line, index) => (line.trim() === `// expect: ${fixture.check}` ? [`${file}:${index + 2}`] : [])),
    )
    .toSorted();
}

function schemaOf({ files }: Fixture): string {
  return files['schema.sql'] ?? baseFiles['schema.sql'] ?? '';
}

async function modelOf(schema: string, server: Replica): Promise<DatabaseModel> {
  const database = await server.createDatabase();
  const replayed = await replayMigrations(database.sql, [{ file: 'schema.sql', text: schema }], 'plain');
  expect(replayed.report.failed).toEqual([]);
  const model = await readCatalog(database.sql, 'plain', replayed.places);
  await database.drop();
  return lowerPolicies(model);
}

function fixturesOf(check: string): readonly Fixture[] {
  const folder = join(here, check, 'fixtures');
  return (['bad', 'good', 'fixed'] as const).flatMap(kind =>
    foldersIn(join(folder, kind)).map(name => ({ check, kind, name, files: readTree(join(folder, kind, name)) })),
  );
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .toSorted();
}

function readTree(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Object.fromEntries(
    files.map(entry => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}
