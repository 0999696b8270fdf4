import type { Finding } from '../core/finding.ts';
import type { VerificationStep } from '../core/fix.ts';
import { severityRank } from '../core/verdict.ts';
import type { JudgedPath } from '../checks/check.ts';
import type { ProposedFix } from './propose.ts';
import type { TypeError } from './typecheck.ts';

/** What the pipeline said before and after. */
export interface BeforeAndAfter {
  readonly before: { readonly findings: readonly Finding[]; readonly paths: readonly JudgedPath[] };
  readonly after: { readonly findings: readonly Finding[]; readonly paths: readonly JudgedPath[] };
}

/** Fixes that do not hold, each with the step that failed. */
export type Faults = Map<ProposedFix, VerificationStep>;

/** Blames fixes whose finding is still there, that open another one, or that take the owner's own access away. */
export function blameFindings(fixes: readonly ProposedFix[], { before, after }: BeforeAndAfter, faults: Faults): void {
  const known = new Map(before.findings.map(finding => [finding.fingerprint, finding]));
  const open = new Map(after.findings.map(finding => [finding.fingerprint, finding]));
  for (const fix of fixes) {
    const [first] = fix.findings.flatMap(fingerprint => open.get(fingerprint) ?? []);
    if (first !== undefined) fail(faults, fix, 'trace', `Still there: ${first.message}`);
  }
  for (const finding of after.findings.filter(candidate => !known.has(candidate.fingerprint))) {
    for (const fix of openersOf(finding, fixes, known)) fail(faults, fix, 'trace', `Opens another: ${finding.message}`);
  }
  const broken = new Set(before.paths.filter(path => path.verdict === 'broken').map(path => path.id));
  for (const path of after.paths.filter(candidate => candidate.verdict === 'broken' && !broken.has(candidate.id))) {
    for (const fix of fixes.filter(candidate => changes(candidate, path.sink.file) || candidate.newFiles.length > 0)) {
      fail(faults, fix, 'trace', `Takes the owner's own access away: ${path.entryPoint.name}`);
    }
  }
}

/** Blames the fixes whose own lines are closest to what the type checker complains about. */
export function blameTypes(
  errors: readonly TypeError[],
  tried: { readonly fixes: readonly ProposedFix[]; readonly base: ReadonlyMap<string, string | undefined> },
  faults: Faults,
): void {
  const { fixes, base } = tried;
  const doomed = new Set(faults.keys());
  for (const error of errors) {
    const near = nearest(
      error,
      fixes.filter(fix => changes(fix, error.file)),
      base,
    );
    // A fix that is taken back anyway takes its errors along.
    if (near.some(fix => doomed.has(fix))) continue;
    // An error in a file that nobody touched comes from a changed signature: those that changed one are in doubt.
    const signatures = fixes.filter(fix =>
      fix.edits.some(edit => edit.shared === true && /^(?:, )?\w+: /.test(edit.text)),
    );
    const guilty = near.length > 0 ? near : signatures.length > 0 ? signatures : fixes;
    for (const fix of guilty) fail(faults, fix, 'typecheck', `${error.file}:${error.line} ${error.message}`);
  }
}

function fail(faults: Faults, fix: ProposedFix, step: VerificationStep['step'], detail: string): void {
  if (!faults.has(fix)) faults.set(fix, { step, outcome: 'failed', detail });
}

/**
 * The fixes that a new finding comes from: those for the same entry point or object, else those that changed its file.
 * What is milder than everything a fix closes is progress: row security that does not bind the owner yet is better than
 * none.
 */
function openersOf(
  finding: Finding,
  fixes: readonly ProposedFix[],
  known: ReadonlyMap<string, Finding>,
): readonly ProposedFix[] {
  const closed = (fix: ProposedFix) => fix.findings.flatMap(fingerprint => known.get(fingerprint) ?? []);
  const isWorse = (fix: ProposedFix) =>
    !closed(fix).every(own => severityRank(own.severity) < severityRank(finding.severity));
  const same = fixes.filter(fix => closed(fix).some(own => isAbout(own, finding, fix)));
  const guilty = same.length > 0 ? same : fixes.filter(fix => changes(fix, finding.file));
  return guilty.filter(isWorse);
}

function isAbout(own: Finding, finding: Finding, fix: ProposedFix): boolean {
  if (own.entryPoint === undefined) return own.object !== undefined && own.object === finding.object;
  return own.entryPoint === finding.entryPoint && (own.object === finding.object || changes(fix, finding.file));
}

function changes(fix: ProposedFix, file: string): boolean {
  return fix.edits.some(edit => edit.file === file) || fix.newFiles.some(added => added.file === file);
}

function nearest(
  error: TypeError,
  fixes: readonly ProposedFix[],
  base: ReadonlyMap<string, string | undefined>,
): readonly ProposedFix[] {
  if (fixes.length < 2) return fixes;
  const edits = fixes.flatMap(fix => fix.edits.filter(edit => edit.file === error.file));
  const text = base.get(error.file) ?? '';
  const lineOf = (start: number): number => {
    let added = 0;
    for (const edit of edits)
      if (edit.start < start) added += newLines(edit.text) - newLines(text.slice(edit.start, edit.end));
    return newLines(text.slice(0, start)) + 1 + added;
  };
  const distances = fixes.map(fix => {
    const own = fix.edits
      .filter(edit => edit.file === error.file)
      .map(edit =>
        Math.min(
          Math.abs(lineOf(edit.start) - error.line),
          Math.abs(lineOf(edit.start) + newLines(edit.text) - error.line),
        ),
      );
    return { fix, distance: Math.min(...own) };
  });
  const least = Math.min(...distances.map(each => each.distance));
  return distances.filter(each => each.distance <= least + 1).map(each => each.fix);
}

function newLines(text: string): number {
  return text.split('\n').length - 1;
}
