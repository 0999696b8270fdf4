// Times each stage of the demo: `node bench/demo.mjs [runs]`. Prints a table for docs/benchmarks.md (median of the runs).
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runs = Number(process.argv[2] ?? 3);
const stages = new Map();
const totals = [];
let last;

for (let run = 1; run <= runs; run += 1) {
  process.stderr.write(`run ${run} of ${runs} …\n`);
  const answer = spawnSync(
    process.execPath,
    [join(root, 'bin/drydock.js'), 'rescue', join(root, 'examples/harbor'), '--json', '--quiet'],
    {
      encoding: 'utf8',
      maxBuffer: 512 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  last = JSON.parse(answer.stdout);
  for (const { stage, elapsedMs } of last.timings) stages.set(stage, [...(stages.get(stage) ?? []), elapsedMs]);
  totals.push(last.elapsedMs);
}

const seconds = times => (median(times) / 1000).toFixed(1);
const rows = [...stages].map(([stage, times]) => `| ${stage} | ${seconds(times)} |`);
process.stdout.write(
  [
    `${runs} runs, Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}`,
    '',
    '| stage | seconds (median) |',
    '| --- | ---: |',
    ...rows,
    `| all | ${seconds(totals)} |`,
    '',
    `leaks exploited ${last.before.leaksExploited} → ${last.after.leaksExploited}, own access ${last.before.ownAccessWorking}/${last.before.ownAccessChecks} → ${last.after.ownAccessWorking}/${last.after.ownAccessChecks}, ${last.tests.written} regression tests`,
    '',
  ].join('\n'),
);

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
