import { expect, test } from 'vitest';
import type { Finding } from '../core/finding.ts';
import type { RulesResult } from '../core/result.ts';
import { renderHtml } from './html/render.ts';
import { toJson } from './json.ts';
import { renderTerminal } from './terminal/render.ts';

function finding(object: string, causedBy?: string): Finding {
  return {
    check: 'database/policy-leaks',
    fingerprint: object,
    severity: 'critical',
    harm: `Any signed-in user can read any team's ${object}.`,
    message: `Under the policy 'read' on '${object}', 'authenticated' may select rows of another tenant.`,
    cwe: 863,
    file: 'supabase/migrations/1.sql',
    line: 3,
    object,
    pathIds: [],
    evidence: [],
    ...(causedBy === undefined ? {} : { causedBy }),
  };
}

function result(findings: readonly Finding[]): RulesResult {
  return {
    command: 'rules',
    target: '/notes',
    stack: [],
    elapsedMs: 10,
    gaps: [],
    replay: { files: 1, statements: 9, failed: [] },
    tenancy: { root: 'teams', principal: 'users', memberships: [], owners: [] },
    cells: [],
    findings,
    causes: [
      {
        function: 'is_member(uuid)',
        fault: 'says-yes',
        objects: 2,
        cells: 6,
        file: 'supabase/migrations/1.sql',
        line: 1,
      },
    ],
  };
}

const shared = result([finding('files', 'is_member(uuid)'), finding('notes', 'is_member(uuid)'), finding('tags')]);

function terminal(of: RulesResult, all = false): string {
  return renderTerminal(of, { columns: 80, colour: false, unicode: true, all });
}

test('a function at fault is told once, before what does not rest on it, and its findings by number', () => {
  const text = terminal(shared);
  expect(text).toContain('CAUSE is_member(uuid) → 2 objects · 6 cells · 2 findings');
  expect(text).toContain('supabase/migrations/1.sql:1 · repair the function');
  expect(text).toContain('1 files, 2 notes');
  expect(text).not.toContain("any team's notes");
  expect(text.indexOf('CAUSE')).toBeLessThan(text.indexOf('3 CRITICAL tags'));
});

test('--all shows the findings of a cause in full', () => {
  expect(terminal(shared, true)).toContain("any team's notes");
});

test('a single finding is not folded', () => {
  const text = terminal(result([finding('files', 'is_member(uuid)'), finding('tags')]));
  expect(text).not.toContain('CAUSE');
  expect(text).toContain("any team's files");
});

test('the page folds them away, and JSON keeps each with its cause', () => {
  expect(renderHtml(shared)).toContain('<summary>The 2 findings that rest on it</summary>');
  const { findings, causes } = JSON.parse(toJson(shared)) as {
    readonly findings: readonly { readonly object: string; readonly causedBy?: string }[];
    readonly causes: readonly unknown[];
  };
  expect(findings.map(({ object, causedBy }) => [object, causedBy])).toEqual([
    ['files', 'is_member(uuid)'],
    ['notes', 'is_member(uuid)'],
    ['tags', undefined],
  ]);
  expect(causes).toHaveLength(1);
});
