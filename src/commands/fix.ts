import { join } from 'node:path';

import { DrydockError } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { FixResult } from '../core/result.ts';
import { copyApp, readText, writeTexts } from '../fix/copy.ts';
import type { AppCopy } from '../fix/copy.ts';
import { repairOnCopy } from '../fix/repair.ts';
import type { AppliedFix, RepairOutcome } from '../fix/repair.ts';
import { analyse } from './analyse.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { guardOffer } from './guard-offer.ts';
import { probeFolder, requireOneApp } from './probe.ts';
import { blame, rejudge, takeBack, toRejudged, withProof, withStep } from './rescue.ts';
import { stackOf } from './results.ts';

/** What `drydock fix` can be told. */
export interface FixOptions {
  readonly migrations?: readonly string[];
  /** Number (from 1, in the order of triage) or fingerprint of one finding. */
  readonly finding?: string;
  /** Write what holds into the app. */
  readonly apply?: boolean;
  /** Build and attack the copy before and after; on unless switched off. */
  readonly attack?: boolean;
}

/** `drydock fix`: repairs on a copy, verified there, and written into the app only when asked. */
export async function runFix(root: string, options: FixOptions, context: CommandContext): Promise<FixResult> {
  const analysis = await analyse({ root, ...pickMigrations(options), halves: 'both', proves: true }, context);
  requireOneApp(analysis);
  const wanted = options.finding === undefined ? analysis.judged.findings : [chosen(analysis, options.finding)];
  const copy = await copyApp(analysis.root, join(analysis.root, '.drydock', 'fix', 'app'), { branch: 'drydock/fix' });
  const outcome = await repair(wanted, analysis, copy, options, context);
  const proved =
    options.attack === false || !canRun(analysis) || outcome.applied.length === 0
      ? outcome
      : await attack(outcome, analysis, copy, options, context);
  const held = proved.applied.filter(fix => fix.verified.offered);
  const guard = await guardOffer(analysis, wanted, pickMigrations(options), context);
  if (options.apply === true) applyTo(analysis.root, copy, held);
  return {
    command: 'fix',
    target: analysis.root,
    stack: stackOf(analysis),
    elapsedMs: analysis.elapsedMs,
    gaps: analysis.gaps,
    fixes: [...proved.applied.map(fix => fix.verified), ...proved.rejected],
    unrepaired: proved.unrepaired,
    ...(guard === undefined ? {} : { guard }),
  };
}

function pickMigrations({ migrations }: FixOptions): { readonly migrations?: readonly string[] } {
  return migrations === undefined ? {} : { migrations };
}

function chosen(analysis: Analysis, name: string): Finding {
  const { findings } = analysis.judged;
  const found = /^\d+$/.test(name)
    ? findings[Number(name) - 1]
    : findings.find(finding => finding.fingerprint.startsWith(name));
  if (found !== undefined) return found;
  throw new DrydockError('usage', `There is no finding '${name}'; there are ${findings.length}.`, {
    next: 'drydock lists them with their numbers.',
  });
}

async function repair(
  wanted: readonly Finding[],
  analysis: Analysis,
  copy: AppCopy,
  options: FixOptions,
  context: CommandContext,
): Promise<RepairOutcome> {
  const stage = context.progress.start('Repairing a copy, one path at a time');
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    only: new Set(wanted.map(finding => finding.fingerprint)),
    report: text => stage.update(text),
    rejudge: () => rejudge(copy, { ...pickMigrations(options), proves: true }, context),
    judged: await toRejudged(analysis),
  });
  stage.done(
    `${outcome.applied.length} repairs hold in the code and the database; findings: ${analysis.judged.findings.length} before, ${outcome.final.findings.length} now`,
  );
  return outcome;
}

function canRun(analysis: Analysis): boolean {
  return analysis.app !== undefined && analysis.missing.length === 0 && analysis.collected?.platform === 'plain';
}

/** The same attacks on the app as it is and on the repaired copy; what still gets through is taken back. */
async function attack(
  outcome: RepairOutcome,
  analysis: Analysis,
  copy: AppCopy,
  options: FixOptions,
  context: CommandContext,
): Promise<RepairOutcome> {
  const leaking = await copyApp(analysis.root, join(analysis.root, '.drydock', 'fix', 'before'));
  const before = await probeFolder(
    { analysis, appRoot: leaking.root, build: 'build', ...pickMigrations(options) },
    context,
  );
  const after = await probeFolder(
    { analysis, appRoot: copy.root, build: 'build', baseline: before.ownAccess, ...pickMigrations(options) },
    context,
  );
  const guilty = blame(outcome.applied, before, after);
  const applied = await takeBack(guilty, outcome.applied, copy, new Map());
  return {
    ...outcome,
    applied: applied.map(fix => withProof(fix, before, [])),
    rejected: [...outcome.rejected, ...guilty.map(({ fix, step }) => withStep(fix, step).verified)],
  };
}

/** Writes the files of the repairs that hold, as the copy has them, into the app. */
function applyTo(root: string, copy: AppCopy, held: readonly AppliedFix[]): void {
  const files = new Set(held.flatMap(fix => [...fix.before.keys()]));
  writeTexts({ root, branch: undefined }, new Map([...files].map(file => [file, readText(copy, file)])));
}
