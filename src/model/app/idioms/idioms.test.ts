import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { checks } from '../../../checks/index.ts';
import { readCatalog } from '../../../collect/database/catalog.ts';
import { lowerPolicies } from '../../../collect/database/policies.ts';
import { replayMigrations } from '../../../collect/database/replay.ts';
import { filesInMemory } from '../../../collect/source/files.ts';
import { sourceOf } from '../../../collect/source/read-source.ts';
import type { Cell } from '../../../core/cell.ts';
import type { Replica } from '../../../core/ports.ts';
import { judge, type Judged } from '../../../judge/judge.ts';
import { loadSqlParser } from '../../../logic/sql.ts';
import { buildMatrix } from '../../../prove/exploit/matrix.ts';
import { startReplica } from '../../../prove/replica/start.ts';
import type { DatabaseModel } from '../../database/types.ts';
import { inferTenancy } from '../../tenancy/infer.ts';
import { buildAppModel } from '../build.ts';
import { authorising } from './fixtures/authorising.ts';
import { beyondQueries } from './fixtures/beyond-queries.ts';
import { entryAndIdentity } from './fixtures/entry-and-identity.ts';
import { guardedApps, guardedSchema } from './fixtures/guarded.ts';
import type { Idiom } from './fixtures/idiom.ts';
import { layered } from './fixtures/layered.ts';
import { orchard, plainSchema, supabaseSchema, type Files } from './fixtures/orchard.ts';
import { queryBuilding } from './fixtures/query-building.ts';

type Platform = 'plain' | 'supabase' | 'guarded';

/** A schema as Postgres has it, with what each role reaches in it. */
interface Replayed {
  readonly database: DatabaseModel;
  readonly cells: readonly Cell[];
}

const defaultPlatform: Platform = 'plain';
const idioms: readonly Idiom[] = [
  ...entryAndIdentity,
  ...authorising,
  ...queryBuilding,
  ...layered,
  ...beyondQueries,
  ...guardedApps,
];
const appChecks = checks.filter(check => check.needs === 'app');
const databases = new Map<Platform, Replayed>();
let replica: Replica | undefined;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  databases.set('plain', await replayed(plainSchema, 'plain', replica));
  databases.set('guarded', await replayed(guardedSchema, 'guarded', replica));
  databases.set('supabase', await replayed(supabaseSchema, 'supabase', replica));
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
  const found = databases.get(platform);
  if (found === undefined) throw new Error('The schema was not replayed.');
  const { database, cells } = found;
  const app = buildAppModel(sourceOf(filesInMemory({ ...orchard, ...files })), database);
  return judge({ app, database, tenancy: inferTenancy(database), cells, checks: appChecks });
}

/** The paths and findings in words, for whoever reads a failure. */
function told(judged: Judged): string {
  const paths = judged.paths.map(
    path => `${path.entryPoint.name}: ${path.verdict} ${path.reason}: ${path.sql} (${path.notes.join(' ')})`,
  );
  return [...paths, ...judged.findings.map(finding => `${finding.check}: ${finding.message}`)].join('\n');
}

async function replayed(schema: string, platform: Platform, server: Replica): Promise<Replayed> {
  const kind = platform === 'supabase' ? platform : 'plain';
  const empty = await server.createDatabase();
  const { report, places } = await replayMigrations(empty.sql, [{ file: 'schema.sql', text: schema }], kind);
  expect(report.failed).toEqual([]);
  const database = lowerPolicies(await readCatalog(empty.sql, kind, places));
  const { cells } = platform === 'plain' ? { cells: [] } : await buildMatrix(empty, database, inferTenancy(database));
  await empty.drop();
  return { database, cells };
}
