// How long a trace takes, beside the floor: oxc parsing every file of the same folder to a syntax tree.
//
//   node bench/speed.mjs <folder> [rounds]
//
// Four things in turn, in each round, every one in a process of its own: a trace; the same again with nothing changed;
// a trace after one more line in the most imported file of a copy; parsing every file. Prints medians.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const code = /\.[cm]?[jt]sx?$/;
const skipped = new Set(['node_modules', 'dist', 'build', 'out', '.git', '.next', '.drydock']);

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() && code.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

/** In a process of its own: every file parsed to a syntax tree that JavaScript holds, one at a time. */
async function parseAll(folder) {
  const { parseSync } = await import('oxc-parser');
  let nodes = 0;
  for (const file of filesBelow(folder)) nodes += parseSync(file, readFileSync(file, 'utf8')).program.body.length;
  return nodes;
}

/** The file whose name stands in most import paths: what an edit reaches furthest from. */
function sharedHelper(folder) {
  const files = filesBelow(folder);
  const imported = new Map();
  for (const file of files)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/from\s+['"]([@~.][^'"]*\/[^'"]+)['"]/g)) {
      const name = basename(path);
      imported.set(name, (imported.get(name) ?? 0) + 1);
    }
  const count = file => imported.get(basename(file).replace(code, '')) ?? 0;
  return files.toSorted((left, right) => count(right) - count(left))[0];
}

function measure(program, parameters) {
  const start = performance.now();
  // The child says on its last line of stderr how much memory it took at most.
  const probe = "process.on('exit', () => process.stderr.write('\\nrss ' + process.resourceUsage().maxRSS + '\\n'))";
  const run = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(probe)}`, program, ...parameters],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const seconds = (performance.now() - start) / 1000;
  if (run.status !== 0 && run.status !== 1) throw new Error(`${program} ended with ${run.status}: ${run.stderr}`);
  return { seconds, megabytes: Number(/rss (\d+)\s*$/.exec(run.stderr)?.[1] ?? 0) / 1024 };
}

function median(numbers) {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)];
}

function main(folder, rounds) {
  const cli = fileURLToPath(new URL('../bin/drydock.js', import.meta.url));
  const own = fileURLToPath(import.meta.url);
  const work = mkdtempSync(join(tmpdir(), 'drydock-speed-'));
  const copy = join(work, basename(folder));
  cpSync(folder, copy, { recursive: true, filter: path => !skipped.has(basename(path)) });
  const helper = sharedHelper(copy);
  let isKept = false;
  const steps = {
    'drydock trace': () => measure(cli, ['trace', copy, '--json', '--no-cache']),
    'drydock trace, nothing changed': () => {
      if (!isKept) measure(cli, ['trace', copy, '--json']);
      isKept = true;
      return measure(cli, ['trace', copy, '--json']);
    },
    'drydock trace, after an edit': () => {
      appendFileSync(helper, '\nexport const edited = 1;\n');
      isKept = false;
      return measure(cli, ['trace', copy, '--json']);
    },
    'oxc parses every file': () => measure(own, ['--parse', folder]),
  };
  const seen = new Map(Object.keys(steps).map(name => [name, []]));
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const [name, step] of Object.entries(steps)) seen.get(name).push(step());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const floor = median(seen.get('oxc parses every file').map(run => run.seconds));
  process.stdout.write(
    `${folder}: ${filesBelow(folder).length} files, ${rounds} rounds, Node ${process.versions.node}\n\n`,
  );
  process.stdout.write('| what | seconds | of the floor | MB |\n| --- | ---: | ---: | ---: |\n');
  for (const [name, runs] of seen) {
    const seconds = median(runs.map(run => run.seconds));
    const megabytes = median(runs.map(run => run.megabytes));
    process.stdout.write(
      `| ${name} | ${seconds.toFixed(2)} | ${(seconds / floor).toFixed(2)} | ${megabytes.toFixed(0)} |\n`,
    );
  }
}

const [first, second] = process.argv.slice(2);
if (first === '--parse') await parseAll(second);
else if (first === undefined) {
  process.stderr.write('Usage: node bench/speed.mjs <folder> [rounds]\n');
  process.exitCode = 2;
} else main(resolve(first), Number(second ?? 3));
