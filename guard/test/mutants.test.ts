import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Summary {
  readonly harmful: number;
  readonly stopped: number;
  readonly survived: readonly unknown[];
}

/** A sample of guard/bench/mutants.mjs, which does it with every predicate of the app. */
test('what leaks when a tenant predicate is forgotten does not leak with the guard', () => {
  const script = fileURLToPath(new URL('../bench/mutants.mjs', import.meta.url));
  const sample = '^app/(?:api/(?:invoices/\\[id\\]|notes|summary)/route|actions/(?:archive|notes)|dashboard/claims)';
  const summary = JSON.parse(
    execFileSync(process.execPath, [script, '--json', '--only', sample], { encoding: 'utf8', stdio: 'pipe' }),
  ) as Summary;
  expect(summary.survived).toEqual([]);
  expect(summary.harmful).toBeGreaterThanOrEqual(5);
  expect(summary.stopped).toBe(summary.harmful);
}, 300_000);
