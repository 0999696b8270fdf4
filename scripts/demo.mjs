// The main job on the example app: `drydock rescue examples/harbor`, on copies below examples/harbor/.drydock.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

process.stderr.write(
  [
    'Harbor is a freight brokerage app with customers, orders and invoices of many companies. It leaks.',
    'Drydock now attacks it as a customer of one company would, repairs a copy of it, and attacks the copy again.',
    'Nothing leaves this machine, and examples/harbor itself is not changed.',
    '',
    '',
  ].join('\n'),
);

const rescue = spawn(
  process.execPath,
  [join(root, 'bin/drydock.js'), 'rescue', join(root, 'examples/harbor'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => rescue.kill(signal));
rescue.on('exit', (code, signal) => {
  process.exitCode = code === 1 ? verdict() : (code ?? (signal === null ? 2 : 130));
});

/** A rescue ends with 1 when anything is left for a person. The demo did its job when no leak is left that HTTP can show and no owner lost access. */
function verdict() {
  const report = JSON.parse(readFileSync(join(root, 'examples/harbor/.drydock/rescue/report.json'), 'utf8'));
  const { before, after } = report;
  return before.leaksExploited > 0 && after.leaksExploited === 0 && after.ownAccessWorking === before.ownAccessChecks
    ? 0
    : 1;
}
