import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CommandResult, RescueResult } from '../../core/result.ts';
import { largeTrace, sampleFix, sampleProbe, sampleRescue, sampleRules, sampleTrace, sampleTriage } from '../sample.ts';
import { renderHtml } from './render.ts';

const all: readonly CommandResult[] = [
  sampleTrace(),
  sampleRules(),
  sampleProbe(),
  sampleRescue(),
  sampleTriage(),
  sampleFix(),
  largeTrace(300),
];

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e`;

/** The rescue with a hostile text wherever the target or its app could have put one. */
function hostileRescue(): RescueResult {
  const spoil = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return fixed.has(key) ? value : hostile + value;
    if (Array.isArray(value)) return value.map(each => spoil(each, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, spoil(each, name)]));
  };
  const spoiled: unknown = spoil(sampleRescue(), '');
  if (!isRescue(spoiled)) throw new Error('The sample lost its shape');
  return spoiled;
}

/** What the stages choose among fixed words, or join records by. */
const fixed = new Set([
  'command',
  'verdict',
  'reason',
  'kind',
  'role',
  'actor',
  'severity',
  'outcome',
  'step',
  'principal',
  'operation',
  'tier',
  'objectKind',
  'basis',
]);

function isRescue(value: unknown): value is RescueResult {
  return typeof value === 'object' && value !== null && 'command' in value && value.command === 'rescue';
}

describe('every page', () => {
  test('stands alone: it names no address that a browser would load', () => {
    for (const result of all) {
      const page = renderHtml(result);
      expect(page.match(/\s(?:src|href|action|srcset|poster)\s*=\s*"(?!#|data:)[^"]*"/gi)).toBeNull();
      expect(page.match(/url\(|@import|<link rel="stylesheet|<iframe|<object/gi)).toBeNull();
    }
  });

  test('has every id once, and every link and button leads somewhere', () => {
    for (const result of all) {
      const page = renderHtml(result);
      const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(match => match[1] ?? '');
      expect(new Set(ids).size).toBe(ids.length);
      const targets = [...page.matchAll(/(?:href="#|popovertarget="|aria-labelledby=")([^"]+)"/g)].map(
        match => match[1] ?? '',
      );
      expect(targets.filter(target => !ids.includes(target))).toEqual([]);
    }
  });

  test('allows no script but its own', () => {
    for (const result of all) {
      const page = renderHtml(result);
      const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(match => match[1] ?? '');
      expect(scripts).toHaveLength(1);
      const hash = createHash('sha256')
        .update(scripts[0] ?? '')
        .digest('base64');
      expect(page).toContain(`script-src &#39;sha256-${hash}&#39;`);
    }
  });

  test('is the same each time', () => {
    for (const result of all) expect(renderHtml(result)).toBe(renderHtml(result));
  });
});

test('what the target wrote stays text', () => {
  const page = renderHtml(hostileRescue());
  expect(page).toContain('&lt;script&gt;alert(1)');
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toMatch(/<img|<[a-z]+[^>"]*\sonerror=|\u202e/);
  expect(page).not.toMatch(/="[^"]*<script/);
});

test('a secret in evidence is hidden', () => {
  const trace = sampleTrace();
  const gaps = [{ reason: 'postgres://app:hunter22@db/app refused.', file: '.env', line: 1, settles: 0 }];
  expect(renderHtml({ ...trace, gaps })).not.toContain('hunter22');
});

test('a rescue shows every finding with its repair, and says which is left open', () => {
  const rescue = sampleRescue();
  const page = renderHtml(rescue);
  const articles = page.split('<article').slice(1);
  expect(articles).toHaveLength(7);
  expect(articles.filter(article => article.includes('✓ repaired'))).toHaveLength(6);
  const open = articles.filter(article => article.includes('✗ open'));
  expect(open).toHaveLength(1);
  expect(open[0]).toContain('The repair did not pass the type check');
  for (const file of rescue.filesChanged) expect(page).toContain(file);
});

test('a finding shows its steps, the marked query, the request and both answers', () => {
  const article = renderHtml(sampleRescue())
    .split('<article')
    .find(part => part.includes('read any customer&#39;s invoice'));
  expect(article).toContain('app/api/invoices/[id]/route.ts:9');
  expect(article).toContain('<mark>id = ‹params.id›</mark>');
  expect(article).toContain('GET /api/invoices/inv_1042');
  expect(article).toContain('answer 200');
  expect(article).toContain('answer 404');
  expect(article).toContain('class="add"');
});

test('a stage that still has the finding after the repairs keeps it open', () => {
  const rescue = sampleRescue();
  const page = renderHtml({
    ...rescue,
    probeAfter: { ...rescue.probeAfter, findings: rescue.probeBefore.findings.slice(0, 1) },
  });
  expect(page.match(/✗ open/g)).toHaveLength(2);
});

test('the map stays small in a large app and keeps every leaking entry point', () => {
  const trace = largeTrace(300);
  const page = renderHtml(trace);
  const wide = page.slice(page.indexOf('<svg class="wide"'), page.indexOf('<svg class="narrow"'));
  const nodes = wide.match(/class="node /g) ?? [];
  expect(nodes.length).toBeLessThan(80);
  for (const path of trace.paths.filter(each => each.verdict === 'leaks' && !each.entryPoint.name.includes('#'))) {
    expect(wide).toContain(`<title>${path.entryPoint.name}</title>`);
  }
});

test('the matrix says once why owners are kept out, with where', () => {
  const rules = sampleRules();
  const error = 'infinite recursion detected in policy for relation "members".';
  const cells = rules.cells.map(cell =>
    cell.command === 'select' && cell.verdict !== 'leaks'
      ? { ...cell, verdict: 'broken' as const, because: `It ends in an error for everybody: ${error}` }
      : cell,
  );
  const [why = ''] = /<ul class="small broken-why">.*?<\/ul>/s.exec(renderHtml({ ...rules, cells })) ?? [];
  expect(why.match(/infinite recursion/g)).toHaveLength(1);
  expect(why).toContain('&quot;members&quot;');
  expect(why).toMatch(/21 cells of customers, invoices, members and 4 more/);
  expect(renderHtml(rules)).not.toContain('<ul class="small broken-why">');
});

test('a page without paths or cells says so without a map or a matrix', () => {
  const trace = sampleTrace();
  const empty = renderHtml({
    ...trace,
    paths: [],
    entryPoints: [],
    findings: [],
    gaps: [],
    summary: { ...trace.summary, paths: 0, leaks: 0, unknown: 0, isolated: 0, public: 0 },
  });
  expect(empty).not.toContain('<svg');
  expect(empty).toContain('Nothing: every path and every cell');
});
