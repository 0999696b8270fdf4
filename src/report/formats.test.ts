import { describe, expect, test } from 'vitest';
import type { Finding } from '../core/finding.ts';
import type { TraceResult } from '../core/result.ts';
import { toAnnotations } from './github.ts';
import { renderHtml } from './html/render.ts';
import { toMarkdown } from './markdown.ts';
import { largeRules, sampleRules, sampleTrace } from './sample.ts';
import { toSarif, uriOf } from './sarif.ts';

const here = { prefix: '' };

function first(result: TraceResult): Finding {
  const [finding] = result.findings;
  if (finding === undefined) throw new Error('The sample has no finding.');
  return finding;
}

function withFinding(change: Partial<Finding>): TraceResult {
  const sample = sampleTrace();
  return { ...sample, findings: [{ ...first(sample), ...change }] };
}

interface Log {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly rules: readonly { readonly id: string; readonly properties: Readonly<Record<string, unknown>> }[];
      };
    };
    readonly invocations: readonly { readonly toolExecutionNotifications: readonly unknown[] }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation?: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
      }[];
      readonly codeFlows?: readonly {
        readonly threadFlows: readonly { readonly locations: readonly { readonly executionOrder: number }[] }[];
      }[];
      readonly partialFingerprints?: Readonly<Record<string, string>>;
      readonly suppressions?: readonly { readonly kind: string; readonly justification: string }[];
    }[];
  }[];
}

function sarif(result: Parameters<typeof toSarif>[0], prefix = ''): Log['runs'][number] {
  const log = JSON.parse(toSarif(result, { prefix })) as Log;
  expect(log.version).toBe('2.1.0');
  const [run] = log.runs;
  if (run === undefined) throw new Error('There is no run.');
  return run;
}

describe('SARIF', () => {
  test('every result names a rule of the run by its index, and a place that exists', () => {
    for (const result of [sampleTrace(), sampleRules()]) {
      const run = sarif(result);
      expect(run.results.length).toBe(result.findings.length);
      for (const each of run.results) {
        expect(run.tool.driver.rules[each.ruleIndex]?.id).toBe(each.ruleId);
        expect(each.message.text).not.toBe('');
        expect(each.locations[0]?.physicalLocation?.region.startLine).toBeGreaterThan(0);
        expect(each.partialFingerprints?.['drydock/v1']).toBeTruthy();
      }
    }
  });

  test('rules carry what GitHub sorts by', () => {
    for (const rule of sarif(sampleTrace()).tool.driver.rules) {
      expect(Number(rule.properties['security-severity'])).toBeGreaterThan(0);
      expect(rule.properties['tags']).toContainEqual(expect.stringMatching(/^external\/cwe\/cwe-\d+$/));
    }
  });

  test('the steps of a path are one flow, in their order', () => {
    const flows = sarif(sampleTrace()).results.flatMap(each => each.codeFlows ?? []);
    expect(flows.length).toBeGreaterThan(0);
    for (const flow of flows) {
      const orders = flow.threadFlows[0]?.locations.map(each => each.executionOrder) ?? [];
      expect(orders).toEqual(orders.map((_, index) => index + 1));
    }
  });

  test('what was accepted is a result with its reason, not an absence', () => {
    const sample = sampleTrace();
    const finding = first(sample);
    const run = sarif({
      ...sample,
      findings: [],
      suppressed: [{ finding, reason: 'a shared catalogue', place: { file: 'lib/a.ts', line: 3 } }],
    });
    expect(run.results).toHaveLength(1);
    expect(run.results[0]?.suppressions).toMatchObject([{ kind: 'inSource', justification: 'a shared catalogue' }]);
  });

  test('a declaration that does nothing is an error of its own rule', () => {
    const run = sarif({
      ...sampleTrace(),
      findings: [],
      problems: [{ kind: 'unused-suppression', message: 'Nothing is found here any more.', file: 'lib/a.ts', line: 3 }],
    });
    expect(run.results[0]).toMatchObject({ ruleId: 'config/unused-suppression', level: 'error' });
  });

  test('what could not be told is in the file too', () => {
    expect(sarif(sampleTrace()).invocations[0]?.toolExecutionNotifications.length).toBe(sampleTrace().gaps.length);
  });

  test('files are named from the folder that Drydock was started in', () => {
    expect(uriOf('app/[id]/page.tsx', { prefix: 'apps/web' })).toBe('apps/web/app/%5Bid%5D/page.tsx');
    expect(uriOf('../../packages/db/index.ts', { prefix: 'apps/web' })).toBe('packages/db/index.ts');
    expect(uriOf('a b#1.ts', here)).toBe('a%20b%231.ts');
  });
});

describe('annotations of GitHub', () => {
  test('a text cannot end its command or begin another', () => {
    const text = toAnnotations(withFinding({ harm: 'one\n::error::two', message: '100 %', file: 'a,b:c.ts' }), here);
    expect(text.split('\n').filter(line => line.startsWith('::'))).toHaveLength(1);
    expect(text).toContain('one%0A::error::two 100 %25');
    expect(text).toContain('file=a%2Cb%3Ac.ts');
  });

  test('ten of a level are shown, and the rest is counted', () => {
    const sample = sampleTrace();
    const findings = Array.from({ length: 14 }, (_, index): Finding => ({
      ...first(sample),
      severity: 'critical',
      fingerprint: `f${index}`,
    }));
    const lines = toAnnotations({ ...sample, findings }, here)
      .trimEnd()
      .split('\n');
    expect(lines.filter(line => line.startsWith('::error'))).toHaveLength(10);
    expect(lines.at(-1)).toBe('Drydock: 14 findings; 4 more than GitHub shows, all are in the SARIF file (--sarif).');
  });
});

describe('Markdown', () => {
  test('a text of the target is no markup, in prose, code and tables', () => {
    const text = toMarkdown(withFinding({ harm: '<img src=x> **a** | b', entryPoint: 'GET /a`b|c' }), here);
    expect(text).toContain(String.raw`\<img src=x\> \*\*a\*\* \| b`);
    expect(text).toContain('``GET /a`b\\|c``');
  });

  test('the worst five are told whole, the rest in a table', () => {
    const text = toMarkdown(sampleTrace(), here);
    expect(text.match(/^### \d/gm)).toHaveLength(5);
    expect(text).toContain('| 6 |');
  });

  test('a clean result says so', () => {
    expect(toMarkdown({ ...sampleTrace(), findings: [] }, here)).toContain('## Drydock: nothing found');
  });
});

describe('a difference and a gate in Markdown', () => {
  const compared = {
    ...sampleRules('after'),
    diff: {
      since: 'main',
      changes: [
        {
          direction: 'worse',
          kind: 'cell',
          object: 'invoices',
          role: 'authenticated',
          words: "members of any tenant can now change other tenants' rows of 'invoices'",
        },
        { direction: 'changed', kind: 'grant', object: 'plans', words: "anon is no longer granted select on 'plans'" },
      ],
    },
    gate: {
      expects: 'policies',
      because: 'Policies keep tenants apart here.',
      tables: 3,
      since: 'main',
      faults: [
        {
          table: 'holds',
          kind: 'index',
          message: "No index of 'holds' begins with 'branch_id'.",
          sql: 'create index holds_branch_id_idx on holds (branch_id);',
          file: 'db/2.sql',
          line: 4,
        },
      ],
    },
  } as const;

  test('what got worse stands open, the rest is folded, and what is missing comes with its SQL', () => {
    const text = toMarkdown(compared, here);
    expect(text).toContain('## Drydock: 1 worse, 1 missing');
    expect(text).toContain(
      "### Worse (1)\n\n- ✗ members of any tenant can now change other tenants' rows of 'invoices'",
    );
    expect(text).toContain('<details><summary>Changed (1)</summary>');
    expect(text).toContain('**holds** `db/2.sql:4`');
    expect(text).toContain('```sql\ncreate index holds_branch_id_idx on holds (branch_id);\n```');
  });

  test('an annotation stands at the line that makes the table', () => {
    const text = toAnnotations({ ...compared, findings: [] }, here);
    expect(text).toContain('::error file=db/2.sql,line=4,title=gate/index::');
    expect(text).toContain('%0Acreate index holds_branch_id_idx');
    expect(text).toContain('Drydock: 0 findings, 1 missing.');
  });

  test('the HTML page shows both, escaped', () => {
    const [change] = compared.diff.changes;
    const page = renderHtml({ ...compared, diff: { since: 'main', changes: [{ ...change, words: '<b>now</b>' }] } });
    expect(page).toContain('id="changes"');
    expect(page).toContain('id="gate"');
    expect(page).toContain('&lt;b&gt;now&lt;/b&gt;');
  });

  test('nothing worse is said as such', () => {
    expect(toMarkdown({ ...sampleRules('after'), diff: { since: 'main', changes: [] } }, here)).toContain(
      "## Drydock: nothing got worse\n\nNothing differs from 'main'",
    );
  });
});

describe('how long lists take', () => {
  const page = renderHtml(largeRules(9));
  const lists = page.slice(page.indexOf('<section id="lists"'), page.indexOf('<section id="findings"'));

  test('stands in HTML beside the policy that is asked, and says what is faster and how that is known', () => {
    expect(lists).toContain('1 of 2 lists can be faster.');
    expect(lists).toContain('own attachments');
    expect(lists).not.toContain('own to change');
    expect(lists.indexOf('461.3 ms')).toBeLessThan(lists.indexOf('0.3 ms'));
    expect(lists).toContain('Proved: no row, no data and no request');
    expect(lists).toContain('1 list that nothing known makes faster');
  });

  test('stands in Markdown as a table, with policy and statements folded beneath', () => {
    const markdown = toMarkdown(largeRules(9), here);
    expect(markdown).toContain('### 1 of 2 lists can be faster.');
    expect(markdown).toContain(String.raw`| compliance\_evidence\_attachment\_1 | 461.3 ms | 0.3 ms |`);
    expect(markdown).toContain(
      'create policy "own attachments" on compliance_evidence_attachment_1 … using ((author_id = auth.uid()))',
    );
    expect(markdown).toContain('alter policy "own attachments"');
  });

  test('is not told where it was not asked for', () => {
    expect(renderHtml(sampleRules())).not.toContain('<section id="lists"');
    expect(toMarkdown(sampleRules(), here)).not.toContain('can be faster');
  });
});

test('what was read from a live database stands in no file, and is named by its object', () => {
  const result = withFinding({ file: '', line: 0, object: 'notes' });
  const { entryPoint: _entryPoint, ...finding } = first(result);
  const live = { ...result, findings: [finding] };
  const log = JSON.parse(toSarif(live, here)) as { runs: { results: { locations: unknown }[] }[] };
  expect(log.runs[0]?.results[0]?.locations).toEqual([
    { logicalLocations: [{ fullyQualifiedName: 'notes', kind: 'object' }] },
  ]);
  for (const text of [toMarkdown(live, here), toAnnotations(live, here)]) expect(text).not.toMatch(/(?:^|[`\s]):0\b/m);
  expect(toMarkdown(live, here)).toContain('the database itself');
});
