// Compares what the prover's formulas say of random rows under random policies with what Postgres shows.
//
//   node bench/policies.mjs [pairs]
//
// A pair is one policy on one row for one user; 100,000 by default. One disagreement fails the run.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pairs = process.argv[2] ?? '100000';
const started = performance.now();
const run = spawnSync('npx', ['vitest', 'run', 'src/logic/smt/differential.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, DRYDOCK_PAIRS: pairs },
});
const seconds = Math.round((performance.now() - started) / 1000);
process.stdout.write(`${run.status === 0 ? `${pairs} pairs agree` : 'a disagreement'}, ${seconds} s\n`);
process.exitCode = run.status ?? 1;
