// Puts the other tools into a folder of their own: `node bench/peers/install.mjs <folder>`. Nothing of them is a dependency.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, '.tools'));
mkdirSync(folder, { recursive: true });
for (const name of ['package.json', 'eslint.mjs', 'ast-grep.mjs']) copyFileSync(join(here, name), join(folder, name));
run('npm', ['install', '--no-audit', '--no-fund']);
run('python3', ['-m', 'venv', 'venv']);
run(join(folder, 'venv/bin/pip'), [
  'install',
  '--quiet',
  'semgrep',
  'pgrls==0.57.1',
  'trespass-rls==0.2.0',
  'rlsgrid==0.5.7',
  'rlsautotest==0.7.1',
  'rlsgate==0.1.0',
]);

function run(command, given) {
  const { status } = spawnSync(command, given, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.stderr.write(`${command} ${given.join(' ')} ended with ${status}.\n`);
}
