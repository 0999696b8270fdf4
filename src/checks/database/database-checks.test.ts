import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../collect/database/catalog.ts';
import { detectPlatform, replayMigrations } from '../../collect/database/replay.ts';
import type { Platform } from '../../core/platform.ts';
import type { Replica, ReplicaDatabase, Solver, Sql } from '../../core/ports.ts';
import type { Cell } from '../../core/cell.ts';
import type { Finding } from '../../core/finding.ts';
import { proposeFixes } from '../../fix/propose.ts';
import { judge } from '../../judge/judge.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { readDefinitions } from '../../collect/database/definitions.ts';
import { lowerPolicies } from '../../collect/database/policies.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { assertRules } from '../../prove/exploit/assertions.ts';
import { buildMatrix } from '../../prove/exploit/matrix.ts';
import { createProver } from '../../prove/proof/prove.ts';
import { loadSolver } from '../../prove/proof/solver.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { checks } from '../index.ts';

const here = dirname(fileURLToPath(import.meta.url));
const databaseChecks = checks.filter(check => check.needs === 'database');
const kinds = ['bad', 'good', 'fixed'] as const;

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
let solver: Solver | undefined;
const bases = new Map<Platform, ReplicaDatabase>();

beforeAll(async () => {
  await loadSqlParser();
  [replica, solver] = await Promise.all([startReplica(), loadSolver()]);
  for (const platform of ['supabase', 'plain'] as const) {
    const base = await replica.createDatabase();
    const file = `fixtures/${platform}.sql`;
    await replayMigrations(base.sql, [{ file, text: readFileSync(join(here, file), 'utf8') }], platform);
    bases.set(platform, base);
  }
}, 60_000);

afterAll(async () => {
  await Promise.all([replica.stop(), solver?.close()]);
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
  /** What members can do with their own tenant's rows. */
  readonly own: readonly string[];
}

/** Replays a fixture on top of its platform's notes app, after which it can be attacked. */
async function withFixture<T>(text: string, use: (see: () => Promise<Seen>, sql: Sql) => Promise<T>): Promise<T> {
  const platform =
    detectPlatform([text]) === 'plain' && /notes_request|Nothing here pretends/.test(text) ? 'plain' : 'supabase';
  const copy = await replica.createDatabase({ template: bases.get(platform)?.name ?? 'postgres' });
  try {
    const { report, places } = await replayMigrations(copy.sql, [{ file: 'migration.sql', text }], platform);
    expect(report.failed).toEqual([]);
    const see = async (): Promise<Seen> => {
      const database = lowerPolicies(await readCatalog(copy.sql, platform, places));
      const tenancy = inferTenancy(database);
      const { cells, gaps, seed } = await buildMatrix(copy, database, tenancy);
      expect(gaps.filter(({ reason }) => !reason.startsWith('What connects as the owner'))).toEqual([]);
      const { findings } = judge({ app: undefined, database, tenancy, cells, checks: databaseChecks });
      const { assertions } = await assertRules({ sql: copy.sql, database, tenancy, seed, cells });
      const own = assertions.filter(({ expects }) => expects === 'something').map(({ words }) => words);
      return { findings, database, tenancy, cells, own };
    };
    return await use(see, copy.sql);
  } finally {
    await copy.drop();
  }
}

async function findingsIn(text: string): Promise<readonly Finding[]> {
  return withFixture(text, async see => (await see()).findings);
}

interface Repair {
  readonly up: string;
  readonly down: string;
}

/** The statements of a repair and those that take it back: the first that is proposed, or a later one. */
function repairOf(finding: Finding, { database, tenancy }: Seen, attempt: number): Repair | undefined {
  const { fixes } = proposeFixes({
    findings: [finding],
    paths: [],
    app: undefined,
    database,
    tenancy,
    sources: { files: [], read: () => undefined },
    migrations: { folder: 'migrations', tool: 'plain' },
    attempts: new Map([[finding.fingerprint, attempt]]),
  });
  const [fix] = fixes;
  return fix === undefined ? undefined : { up: fix.newFiles[0]?.text ?? '', down: fix.rollbackSql ?? '' };
}

/** What only a person can decide: whether access is missing, who may read a secret, which policy is meant. */
const byHand: ReadonlySet<string> = new Set([
  'definer-function-without-caller-check/trigger',
  'membership-state-ignored/asked-by-function',
  'membership-state-ignored/one-of-two',
  'policy-recursion/itself',
  'policy-recursion/asked-by-function',
  'public-bucket-with-guarded-files/invoices',
  'public-bucket-with-guarded-files/uploads',
  'realtime-policy-without-topic/listen',
  'row-security-without-policy/forgotten',
  'row-security-without-policy/only-restrictive',
  'rows-shown-by-flag/price-list',
  'rows-without-tenant-shared/set-null',
  'secret-column-readable/integration',
  'secret-in-migration/nightly',
  'setting-opens-policy/bypass',
  'several-permissive-policies/two',
]);

const costs = 400;

function verdictsOf({ cells }: Seen): readonly string[] {
  return cells.map(cell => `${whoDoesWhat(cell)}: ${cell.verdict}`);
}

/** Everything that a database of this shape is made of, in words. */
async function shapeOf(sql: Sql, platform: Platform): Promise<readonly string[]> {
  const defaults = await sql.query(
    'select defaclobjtype::text || a::text as line from pg_default_acl, aclexplode(defaclacl) a order by 1',
  );
  return [...(await readDefinitions(sql, platform)), ...defaults.rows.map(row => String(row['line']))];
}

/** Tries the repairs of a finding in turn, each on a copy of its own, and says what is wrong with the last. */
async function repair(fixture: Fixture, finding: Finding, before: Seen): Promise<string> {
  let outcome = 'a person decides';
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const proposed = repairOf(finding, before, attempt);
    if (proposed === undefined) break;
    outcome = await withFixture(fixture.text, (see, sql) => tryRepair(proposed, finding, before, see, sql));
    if (outcome === 'closed') break;
  }
  return outcome;
}

async function tryRepair(
  { up, down }: Repair,
  finding: Finding,
  before: Seen,
  see: () => Promise<Seen>,
  sql: Sql,
): Promise<string> {
  const shape = await shapeOf(sql, before.database.platform);
  await sql.query(up);
  const after = await see();
  await sql.query(down);
  const known = new Set(before.findings.map(({ fingerprint }) => fingerprint));
  const faults = [
    ...after.findings
      .filter(({ check, cwe, fingerprint }) => check === finding.check || (cwe !== costs && !known.has(fingerprint)))
      .map(({ check, message }) => `found: ${check} ${message}`),
    ...before.own.filter(line => !after.own.includes(line) && !isClosed(line, finding)).map(line => `lost: ${line}`),
    // What is only to be faster must show everybody the same rows as before.
    ...(finding.cwe === costs ? difference(verdictsOf(before), verdictsOf(after)) : []),
    ...(await unproved(finding, before, after)),
    ...difference(shape, await shapeOf(sql, before.database.platform)),
  ];
  return faults.length === 0 ? 'closed' : [...faults, up, down].join('\n');
}

/** Leaks that are still there or new, and those that no attempt shows any more and nothing proves gone. */
async function unproved(finding: Finding, before: Seen, after: Seen): Promise<readonly string[]> {
  const { cells } = await createProver({ ...after, solver }).prove(after.cells);
  const isShown = finding.evidence.some(({ kind }) => kind === 'replay');
  const leaked = new Set(before.cells.filter(({ verdict }) => verdict === 'leaks').map(whoDoesWhat));
  return cells
    .filter(cell => {
      const was = leaked.has(whoDoesWhat(cell));
      return cell.verdict === 'leaks' ? !was || isShown : was && !isProved(cell);
    })
    .map(cell => `${cell.verdict}, ${cell.evidence.map(({ kind }) => kind).join() || 'tried'}: ${whoDoesWhat(cell)}`);
}

/** The prover leaves out the owner of a table, and what a missing privilege keeps. */
function isProved({ evidence, role, because }: Cell): boolean {
  return role === 'owner' || because.includes('permission denied') || evidence.some(({ kind }) => kind === 'proof');
}

/** A part is reached through the whole; what no policy can protect is the server's. */
function isClosed(line: string, { repair: wanted, object }: Finding): boolean {
  return /^(enable-part|revoke-all)$/.test(wanted?.kind ?? '') && line.endsWith(`: ${object ?? ''}`);
}

function whoDoesWhat({ role, actor, command, object }: Cell): string {
  return `${role} ${actor} ${command} ${object}`;
}

function difference(left: readonly string[], right: readonly string[]): readonly string[] {
  return [
    ...left.filter(line => !right.includes(line)).map(line => `gone: ${line}`),
    ...right.filter(line => !left.includes(line)).map(line => `came: ${line}`),
  ];
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
    test(`is found in bad/${fixture.name}, at the marks, with its evidence; its repair holds against every attack`, async () => {
      await withFixture(fixture.text, async see => {
        const before = await see();
        const findings = tellingFor(id, before.findings);
        expect(findings.map(finding => `${finding.check} ${finding.file}:${finding.line}`)).toEqual(
          marksIn(fixture.text),
        );
        expect(findings.every(finding => finding.evidence.length > 0)).toBe(true);
        const finding = findings.find(candidate => candidate.check === id);
        const outcome = finding === undefined ? '' : await repair(fixture, finding, before);
        expect(outcome).toBe(
          byHand.has(`${id.slice('database/'.length)}/${fixture.name}`) ? 'a person decides' : 'closed',
        );
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
