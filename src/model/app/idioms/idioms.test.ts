import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { checks } from '../../../checks/index.ts';
import { filesInMemory } from '../../../collect/source/files.ts';
import { sourceOf } from '../../../collect/source/read-source.ts';
import { replayed, type Replayed } from '../../../commands/fixtures/replayed.ts';
import type { Replica } from '../../../core/ports.ts';
import { judge, type Judged } from '../../../judge/judge.ts';
import { loadSqlParser } from '../../../logic/sql.ts';
import { startReplica } from '../../../prove/replica/start.ts';
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
  databases.set('plain', await replayed(replica, plainSchema, 'plain', false));
  databases.set('guarded', await replayed(replica, guardedSchema, 'plain'));
  databases.set('supabase', await replayed(replica, supabaseSchema));
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
  const { database, tenancy, cells } = found;
  const app = buildAppModel(sourceOf(filesInMemory({ ...orchard, ...files })), database);
  return judge({ app, database, tenancy, cells, checks: appChecks });
}

/** The paths and findings in words, for whoever reads a failure. */
function told(judged: Judged): string {
  const paths = judged.paths.map(
    path => `${path.entryPoint.name}: ${path.verdict} ${path.reason}: ${path.sql} (${path.notes.join(' ')})`,
  );
  return [...paths, ...judged.findings.map(finding => `${finding.check}: ${finding.message}`)].join('\n');
}
