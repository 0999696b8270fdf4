import type { Finding } from '../core/finding.ts';
import type { Fix, VerificationStep, VerifiedFix } from '../core/fix.ts';
import type { Progress } from '../core/ports.ts';
import { silentProgress } from '../core/ports.ts';
import { severityRank } from '../core/verdict.ts';
import type { JudgedPath } from '../checks/check.ts';
import type { AppModel } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { blameFindings, blameTypes } from './blame.ts';
import type { Faults } from './blame.ts';
import { applyEdits } from './compose.ts';
import type { AppCopy } from './copy.ts';
import type { MigrationLayout } from './context.ts';
import { unifiedDiff } from './diff.ts';
import type { FileChange } from './diff.ts';
import { proposeFixes } from './propose.ts';
import type { ProposedFix } from './propose.ts';
import { newErrors, typecheck as runTypecheck } from './typecheck.ts';
import type { TypecheckAnswer } from './typecheck.ts';

/** What the whole pipeline says about a folder. */
export interface Analysis {
  readonly findings: readonly Finding[];
  readonly paths: readonly JudgedPath[];
  readonly app: AppModel | undefined;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
}

/** What `repairCopy` needs. */
export interface RepairOptions {
  readonly copy: AppCopy;
  /** The pipeline again, on the copy as it is now. `migrations` says whether migrations may have changed since the last call. */
  readonly analyse: (what: { readonly migrations: boolean }) => Promise<Analysis>;
  /** The pipeline's word on the copy as it is now, where the caller has it already. */
  readonly analysis?: Analysis;
  readonly migrations: MigrationLayout | undefined;
  /** Only findings with these fingerprints are repaired; all when absent. */
  readonly only?: readonly string[];
  /** How many repairs of a finding did not hold before; counted on here. */
  readonly attempts?: Map<string, number>;
  readonly progress?: Progress;
  readonly typecheck?: (root: string) => Promise<TypecheckAnswer>;
}

/** A fix that was tried, with what is needed to undo it. */
export interface TriedFix extends VerifiedFix {
  readonly commit: string | undefined;
  readonly changes: readonly FileChange[];
}

/** What became of the findings. */
export interface RepairOutcome {
  /** Offered fixes in the order of their commits, then those that did not hold. */
  readonly fixes: readonly TriedFix[];
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  /** The pipeline's word on the repaired copy. */
  readonly analysis: Analysis;
}

const roundLimit = 10;

/**
 * Proposes, applies and verifies fixes in the copy until nothing more can be repaired. Fixes that do not touch each
 * other are tried together; each that does not close its finding, opens another or breaks the types is taken back, and
 * each that holds is one commit.
 */
export async function repairCopy(options: RepairOptions): Promise<RepairOutcome> {
  const { copy } = options;
  const stage = (options.progress ?? silentProgress).start('Repairing a copy, one path at a time');
  const check = options.typecheck ?? runTypecheck;
  const attempts = options.attempts ?? new Map<string, number>();
  const reasons = new Map<string, string>();
  const held: TriedFix[] = [];
  const failed: TriedFix[] = [];
  const [baseline, start] = await Promise.all([check(copy.root), options.analysis ?? options.analyse({ migrations: true })]);
  let analysis = start;
  const wanted = (finding: Finding) => options.only === undefined || options.only.includes(finding.fingerprint);
  for (let round = 1; round <= roundLimit; round += 1) {
    const open = analysis.findings.filter(wanted).toSorted((left, right) => severityRank(left.severity) - severityRank(right.severity));
    const proposal = proposeFixes({ ...analysis, findings: open, sources: copy.texts(), migrations: options.migrations, attempts });
    for (const { fingerprint, reason } of proposal.unrepaired) if (!reasons.has(fingerprint)) reasons.set(fingerprint, reason);
    if (proposal.fixes.length === 0) break;
    stage.update(`round ${round}: ${proposal.fixes.length} repairs tried together, ${held.length} hold so far`);
    const tried = await tryRound({ ...options, check, baseline, before: analysis, fixes: proposal.fixes });
    for (const record of tried.failed) countFailure(record, attempts, reasons);
    failed.push(...tried.failed);
    held.push(...(await commitRound(copy, tried.held)));
    analysis = tried.analysis;
  }
  const left = analysis.findings.filter(wanted);
  const repaired = new Set(held.flatMap(record => record.fix.findings));
  stage.done(`${held.length} repairs hold; ${left.length} of ${start.findings.filter(wanted).length} findings are left`);
  return {
    fixes: [...held, ...lastFailures(failed, repaired)],
    unrepaired: left.map(finding => ({ fingerprint: finding.fingerprint, reason: reasons.get(finding.fingerprint) ?? 'No repair was found.' })),
    analysis,
  };
}

function countFailure(record: TriedFix, attempts: Map<string, number>, reasons: Map<string, string>): void {
  for (const fingerprint of record.fix.findings) {
    attempts.set(fingerprint, (attempts.get(fingerprint) ?? 0) + 1);
    reasons.set(fingerprint, `“${record.fix.title}” did not hold. ${record.verification.find(step => step.outcome === 'failed')?.detail ?? ''}`.trim());
  }
}

interface Round extends RepairOptions {
  readonly check: (root: string) => Promise<TypecheckAnswer>;
  readonly baseline: TypecheckAnswer;
  readonly before: Analysis;
  readonly fixes: readonly ProposedFix[];
}

interface RoundResult {
  readonly held: readonly TriedFix[];
  readonly failed: readonly TriedFix[];
  readonly analysis: Analysis;
}

async function tryRound(round: Round): Promise<RoundResult> {
  const { copy, fixes, before } = round;
  const base = textsBefore(copy, fixes);
  const faults: Faults = new Map();
  let active = fixes;
  let after = before;
  let types = round.baseline;
  // Each pass takes at least one fix out, so this ends.
  while (active.length > 0) {
    writeActive(copy, base, active);
    const migrations = fixes.some(fix => fix.newFiles.length > 0);
    [after, types] = await Promise.all([round.analyse({ migrations }), round.check(copy.root)]);
    const found: Faults = new Map();
    blameFindings(active, { before, after }, found);
    blameTypes(newErrors(round.baseline, types), { fixes: active, base }, found);
    if (found.size === 0) break;
    for (const [fix, step] of found) faults.set(fix, step);
    active = active.filter(fix => !found.has(fix));
  }
  if (active.length === 0) writeActive(copy, base, []);
  const held = active.map((fix, index) => record(fix, changesOf(base, active.slice(0, index), fix), heldSteps(types)));
  const failed = [...faults].map(([fix, step]) => record(fix, changesOf(base, [], fix), [step]));
  return { held, failed, analysis: active.length === 0 ? before : after };
}

function heldSteps(types: TypecheckAnswer): readonly VerificationStep[] {
  return [
    { step: 'trace', outcome: 'passed', detail: 'The finding is gone, and no other was opened.' },
    types.kind === 'checked'
      ? { step: 'typecheck', outcome: 'passed', detail: 'tsc --noEmit finds nothing that was not there before.' }
      : { step: 'typecheck', outcome: 'skipped', detail: types.reason },
  ];
}

function record(fix: ProposedFix, changes: readonly FileChange[], verification: readonly VerificationStep[]): TriedFix {
  const offered = verification.every(step => step.outcome !== 'failed');
  return { fix: plainFix(fix), offered, verification, diff: unifiedDiff(changes), changes, commit: undefined };
}

function textsBefore(copy: AppCopy, fixes: readonly ProposedFix[]): ReadonlyMap<string, string | undefined> {
  const files = new Set(fixes.flatMap(fix => [...fix.edits.map(edit => edit.file), ...fix.newFiles.map(file => file.file)]));
  return new Map([...files].sort().map(file => [file, copy.read(file)]));
}

function writeActive(copy: AppCopy, base: ReadonlyMap<string, string | undefined>, active: readonly ProposedFix[]): void {
  for (const [file] of base) copy.write(file, textWith(base, file, active));
}

function textWith(base: ReadonlyMap<string, string | undefined>, file: string, active: readonly ProposedFix[]): string | undefined {
  const created = active.flatMap(fix => fix.newFiles).find(each => each.file === file);
  if (created !== undefined) return created.text;
  const text = base.get(file);
  return text === undefined ? undefined : applyEdits(file, text, active.flatMap(fix => fix.edits));
}

function changesOf(base: ReadonlyMap<string, string | undefined>, earlier: readonly ProposedFix[], fix: ProposedFix): readonly FileChange[] {
  const files = [...new Set([...fix.edits.map(edit => edit.file), ...fix.newFiles.map(file => file.file)])].sort();
  return files.map(file => ({ file, before: textWith(base, file, earlier), after: textWith(base, file, [...earlier, fix]) }));
}

// The work tree holds all fixes of the round; for one commit each it is taken back and built up again.
async function commitRound(copy: AppCopy, records: readonly TriedFix[]): Promise<readonly TriedFix[]> {
  for (const { changes } of [...records].reverse()) for (const change of changes) copy.write(change.file, change.before);
  const committed: TriedFix[] = [];
  for (const each of records) {
    for (const change of each.changes) copy.write(change.file, change.after);
    const rollback = each.fix.rollbackSql === undefined ? '' : `\n\nRollback of the migration:\n\n${each.fix.rollbackSql}`;
    const commit = await copy.commit(commitTitle(each.fix.title), `${each.fix.explanation}${rollback}`);
    committed.push({ ...each, commit });
  }
  return committed;
}

function commitTitle(title: string): string {
  const line = `fix: ${title.charAt(0).toLowerCase()}${title.slice(1)}`;
  return line.length <= 100 ? line : `${line.slice(0, 99)}…`;
}

function plainFix(fix: ProposedFix): Fix {
  return { ...fix, edits: fix.edits.map(({ file, start, end, text }) => ({ file, start, end, text })) };
}

function lastFailures(failed: readonly TriedFix[], repaired: ReadonlySet<string>): readonly TriedFix[] {
  const last = new Map<string, TriedFix>();
  for (const each of failed) last.set(each.fix.findings.join(), each);
  return [...last.values()].filter(each => !each.fix.findings.every(fingerprint => repaired.has(fingerprint)));
}
