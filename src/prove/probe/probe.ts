import { credentialPrefix } from '../../collect/runtime/credential-prefix.ts';
import { bootApp, buildApp, type RunningApp } from '../../collect/runtime/app-process.ts';
import { hasBuild } from '../../collect/runtime/manifests.ts';
import { createShapeReader } from '../../collect/runtime/request-shape.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { Finding } from '../../core/finding.ts';
import type { Gap } from '../../core/gap.ts';
import type { Progress, ReplicaDatabase } from '../../core/ports.ts';
import type { Attack, OwnAccessCheck, ProbeResult } from '../../core/result.ts';
import type { AppModel } from '../../model/app/types.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { SynthesizeRows } from '../exploit/seed-types.ts';
import { canaryText } from './canary.ts';
import { runCampaign } from './campaign.ts';
import { openLab, type Lab } from './lab.ts';
import { planTargets, type Target, type Unreachable } from './plan.ts';
import { replayAttacks, type Replayed } from './runtime.ts';
import { adjustSeed, type AdjustedSeed } from './seed-adjust.ts';

/** What the probe needs. The database holds the app's migrations and no rows of its own. */
export interface ProbeOptions {
  /** The app's folder: a copy, when the build must not touch the original. */
  readonly appRoot: string;
  /** `reuse` takes the finished build that is there. */
  readonly build: 'build' | 'reuse';
  readonly replicaDatabase: ReplicaDatabase;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly app: AppModel;
  readonly paths: readonly JudgedPath[];
  readonly findings: readonly Finding[];
  readonly synthesizeRows: SynthesizeRows;
  /** Whose sources say what requests look like; the app's own folder when absent. After a repair: the app as it was, for the same plan. */
  readonly planRoot?: string;
  /** What the app connects with when it is not the owner. */
  readonly databaseUrl?: string;
  /** For logs and the preload script. */
  readonly workFolder: string;
  readonly progress: Progress;
  /** Own-access checks of an earlier run: one that worked then and does not now `fails`. */
  readonly baseline?: readonly OwnAccessCheck[];
  /** Given the lab when everybody has signed in, before the first attack. */
  readonly onLab?: (lab: Lab) => void;
}

/** Builds and boots the app, signs two tenants' users in, and attacks every entry point. Nothing leaves the machine. */
export async function probeApp(options: ProbeOptions): Promise<ProbeResult> {
  const started = Date.now();
  const clock = createClock();
  return withRunningApp(options, clock, app => probeRunning(options, app, clock, started));
}

/**
 * Repeats attacks of an earlier probe on the app in `appRoot`, built and booted as for a probe.
 *
 * @public for checking one repair without a whole probe
 */
export async function replayOnApp(options: ProbeOptions, attacks: readonly Attack[]): Promise<readonly Replayed[]> {
  const clock = createClock();
  return withRunningApp(options, clock, async app => {
    const { lab } = await prepareLab(options, app, clock);
    return stage(
      options.progress,
      clock,
      'attack',
      `repeating ${attacks.length} attacks`,
      () => replayAttacks(lab, attacks),
      made => `${made.filter(one => one.outcome === 'leaked').length} of ${made.length} get through`,
    );
  });
}

async function withRunningApp<T>(
  options: ProbeOptions,
  clock: Clock,
  work: (app: RunningApp) => Promise<T>,
): Promise<T> {
  if (options.build === 'build' || !hasBuild(options.appRoot))
    await stage(
      options.progress,
      clock,
      'build',
      'Building the app',
      () => buildApp(processOptions(options)),
      () => 'app built',
    );
  const app = await stage(
    options.progress,
    clock,
    'boot',
    'Starting the app',
    () => bootApp(processOptions(options)),
    running => `app runs on ${running.baseUrl}`,
  );
  try {
    return await work(app);
  } finally {
    await app.stop();
  }
}

async function prepareLab(
  options: ProbeOptions,
  app: RunningApp,
  clock: Clock,
): Promise<{ readonly lab: Lab; readonly adjusted: AdjustedSeed }> {
  const adjusted = await stage(
    options.progress,
    clock,
    'seed',
    "Making three tenants' rows",
    () => seedDatabase(options),
    made => `rows for ${Object.keys(made.seed.tenants).length} tenants`,
  );
  const lab = await stage(
    options.progress,
    clock,
    'sign-in',
    'Signing in',
    () => signIn(options, app, adjusted),
    () => 'signed in as users of two tenants',
  );
  return { lab, adjusted };
}

async function probeRunning(
  options: ProbeOptions,
  app: RunningApp,
  clock: Clock,
  started: number,
): Promise<ProbeResult> {
  const { lab, adjusted } = await prepareLab(options, app, clock);
  const { seed } = adjusted;
  options.onLab?.(lab);
  const plan = planTargets({
    app: options.app,
    paths: options.paths,
    database: options.database,
    tenancy: options.tenancy,
    seed,
    manifests: lab.manifests,
    shapes: createShapeReader(options.planRoot ?? options.appRoot),
  });
  const campaign = await stage(
    options.progress,
    clock,
    'attack',
    `Attacking ${plan.targets.length} entry points`,
    report =>
      runCampaign({
        lab,
        targets: plan.targets,
        findings: options.findings,
        app: options.app,
        variables: app.variables,
        appRoot: options.appRoot,
        report,
      }),
    result =>
      `${result.attacks.length} attacks, ${result.attacks.filter(attack => attack.outcome === 'leaked').length} got through`,
  );
  return toResult(options, {
    plan,
    ...campaign,
    gaps: [...seed.gaps],
    timings: clock.timings,
    elapsedMs: Date.now() - started,
  });
}

function processOptions(options: ProbeOptions): {
  readonly appRoot: string;
  readonly workFolder: string;
  readonly databaseUrl: string;
  readonly roles: readonly string[];
} {
  return {
    appRoot: options.appRoot,
    workFolder: options.workFolder,
    databaseUrl: options.databaseUrl ?? options.replicaDatabase.url,
    roles: options.database.roles.filter(role => role.login).map(role => role.name),
  };
}

async function seedDatabase(options: ProbeOptions): Promise<AdjustedSeed> {
  const { sql } = options.replicaDatabase;
  const seed = await options.synthesizeRows({
    sql,
    database: options.database,
    tenancy: options.tenancy,
    tenants: ['A', 'B', 'C'],
    usersPerTenant: 3,
    outsiders: true,
    canary: canaryText,
  });
  return adjustSeed({
    sql,
    database: options.database,
    tenancy: options.tenancy,
    seed,
    paths: options.paths,
    credentialPrefix: credentialPrefix(options.appRoot),
  });
}

function signIn(options: ProbeOptions, app: RunningApp, adjusted: AdjustedSeed): Promise<Lab> {
  return openLab({
    appRoot: options.appRoot,
    baseUrl: app.baseUrl,
    sql: options.replicaDatabase.sql,
    database: options.database,
    tenancy: options.tenancy,
    seed: adjusted.seed,
    credentials: adjusted.credentials,
    environment: Object.fromEntries(app.variables.map(variable => [variable.name, variable.value])),
    outgoing: app.recorder.calls,
  });
}

interface Outcome {
  readonly plan: { readonly targets: readonly Target[]; readonly unreachable: readonly Unreachable[] };
  readonly attacks: readonly Attack[];
  readonly ownAccess: readonly OwnAccessCheck[];
  readonly gaps: readonly Gap[];
  readonly timings: ProbeResult['timings'];
  readonly elapsedMs: number;
}

function toResult(options: ProbeOptions, outcome: Outcome): ProbeResult {
  const confirmed = new Set(outcome.attacks.flatMap(attack => attack.findings));
  const ownAccess = outcome.ownAccess.map(check => againstBaseline(check, options.baseline));
  return {
    command: 'probe',
    target: options.appRoot,
    stack: [],
    elapsedMs: outcome.elapsedMs,
    gaps: outcome.gaps,
    attacks: outcome.attacks,
    ownAccess,
    coverage: {
      entryPoints: options.app.entryPoints.length,
      exercised: options.app.entryPoints.filter(entryPoint =>
        outcome.attacks.some(attack => attack.entryPoint === entryPoint.name && attack.outcome !== 'not-reachable'),
      ).length,
      notReachable: [...outcome.plan.unreachable, ...unexercised(outcome)],
    },
    timings: outcome.timings,
    findings: options.findings
      .filter(finding => confirmed.has(finding.fingerprint))
      .map(finding => withEvidence(finding, outcome.attacks)),
  };
}

function unexercised(outcome: Outcome): readonly Unreachable[] {
  return outcome.plan.targets
    .filter(
      target =>
        !outcome.attacks.some(
          attack => attack.entryPoint === target.entryPoint.name && attack.outcome !== 'not-reachable',
        ),
    )
    .map(target => ({
      entryPoint: target.entryPoint.name,
      reason:
        outcome.attacks.find(attack => attack.entryPoint === target.entryPoint.name)?.observed ??
        'nothing in its request names a row of anybody',
    }));
}

function withEvidence(finding: Finding, attacks: readonly Attack[]): Finding {
  const evidence = attacks
    .filter(attack => attack.outcome === 'leaked' && attack.findings.includes(finding.fingerprint))
    .slice(0, 3)
    .map(attack => ({
      kind: 'probe' as const,
      attackId: attack.id,
      principal: attack.principal,
      request: attack.request,
      answer: attack.answer,
      observed: attack.observed,
    }));
  return { ...finding, evidence: [...finding.evidence, ...evidence] };
}

function againstBaseline(check: OwnAccessCheck, baseline: readonly OwnAccessCheck[] | undefined): OwnAccessCheck {
  const before = baseline?.find(
    candidate => candidate.entryPoint === check.entryPoint && candidate.description === check.description,
  );
  return before?.outcome === 'works' && check.outcome !== 'works' ? { ...check, outcome: 'fails' } : check;
}

interface Clock {
  readonly timings: { stage: string; elapsedMs: number }[];
}

function createClock(): Clock {
  return { timings: [] };
}

async function stage<T>(
  progress: Progress,
  clock: Clock,
  name: string,
  text: string,
  work: (report: (text: string) => void) => Promise<T>,
  done: (value: T) => string,
): Promise<T> {
  const shown = progress.start(text);
  const started = Date.now();
  try {
    const value = await work(update => shown.update(update));
    clock.timings.push({ stage: name, elapsedMs: Date.now() - started });
    shown.done(done(value));
    return value;
  } catch (thrown) {
    shown.fail(text);
    throw thrown;
  }
}
