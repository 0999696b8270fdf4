// Makes a fresh clone ready: packages, the built command, a Chromium. Plain Node, says what it does, and does nothing twice.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const needsBrowser = process.argv.includes('--browser');

requireNode();
if (!packagesAreInstalled()) run('Installing packages (npm ci)', npm(), ['ci', '--no-audit', '--no-fund']);
if (!isBuilt()) run('Building the drydock command', npm(), ['run', '--silent', 'build']);
if (needsBrowser && chromium() === undefined) installChromium();

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`Drydock needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(2);
}

/** npm writes node_modules/.package-lock.json when it is done; every package of our lock file for this system must be in it. */
function packagesAreInstalled() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (
      path === '' ||
      entry.link === true ||
      entry.optional === true ||
      entry.peer === true ||
      !path.includes('node_modules/')
    )
      return true;
    return present[path]?.version === entry.version;
  });
}

function isBuilt() {
  const parts = [
    ['src', 'dist/bundle/cli.js'],
    ['guard/src', 'guard/dist/index.js'],
  ];
  return parts.every(([source, made]) => {
    const file = join(root, made);
    return existsSync(file) && newest(join(root, source)) <= statSync(file).mtimeMs;
  });
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === 'fixtures') continue;
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

function chromium() {
  const known = [
    process.env.DRYDOCK_CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return known.find(path => path && existsSync(path)) ?? playwrightChromium();
}

function playwrightChromium() {
  const script = "import('playwright-core').then(({ chromium }) => process.stdout.write(chromium.executablePath()))";
  const answer = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  return answer.status === 0 && existsSync(answer.stdout) ? answer.stdout : undefined;
}

function installChromium() {
  const isRoot = process.getuid?.() === 0;
  const apt = spawnSync('apt-get', ['--version']).status === 0;
  if (apt && isRoot) {
    run('Updating the package list (apt-get update)', 'apt-get', ['update', '-qq']);
    run('Installing Chromium (apt-get install chromium)', 'apt-get', ['install', '-y', '-qq', 'chromium']);
  } else {
    run('Installing Chromium (playwright install chromium)', npx(), ['playwright-core', 'install', 'chromium']);
  }
}

function run(what, command, parameters) {
  const start = Date.now();
  process.stderr.write(`${what} …\n`);
  try {
    execFileSync(command, parameters, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
      shell: process.platform === 'win32',
    });
  } catch (error) {
    process.stderr.write(
      `${String(error.stdout ?? '')}${String(error.stderr ?? '')}\n${what} did not work. See the lines above.\n`,
    );
    process.exit(2);
  }
  process.stderr.write(`${what}: done in ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function npx() {
  return process.platform === 'win32' ? 'npx.cmd' : 'npx';
}
