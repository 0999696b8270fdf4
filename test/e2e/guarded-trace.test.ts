import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { beforeAll, expect, test } from 'vitest';
import { drydock, root } from './drydock.ts';

interface Report {
  readonly findings: readonly { readonly check: string; readonly message: string }[];
  readonly summary: { readonly unknown: number; readonly paths: number };
}

let twin = '';

/** Scripts beside the sources, which have no types. */
async function script(path: string): Promise<Readonly<Record<string, (...given: readonly string[]) => unknown>>> {
  return (await import(join(root, path))) as Readonly<Record<string, (...given: readonly string[]) => unknown>>;
}

async function traced(): Promise<Report> {
  return JSON.parse((await drydock(['trace', twin, '--json', '--no-cache'])).stdout) as Report;
}

beforeAll(async () => {
  const { makeTwin } = await script('examples/harbor-guarded/make.mjs');
  twin = String(await makeTwin?.('traced'));
});

test('the guarded twin of the example app has no finding and nothing that could not be told', async () => {
  const { findings, summary } = await traced();
  expect(findings.map(finding => finding.message)).toEqual([]);
  expect(summary.unknown).toBe(0);
  expect(summary.paths).toBeGreaterThan(250);
}, 60_000);

test('without any tenant predicate in its code the policies hold it, but for the table that has none', async () => {
  const { withoutPredicates } = await script('guard/bench/mutants/mutate.mjs');
  for (const file of globSync('{app,lib,pages}/**/*.{ts,tsx}', { cwd: twin })) {
    const path = join(twin, file);
    const text = readFileSync(path, 'utf8');
    const without = withoutPredicates?.(text, file);
    if (typeof without === 'string' && without !== text) writeFileSync(path, without);
  }
  expect((await traced()).findings).toEqual([]);
  const [migration = ''] = globSync('drizzle/0018*.sql', { cwd: twin });
  appendFileSync(
    join(twin, migration),
    '\n--> statement-breakpoint\nalter table "messages" disable row level security;',
  );
  const { findings } = await traced();
  expect([...new Set(findings.map(finding => finding.check))]).toEqual(['path/policy-does-not-isolate']);
  expect(findings.every(finding => finding.message.includes("'messages'"))).toBe(true);
  expect(findings.length).toBeGreaterThan(5);
}, 120_000);
