import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { checks } from '../../../checks/index.ts';
import { readCatalog } from '../../../collect/database/catalog.ts';
import { lowerPolicies } from '../../../collect/database/policies.ts';
import { replayMigrations } from '../../../collect/database/replay.ts';
import { filesInMemory } from '../../../collect/source/files.ts';
import { sourceOf } from '../../../collect/source/read-source.ts';
import type { Replica } from '../../../core/ports.ts';
import { judge, type Judged } from '../../../judge/judge.ts';
import { loadSqlParser } from '../../../logic/sql.ts';
import { startReplica } from '../../../prove/replica/start.ts';
import type { DatabaseModel } from '../../database/types.ts';
import { inferTenancy } from '../../tenancy/infer.ts';
import { buildAppModel } from '../build.ts';
import { authorising } from './fixtures/authorising.ts';
import { beyondQueries } from './fixtures/beyond-queries.ts';
import { entryAndIdentity } from './fixtures/entry-and-identity.ts';
import type { Idiom } from './fixtures/idiom.ts';
import { orchard, plainSchema, supabaseSchema, type Files } from './fixtures/orchard.ts';
import { queryBuilding } from './fixtures/query-building.ts';

type Platform = 'plain' | 'supabase';

const defaultPlatform: Platform = 'plain';
const idioms: readonly Idiom[] = [...entryAndIdentity, ...authorising, ...queryBuilding, ...beyondQueries];
const appChecks = checks.filter(check => check.needs === 'app');
const models = new Map<Platform, DatabaseModel>();
let replica: Replica | undefined;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  models.set('plain', await modelOf(plainSchema, 'plain', replica));
  models.set('supabase', await modelOf(supabaseSchema, 'supabase', replica));
});

afterAll(async () => {
  await replica?.stop();
});

describe.each(idioms)('$id $says', ({ triples }) => {
  describe.each(triples)('$name', ({ bad, repaired, looksBad, finds, platform = defaultPlatform }) => {
    test('is found where it is wrong', () => {
      const judged = judgeApp(bad, platform);
      expect([...new Set(judged.findings.map(finding => finding.check))].toSorted(), told(judged)).toEqual(
        finds.toSorted(),
      );
    });

    test('is silent once repaired', () => {
      const judged = judgeApp(repaired, platform);
      expect(openOf(judged), told(judged)).toEqual([]);
    });

    test('is silent where it only looks wrong', () => {
      const judged = judgeApp(looksBad, platform);
      expect(openOf(judged), told(judged)).toEqual([]);
    });
  });
});

/** What is reported, and what could not be told. */
function openOf(judged: Judged): readonly string[] {
  const unknown = judged.paths.filter(path => path.verdict === 'unknown').map(path => path.notes.join(' '));
  return [...judged.findings.map(finding => finding.check), ...unknown];
}

function judgeApp(files: Files, platform: Platform): Judged {
  const database = models.get(platform);
  if (database === undefined) throw new Error('The schema was not replayed.');
  const app = buildAppModel(sourceOf(filesInMemory({ ...orchard, ...files })), database);
  return judge({ app, database, tenancy: inferTenancy(database), cells: [], checks: appChecks });
}

/** The paths and findings in words, for whoever reads a failure. */
function told(judged: Judged): string {
  const paths = judged.paths.map(
    path => `${path.entryPoint.name}: ${path.verdict} ${path.reason}: ${path.sql} (${path.notes.join(' ')})`,
  );
  return [...paths, ...judged.findings.map(finding => `${finding.check}: ${finding.message}`)].join('\n');
}

async function modelOf(schema: string, platform: Platform, server: Replica): Promise<DatabaseModel> {
  const database = await server.createDatabase();
  const replayed = await replayMigrations(database.sql, [{ file: 'schema.sql', text: schema }], platform);
  expect(replayed.report.failed).toEqual([]);
  const model = await readCatalog(database.sql, platform, replayed.places);
  await database.drop();
  return lowerPolicies(model);
}
