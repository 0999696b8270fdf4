// Deletes one guard or one tenant condition at a time, traces what is affected again, and counts verdicts that flip.
//
//     npm run build && node bench/mutations.mjs [--most 150] [--json file] <folder>…
//
// A mutant is the app with one statement or one condition blanked out: an `if` that leaves, a call that stands alone, a
// property of `where`, an argument of `and()`, an `.eq()` of Supabase, each in a function that an isolated path goes
// through. It is killed when a path that was isolated leaks. Two rules, both mechanical, say which mutants change nothing:
//
//   no-identity  the conditions on the way that name the caller are the same with and without what was deleted
//   still-tied   another condition that names the caller is still joined to the row by equalities (computed here by
//                union-find over the equalities, not by the engine's own entailment)
//
//   not-shown    the rows of the changed query reach nobody, and every query that they let through is told on its own
//   leaked-before  the query leaked before anything was deleted
//   denied       the setting that a policy compares with is never made: the policy shows nobody anything
//
// `raw` is killed of all, `adjusted` is killed of those that the rules leave. `elsewhere` counts leaks at a query that was
// isolated and that no deleted condition took part in; there must be none.
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import MagicString from 'magic-string';
import { parseSync } from 'oxc-parser';
import { lowerModule } from '../dist/collect/source/lower.js';
import { analyse } from '../dist/commands/analyse.js';
import { createContext } from '../dist/commands/context.js';
import { compareText } from '../dist/core/place.js';
import { silentProgress } from '../dist/core/ports.js';
import { judgePaths } from '../dist/judge/judge.js';
import { interpretApp } from '../dist/model/app/build.js';

const tied = new Set(['scoped-by-session', 'scoped-by-membership', 'scoped-by-policy', 'guarded-lookup']);

/** At most so many entry points are traced again for a mutant that many share: one that leaks is enough. */
const mostEntries = 4;

const traced = new Map();

const options = readArguments(process.argv.slice(2));
const context = createContext(silentProgress);
const results = [];
for (const folder of options.folders) results.push(await probe(folder));
await context.lifetime.end?.();
process.stdout.write(`${table(results)}\n${results.map(survivorLines).join('\n')}\n`);
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, null, 2));
process.exit(0);

function readArguments(given) {
  const read = { folders: [], most: 150, json: undefined };
  for (let index = 0; index < given.length; index += 1) {
    if (given[index] === '--most') read.most = Number(given[(index += 1)]);
    else if (given[index] === '--json') read.json = given[(index += 1)];
    else read.folders.push(given[index]);
  }
  return read;
}

async function probe(folder) {
  const started = performance.now();
  const analysis = await analyse({ root: folder, halves: 'both' }, context);
  const base = isolatedPaths(analysis.judged.paths);
  const candidates = candidatesOf(analysis.source, base);
  const step = Math.max(1, Math.ceil(candidates.length / options.most));
  const chosen = candidates.filter((_, index) => index % step === 0);
  const mutants = chosen.map(candidate => outcomeOf(candidate, analysis));
  return {
    app: basename(folder),
    isolated: base.length,
    candidates: candidates.length,
    tried: mutants.length,
    counts: countBy(mutants.map(mutant => mutant.outcome)),
    elsewhere: mutants.reduce((sum, mutant) => sum + mutant.elsewhere, 0),
    survivors: mutants.filter(mutant => mutant.outcome === 'survived' || mutant.outcome === 'unknown'),
    mutants,
    seconds: (performance.now() - started) / 1000,
  };
}

function isolatedPaths(paths) {
  return paths.filter(path => path.verdict === 'isolated' && tied.has(path.reason));
}

// Where to cut -------------------------------------------------------------------------------------------------------

function candidatesOf(source, base) {
  const linesByFile = new Map();
  const note = ({ file, line }, path, isSink) => {
    const lines = linesByFile.get(file) ?? [];
    linesByFile.set(file, lines);
    lines.push({ line, path, isSink });
  };
  for (const path of base) {
    note(path.sink, path, true);
    for (const step of path.steps) if (step.role !== 'sink') note(step, path, false);
    for (const fact of [...path.model.facts, ...path.model.factsAfter])
      if (fact.weakness === undefined && fact.place.file !== '') note(fact.place, path, false);
  }
  return [...linesByFile]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([file, lines]) => candidatesIn(file, source.text(file) ?? '', lines));
}

function candidatesIn(file, text, lines) {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) return [];
  const starts = lineStarts(text);
  const found = [];
  walk(program, [], (node, parents) => {
    const cut = cutOf(node, parents, text);
    if (cut === undefined) return;
    const scope = parents.findLast(isFunction);
    if (scope === undefined) return;
    const [from, to] = [lineAt(starts, scope.start), lineAt(starts, scope.end)];
    const touched = lines.filter(({ line, isSink }) => line >= from && line <= to && (!cut.isCondition || isSink));
    const within = cut.isCondition ? touched.filter(({ line }) => coversQuery(parents, starts, line)) : touched;
    if (within.length === 0) return;
    found.push({
      file,
      line: lineAt(starts, cut.start),
      kind: cut.kind,
      start: cut.start,
      end: cut.end,
      code: text.slice(cut.start, cut.end).replaceAll(/\s+/g, ' ').slice(0, 100),
      with: cut.with,
      paths: [...new Set(within.map(({ path }) => path))],
    });
  });
  return found;
}

/** The condition stands in the call that is the query, not in another one of the same function. */
function coversQuery(parents, starts, line) {
  return parents.some(
    parent =>
      parent.type === 'CallExpression' && lineAt(starts, parent.start) <= line && lineAt(starts, parent.end) >= line,
  );
}

function cutOf(node, parents, text) {
  const parent = parents.at(-1);
  if (node.type === 'IfStatement' && node.alternate === null && leaves(node.consequent) && inBlock(parent))
    return { kind: 'if', start: node.start, end: node.end, with: '' };
  if (node.type === 'ExpressionStatement' && inBlock(parent) && isBareCall(node.expression))
    return { kind: 'call', start: node.start, end: node.end, with: ';' };
  if (node.type === 'Property' && isWhere(parents))
    return { kind: 'where', isCondition: true, ...withComma(node, parent.properties, text), with: '' };
  if (parent?.type === 'CallExpression' && calleeName(parent) === 'and' && parent.arguments.includes(node))
    return { kind: 'and', isCondition: true, start: node.start, end: node.end, with: 'undefined' };
  if (node.type === 'CallExpression' && calleeProperty(node) === 'eq' && node.arguments.length === 2)
    return { kind: 'eq', isCondition: true, start: node.callee.object.end, end: node.end, with: '' };
  return undefined;
}

function isBareCall(expression) {
  const call = expression.type === 'AwaitExpression' ? expression.argument : expression;
  return call.type === 'CallExpression';
}

function inBlock(parent) {
  return parent?.type === 'BlockStatement';
}

function leaves(statement) {
  if (statement.type === 'ReturnStatement' || statement.type === 'ThrowStatement') return true;
  if (statement.type === 'BlockStatement') return statement.body.length > 0 && leaves(statement.body.at(-1));
  return (
    statement.type === 'ExpressionStatement' &&
    /^(notFound|redirect|forbidden|unauthorized)$/.test(calleeName(statement.expression) ?? '')
  );
}

function isWhere(parents) {
  const [object, property] = [parents.at(-1), parents.at(-2)];
  return object?.type === 'ObjectExpression' && property?.type === 'Property' && property.key.name === 'where';
}

function withComma(node, siblings, text) {
  const index = siblings.indexOf(node);
  const next = siblings[index + 1];
  if (next !== undefined) return { start: node.start, end: next.start };
  const before = siblings[index - 1];
  return {
    start: before === undefined ? node.start : before.end,
    end: text[node.end] === ',' ? node.end + 1 : node.end,
  };
}

function calleeName(node) {
  return node?.type === 'CallExpression' && node.callee.type === 'Identifier' ? node.callee.name : undefined;
}

function calleeProperty(node) {
  return node.callee.type === 'MemberExpression' ? node.callee.property.name : undefined;
}

function isFunction(node) {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

function walk(node, parents, see) {
  if (typeof node.type === 'string') see(node, parents);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, [...parents, node], see);
    if (isNode(value)) walk(value, [...parents, node], see);
  }
}

function isNode(value) {
  return value !== null && typeof value === 'object' && typeof value.type === 'string';
}

function lineStarts(text) {
  return [0, ...[...text.matchAll(/\n/g)].map(match => match.index + 1)];
}

function lineAt(starts, at) {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

// What becomes of it --------------------------------------------------------------------------------------------------

function outcomeOf(candidate, analysis) {
  const { file, line, kind, code } = candidate;
  const told = { file, line, kind, code, elsewhere: 0 };
  const text = mutated(candidate, analysis.source.text(file));
  const lowered = lowerModule(file, text);
  if (lowered.kind !== 'module') return { ...told, outcome: 'not-parsed' };
  const entries = entriesFor(candidate.paths);
  const before = traceAgain(analysis, entries);
  const after = traceAgain(analysis, entries, { file, text, module: lowered.module });
  return { ...told, ...compare(candidate, before, after) };
}

/** Line breaks stay, so that places stay. */
function mutated({ start, end, with: replacement }, text) {
  const edit = new MagicString(text);
  edit.update(start, end, replacement + text.slice(start, end).replaceAll(/[^\n]/g, ''));
  return edit.toString();
}

function entriesFor(paths) {
  const files = new Map(paths.map(path => [path.entryPoint.file, path.entryPoint]));
  return [...files.keys()].toSorted(compareText).slice(0, mostEntries);
}

function traceAgain(analysis, entries, change) {
  const key = `${analysis.root}\n${entries.join('\n')}`;
  if (change === undefined && traced.has(key)) return traced.get(key);
  const { source, database, tenancy, cells } = analysis;
  const layouts = source.paths.filter(path => /\/layout\.[jt]sx?$/.test(path));
  const narrowed = {
    ...source,
    paths: [...new Set([...entries, ...layouts])].toSorted(compareText),
    text: file => (file === change?.file ? change.text : source.text(file)),
    module: file => (file === change?.file ? change.module : source.module(file)),
  };
  const { model } = interpretApp(narrowed, database);
  const wanted = new Set(entries);
  const paths = judgePaths({ app: model, database, tenancy, cells }).filter(path => wanted.has(path.entryPoint.file));
  if (change === undefined) traced.set(key, paths);
  return paths;
}

function compare(candidate, before, after) {
  const leakedBefore = new Set(before.filter(path => path.verdict === 'leaks').map(siteOf));
  const isolated = groups(isolatedPaths(before).filter(path => !leakedBefore.has(siteOf(path))));
  // Rows that a secret or a verified sender chooses are no matter of tenants, before or after.
  const then = groups(after.filter(path => path.verdict !== 'isolated' || tied.has(path.reason)));
  const verdictAt = (site, verdict) => (then.get(site) ?? []).some(path => path.verdict === verdict);
  const flipped = [...isolated.keys()].filter(site => verdictAt(site, 'leaks'));
  const changed = [...isolated.keys()].filter(
    site => then.has(site) && identityOf(isolated.get(site)) !== identityOf(then.get(site)),
  );
  const mine = new Set(candidate.paths.map(siteOf));
  const elsewhere = flipped.filter(site => !mine.has(site) && !changed.includes(site)).length;
  if (flipped.length > 0) return { outcome: 'killed', elsewhere };
  if ([...mine].some(site => leakedBefore.has(site))) return { outcome: 'leaked-before', elsewhere };
  if (changed.length === 0) return { outcome: 'no-identity', elsewhere };
  const loose = changed.filter(site => isolated.get(site).every(isTied) && !then.get(site).every(isTied));
  if (loose.length === 0) return { outcome: 'still-tied', elsewhere };
  if (loose.every(site => losesSetting(isolated.get(site), then.get(site)))) return { outcome: 'denied', elsewhere };
  const shown = loose.filter(site => !then.get(site).every(isOnlyAsked));
  if (shown.length === 0) return { outcome: 'not-shown', elsewhere };
  const [site] = shown;
  const sample = then.get(site).find(path => !isTied(path));
  const now = `${sample.verdict} ${sample.reason}: ${sample.notes[0] ?? ''} ${sample.sql}`;
  return { outcome: verdictAt(site, 'unknown') ? 'unknown' : 'survived', elsewhere, site, now };
}

/** A row that is only asked for: what it lets through is a query of its own, and is compared like any other. */
function isOnlyAsked({ model, reason }) {
  return model.query.operation === 'read' && reason === 'guarded-lookup' && !model.escapes;
}

/** Under a policy that compares with a setting, no setting is no row for anybody. */
function losesSetting(before, after) {
  const settings = paths => paths.flatMap(path => path.model.client.settings.map(setting => setting.name));
  const kept = new Set(settings(after));
  return settings(before).some(name => !kept.has(name)) && after.every(path => path.reason === 'scoped-by-policy');
}

function siteOf(path) {
  return `${path.entryPoint.name} ${path.sink.operation} ${path.sink.table} ${path.sink.file}:${path.sink.line}`;
}

function groups(paths) {
  const found = new Map();
  for (const path of paths) found.set(siteOf(path), [...(found.get(siteOf(path)) ?? []), path]);
  return found;
}

// Conditions that name the caller ----------------------------------------------------------------------------------------

function conditionsOf({ model }) {
  // What is found out about a row after a write comes too late for it.
  const after = model.query.operation === 'read' ? model.factsAfter : [];
  const facts = [...model.facts, ...after].filter(fact => fact.weakness === undefined);
  return [
    model.query.where,
    ...model.query.values.map(({ column, value }) => ({
      kind: 'compare',
      operator: '=',
      left: { kind: 'column', row: 'self', column },
      right: value,
    })),
    ...model.query.joined.map(row => ({ kind: 'exists', row })),
    ...model.client.settings.map(({ name, value }) => ({
      kind: 'compare',
      operator: '=',
      left: { kind: 'setting', name },
      right: value,
    })),
    ...facts.flatMap(({ holds }) =>
      holds.kind === 'row'
        ? [{ kind: 'exists', row: holds.row }]
        : holds.kind === 'condition'
          ? [holds.condition]
          : holds.kind === 'member'
            ? [
                {
                  kind: 'compare',
                  operator: '=',
                  left: { kind: 'principal', attribute: 'member' },
                  right: holds.tenant,
                },
              ]
            : [],
    ),
  ];
}

function identityOf(paths) {
  const atoms = paths.map(path => {
    const named = atomsOf(path).filter(atom => JSON.stringify(atom).includes('"principal"'));
    const rest = atomsOf(path).filter(atom => joins(atom));
    return [...new Set([...named, ...rest].map(canonical))].toSorted(compareText).join(' & ');
  });
  return [...new Set(atoms)].toSorted(compareText).join(' | ');
}

/** Equalities between two things that are no constants: what ties a row to what was checked. */
function joins(atom) {
  return (
    atom.kind === 'compare' && atom.operator === '=' && ![atom.left, atom.right].some(term => term.kind === 'constant')
  );
}

function canonical(atom) {
  return JSON.stringify(atom).replaceAll(/#\d+/g, '');
}

function atomsOf(path) {
  const atoms = conditionsOf(path).flatMap(flat);
  // A filter that may be left out stays when its value was part of the key of a row that was found.
  const sure = new Set(
    atoms.filter(atom => atom.kind === 'compare').flatMap(atom => [nodeOf(atom.left), nodeOf(atom.right)]),
  );
  return atoms.flatMap(atom => {
    if (atom.kind !== 'maybe-absent') return [atom];
    const { operand } = atom;
    return operand.kind === 'compare' &&
      [operand.left, operand.right].some(term => term.kind === 'client' && sure.has(nodeOf(term)))
      ? [operand]
      : [atom];
  });
}

function flat(predicate) {
  switch (predicate.kind) {
    case 'and':
      return predicate.operands.flatMap(flat);
    case 'exists':
      return flat(predicate.row.where);
    case 'true':
      return [];
    default:
      return [predicate];
  }
}

/** Whether the row of the query is joined to the caller by equalities alone; of alternatives each has to join it. */
function isTied(path) {
  return joinsCaller(atomsOf(path));
}

function joinsCaller(atoms, depth = 0) {
  if (atoms.some(isNever)) return true;
  const choice = atoms.find(atom => atom.kind === 'or');
  if (choice !== undefined && depth < 6) {
    const others = atoms.filter(atom => atom !== choice);
    return choice.operands.every(operand => joinsCaller([...others, ...flat(operand)], depth + 1));
  }
  const parents = new Map();
  const find = key => {
    let current = key;
    while (parents.has(current)) current = parents.get(current);
    return current;
  };
  const union = (left, right) => {
    const [one, other] = [find(left), find(right)];
    if (one !== other) parents.set(one, other);
  };
  for (const atom of atoms) {
    if (atom.kind !== 'compare' || !/^(=|is-not-distinct-from)$/.test(atom.operator)) continue;
    union(nodeOf(atom.left), nodeOf(atom.right));
    for (const term of [atom.left, atom.right]) {
      if (term.kind === 'column') union(nodeOf(term), `row ${term.row}`);
      if (term.kind === 'principal') union(nodeOf(term), 'caller');
    }
  }
  return find('row self') === find('caller');
}

/** A comparison with null finds nothing. */
function isNever(atom) {
  return (
    atom.kind === 'false' ||
    (atom.kind === 'compare' &&
      atom.operator === '=' &&
      [atom.left, atom.right].some(term => term.kind === 'constant' && term.value === null))
  );
}

function nodeOf(term) {
  return term.kind === 'column' ? `column ${term.row}.${term.column}` : JSON.stringify(term);
}

// What is printed --------------------------------------------------------------------------------------------------------

function countBy(items) {
  const counts = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function table(all) {
  const rows = all.map(({ app, candidates, tried, counts, elsewhere, seconds }) => {
    const killed = counts.killed ?? 0;
    const excluded =
      (counts['no-identity'] ?? 0) +
      (counts['still-tied'] ?? 0) +
      (counts.denied ?? 0) +
      (counts['leaked-before'] ?? 0) +
      (counts['not-shown'] ?? 0) +
      (counts['not-parsed'] ?? 0);
    const share = (part, whole) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);
    return `| ${app} | ${candidates} | ${tried} | ${killed} | ${counts['no-identity'] ?? 0} | ${counts['still-tied'] ?? 0} | ${counts.denied ?? 0} | ${counts['leaked-before'] ?? 0} | ${counts['not-shown'] ?? 0} | ${(counts.survived ?? 0) + (counts.unknown ?? 0)} | ${share(killed, tried)} | ${share(killed, tried - excluded)} | ${elsewhere} | ${seconds.toFixed(0)} |`;
  });
  return [
    '| app | places | tried | killed | no-identity | still-tied | denied | leaked-before | not-shown | survived | raw | adjusted | elsewhere | seconds |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

function survivorLines({ app, survivors }) {
  return survivors
    .map(
      ({ file, line, kind, code, outcome, now, site }) =>
        `${app} ${outcome} ${kind} ${file}:${line}\n    ${code}\n    ${site}\n    ${now}`,
    )
    .join('\n');
}
