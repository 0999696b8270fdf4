import type { Finding } from '../core/finding.ts';
import type { VerificationStep, VerifiedFix } from '../core/fix.ts';
import { applyEdits } from './compose.ts';
import type { FixInput } from './context.ts';
import { commitAll, readText, sourceTexts, writeTexts } from './copy.ts';
import type { AppCopy } from './copy.ts';
import { unifiedDiff } from './diff.ts';
import type { FileChange } from './diff.ts';
import { proposeFixes } from './propose.ts';
import type { ProposedFix } from './propose.ts';
import { typecheck } from './typecheck.ts';

/** The copy judged anew: what the fixers need, beside the copy's own texts. */
export type Rejudged = Omit<FixInput, 'sources' | 'attempts'>;

/** What a repair is tried with. */
export interface RepairOptions {
  readonly copy: AppCopy;
  /** collect → model → judge on the copy as it lies there. */
  readonly rejudge: () => Promise<Rejudged>;
  /** Repairs of a finding that did not hold before, in this run or an earlier one. */
  readonly attempts: Map<string, number>;
  /** Only these findings; all when absent. */
  readonly only?: ReadonlySet<string>;
  readonly report: (text: string) => void;
}

/** A repair that stays on the copy, with what undoes it. */
export interface AppliedFix {
  readonly verified: VerifiedFix;
  readonly findings: readonly Finding[];
  readonly before: ReadonlyMap<string, string | undefined>;
  readonly commit: string | undefined;
}

/** What came of it. */
export interface RepairOutcome {
  readonly applied: readonly AppliedFix[];
  /** Tried and taken back. */
  readonly rejected: readonly VerifiedFix[];
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  readonly final: Rejudged;
}

const maximumRounds = 12;
const maximumAttempts = 4;

/**
 * Repairs the copy in rounds. Fixes that do not touch each other are tried together: the pipeline runs again, the type
 * checker runs, and each fix that does not close its finding, opens another or breaks the types is taken back. What
 * stays becomes one commit per repair.
 */
export async function repairOnCopy(options: RepairOptions): Promise<RepairOutcome> {
  const applied: AppliedFix[] = [];
  const rejected: VerifiedFix[] = [];
  let current = await options.rejudge();
  let unrepaired: RepairOutcome['unrepaired'] = [];
  for (let round = 1; round <= maximumRounds; round += 1) {
    const proposal = proposeFixes({ ...current, findings: stillOpen(current.findings, options), sources: sourceTexts(options.copy), attempts: options.attempts });
    unrepaired = proposal.unrepaired;
    if (proposal.fixes.length === 0) break;
    options.report(`round ${round}: ${proposal.fixes.length} repairs tried together, ${applied.length} hold so far`);
    const trial = await tryRound(proposal.fixes, current, options);
    applied.push(...trial.kept);
    rejected.push(...trial.rejected);
    current = trial.after;
    for (const fix of trial.rejected) countAttempt(fix.fix.findings, options.attempts);
  }
  const open = new Set(stillOpen(current.findings, options).map(finding => finding.fingerprint));
  return { applied, rejected, unrepaired: unrepaired.filter(entry => open.has(entry.fingerprint)), final: current };
}

function stillOpen(findings: readonly Finding[], { only, attempts }: RepairOptions): readonly Finding[] {
  return findings.filter(finding => (only === undefined || only.has(finding.fingerprint)) && (attempts.get(finding.fingerprint) ?? 0) < maximumAttempts);
}

function countAttempt(fingerprints: readonly string[], attempts: Map<string, number>): void {
  for (const fingerprint of fingerprints) attempts.set(fingerprint, (attempts.get(fingerprint) ?? 0) + 1);
}

interface Trial {
  readonly kept: readonly AppliedFix[];
  readonly rejected: readonly VerifiedFix[];
  readonly after: Rejudged;
}

async function tryRound(fixes: readonly ProposedFix[], before: Rejudged, options: RepairOptions): Promise<Trial> {
  const base = baseTexts(fixes, options.copy);
  const rejected: VerifiedFix[] = [];
  let candidates = fixes;
  let after = before;
  let checked: VerificationStep = { step: 'typecheck', outcome: 'skipped', detail: 'nothing to check' };
  // Each pass takes at least one fix out, so this ends.
  while (candidates.length > 0) {
    writeTexts(options.copy, textsWith(candidates, base));
    const faults = new Map<ProposedFix, VerificationStep>();
    const answer = await typecheck(options.copy.root);
    checked = typecheckStep(answer);
    if (answer.kind === 'failed') blameTypes(answer.errors, candidates, faults);
    if (faults.size === 0) {
      after = await options.rejudge();
      blameFindings(candidates, before, after, faults);
    }
    if (faults.size === 0) break;
    rejected.push(...[...faults].map(([fix, step]) => ({ fix, offered: false, verification: [step], diff: diffOf(fix, base) })));
    candidates = candidates.filter(fix => !faults.has(fix));
  }
  writeTexts(options.copy, base);
  if (candidates.length === 0) return { kept: [], rejected, after: before };
  return { kept: await keep(candidates, base, before, checked, options), rejected, after };
}

function baseTexts(fixes: readonly ProposedFix[], copy: AppCopy): ReadonlyMap<string, string | undefined> {
  const files = fixes.flatMap(fix => [...fix.edits.map(edit => edit.file), ...fix.newFiles.map(file => file.file)]);
  return new Map([...new Set(files)].map(file => [file, readText(copy, file)]));
}

/** The texts of all touched files with these fixes made. */
function textsWith(fixes: readonly ProposedFix[], base: ReadonlyMap<string, string | undefined>): ReadonlyMap<string, string | undefined> {
  const edits = fixes.flatMap(fix => fix.edits);
  const texts = new Map([...base].map(([file, text]) => [file, text === undefined ? undefined : applyEdits(file, text, edits)] as const));
  for (const { file, text } of fixes.flatMap(fix => fix.newFiles)) texts.set(file, text);
  return texts;
}

function typecheckStep(answer: Awaited<ReturnType<typeof typecheck>>): VerificationStep {
  switch (answer.kind) {
    case 'passed':
      return { step: 'typecheck', outcome: 'passed', detail: 'tsc --noEmit' };
    case 'skipped':
      return { step: 'typecheck', outcome: 'skipped', detail: answer.reason };
    case 'failed':
      return { step: 'typecheck', outcome: 'failed', detail: answer.errors.slice(0, 2).map(error => `${error.file}:${error.line} ${error.message}`).join('; ') };
  }
}

function blameTypes(
  errors: readonly { readonly file: string; readonly line: number; readonly message: string }[],
  fixes: readonly ProposedFix[],
  faults: Map<ProposedFix, VerificationStep>,
): void {
  const touching = (file: string): readonly ProposedFix[] => fixes.filter(fix => fix.edits.some(edit => edit.file === file) || fix.newFiles.some(added => added.file === file));
  for (const error of errors) {
    const detail = `${error.file}:${error.line} ${error.message}`;
    const guilty = touching(error.file);
    // An error in a file that nobody touched comes from a changed signature: the whole round is in doubt.
    for (const fix of guilty.length > 0 ? guilty : fixes) faults.set(fix, { step: 'typecheck', outcome: 'failed', detail });
  }
}

function blameFindings(fixes: readonly ProposedFix[], before: Rejudged, after: Rejudged, faults: Map<ProposedFix, VerificationStep>): void {
  const known = new Set(before.findings.map(finding => finding.fingerprint));
  const open = new Map(after.findings.map(finding => [finding.fingerprint, finding]));
  for (const fix of fixes) {
    const left = fix.findings.flatMap(fingerprint => open.get(fingerprint) ?? []);
    const [first] = left;
    if (first !== undefined) faults.set(fix, { step: 'trace', outcome: 'failed', detail: `Still there: ${first.message}` });
  }
  for (const finding of after.findings.filter(candidate => !known.has(candidate.fingerprint))) {
    const guilty = fixes.filter(fix => touches(fix, finding));
    for (const fix of guilty) faults.set(fix, { step: 'trace', outcome: 'failed', detail: `Opens another: ${finding.message}` });
  }
  const broken = new Set(before.paths.filter(path => path.verdict === 'broken').map(path => path.id));
  for (const path of after.paths.filter(candidate => candidate.verdict === 'broken' && !broken.has(candidate.id))) {
    for (const fix of fixes.filter(candidate => candidate.edits.some(edit => edit.file === path.sink.file))) {
      faults.set(fix, { step: 'trace', outcome: 'failed', detail: `Takes the owner's own access away: ${path.entryPoint.name}` });
    }
  }
}

function touches(fix: ProposedFix, finding: Finding): boolean {
  return fix.edits.some(edit => edit.file === finding.file) || fix.newFiles.some(file => file.file === finding.file);
}

async function keep(
  fixes: readonly ProposedFix[],
  base: ReadonlyMap<string, string | undefined>,
  before: Rejudged,
  checked: VerificationStep,
  { copy }: RepairOptions,
): Promise<readonly AppliedFix[]> {
  const kept: AppliedFix[] = [];
  const findings = new Map(before.findings.map(finding => [finding.fingerprint, finding]));
  for (const [index, fix] of fixes.entries()) {
    const [earlier, now] = [textsWith(fixes.slice(0, index), base), textsWith(fixes.slice(0, index + 1), base)];
    writeTexts(copy, now);
    const changes = changesBetween(earlier, now);
    const commit = await commitAll(copy, commitMessage(fix));
    const verification: readonly VerificationStep[] = [{ step: 'trace', outcome: 'passed', detail: 'The path is closed, and no other was opened.' }, checked];
    kept.push({
      verified: { fix, offered: true, verification, diff: unifiedDiff(changes) },
      findings: fix.findings.flatMap(fingerprint => findings.get(fingerprint) ?? []),
      before: new Map(changes.map(change => [change.file, change.before])),
      commit,
    });
  }
  return kept;
}

function commitMessage(fix: ProposedFix): string {
  const rollback = fix.rollbackSql === undefined ? '' : `\n\nRollback of the migration:\n${fix.rollbackSql}`;
  return `${fix.title}\n\n${fix.explanation}${rollback}`;
}

function diffOf(fix: ProposedFix, base: ReadonlyMap<string, string | undefined>): string {
  return unifiedDiff(changesBetween(base, textsWith([fix], base)));
}

function changesBetween(before: ReadonlyMap<string, string | undefined>, after: ReadonlyMap<string, string | undefined>): readonly FileChange[] {
  return [...after].filter(([file, text]) => before.get(file) !== text).map(([file, text]) => ({ file, before: before.get(file), after: text }));
}
