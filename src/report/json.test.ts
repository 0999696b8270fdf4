import { describe, expect, test } from 'vitest';
import { toJson } from './json.ts';
import { sampleFix, sampleProbe, sampleRescue, sampleRules, sampleTrace, sampleTriage } from './sample.ts';

const all = [sampleTrace(), sampleRules(), sampleProbe(), sampleFix(), sampleRescue(), sampleTriage()];

function parse(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) throw new Error('The report is not an object');
  return Object.fromEntries(Object.entries(parsed));
}

describe('the JSON contract', () => {
  test.each(all)('$command starts with what it is and ends with the gaps', result => {
    const keys = Object.keys(parse(toJson(result)));
    expect(keys.slice(0, 3)).toEqual(['schemaVersion', 'command', 'drydock']);
    expect(keys.at(-1)).toBe('gaps');
  });

  test('a trace has the fields that measurements read', () => {
    const document = parse(toJson(sampleTrace()));
    expect(document['schemaVersion']).toBe(1);
    expect(document['summary']).toMatchObject({
      paths: 17,
      leaks: 6,
      unknown: 1,
      querySites: { reached: 16, textual: 16, unused: 0 },
    });
    expect(document['paths']).toContainEqual(
      expect.objectContaining({
        id: 'p1',
        verdict: 'leaks',
        reason: 'client-id',
        principal: 'member',
        entryPoint: expect.objectContaining({ kind: 'route-handler', name: 'GET /api/invoices/[id]', symbol: 'GET' }),
        sink: {
          file: 'lib/invoices.ts',
          line: 33,
          endLine: 33,
          table: 'invoices',
          operation: 'read',
          client: 'drizzle',
          role: 'owner',
        },
      }),
    );
    expect(document['findings']).toContainEqual(
      expect.objectContaining({ check: 'path/query-trusts-client-id', severity: 'critical', pathIds: ['p1'] }),
    );
    expect(document['gaps']).toEqual([expect.objectContaining({ file: 'lib/search.ts', line: 40, settles: 1 })]);
  });

  test('a cell of files names their bucket, and one of a table has none', () => {
    const rules = sampleRules();
    const [cell] = rules.cells;
    if (cell === undefined) throw new Error('The sample has no cells');
    const files = ['photos', 'letters'].map(bucket => ({ ...cell, objectKind: 'bucket' as const, bucket }));
    const { cells } = parse(toJson({ ...rules, cells: [...files, cell] }));
    expect(Array.isArray(cells) ? cells.map((each: { bucket?: string }) => each.bucket) : []).toEqual([
      undefined,
      'letters',
      'photos',
    ]);
  });

  test('a large schema has a cell on a line, and says once what a proof says for several actors', () => {
    const rules = sampleRules();
    const [cell] = rules.cells;
    if (cell === undefined) throw new Error('The sample has no cells');
    const proof = { kind: 'proof' as const, transcript: 'No rows exist.', assumptions: ['a'], elapsedMs: 1 };
    const replay = { kind: 'replay' as const, transcript: 'begin;', assumptions: [], elapsedMs: 1 };
    const cells = Array.from({ length: 2600 }, (_, index) =>
      (['anonymous', 'stranger', 'member', 'admin'] as const).map(actor => ({
        ...cell,
        object: `notes_${index}`,
        actor,
        evidence: [proof, replay],
      })),
    ).flat();
    const evidenceIn = (text: string): readonly unknown[] => {
      const found = parse(text)['cells'];
      return Array.isArray(found) ? found.map((each: { evidence?: unknown }) => each.evidence) : [];
    };
    const text = toJson({ ...rules, cells });
    expect(text.split('\n').filter(line => line.startsWith('    {"schema"'))).toHaveLength(cells.length);
    const repeated = [{ kind: 'proof', sameAs: 'anonymous', elapsedMs: 1 }, replay];
    expect(evidenceIn(text).slice(0, 5)).toEqual([[proof, replay], repeated, repeated, repeated, [proof, replay]]);
    const fewer = cells.slice(0, 4000);
    expect(evidenceIn(toJson({ ...rules, cells: fewer }))).toEqual(fewer.map(() => [proof, replay]));
    const plainly = { ...rules, cells: fewer.slice(0, 900) };
    const { cells: some, ...rest } = parse(toJson(plainly));
    const { cells: more, ...others } = parse(toJson({ ...rules, cells: fewer }));
    expect(rest).toEqual(others);
    expect(Array.isArray(more) && Array.isArray(some) ? more.length - some.length : 0).toBe(3100);
  });

  test('rules list every cell with its evidence', () => {
    const document = parse(toJson(sampleRules()));
    expect(document['tenancy']).toMatchObject({ root: 'organizations', memberships: ['members'] });
    expect(document['cells']).toContainEqual(
      expect.objectContaining({
        object: 'members',
        role: 'authenticated',
        actor: 'member',
        command: 'insert',
        verdict: 'leaks',
        tier: 'api',
      }),
    );
  });

  test('findings come worst first whatever order they were found in', () => {
    const trace = sampleTrace();
    expect(toJson({ ...trace, findings: trace.findings.toReversed(), paths: trace.paths.toReversed() })).toBe(
      toJson(trace),
    );
  });

  test('what the stages carry along for each other stays out', () => {
    const trace = sampleTrace();
    const carrying = trace.paths.map(path => ({ ...path, model: { where: 'internal' } }));
    expect(toJson({ ...trace, paths: carrying })).toBe(toJson(trace));
  });

  test('the folder above the target is not shown', () => {
    for (const result of all) expect(toJson(result)).not.toContain('/home/ada');
  });

  test('paths have forward slashes', () => {
    const trace = sampleTrace();
    const gaps = [{ reason: 'A gap.', file: 'lib\\search.ts', line: 1, settles: 0 }];
    expect(toJson({ ...trace, gaps })).toContain('"lib/search.ts"');
  });

  test('a connection string in a reason loses its password', () => {
    const gaps = [{ reason: 'postgres://app:hunter22@db/app refused.', file: '.env', line: 1, settles: 0 }];
    expect(toJson({ ...sampleTrace(), gaps })).not.toContain('hunter22');
  });
});
