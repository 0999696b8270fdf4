// Drydock beside tools that judge row level security, on the same databases:
//
//   npm run build && node bench/peers/rules.mjs --tools <folder> --cases <file> --mirrors <folder> [--json <file>] [--only <tool>]
//
// `<folder>` of the tools is what `node bench/peers/install.mjs <folder>` made. For each repository of the cases its
// migrations are replayed by Drydock into its embedded Postgres, and each tool is pointed at that database (trespass and
// rlsgate read the SQL files instead, as they take no database). A case is an object, known to leak or known to be safe, where each was
// shown by a replayed transcript. What counts is coarse and the same for everybody: `found` when a report of the tool that
// is about who may reach rows names the object (performance and style do not count), `flagged` when one names a safe
// object, `proved` when the tool says of a safe object that it is isolated.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { table } from '../markdown.mjs';

const option = name => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [tools, mirrors] = [resolve(option('tools') ?? ''), resolve(option('mirrors') ?? '')];
const cases = readFileSync(option('cases') ?? '', 'utf8')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line));
const dist = path => import(pathToFileURL(join(root, 'dist', path)).href);
const { startReplica } = await dist('prove/replica/start.js');
const { findMigrations } = await dist('collect/database/find-migrations.js');
const { detectPlatform, replayMigrations } = await dist('collect/database/replay.js');

const binary = name => join(tools, 'venv/bin', name);
const work = mkdtempSync(join(tmpdir(), 'drydock-peers-'));

function run(command, given, options = {}) {
  const { stdout, stderr } = spawnSync(command, given, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 300_000,
    cwd: work,
    ...options,
  });
  return { stdout: stdout ?? '', stderr: stderr ?? '' };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each tool: what it names as reachable by the wrong people, and what it says is isolated, as `schema.object`. */
const judges = {
  'drydock rules': ({ tree, paths }) => {
    const given = ['bin/drydock.js', 'rules', tree, '--migrations', ...paths.map(path => join(tree, path)), '--json'];
    const report = parsed(run(process.execPath, [join(root, given[0]), ...given.slice(1)]).stdout);
    if (report === undefined) return undefined;
    const cells = report.cells.map(cell => ({ ...cell, name: `${cell.schema}.${cell.object}` }));
    return { cells, reports: report.findings.length };
  },
  'pgrls lint': ({ url }) => {
    const report = parsed(run(binary('pgrls'), ['lint', '--database-url', url, '--format', 'json']).stdout);
    const security = report?.violations.filter(each => each.rule_id.startsWith('SEC') && each.severity !== 'info');
    return (
      security && {
        named: security.map(each => each.location.split('.').slice(0, 2).join('.')),
        isolated: [],
        reports: report.violations.length,
      }
    );
  },
  'pgrls verify (anon, cross-tenant, write)': ({ url }) => {
    const modes = ['anon', 'cross-tenant', 'write'].map(mode =>
      parsed(run(binary('pgrls'), ['verify', '--database-url', url, '--mode', mode, '--format', 'json']).stdout),
    );
    if (modes.some(mode => mode === undefined)) return undefined;
    const tables = modes.flatMap(mode => mode.tables);
    const isolated = modes[1].tables.filter(each => each.verdict === 'isolated').map(each => each.table);
    const leaking = tables.filter(each => each.verdict === 'leak').map(each => each.table);
    return { named: leaking, isolated, reports: leaking.length };
  },
  'trespass check': ({ tree, paths }) => {
    const report = parsed(
      run(binary('trespass'), ['check', '--json', '--verbose', ...paths.map(path => join(tree, path))]).stdout,
    );
    if (report === undefined) return undefined;
    const name = each => (each.table.includes('.') ? each.table : `public.${each.table}`);
    const leaking = report.findings.filter(each => each.verdict === 'vulnerable');
    return {
      named: leaking.map(name),
      isolated: report.findings.filter(each => each.verdict === 'isolated').map(name),
      reports: leaking.length,
    };
  },
  rlsautotest: ({ url, schemas }) => {
    const found = schemas.flatMap(schema => {
      const file = join(work, `${schema}.json`);
      rmSync(file, { force: true });
      run(binary('rlsautotest'), [
        '--schema',
        schema,
        '--db-url',
        url,
        '--report',
        '--report-json',
        file,
        '--no-fail',
        '--quiet',
      ]);
      try {
        return [{ schema, report: JSON.parse(readFileSync(file, 'utf8')) }];
      } catch {
        return [];
      }
    });
    if (found.length === 0) return undefined;
    const holes = found.flatMap(({ schema, report }) => [
      ...report.tables.filter(each => (each.leak_cells ?? []).length > 0).map(each => `${schema}.${each.table}`),
      ...(report.bypass_surfaces ?? []).map(
        each => `${schema}.${String(each.object ?? each.name ?? '').replace(/\(.*$/, '')}`,
      ),
    ]);
    return { named: holes, isolated: [], reports: holes.length };
  },
  // Its `test` compares with what a person wrote down as allowed; `lint` and `audit` ask for nothing.
  'supashield lint': ({ url }) => {
    const report = parsed(run(join(tools, 'node_modules/.bin/supashield'), ['lint', '--json', '--url', url]).stdout);
    const issues = report?.issues;
    return (
      issues && {
        named: issues.map(each => each.policy.split('.').slice(0, 2).join('.')),
        isolated: [],
        reports: issues.length,
      }
    );
  },
  'rlsgate scan': ({ tree, paths }) => {
    const report = parsed(run(binary('rlsgate'), ['scan', tree, '--json']).stdout);
    const found = report?.findings.filter(
      each => /^(rls|anon|public)/.test(each.rule_id) && paths.some(path => each.file.startsWith(path)),
    );
    return (
      found && {
        named: found.flatMap(each => namesIn(`${each.title} ${each.snippet ?? ''}`)),
        isolated: [],
        reports: found.length,
      }
    );
  },
  'rlsgrid check': ({ url }) => {
    const environment = { ...process.env, DATABASE_URL: url };
    run(binary('rlsgrid'), ['init', '--from-db', '--force'], { env: environment });
    const report = parsed(run(binary('rlsgrid'), ['check', '--json'], { env: environment }).stdout);
    const breaches = report?.breaches;
    return (
      breaches && {
        named: breaches.map(each => `${each.schema}.${each.table}`),
        isolated: [],
        reports: breaches.length,
      }
    );
  },
};

/** Everything in a text that may be the name of an object. */
function namesIn(text) {
  const found = text.replaceAll('"', '').match(/[a-z_]\w*(?:\.\w+)?/gi) ?? [];
  return found.map(name => (name.includes('.') ? name : `public.${name}`));
}

const bare = name =>
  name
    .replace(/\s*\(.*$/, '')
    .trim()
    .toLowerCase();

/** The cells of Drydock that a case is about; the others name an object, and that is enough for them. */
function cellsOf(said, each) {
  const commands = each.commands
    .split(/ then /i)[0]
    .toLowerCase()
    .split('/')
    .map(command => command.trim());
  return said.cells.filter(
    cell =>
      bare(cell.name) === bare(each.object) &&
      commands.includes(cell.command) &&
      (!each.role || cell.role === each.role),
  );
}

function names(said, each) {
  return said.cells === undefined
    ? said.named.some(name => bare(name) === bare(each.object))
    : cellsOf(said, each).some(cell => cell.verdict === 'leaks');
}

function isolates(said, each) {
  return said.cells === undefined
    ? said.isolated.some(name => bare(name) === bare(each.object))
    : cellsOf(said, each).some(
        cell => cell.verdict === 'isolated' && cell.evidence.some(evidence => evidence.kind === 'proof'),
      );
}

const groups = grouped(cases);
function keyOf(each) {
  return JSON.stringify([each.repo, each.commit, each.paths]);
}
function grouped(all) {
  const map = new Map();
  for (const each of all) map.set(keyOf(each), [...(map.get(keyOf(each)) ?? []), each]);
  return map;
}

const { checkout } = await import(pathToFileURL(join(dirname(resolve(option('cases'))), '../checkout.mjs')).href);
const chosen = Object.entries(judges).filter(([tool]) => tool.includes(option('only') ?? ''));
const rows = Object.fromEntries(
  chosen.map(([tool]) => [
    tool,
    { leaks: 0, found: 0, safe: 0, flagged: 0, proved: 0, reports: 0, databases: 0, 'not run': 0, seconds: 0 },
  ]),
);
const replica = await startReplica();
for (const group of groups.values()) {
  const [{ repo, commit, paths }] = group;
  const tree = mkdtempSync(join(work, 'tree-'));
  checkout(join(mirrors, repo.replace('/', '+'), 'repo'), commit, tree);
  for (const [tool, judge] of chosen) {
    // What one tool leaves behind must not be seen by the next.
    const files = paths.flatMap(path => findMigrations(tree, path).files);
    const database = await replica.createDatabase();
    await replayMigrations(database.sql, files, detectPlatform(files.map(file => file.text)));
    const schemas = [...new Set(group.map(each => each.object.split('.')[0]))];
    const started = performance.now();
    const said = judge({ tree, paths, url: database.url, schemas });
    const row = rows[tool];
    row.seconds += (performance.now() - started) / 1000;
    row.databases += 1;
    await database.drop();
    if (said === undefined) {
      row['not run'] += 1;
      continue;
    }
    row.reports += said.reports;
    for (const each of group) {
      const isNamed = names(said, each);
      if (each.expected === 'leak') {
        row.leaks += 1;
        row.found += isNamed ? 1 : 0;
      } else {
        row.safe += 1;
        row.flagged += isNamed ? 1 : 0;
        row.proved += !isNamed && isolates(said, each) ? 1 : 0;
      }
    }
  }
  process.stderr.write(`${repo} ${commit.slice(0, 8)}\n`);
}
await replica.stop();
rmSync(work, { recursive: true, force: true });
for (const row of Object.values(rows)) row.seconds = Number(row.seconds.toFixed(1));
process.stdout.write(`${table(Object.entries(rows).map(([tool, row]) => ({ tool, ...row })))}\n`);
if (option('json') !== undefined) writeFileSync(option('json'), JSON.stringify(rows, null, 2));
