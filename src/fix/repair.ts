import type { Finding } from '../core/finding.ts';
import type { Cell } from '../core/cell.ts';
import type { Fix, VerificationStep, VerifiedFix } from '../core/fix.ts';
import { severityRank } from '../core/verdict.ts';
import type { OwnAccess } from '../prove/exploit/own-access.ts';
import type { ReplayFailure } from '../model/database/types.ts';
import { blameFindings, blameReplay, blameTypes, lossesOf } from './blame.ts';
import type { Faults, Loss } from './blame.ts';
import { applyEdits } from './compose.ts';
import type { FixInput } from './context.ts';
import { commitAll, readText, sourceTexts, writeTexts } from './copy.ts';
import type { AppCopy } from './copy.ts';
import { unifiedDiff } from './diff.ts';
import type { FileChange } from './diff.ts';
import { proposeFixes } from './propose.ts';
import type { ProposedFix } from './propose.ts';
import { newErrors, typecheck } from './typecheck.ts';
import type { TypecheckAnswer } from './typecheck.ts';

/** The copy judged anew: what the fixers need, beside the copy's own texts, and what its database came to. */
export interface Rejudged extends Omit<FixInput, 'sources' | 'attempts'> {
  readonly cells: readonly Cell[];
  /** What a tenant's own people can do with its rows. */
  readonly access: readonly OwnAccess[];
  /** Statements of migrations that did not replay. */
  readonly failed: readonly ReplayFailure[];
}

/** What a repair is tried with. */
export interface RepairOptions {
  readonly copy: AppCopy;
  /** collect → model → judge on the copy as it lies there. */
  readonly rejudge: () => Promise<Rejudged>;
  /** What `rejudge` would say first, where the caller knows it. */
  readonly judged?: Rejudged;
  /** Repairs of a finding that did not hold before, in this run or an earlier one; counted on here. */
  readonly attempts: Map<string, number>;
  /** Only these findings; all when absent. */
  readonly only?: ReadonlySet<string>;
  readonly report: (text: string) => void;
}

/** A repair that stays on the copy, with what undoes it. */
export interface AppliedFix {
  readonly verified: VerifiedFix;
  readonly findings: readonly Finding[];
  /** The texts of all files that it changes, before it; `undefined` for a file that it adds. */
  readonly before: ReadonlyMap<string, string | undefined>;
  readonly commit: string | undefined;
}

/** What came of it. */
export interface RepairOutcome {
  /** In the order of their commits. */
  readonly applied: readonly AppliedFix[];
  /** Tried and taken back. */
  readonly rejected: readonly VerifiedFix[];
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  readonly final: Rejudged;
}

const roundLimit = 10;
const mostTriedAlone = 8;

/**
 * Repairs the copy in rounds. Fixes that do not touch each other are tried together: the pipeline and the type checker
 * run again, and each fix that does not close its finding, opens another or breaks the types is taken back. What stays
 * becomes one commit per repair.
 */
export async function repairOnCopy(options: RepairOptions): Promise<RepairOutcome> {
  const { copy, attempts, only } = options;
  const reasons = new Map<string, string>();
  const applied: AppliedFix[] = [];
  const rejected: VerifiedFix[] = [];
  const [baseline, start] = await Promise.all([typecheck(copy.root), options.judged ?? options.rejudge()]);
  let current = start;
  for (let round = 1; round <= roundLimit; round += 1) {
    const open = current.findings.filter(finding => only === undefined || only.has(finding.fingerprint));
    const findings = open.toSorted((left, right) => severityRank(left.severity) - severityRank(right.severity));
    const proposal = proposeFixes({ ...current, findings, sources: sourceTexts(copy), attempts });
    for (const { fingerprint, reason } of proposal.unrepaired)
      if (!reasons.has(fingerprint)) reasons.set(fingerprint, reason);
    if (proposal.fixes.length === 0) break;
    options.report(`round ${round}: ${proposal.fixes.length} repairs tried together, ${applied.length} hold so far`);
    const tried = await tryRound({ ...options, baseline, before: current, fixes: proposal.fixes });
    for (const fix of tried.rejected) countFailure(fix, attempts, reasons);
    rejected.push(...tried.rejected);
    applied.push(...tried.applied);
    current = tried.after;
  }
  const left = current.findings.filter(finding => only === undefined || only.has(finding.fingerprint));
  const unrepaired = left.map(({ fingerprint }) => ({
    fingerprint,
    reason: reasons.get(fingerprint) ?? 'No repair was found.',
  }));
  return { applied, rejected, unrepaired, final: current };
}

function countFailure(
  { fix, verification }: VerifiedFix,
  attempts: Map<string, number>,
  reasons: Map<string, string>,
): void {
  const detail = verification.find(step => step.outcome === 'failed')?.detail ?? '';
  for (const fingerprint of fix.findings) {
    attempts.set(fingerprint, (attempts.get(fingerprint) ?? 0) + 1);
    reasons.set(fingerprint, `“${fix.title}” did not hold. ${detail}`.trim());
  }
}

interface Round extends RepairOptions {
  readonly baseline: TypecheckAnswer;
  readonly before: Rejudged;
  readonly fixes: readonly ProposedFix[];
}

interface RoundResult {
  readonly applied: readonly AppliedFix[];
  readonly rejected: readonly VerifiedFix[];
  readonly after: Rejudged;
}

type Texts = ReadonlyMap<string, string | undefined>;

async function tryRound(round: Round): Promise<RoundResult> {
  const { copy, fixes, before } = round;
  const base = textsBefore(copy, fixes);
  const faults: Faults = new Map();
  let active = fixes;
  let after = before;
  let types = round.baseline;
  // Each pass takes at least one fix out, so this ends.
  while (active.length > 0) {
    writeTexts(copy, textsWith(base, active));
    [after, types] = await Promise.all([round.rejudge(), typecheck(copy.root)]);
    const found: Faults = new Map();
    blameReplay(active, after.failed, found);
    blameFindings(active, { before, after }, found);
    const putOff = await blameAccess(round, { base, active, after }, found);
    blameTypes(newErrors(round.baseline, types), { fixes: active, base }, found);
    if (found.size === 0 && putOff.length === 0) break;
    for (const [fix, step] of found) faults.set(fix, step);
    active = active.filter(fix => !found.has(fix) && !putOff.includes(fix));
  }
  writeTexts(copy, base);
  const rejected = [...faults].map(([fix, step]) => verified(fix, changesOf(base, [], fix), [step]));
  const applied = await commitRound({ copy, base, fixes: active, before }, fix =>
    heldSteps(fix, { types, before, after }),
  );
  return { applied, rejected, after: active.length === 0 ? before : after };
}

/**
 * Where several fixes may have taken something away, each is tried without the others. Of too many for that half are put off:
 * nothing is said against them, and a later round tries them again.
 */
async function blameAccess(
  round: Round,
  tried: { readonly base: Texts; readonly active: readonly ProposedFix[]; readonly after: Rejudged },
  faults: Faults,
): Promise<readonly ProposedFix[]> {
  const { before } = round;
  const losses = lossesOf(tried.active, { before, after: tried.after });
  const doubtful = [...new Set(losses.filter(loss => loss.suspects.length > 1).flatMap(loss => loss.suspects))];
  if (doubtful.length > mostTriedAlone) return doubtful.slice(Math.ceil(doubtful.length / 2));
  const alone = new Map<ProposedFix, readonly Loss[]>();
  for (const fix of doubtful) {
    writeTexts(
      round.copy,
      textsWith(
        tried.base,
        tried.active.filter(each => each === fix || !doubtful.includes(each)),
      ),
    );
    alone.set(fix, lossesOf([fix], { before, after: await round.rejudge() }));
  }
  for (const { detail, suspects } of losses) {
    const guilty = suspects.filter(fix => alone.get(fix)?.some(loss => loss.detail === detail) ?? true);
    // Each is harmless without the others: together they are not.
    for (const fix of guilty.length > 0 ? guilty : suspects)
      if (!faults.has(fix)) faults.set(fix, { step: 'own-access', outcome: 'failed', detail });
  }
  return [];
}

interface Held {
  readonly types: TypecheckAnswer;
  readonly before: Rejudged;
  readonly after: Rejudged;
}

function heldSteps(fix: ProposedFix, { types, before, after }: Held): readonly VerificationStep[] {
  const left = after.findings.find(({ fingerprint }) => fix.findings.includes(fingerprint));
  const detail =
    left === undefined
      ? 'The finding is gone, and no other was opened.'
      : `Less is open than before, and nothing else was opened. What is left: ${left.message}`;
  return [
    { step: 'trace', outcome: 'passed', detail },
    ...accessSteps(before),
    types.kind === 'checked'
      ? { step: 'typecheck', outcome: 'passed', detail: 'tsc --noEmit finds nothing that was not there before.' }
      : { step: 'typecheck', outcome: 'skipped', detail: types.reason },
  ];
}

function accessSteps({ access }: Rejudged): readonly VerificationStep[] {
  return access.length === 0
    ? []
    : [
        {
          step: 'own-access',
          outcome: 'passed',
          detail: `What members do with rows of their own, ${access.length} commands on ${objectsOf(access)}, still works in the replica.`,
        },
      ];
}

function objectsOf(access: Rejudged['access']): string {
  const count = (isCall: boolean): number =>
    new Set(access.filter(each => (each.command === 'execute') === isCall).map(each => each.table)).size;
  const [tables, functions] = [count(false), count(true)];
  return functions === 0 ? `${tables} tables` : `${tables} tables and ${functions} functions`;
}

function verified(
  fix: ProposedFix,
  changes: readonly FileChange[],
  verification: readonly VerificationStep[],
): VerifiedFix {
  return {
    fix: plainFix(fix),
    offered: verification.every(step => step.outcome !== 'failed'),
    verification,
    diff: unifiedDiff(changes),
  };
}

async function commitRound(
  round: {
    readonly copy: AppCopy;
    readonly base: Texts;
    readonly fixes: readonly ProposedFix[];
    readonly before: Rejudged;
  },
  verificationOf: (fix: ProposedFix) => readonly VerificationStep[],
): Promise<readonly AppliedFix[]> {
  const findings = new Map(round.before.findings.map(finding => [finding.fingerprint, finding]));
  const applied: AppliedFix[] = [];
  for (const [index, fix] of round.fixes.entries()) {
    const changes = changesOf(round.base, round.fixes.slice(0, index), fix);
    writeTexts(round.copy, new Map(changes.map(change => [change.file, change.after])));
    applied.push({
      verified: verified(fix, changes, verificationOf(fix)),
      findings: fix.findings.flatMap(fingerprint => findings.get(fingerprint) ?? []),
      before: new Map(changes.map(change => [change.file, change.before])),
      commit: await commitAll(round.copy, commitMessage(fix)),
    });
  }
  return applied;
}

function commitMessage(fix: ProposedFix): string {
  const rollback = fix.rollbackSql === undefined ? '' : `\n\nRollback of the migration:\n${fix.rollbackSql}`;
  return `${fix.title}\n\n${fix.explanation}${rollback}`;
}

function textsBefore(copy: AppCopy, fixes: readonly ProposedFix[]): Texts {
  const files = new Set(
    fixes.flatMap(fix => [...fix.edits.map(edit => edit.file), ...fix.newFiles.map(file => file.file)]),
  );
  return new Map([...files].sort().map(file => [file, readText(copy, file)]));
}

function textsWith(base: Texts, active: readonly ProposedFix[]): Texts {
  return new Map([...base.keys()].map(file => [file, textWith(base, file, active)]));
}

function textWith(base: Texts, file: string, active: readonly ProposedFix[]): string | undefined {
  const created = active.flatMap(fix => fix.newFiles).find(each => each.file === file);
  if (created !== undefined) return created.text;
  const text = base.get(file);
  return text === undefined
    ? undefined
    : applyEdits(
        file,
        text,
        active.flatMap(fix => fix.edits),
      );
}

function changesOf(base: Texts, earlier: readonly ProposedFix[], fix: ProposedFix): readonly FileChange[] {
  const files = [...new Set([...fix.edits.map(edit => edit.file), ...fix.newFiles.map(file => file.file)])].sort();
  return files.map(file => ({
    file,
    before: textWith(base, file, earlier),
    after: textWith(base, file, [...earlier, fix]),
  }));
}

function plainFix(fix: ProposedFix): Fix {
  return { ...fix, edits: fix.edits.map(({ file, start, end, text }) => ({ file, start, end, text })) };
}
