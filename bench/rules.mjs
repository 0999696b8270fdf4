// What `drydock rules` says of whole repositories: how much of their migrations replays, and what became of each cell
// that a policy decides for a role of the API.
//
//   node bench/rules.mjs <folder>…
//
// One process a folder, one after the other. A cell counts as decided when it leaks with a transcript, is proved isolated,
// or is broken or public with a reason; `tried` is isolated in every attempt and not proved.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { table } from './markdown.mjs';

const cli = fileURLToPath(new URL('../bin/drydock.js', import.meta.url));

function has(cell, kind) {
  return (cell.evidence ?? []).some(evidence => evidence.kind === kind);
}

function outcomeOf(cell) {
  if (cell.verdict === 'isolated') return has(cell, 'proof') ? 'proved' : has(cell, 'bounded') ? 'bounded' : 'tried';
  return cell.verdict;
}

function measure(folder) {
  const start = performance.now();
  const probe = "process.on('exit', () => process.stderr.write('\\nrss ' + process.resourceUsage().maxRSS + '\\n'))";
  const run = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(probe)}`, cli, 'rules', folder, '--json', '--quiet'],
    { encoding: 'utf8', maxBuffer: 1 << 30, timeout: 600_000 },
  );
  const row = { repository: basename(folder), seconds: (performance.now() - start) / 1000 };
  try {
    const report = JSON.parse(run.stdout);
    const { statements, failed } = report.replay;
    const counts = Object.fromEntries(
      ['proved', 'bounded', 'tried', 'leaks', 'public', 'broken', 'unknown'].map(outcome => [
        outcome,
        report.cells.filter(cell => outcomeOf(cell) === outcome).length,
      ]),
    );
    const decided = report.cells.length - counts.tried - counts.bounded - counts.unknown;
    return {
      ...row,
      statements,
      failed: failed.length,
      'first causes': failed.filter(failure => failure.firstCause).length,
      cells: report.cells.length,
      ...counts,
      decided: report.cells.length === 0 ? '–' : `${((100 * decided) / report.cells.length).toFixed(0)} %`,
      findings: report.findings.length,
      MB: Math.round(Number(/rss (\d+)\s*$/.exec(run.stderr)?.[1] ?? 0) / 1024),
    };
  } catch {
    return { ...row, error: (run.stderr ?? '').split('\n').find(line => line.trim() !== '') ?? `exit ${run.status}` };
  }
}

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('usage: node bench/rules.mjs <folder>…\n');
  process.exit(2);
}
const rows = [];
for (const folder of folders) {
  const row = measure(folder);
  rows.push({ ...row, seconds: row.seconds.toFixed(1) });
  process.stderr.write(`${row.repository}\n`);
}
process.stdout.write(`${table(rows)}\n`);
