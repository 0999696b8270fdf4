import type { CollectedDatabase } from '../collect/database/collect.ts';
import { isForNeon } from '../collect/database/neon-prelude.ts';
import type { JudgedPath } from '../checks/check.ts';
import { checks } from '../checks/index.ts';
import type { Finding } from '../core/finding.ts';
import type { Path, Step } from '../core/path.ts';
import { countVerdicts } from '../core/result.ts';
import type { RulesResult, TraceResult } from '../core/result.ts';
import { advise } from '../judge/advice/advise.ts';
import { conditionsAndBodies } from '../model/database/texts.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { settlings } from '../judge/settle.ts';
import type { Analysis } from './analyse.ts';
import { causesOf } from './causes.ts';
import { tableRules } from './table-rules.ts';

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
    ...(analysis.isCutShort ? { isCutShort: true } : {}),
    gaps: analysis.gaps,
    ...declared(analysis, 'database'),
    replay: collected?.report ?? { files: 0, statements: 0, failed: [] },
    tenancy: {
      root: tenancy.root?.table,
      principal: tenancy.principal?.table,
      memberships: tenancy.memberships.map(each =>
        each.table === tenancy.root?.table ? `${each.table}.${each.userColumn}` : each.table,
      ),
      ...(tenancy.keptElsewhere?.tenants === undefined ? {} : { tenantColumns: tenantColumns(tenancy) }),
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
    causes: causesOf(analysis.cells, analysis.database),
    tables: tableRules(analysis.database),
  };
}

/** Names of the columns by which rows belong to tenants, the most common first. */
function tenantColumns({ owners }: TenancyModel): readonly string[] {
  const counts = new Map<string, number>();
  for (const { ownership } of owners) {
    const column = ownership.kind === 'tenant' ? ownership.path.at(-1)?.column : undefined;
    if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
  }
  return [...counts].toSorted(([, left], [, right]) => right - left).map(([column]) => column);
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

/** Neon's row security is as Supabase's, and named by the functions with which policies ask who is there. */
export function hostOf({ platform, database }: Pick<CollectedDatabase, 'platform' | 'database'>): readonly string[] {
  if (platform !== 'supabase') return [];
  return [isForNeon(conditionsAndBodies(database)) ? 'Neon' : 'Supabase'];
}

/** What the app is built with, for the first line of a report. */
export function stackOf({ app, collected }: Analysis): readonly string[] {
  const framework = app?.framework;
  const next = framework?.next === undefined ? [] : [`Next.js ${framework.next}`];
  const database = collected === undefined ? [] : hostOf(collected);
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
