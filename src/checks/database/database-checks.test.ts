import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../collect/database/catalog.ts';
import { detectPlatform, replayMigrations, type Platform } from '../../collect/database/replay.ts';
import type { Replica, ReplicaDatabase, Sql } from '../../core/ports.ts';
import type { Cell } from '../../core/cell.ts';
import type { Finding } from '../../core/finding.ts';
import { proposeFixes } from '../../fix/propose.ts';
import { judge } from '../../judge/judge.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { lowerPolicies } from '../../collect/database/policies.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { buildMatrix } from '../../prove/exploit/matrix.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { checks } from '../index.ts';

const here = dirname(fileURLToPath(import.meta.url));
const databaseChecks = checks.filter(check => check.needs === 'database');
const kinds = ['bad', 'good', 'fixed'] as const;

/** Checks that read the catalog alone. */
const lints = new Set(
  databaseChecks
    .map(({ id }) => id)
    .filter(id => readFileSync(join(here, id.slice('database/'.length), 'index.ts'), 'utf8').includes("'../lint.ts'")),
);

interface Fixture {
  readonly id: string;
  readonly kind: (typeof kinds)[number];
  readonly name: string;
  readonly text: string;
}

const fixtures: readonly Fixture[] = databaseChecks.flatMap(({ id }) =>
  kinds.flatMap(kind => {
    const folder = join(here, id.slice('database/'.length), 'fixtures', kind);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map(name => ({ id, kind, name, text: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }));
  }),
);

let replica: Replica;
const bases = new Map<Platform, ReplicaDatabase>();

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  for (const platform of ['supabase', 'plain'] as const) {
    const base = await replica.createDatabase();
    const file = `fixtures/${platform}.sql`;
    await replayMigrations(base.sql, [{ file, text: readFileSync(join(here, file), 'utf8') }], platform);
    bases.set(platform, base);
  }
}, 60_000);

afterAll(async () => {
  await replica.stop();
});

/** Findings of the fixture's own check, and whatever else is worse than a hint. */
function tellingFor(id: string, findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(finding => finding.check === id || finding.severity !== 'low');
}

interface Seen {
  readonly findings: readonly Finding[];
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
}

/** Replays a fixture on top of its platform's notes app, attacks it, runs every database check, and again when asked. */
async function withFixture<T>(text: string, use: (see: () => Promise<Seen>, sql: Sql) => Promise<T>): Promise<T> {
  const platform =
    detectPlatform([text]) === 'plain' && /notes_request|Nothing here pretends/.test(text) ? 'plain' : 'supabase';
  const copy = await replica.createDatabase({ template: bases.get(platform)?.name ?? 'template1' });
  try {
    const { report, places } = await replayMigrations(copy.sql, [{ file: 'migration.sql', text }], platform);
    expect(report.failed).toEqual([]);
    const see = async (): Promise<Seen> => {
      const database = lowerPolicies(await readCatalog(copy.sql, platform, places));
      const tenancy = inferTenancy(database);
      const { cells, gaps } = await buildMatrix(copy, database, tenancy);
      expect(gaps).toEqual([]);
      const { findings } = judge({ app: undefined, database, tenancy, cells, checks: databaseChecks });
      return { findings, database, tenancy, cells };
    };
    return await use(see, copy.sql);
  } finally {
    await copy.drop();
  }
}

async function findingsIn(text: string): Promise<readonly Finding[]> {
  return withFixture(text, async see => (await see()).findings);
}

/** The repair of a finding: the statements that make it, and those that take it back. */
function repairOf(finding: Finding, { database, tenancy }: Seen): { readonly up: string; readonly down: string } {
  const { fixes, unrepaired } = proposeFixes({
    findings: [finding],
    paths: [],
    app: undefined,
    database,
    tenancy,
    sources: { files: [], read: () => undefined },
    migrations: { folder: 'migrations', tool: 'plain' },
  });
  expect(unrepaired).toEqual([]);
  return { up: fixes[0]?.newFiles[0]?.text ?? '', down: fixes[0]?.rollbackSql ?? '' };
}

const costs = 400;

function verdictsOf({ cells }: Seen): readonly string[] {
  return cells.map(cell => `${cell.role} ${cell.actor} ${cell.command} ${cell.object} ${cell.verdict}`);
}

function marksIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const mark = /^-- expect: (\S+)$/.exec(line)?.[1];
    return mark === undefined ? [] : [`${mark} migration.sql:${index + 2}`];
  });
}

describe.each(databaseChecks.map(check => check.id))('%s', id => {
  const mine = fixtures.filter(fixture => fixture.id === id);

  test('has a fixture that it finds, the same repaired, and one that only looks bad', () => {
    const names = (kind: Fixture['kind']): readonly string[] =>
      mine.filter(fixture => fixture.kind === kind).map(fixture => fixture.name);
    expect(names('bad')).not.toEqual([]);
    expect(names('fixed')).toEqual(names('bad'));
    expect(names('good')).not.toEqual([]);
  });

  for (const fixture of mine.filter(({ kind }) => kind === 'bad')) {
    test(`is found in bad/${fixture.name}, at the marks, with its evidence`, async () => {
      const findings = tellingFor(id, await findingsIn(fixture.text));
      expect(findings.map(finding => `${finding.check} ${finding.file}:${finding.line}`)).toEqual(
        marksIn(fixture.text),
      );
      expect(findings.every(finding => finding.evidence.length > 0)).toBe(true);
    });
  }

  // Causes that only the attempts show have repairs that are tested where those are made.
  for (const fixture of mine.filter(({ kind }) => kind === 'bad' && lints.has(id))) {
    test(`its repair of bad/${fixture.name} closes it and can be taken back`, async () => {
      await withFixture(fixture.text, async (see, sql) => {
        const before = await see();
        const finding = before.findings.find(candidate => candidate.check === id);
        if (finding?.repair === undefined) return;
        const { up, down } = repairOf(finding, before);
        await sql.query(up);
        const after = await see();
        expect(tellingFor(id, after.findings).map(({ message }) => message)).toEqual([]);
        // What is only to be faster must show everybody the same rows as before.
        expect(verdictsOf(finding.cwe === costs ? after : before)).toEqual(verdictsOf(before));
        await sql.query(down);
        expect((await see()).findings.map(({ fingerprint }) => fingerprint)).toContain(finding.fingerprint);
      });
    });
  }

  for (const fixture of mine.filter(({ kind }) => kind !== 'bad')) {
    test(`nothing is found in ${fixture.kind}/${fixture.name}`, async () => {
      const findings = tellingFor(id, await findingsIn(fixture.text));
      expect(findings.map(finding => `${finding.check} ${finding.file}:${finding.line} ${finding.message}`)).toEqual(
        [],
      );
    });
  }
});
