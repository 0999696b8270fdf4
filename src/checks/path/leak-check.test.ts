import { expect, test } from 'vitest';
import type { EntryPoint, Operation, Principal } from '../../core/path.ts';
import { always, equals, own, type Predicate } from '../../core/predicate.ts';
import type { Reason, Verdict } from '../../core/verdict.ts';
import type { CheckInput, JudgedPath } from '../check.ts';
import { check as ignoresTenant } from './query-ignores-tenant/index.ts';
import { check as trustsClientId } from './query-trusts-client-id/index.ts';

const tenant = { column: 'organization_id', table: 'organization', referencedColumn: 'id' };
const own1 = { confidence: 'foreign-key', capabilityColumns: [] } as const;

function judged(paths: readonly JudgedPath[]): CheckInput {
  return {
    app: undefined,
    paths,
    cells: [],
    database: { tables: [], views: [], functions: [], roles: [], enums: [], buckets: [], platform: 'plain' },
    tenancy: {
      root: { table: 'organization', key: 'id' },
      principal: { table: 'user', key: 'id' },
      memberships: [],
      owners: [
        { table: 'notes', ownership: { kind: 'tenant', path: [tenant] }, secretColumns: [], ...own1 },
        { table: 'keys', ownership: { kind: 'tenant', path: [tenant] }, secretColumns: ['hash'], ...own1 },
      ],
      reasons: [],
    },
  };
}

interface Given {
  readonly entry?: string;
  readonly table?: string;
  readonly operation?: Operation;
  readonly verdict?: Verdict;
  readonly reason?: Reason;
  readonly principal?: Principal;
  readonly where?: Predicate;
  readonly columns?: readonly string[];
  readonly line?: number;
}

function path(given: Given = {}): JudgedPath {
  const { entry = 'GET /api/notes', table = 'notes', operation = 'read', principal = 'member', line = 9 } = given;
  const entryPoint: EntryPoint = {
    kind: 'route-handler',
    name: entry,
    file: 'app/api/notes/route.ts',
    line: 1,
    symbol: 'GET',
  };
  const place = { file: 'lib/notes.ts', line };
  const client = { kind: 'drizzle', role: 'owner', settings: [], place } as const;
  const query = {
    table,
    operation,
    where: given.where ?? always,
    values: [],
    valuesOpen: false,
    columns: given.columns,
    joined: [],
  };
  const id = `${entry} ${table} ${String(line)}`;
  return {
    id,
    verdict: given.verdict ?? 'leaks',
    reason: given.reason ?? 'unscoped',
    principal,
    entryPoint,
    sink: { ...place, table, operation, client: 'drizzle', role: 'owner' },
    steps: [],
    sql: '',
    notes: [],
    model: { id, entryPoint, principal, query, client, facts: [], factsAfter: [], steps: [], escapes: true, place },
  };
}

test('a leaking path becomes one finding at the query, with the harm and the repair', () => {
  const { findings } = ignoresTenant.judge(judged([path()]));
  expect(findings).toEqual([
    {
      subject: 'GET /api/notes → notes read in lib/notes.ts',
      severity: 'high',
      harm: "Any signed-in user can read any organization's notes.",
      message: "The query in 'GET /api/notes' that reads 'notes' depends on nothing that identifies the caller.",
      file: 'lib/notes.ts',
      line: 9,
      entryPoint: 'GET /api/notes',
      object: 'notes',
      pathIds: ['GET /api/notes notes 9'],
      evidence: [{ kind: 'path', pathId: 'GET /api/notes notes 9' }],
      repair: {
        kind: 'scope-query',
        place: { file: 'lib/notes.ts', line: 9 },
        entryPoint: 'GET /api/notes',
        table: 'notes',
        operation: 'read',
        column: 'organization_id',
        ownerPath: [tenant],
      },
    },
  ]);
});

test('entry points that share the query share the finding', () => {
  const { findings } = ignoresTenant.judge(judged([path(), path({ entry: 'GET /api/search' }), path({ line: 30 })]));
  expect(findings.map(finding => finding.pathIds)).toEqual([
    ['GET /api/notes notes 9', 'GET /api/search notes 9'],
    ['GET /api/notes notes 30'],
  ]);
  expect(findings[0]?.message).toMatch(/One other entry point reaches it too\.$/);
});

test('writing, reading without an account and reading secrets are critical', () => {
  const worse = [path({ operation: 'update' }), path({ principal: 'anonymous' }), path({ table: 'keys' })];
  for (const one of worse) expect(ignoresTenant.judge(judged([one])).findings[0]?.severity).toBe('critical');
  const narrow = path({ table: 'keys', columns: ['label'] });
  expect(ignoresTenant.judge(judged([narrow])).findings[0]?.severity).toBe('high');
});

test('an id of the row is not a tenant, a tenant id from the client has a check of its own', () => {
  const byId = path({ reason: 'client-id', where: equals(own('id'), { kind: 'client', path: 'params.id' }) });
  const byTenant = path({
    reason: 'client-id',
    where: equals(own('organization_id'), { kind: 'client', path: 'query.org' }),
  });
  expect(ignoresTenant.judge(judged([byId, byTenant])).findings.map(finding => finding.message)).toEqual([
    "The query in 'GET /api/notes' that reads 'notes' depends on 'params.id' and on no tenant.",
  ]);
  expect(trustsClientId.judge(judged([byId, byTenant])).findings.map(finding => finding.message)).toEqual([
    "The query in 'GET /api/notes' that reads 'notes' takes its tenant from 'query.org', which the caller sends.",
  ]);
});

test('paths that are isolated or public are no findings', () => {
  expect(ignoresTenant.judge(judged([path({ verdict: 'isolated', reason: 'scoped-by-session' })])).findings).toEqual(
    [],
  );
});
