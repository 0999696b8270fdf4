import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';

import { sqlName } from '../logic/closure.ts';
import type { MigrationSet } from '../collect/database/find-migrations.ts';
import type { VerificationStep, VerifiedFix } from '../core/fix.ts';
import type { Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import type { Attack, Ledger, ProbeResult, RescueResult, RulesResult, TraceResult } from '../core/result.ts';
import { commitAll, copyApp, writeTexts } from '../fix/copy.ts';
import type { AppCopy } from '../fix/copy.ts';
import { repairOnCopy } from '../fix/repair.ts';
import type { AppliedFix, Rejudged, RepairOutcome } from '../fix/repair.ts';
import { readOwnAccess } from '../prove/exploit/own-access.ts';
import type { Lab } from '../prove/probe/lab.ts';
import { renderHtml } from '../report/html/render.ts';
import { toJson } from '../report/json.ts';
import { analyse } from './analyse.ts';
import type { Analysis } from './analyse.ts';
import { silently } from './context.ts';
import type { CommandContext } from './context.ts';
import { keeping } from './halfway.ts';
import { probeFolder, requireRunnable } from './probe.ts';
import { writeRegressionTests } from './regression.ts';
import { stackOf, toRulesResult, toTraceResult } from './results.ts';

/** What a rescue can be told. */
export interface RescueOptions {
  readonly migrations?: readonly string[];
}

const branch = 'drydock/rescue';
const maximumCycles = 3;

/**
 * `drydock rescue`: judge, attack the running app, repair a copy, and attack it again with the same attacks. The app's
 * own files are not touched: everything lies below `.drydock/rescue/`.
 */
export async function runRescue(root: string, options: RescueOptions, context: CommandContext): Promise<RescueResult> {
  const started = performance.now();
  const clock = createClock();
  const before = await clock.time('analyse', () => analyse({ root, ...options, halves: 'both' }, context));
  return keeping(before, () => rescue({ before, options, clock, started }, context));
}

interface RescueJob {
  readonly before: Analysis;
  readonly options: RescueOptions;
  readonly clock: StageClock;
  readonly started: number;
}

async function rescue({ before, options, clock, started }: RescueJob, context: CommandContext): Promise<RescueResult> {
  // Said before minutes of work.
  requireRunnable(before);
  // A report of an earlier rescue would speak of a copy that is about to be replaced.
  for (const stale of ['report.html', 'report.json', 'evidence'])
    rmSync(join(before.root, '.drydock', 'rescue', stale), { recursive: true, force: true });
  const leaking = await copyApp(before.root, join(before.root, '.drydock', 'rescue', 'before'));
  const copy = await copyApp(before.root, join(before.root, '.drydock', 'rescue', 'app'), { branch });
  const labs: Lab[] = [];
  const probeBefore = await clock.time('probe the app as it is', () =>
    probeFolder(
      { analysis: before, appRoot: leaking.root, build: 'build', onLab: lab => labs.push(lab), ...options },
      context,
    ),
  );
  const repaired = await repairAndProve({ before, probeBefore, copy, options, clock }, context);
  const [lab] = labs;
  const regression =
    lab === undefined
      ? { tests: { written: 0, failingBefore: 0, passingAfter: 0, files: [] }, gaps: [] }
      : await clock.time('regression tests', () =>
          writeRegressionTests(
            { attacks: probeBefore.attacks, lab, leakingRoot: leaking.root, repairedRoot: copy.root, ...options },
            context,
          ),
        );
  await commitAll(copy, 'Regression tests\n\nEach fails on the app as it was and passes here.');
  const result = toResult({
    before,
    probeBefore,
    repaired,
    ...regression,
    copy,
    clock,
    elapsedMs: performance.now() - started,
  });
  return writeReports(result, join(before.root, '.drydock', 'rescue'));
}

/** The report to hand over, beside the repaired copy. */
function writeReports(result: RescueResult, folder: string): RescueResult {
  writeFileSync(join(folder, 'report.html'), renderHtml(result));
  writeFileSync(join(folder, 'report.json'), toJson(result));
  writeEvidence(join(folder, 'evidence'), [...result.traceBefore.findings, ...result.rulesBefore.findings]);
  return result;
}

interface RepairJob {
  readonly before: Analysis;
  readonly probeBefore: ProbeResult;
  readonly copy: AppCopy;
  readonly options: RescueOptions;
  readonly clock: StageClock;
}

interface Repaired {
  readonly after: Analysis;
  readonly probeAfter: ProbeResult;
  readonly applied: readonly AppliedFix[];
  readonly rejected: readonly VerifiedFix[];
  readonly unrepaired: RepairOutcome['unrepaired'];
}

/** Repairs, builds, and attacks again; what did not hold in the running app is taken back and tried another way. */
async function repairAndProve(job: RepairJob, context: CommandContext): Promise<Repaired> {
  const attempts = new Map<string, number>();
  const rejected: VerifiedFix[] = [];
  let applied: readonly AppliedFix[] = [];
  for (let cycle = 1; ; cycle += 1) {
    const outcome = await job.clock.time('repair the copy', () => repair(job, attempts, context));
    rejected.push(...outcome.rejected);
    applied = [...applied, ...outcome.applied];
    const probeAfter = await job.clock.time('probe the repaired copy', () =>
      probeFolder(
        {
          analysis: job.before,
          appRoot: job.copy.root,
          build: 'build',
          baseline: job.probeBefore.ownAccess,
          ...job.options,
        },
        context,
      ),
    );
    const guilty = blame(applied, job.probeBefore, probeAfter);
    if (guilty.length > 0 && cycle < maximumCycles) {
      applied = await takeBack(guilty, applied, job.copy, attempts);
      rejected.push(...guilty.map(({ fix, step }) => withStep(fix, step).verified));
      continue;
    }
    const after = await job.clock.time('judge the repaired copy', () =>
      analyse({ root: job.copy.root, ...job.options, halves: 'both' }, silently(context)),
    );
    return {
      after,
      probeAfter,
      applied: applied.map(fix => withProof(fix, job.probeBefore, guilty)),
      rejected,
      unrepaired: outcome.unrepaired,
    };
  }
}

async function repair(
  { copy, options, before }: RepairJob,
  attempts: Map<string, number>,
  context: CommandContext,
): Promise<RepairOutcome> {
  const stage = context.progress.start('Repairing a copy, one path at a time');
  const outcome = await repairOnCopy({
    copy,
    attempts,
    report: text => stage.update(text),
    rejudge: () => rejudge(copy, options, context),
    // An untouched copy is judged as the app was.
    ...(attempts.size === 0 ? { judged: await toRejudged(before) } : {}),
  });
  stage.done(
    `${outcome.applied.length} repairs hold; findings: ${before.judged.findings.length} before, ${outcome.final.findings.length} now`,
  );
  return outcome;
}

/** The copy as it lies there, judged without a word. */
export async function rejudge(
  copy: AppCopy,
  options: RescueOptions & { readonly proves?: boolean },
  context: CommandContext,
): Promise<Rejudged> {
  const analysis = await analyse({ root: copy.root, ...options, halves: 'both' }, silently(context));
  const rejudged = await toRejudged(analysis);
  await analysis.collected?.replicaDatabase?.drop();
  return rejudged;
}

/** What the fixers need of an analysis whose replica is still there. */
export async function toRejudged(analysis: Analysis): Promise<Rejudged> {
  const { judged, app, database, tenancy, replicated, collected, cells, seed } = analysis;
  const replica = collected?.replicaDatabase;
  const access =
    replica === undefined || seed === undefined || cells.length === 0
      ? []
      : await readOwnAccess({ ...replicated, sql: replica.sql, seed });
  return {
    findings: judged.findings,
    paths: judged.paths,
    app,
    database,
    tenancy,
    migrations: layoutOf(collected?.migrations),
    cells,
    access,
    failed: collected?.report.failed ?? [],
  };
}

/** Where a migration of ours may be added: not among those that are written in code. */
function layoutOf(migrations: MigrationSet | undefined): Rejudged['migrations'] {
  if (migrations === undefined || migrations.kind === 'code') return undefined;
  return { folder: migrations.folder, tool: migrations.kind };
}

/** A fix that did not hold in the running app, and how one saw it. */
export interface Guilt {
  readonly fix: AppliedFix;
  readonly step: VerificationStep;
}

/** Fixes whose exploit still works, or that took somebody's own access away. */
export function blame(applied: readonly AppliedFix[], before: ProbeResult, after: ProbeResult): readonly Guilt[] {
  const still = new Set(after.attacks.filter(attack => attack.outcome === 'leaked').map(attack => attack.id));
  const broken = after.ownAccess.filter(check => check.outcome === 'fails');
  return applied.flatMap((fix): readonly Guilt[] => {
    const fingerprints = new Set(fix.findings.map(finding => finding.fingerprint));
    const attack = before.attacks.find(
      candidate => still.has(candidate.id) && candidate.findings.some(fingerprint => fingerprints.has(fingerprint)),
    );
    if (attack !== undefined)
      return [
        {
          fix,
          step: { step: 'exploit', outcome: 'failed', detail: `The same attack still works: ${attack.description}` },
        },
      ];
    const check = broken.find(candidate => fix.findings.some(finding => finding.entryPoint === candidate.entryPoint));
    return check === undefined
      ? []
      : [{ fix, step: { step: 'own-access', outcome: 'failed', detail: `${check.description}: ${check.observed}` } }];
  });
}

/** Undoes the guilty fixes from the last to the first; a later fix of the same file is undone with it and tried again. */
export async function takeBack(
  guilty: readonly Guilt[],
  applied: readonly AppliedFix[],
  copy: AppCopy,
  attempts: Map<string, number>,
): Promise<readonly AppliedFix[]> {
  const undone = new Set(guilty.map(({ fix }) => fix));
  for (const { fix } of guilty) {
    for (const finding of fix.findings) attempts.set(finding.fingerprint, (attempts.get(finding.fingerprint) ?? 0) + 1);
  }
  for (const [index, fix] of applied.entries()) {
    const shares = applied
      .slice(0, index)
      .some(earlier => undone.has(earlier) && [...earlier.before.keys()].some(file => fix.before.has(file)));
    if (shares) undone.add(fix);
  }
  for (const fix of applied.toReversed().filter(candidate => undone.has(candidate))) {
    writeTexts(copy, fix.before);
    await commitAll(copy, `Take back: ${fix.verified.fix.title}`);
  }
  return applied.filter(fix => !undone.has(fix));
}

/** The fix with the step that failed: it is not offered. */
export function withStep(fix: AppliedFix, step: VerificationStep): AppliedFix {
  return { ...fix, verified: { ...fix.verified, offered: false, verification: [...fix.verified.verification, step] } };
}

/** The fix with what the running app showed. */
export function withProof(fix: AppliedFix, before: ProbeResult, guilty: readonly Guilt[]): AppliedFix {
  const fault = guilty.find(candidate => candidate.fix === fix);
  if (fault !== undefined) return withStep(fix, fault.step);
  const fingerprints = new Set(fix.findings.map(finding => finding.fingerprint));
  const attacks = before.attacks.filter(
    attack => attack.outcome === 'leaked' && attack.findings.some(fingerprint => fingerprints.has(fingerprint)),
  );
  const exploit: VerificationStep =
    attacks.length === 0
      ? {
          step: 'exploit',
          outcome: 'skipped',
          detail: 'No attack over HTTP had confirmed it; the judgement of the code and the database stands.',
        }
      : {
          step: 'exploit',
          outcome: 'passed',
          detail: `${attacks.length} ${attacks.length === 1 ? 'attack that worked fails' : 'attacks that worked fail'} now.`,
        };
  const steps: readonly VerificationStep[] = [
    { step: 'build', outcome: 'passed', detail: 'next build' },
    exploit,
    { step: 'own-access', outcome: 'passed', detail: 'The owners still reach their own data.' },
  ];
  return { ...fix, verified: { ...fix.verified, verification: [...fix.verified.verification, ...steps] } };
}

interface Pieces {
  readonly before: Analysis;
  readonly probeBefore: ProbeResult;
  readonly repaired: Repaired;
  readonly tests: RescueResult['tests'];
  readonly gaps: readonly Gap[];
  readonly copy: AppCopy;
  readonly clock: StageClock;
  readonly elapsedMs: number;
}

function toResult({ before, probeBefore, repaired, tests, gaps, copy, clock, elapsedMs }: Pieces): RescueResult {
  const proved = new Map(probeBefore.findings.map(finding => [finding.fingerprint, finding]));
  const withEvidence = <T extends TraceResult | RulesResult>(result: T): T => ({
    ...result,
    findings: result.findings.map(finding => proved.get(finding.fingerprint) ?? finding),
  });
  const changed = new Set(repaired.applied.flatMap(fix => [...fix.before.keys()]));
  return {
    command: 'rescue',
    target: before.root,
    stack: stackOf(before),
    elapsedMs,
    gaps: [...before.gaps, ...gaps],
    before: ledger(before, probeBefore, probeBefore),
    after: ledger(repaired.after, repaired.probeAfter, probeBefore),
    traceBefore: withEvidence(toTraceResult(before)),
    traceAfter: toTraceResult(repaired.after),
    rulesBefore: withEvidence(toRulesResult(before)),
    rulesAfter: toRulesResult(repaired.after),
    probeBefore,
    probeAfter: repaired.probeAfter,
    fixes: [
      ...repaired.applied.map(fix => fix.verified),
      ...repaired.rejected.filter(fix => !wasReplaced(fix, repaired.applied)),
    ],
    unrepaired: repaired.unrepaired,
    tests,
    filesChanged: [...changed, ...tests.files].toSorted(),
    branch: copy.branch ?? '',
    workFolder: relative(before.root, join(copy.root, '..')),
    timings: clock.timings(),
  };
}

/** A repair that did not hold and gave way to another that does. */
function wasReplaced(fix: VerifiedFix, applied: readonly AppliedFix[]): boolean {
  const done = new Set(applied.flatMap(candidate => candidate.verified.fix.findings));
  return fix.fix.findings.every(fingerprint => done.has(fingerprint));
}

function ledger(analysis: Analysis, probe: ProbeResult, before: ProbeResult): Ledger {
  const working = new Set(before.ownAccess.filter(check => check.outcome === 'works').map(ownAccessKey));
  const tenantTables = analysis.tenancy.owners
    .filter(owner => owner.ownership.kind === 'tenant')
    .map(owner => owner.table);
  const guarded = analysis.database.tables.filter(
    table => tenantTables.includes(sqlName(table)) && table.rowSecurity && table.policies.length > 0,
  );
  return {
    leaksExploited: exploitedLeaks(probe.attacks).size,
    attacks: probe.attacks.filter(attack => attack.outcome === 'leaked' || attack.outcome === 'held').length,
    ownAccessWorking: probe.ownAccess.filter(check => check.outcome === 'works' && working.has(ownAccessKey(check)))
      .length,
    ownAccessChecks: working.size,
    tablesUnderPolicy: guarded.length,
    tenantTables: tenantTables.length,
    leakingPaths: analysis.judged.paths.filter(path => path.verdict === 'leaks').length,
    leakingCells: analysis.cells.filter(cell => cell.verdict === 'leaks' && cell.tier === 'api').length,
  };
}

function ownAccessKey(check: { readonly entryPoint: string; readonly description: string }): string {
  return `${check.entryPoint}\n${check.description}`;
}

/** Leaks that an attack got through, counted once however many requests show it: by entry point and table. */
function exploitedLeaks(attacks: readonly Attack[]): ReadonlySet<string> {
  return new Set(
    attacks.filter(attack => attack.outcome === 'leaked').map(attack => `${attack.entryPoint}\n${attack.table ?? ''}`),
  );
}

/** Evidence files, one per finding, for whoever wants to repeat it by hand. */
function writeEvidence(folder: string, findings: readonly Finding[]): void {
  const replayed = findings.flatMap((finding, index) =>
    finding.evidence.flatMap(evidence =>
      evidence.kind === 'replay' ? [{ name: `${index + 1}.sql`, text: evidence.transcript }] : [],
    ),
  );
  if (replayed.length > 0) mkdirSync(folder, { recursive: true });
  for (const { name, text } of replayed) writeFileSync(join(folder, name), text);
}

interface StageClock {
  readonly time: <T>(stage: string, work: () => Promise<T>) => Promise<T>;
  readonly timings: () => RescueResult['timings'];
}

/** Adds up how long each stage took, in the order in which they first ran. */
function createClock(): StageClock {
  const spent = new Map<string, number>();
  return {
    time: async (stage, work) => {
      const start = performance.now();
      try {
        return await work();
      } finally {
        spent.set(stage, (spent.get(stage) ?? 0) + performance.now() - start);
      }
    },
    timings: () => [...spent].map(([stage, elapsedMs]) => ({ stage, elapsedMs: Math.round(elapsedMs) })),
  };
}
