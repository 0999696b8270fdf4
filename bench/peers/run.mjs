// Drydock beside linters, on the same places: `node bench/peers/run.mjs --tools <folder> --cases <file> --mirrors <folder>
// --drydock-results <file> [--semgrep-rules <folder>] [--json <file>]`.
//
// For each case the files of the fault and of its safe siblings are taken from the commit before the repair, and from the
// repair. The other tools look at one file at a time, so what they say there is what they would say in the whole
// repository. A case is found when a report is within two lines of the query; silent when no report of the same rule is
// within two lines of the place that the repair left in that file (the line is followed by the text of the query's line).
// Drydock's own results are read from the file that the measurement of paths writes.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

const option = name => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const [tools, mirrors] = [resolve(option('tools') ?? ''), resolve(option('mirrors') ?? '')];
const rules = option('semgrep-rules');
const work = join(tmpdir(), `drydock-peers-${process.pid}`);
const cases = readFileSync(option('cases') ?? '', 'utf8')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))
  .filter(
    each => !each.sink.file.endsWith('.sql') && !['missing-role-check', 'output-overexposure'].includes(each.kind),
  );

const places = placesOf(cases);
const results = [
  measure('eslint, all rules of security, no-unsanitized, no-secrets, drizzle', folder =>
    lines(process.execPath, [join(tools, 'eslint.mjs'), folder], tools),
  ),
  measure('ast-grep, query by id without a tenant', folder =>
    lines(process.execPath, [join(tools, 'ast-grep.mjs'), folder], tools),
  ),
  rules === undefined
    ? { tool: 'semgrep', note: 'not run: the registry could not be reached and no folder of rules was given' }
    : measure('semgrep, the rules of its registry for JavaScript and TypeScript', folder => semgrep(folder)),
];
rmSync(work, { recursive: true, force: true });
const own = option('drydock-results');
if (own !== undefined) results.unshift(ownResult(JSON.parse(readFileSync(own, 'utf8'))));
process.stdout.write(`${table(results)}\n`);
if (option('json') !== undefined) writeFileSync(option('json'), JSON.stringify(results, null, 2));

/** Every file that is looked at, once for each commit: `before` with its siblings, `after` where the repair is whole. */
function placesOf(all) {
  const found = [];
  for (const each of all) {
    const siblings = (each.safeSiblings ?? []).filter(sibling => !near(sibling, each.sink, 0));
    found.push({
      ...each,
      siblings,
      before: each.parentCommit,
      after: each.afterState === 'partial' ? undefined : each.fixCommit,
    });
  }
  return found;
}

function measure(tool, look) {
  const started = performance.now();
  rmSync(work, { recursive: true, force: true });
  const written = new Set();
  for (const place of places) {
    for (const file of [place.sink.file, ...place.siblings.map(sibling => sibling.file)])
      write(place.repo, place.before, file, written);
    if (place.after !== undefined) write(place.repo, place.after, place.sink.file, written);
  }
  const reports = look(work).map(report => ({ ...report, file: report.file.replace(`${work}/`, '') }));
  const byFile = new Map();
  for (const report of reports) byFile.set(report.file, [...(byFile.get(report.file) ?? []), report]);
  const at = (place, commit, spot, slack) =>
    (byFile.get(pathOf(place.repo, commit, spot.file)) ?? []).filter(report =>
      near({ ...report, file: spot.file }, spot, slack),
    );
  let [found, checked, silent, safe, safeFlagged] = [0, 0, 0, 0, 0];
  for (const place of places) {
    const hits = at(place, place.before, place.sink, 2);
    if (hits.length > 0) found += 1;
    safe += place.siblings.length;
    safeFlagged += place.siblings.filter(sibling => at(place, place.before, sibling, 0).length > 0).length;
    if (hits.length === 0 || place.after === undefined) continue;
    checked += 1;
    const moved = followed(place);
    const still =
      moved === undefined
        ? []
        : at(place, place.after, moved, 2).filter(report => hits.some(hit => hit.rule === report.rule));
    if (still.length === 0) silent += 1;
  }
  return {
    tool,
    cases: places.length,
    found,
    checked,
    silent,
    safe,
    safeFlagged,
    reports: reports.length,
    files: written.size,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Where the first line of the query is after the repair; absent when it is gone. */
function followed({ repo, before, after, sink }) {
  const line = textAt(repo, before, sink.file)?.split('\n')[sink.line - 1]?.trim();
  const then = textAt(repo, after, sink.file)?.split('\n') ?? [];
  const same = then.flatMap((text, index) => (text.trim() === line ? [index + 1] : []));
  const nearest = same.toSorted((left, right) => Math.abs(left - sink.line) - Math.abs(right - sink.line))[0];
  return nearest === undefined
    ? undefined
    : { file: sink.file, line: nearest, endLine: nearest + (sink.endLine ?? sink.line) - sink.line };
}

function near(report, spot, slack) {
  return (
    report.file === spot.file &&
    report.line <= (spot.endLine ?? spot.line) + slack &&
    (report.endLine ?? report.line) >= spot.line - slack
  );
}

function pathOf(repo, commit, file) {
  // Brackets and parentheses of routes are patterns to some tools.
  return `${repo.replace('/', '+')}/${commit.slice(0, 12)}/${file.replaceAll(/[[\]()]/g, '_')}`;
}

function write(repo, commit, file, written) {
  const path = pathOf(repo, commit, file);
  if (written.has(path)) return;
  const text = textAt(repo, commit, file);
  if (text === undefined) return;
  written.add(path);
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
}

function textAt(repo, commit, file) {
  const git = join(mirrors, repo.replace('/', '+'), 'repo');
  if (!existsSync(git)) return undefined;
  try {
    return execFileSync('git', ['-C', git, 'show', `${commit}:${file}`], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}

function lines(command, given, cwd) {
  const { stdout, stderr, status } = spawnSync(command, given, { cwd, encoding: 'utf8', maxBuffer: 1 << 29 });
  if (status !== 0) process.stderr.write(`${command} ${given.join(' ')}: ${stderr.slice(0, 400)}\n`);
  return stdout
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line));
}

function semgrep(folder) {
  const configs = ['javascript', 'typescript', 'generic/secrets'].map(name => join(rules, name)).filter(existsSync);
  const given = [
    'scan',
    '--json',
    '--quiet',
    '--metrics',
    'off',
    '--disable-version-check',
    '--no-git-ignore',
    ...configs.flatMap(config => ['--config', config]),
    folder,
  ];
  const { stdout } = spawnSync(join(tools, 'venv/bin/semgrep'), given, {
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    cwd: folder,
  });
  return JSON.parse(stdout || '{"results":[]}').results.map(({ path, start, end, check_id }) => ({
    file: path,
    line: start.line,
    endLine: end.line,
    rule: check_id,
  }));
}

/** What the measurement of paths says of Drydock on the same cases. */
function ownResult({ figure, rows }) {
  const cross = rows.filter(row => !['missing-role-check', 'output-overexposure'].includes(row.kind));
  const sum = read => cross.reduce((total, row) => total + Number(read(row) ?? 0), 0);
  const checked = cross.filter(row => row.silent !== undefined);
  return {
    tool: 'drydock trace',
    cases: figure.crossTenant,
    found: figure.crossTenantFound,
    checked: checked.length,
    silent: checked.filter(row => row.silent).length,
    safe: sum(row => row.safe),
    safeFlagged: sum(row => row.safeFlagged),
  };
}

function table(all) {
  const rows = all.map(each =>
    each.note === undefined
      ? `| ${each.tool} | ${each.found} of ${each.cases} | ${each.silent} of ${each.checked} | ${each.safeFlagged} of ${each.safe} | ${each.reports ?? '–'} | ${each.seconds?.toFixed(1) ?? '–'} |`
      : `| ${each.tool} | ${each.note} | | | | |`,
  );
  return [
    '| tool | found at the parent | silent at the repair, of those | safe siblings reported | reports in these files | seconds |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
