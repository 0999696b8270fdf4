import { performance } from 'node:perf_hooks';

import type { JudgedPath } from '../checks/check.ts';
import { checks } from '../checks/index.ts';
import { collectDatabase } from '../collect/database/collect.ts';
import type { CollectedDatabase, CollectOptions } from '../collect/database/collect.ts';
import { readSource } from '../collect/source/read-source.ts';
import type { SourceFiles } from '../collect/source/read-source.ts';
import type { ConfigProblem, SuppressedFinding } from '../core/suppression.ts';
import { DrydockError, messageOf } from '../core/error.ts';
import type { Cell } from '../core/cell.ts';
import type { Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import type { Path, Step } from '../core/path.ts';
import { countVerdicts } from '../core/result.ts';
import type { RulesResult, TraceResult } from '../core/result.ts';
import { advise } from '../judge/advice/advise.ts';
import { judge } from '../judge/judge.ts';
import { settlings } from '../judge/settle.ts';
import type { Judged } from '../judge/judge.ts';
import { loadSqlParser } from '../logic/sql.ts';
import { noDeclarations, type Declarations } from '../model/app/declared.ts';
import type { AppModel } from '../model/app/types.ts';
import { schemaOfCode, withSchemaOfCode } from '../model/database/schema.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import { inferTenancy } from '../model/tenancy/infer.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { withoutUnexercised } from '../prove/exploit/exercised.ts';
import { buildMatrix, type Matrix } from '../prove/exploit/matrix.ts';
import type { Seed } from '../prove/exploit/seed-types.ts';
import { createProver, type Prover } from '../prove/proof/prove.ts';
import { accept } from './accept.ts';
import { tableRules } from './table-rules.ts';
import {
  declaredFunctions,
  idleDeclarations,
  loadConfig,
  publicEntries,
  tenancyHints,
  withoutIgnored,
} from './configure.ts';
import type { CommandContext } from './context.ts';

/** What is analysed, and which halves of it. */
export interface AnalyseOptions {
  readonly root: string;
  readonly migrations?: readonly string[];
  readonly databaseUrl?: string;
  /** `both` goes on with the half that works when the other is absent. */
  readonly halves: 'code' | 'database' | 'both';
  /** The role whose cells alone somebody reads: nothing else of the matrix is proved. */
  readonly role?: string;
  /** Nobody asks the replica after the analysis: it ends while the rest is judged. */
  readonly endsReplica?: boolean;
}

/** One model of the app and its database, judged. */
export interface Analysis {
  readonly root: string;
  readonly source: SourceFiles | undefined;
  readonly app: AppModel | undefined;
  readonly collected: CollectedDatabase | undefined;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
  /** The rows with which the replica was filled; absent when nothing was tried. */
  readonly seed: Seed | undefined;
  readonly judged: Judged;
  readonly gaps: readonly Gap[];
  readonly suppressed: readonly SuppressedFinding[];
  readonly problems: readonly ConfigProblem[];
  readonly elapsedMs: number;
  /** Why a half is missing, for the user. */
  readonly missing: readonly DrydockError[];
}

/** collect → model → judge (with the replica's matrix): everything that `trace`, `rules` and triage are made of. */
export async function analyse(options: AnalyseOptions, context: CommandContext): Promise<Analysis> {
  const start = performance.now();
  const missing: DrydockError[] = [];
  await loadSqlParser();
  const found =
    options.halves === 'database'
      ? optional(() => readSource(options.root), [])
      : required(options, missing, () => readSource(options.root));
  const root = found?.root ?? options.root;
  const config = loadConfig([root, options.root]);
  const source = found === undefined ? undefined : withoutIgnored(found, config);
  const code = schemaOfCode(source);
  const target = { root, named: options.root, described: code, standsAlone: options.halves === 'database' };
  const collected = await collect(options, target, context, missing);
  const { database, gaps: untold } = withSchemaOfCode(collected?.database, code);
  const corrected = tenancyHints(config, database);
  const tenancy = inferTenancy(database, corrected.hints);
  const ofCatalog =
    collected === undefined || collected.database === database
      ? tenancy
      : inferTenancy(collected.database, corrected.hints);
  const prover =
    collected === undefined || options.halves !== 'database'
      ? undefined
      : createProver({
          database: collected.database,
          tenancy: ofCatalog,
          solver: await context.solver(),
          ...(options.role === undefined ? {} : { role: options.role }),
        });
  const tried = collected === undefined ? undefined : await replay(collected, ofCatalog, context, prover);
  const matrix =
    tried === undefined || prover === undefined
      ? tried
      : await proveMatrix(tried, prover, collected?.replicaDatabase, context);
  if (options.endsReplica === true && collected?.replicaDatabase !== undefined) endReplica(context);
  const traced = source !== undefined && options.halves !== 'database' ? source : undefined;
  const functions = traced === undefined ? noDeclarations : declaredFunctions(config, traced);
  const app = traced === undefined ? undefined : await trace(traced, database, functions, context);
  const cells = matrix?.cells ?? [];
  const open = publicEntries(config, app?.entryPoints ?? []);
  const all = judge({ app, database, tenancy, cells, checks, publicEntries: open.reasons });
  const { findings, suppressed, problems: stale } = accept(all, { source, app, collected });
  const problems = [
    ...corrected.problems,
    ...functions.problems,
    ...(app === undefined ? [] : open.problems),
    ...idleDeclarations(config, app, tenancy, functions.problems),
    ...stale,
  ];
  const judged = { ...all, findings };
  const gaps = [...judged.gaps, ...untold, ...(collected?.gaps ?? []), ...(matrix?.gaps ?? [])];
  return {
    root,
    source,
    app,
    collected,
    database,
    tenancy,
    cells,
    seed: matrix?.seed,
    judged,
    gaps,
    suppressed,
    problems,
    missing,
    elapsedMs: performance.now() - start,
  };
}

/** What fails here fails again for the lifetime, which tells it. */
function endReplica(context: CommandContext): void {
  context
    .replica()
    .then(replica => replica.stop())
    .catch(() => {});
}

function required(options: AnalyseOptions, missing: DrydockError[], read: () => SourceFiles): SourceFiles | undefined {
  if (options.halves === 'code') return read();
  return optional(read, missing);
}

function optional(read: () => SourceFiles, missing: DrydockError[]): SourceFiles | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof DrydockError) || thrown.code !== 'not-an-app') throw thrown;
    missing.push(thrown);
    return undefined;
  }
}

async function collect(
  options: AnalyseOptions,
  target: Omit<CollectOptions, 'replica' | 'migrations' | 'databaseUrl'>,
  context: CommandContext,
  missing: DrydockError[],
): Promise<CollectedDatabase | undefined> {
  const stage = context.progress.start('Reading the database schema');
  try {
    const collected = await collectDatabase({
      ...target,
      ...(options.migrations === undefined ? {} : { migrations: options.migrations }),
      ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
      onPolicies: () =>
        void context.solver().then(
          solver => solver?.warm?.(),
          () => {},
        ),
      // An app without migrations needs no server: it starts when the first database is made.
      replica: { createDatabase: async settings => (await context.replica()).createDatabase(settings) },
    });
    const { report } = collected;
    stage.done(
      report.files === 0 && options.databaseUrl === undefined
        ? `No migrations found; ${collected.database.tables.length} tables made as the code describes them`
        : `${report.statements} statements of ${report.files} migration files replayed, ${report.failed.length} failed`,
    );
    return collected;
  } catch (thrown) {
    const known = thrown instanceof DrydockError && thrown.code === 'no-migrations';
    if (!known || options.halves === 'database') {
      stage.fail(messageOf(thrown));
      throw thrown;
    }
    missing.push(thrown);
    const described = target.described?.tables.length ?? 0;
    stage.fail(
      described === 0
        ? 'No migrations found; paths are traced without them'
        : `No migrations found; the ${described} tables that the code describes stand in`,
    );
    return undefined;
  }
}

/** The matrix; without the rows that filled the replica where nothing was tried. */
type Tried = Pick<Matrix, 'cells' | 'gaps'> & Partial<Pick<Matrix, 'seed' | 'range'>>;

async function replay(
  collected: CollectedDatabase,
  tenancy: TenancyModel,
  context: CommandContext,
  prover: Prover | undefined,
): Promise<Tried> {
  if (collected.replicaDatabase === undefined) return { cells: [], gaps: [] };
  const stage = context.progress.start('Trying every role, command and table with two tenants');
  const matrix = await buildMatrix(collected.replicaDatabase, collected.database, tenancy, prover?.ahead);
  const counts = countVerdicts(matrix.cells);
  if (matrix.cells.length === 0)
    stage.done('Only the app’s own connection reaches the tables: there is no other role to try');
  else
    stage.done(
      `${matrix.cells.length} cells tried: ${counts.leaks} leak, ${counts.isolated} isolated, ${counts.unknown} unknown`,
    );
  return matrix;
}

/** What the replay could not break, the prover tries to show unbreakable. */
async function proveMatrix(
  matrix: Tried,
  prover: Prover,
  replicaDatabase: CollectedDatabase['replicaDatabase'],
  context: CommandContext,
): Promise<Tried> {
  const stage = context.progress.start('Proving what could not be broken');
  const { range } = matrix;
  const field = range === undefined || replicaDatabase === undefined ? undefined : { sql: replicaDatabase.sql, range };
  const { cells: shown, gaps, witnesses } = await prover.prove(matrix.cells, field);
  const cells = range === undefined ? shown : withoutUnexercised(shown, range);
  const isolated = cells.filter(cell => cell.verdict === 'isolated');
  const proved = isolated.filter(cell => cell.evidence.some(evidence => evidence.kind === 'proof'));
  const seen =
    witnesses.tried === 0
      ? ''
      : `; of ${witnesses.tried} ways that the solver saw, ${witnesses.reached} worked in Postgres`;
  stage.done(`${proved.length} of ${isolated.length} isolated cells proved${seen}`);
  return { ...matrix, cells, gaps: [...matrix.gaps, ...gaps] };
}

async function trace(
  source: SourceFiles,
  database: DatabaseModel,
  declarations: Declarations,
  context: CommandContext,
): Promise<AppModel> {
  const stage = context.progress.start('Tracing paths from the browser to the database');
  // Loaded here: `rules` needs none of it, and it is a third of all there is to load.
  const { buildAppModelInterruptibly } = await import('../model/app/build.ts');
  const app = await buildAppModelInterruptibly(source, database, declarations);
  stage.done(`${app.entryPoints.length} entry points, ${app.queries.length} ways to a query in ${app.files} files`);
  return app;
}

/** The part of an analysis that `drydock trace` shows. */
export function toTraceResult(analysis: Analysis): TraceResult {
  const { app, judged, root } = analysis;
  const read = linesOf(analysis);
  const paths = judged.paths.map(path => withCode(withoutModel(path), read));
  const counts = countVerdicts(paths);
  return {
    command: 'trace',
    target: root,
    stack: stackOf(analysis),
    elapsedMs: analysis.elapsedMs,
    gaps: analysis.gaps,
    ...declared(analysis, 'app'),
    summary: {
      entryPoints: app?.entryPoints.length ?? 0,
      paths: paths.length,
      ...counts,
      querySites: app?.querySites ?? { reached: 0, textual: 0, unused: 0 },
      files: app?.files ?? 0,
      elapsedMs: Math.round(analysis.elapsedMs),
    },
    entryPoints: app?.entryPoints ?? [],
    paths,
    findings: advised(findingsThatNeed('app', judged.findings), analysis),
    settlings: settlings(judged.paths, {
      database: analysis.database,
      tenancy: analysis.tenancy,
      modules: analysis.source?.loaded() ?? [],
    }),
  };
}

/** Findings with what a reader needs to act on them. */
export function advised(findings: readonly Finding[], { judged, tenancy, source }: Analysis): readonly Finding[] {
  return advise({ findings, paths: judged.paths, tenancy, read: file => source?.text(file) });
}

/** The lines of the app's files, each file read once. */
function linesOf({ source }: Analysis): (file: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return file => {
    const lines = known.get(file) ?? (source?.text(file) ?? '').split('\n');
    known.set(file, lines);
    return lines;
  };
}

/** Each step with the line of code that it is about. */
function withCode(path: Path, linesIn: (file: string) => readonly string[]): Path {
  return {
    ...path,
    steps: path.steps.map(step => {
      const written = step.role === 'sink' ? '' : (step.code?.trim() ?? '');
      const code = written === '' ? codeAt(step, path, linesIn(step.file)) : written;
      return code === undefined || code === '' ? step : { ...step, code };
    }),
  };
}

/** A line; of the query, all of its lines in one, as its first may say no more than `await db`. */
function codeAt(step: Step, { sink }: Path, lines: readonly string[]): string | undefined {
  if (step.role !== 'sink') return lines[step.line - 1]?.trim();
  const text = lines
    .slice(step.line - 1, step.endLine ?? sink.endLine ?? step.line)
    .map(line => line.trim())
    .join(' ')
    .replaceAll(/ (?=[.)\]])|(?<=[([]) /g, '');
  return text.length > longestCode ? `${text.slice(0, longestCode - 1)}…` : text;
}

const longestCode = 200;

function withoutModel(judged: JudgedPath): Path {
  const { model, ...path } = judged;
  return model === undefined ? path : path;
}

/** The part of an analysis that `drydock rules` shows. */
export function toRulesResult(analysis: Analysis): RulesResult {
  const { tenancy, collected, judged, root } = analysis;
  return {
    command: 'rules',
    target: root,
    stack: stackOf(analysis),
    elapsedMs: analysis.elapsedMs,
    gaps: analysis.gaps,
    ...declared(analysis, 'database'),
    replay: collected?.report ?? { files: 0, statements: 0, failed: [] },
    tenancy: {
      root: tenancy.root?.table,
      principal: tenancy.principal?.table,
      memberships: tenancy.memberships.map(each =>
        each.table === tenancy.root?.table ? `${each.table}.${each.userColumn}` : each.table,
      ),
      owners: tenancy.owners.map(({ table, ownership, confidence }) => ({
        table,
        path:
          ownership.kind === 'tenant' || ownership.kind === 'user'
            ? ownership.path.map(hop => `${hop.column} → ${hop.table}.${hop.referencedColumn}`)
            : [],
        kind: ownership.kind,
        confidence,
      })),
    },
    cells: analysis.cells,
    findings: advised(findingsThatNeed('database', judged.findings), analysis),
    tables: tableRules(analysis.database),
  };
}

/** What the user accepted or declared, of one half; problems of either half are told by both. */
function declared(
  { suppressed, problems }: Analysis,
  half: 'app' | 'database',
): Pick<TraceResult, 'suppressed' | 'problems'> {
  const mine = new Set(
    findingsThatNeed(
      half,
      suppressed.map(each => each.finding),
    ),
  );
  return { suppressed: suppressed.filter(each => mine.has(each.finding)), problems };
}

function findingsThatNeed(half: 'app' | 'database', findings: readonly Finding[]): readonly Finding[] {
  const needs = new Map(checks.map(check => [check.id, check.needs]));
  return findings.filter(finding => needs.get(finding.check) === half);
}

/** What the app is built with, for the first line of a report. */
export function stackOf({ app, collected }: Analysis): readonly string[] {
  const framework = app?.framework;
  const next = framework?.next === undefined ? [] : [`Next.js ${framework.next}`];
  const database = collected?.platform === 'supabase' ? ['Supabase'] : [];
  return [
    ...new Set([
      ...next,
      ...(framework?.orm ?? []),
      ...database,
      ...(framework?.auth ?? []),
      ...(framework?.stripe === true ? ['Stripe'] : []),
    ]),
  ];
}
