import { messageOf } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { Fix, NewFile } from '../core/fix.ts';
import { areCompatible, applyEdits } from './compose.ts';
import { createContext, isRefused } from './context.ts';
import type { Draft, FixContext, Fixer, FixInput } from './context.ts';
import { fixersFor } from './fixers/index.ts';
import { withHelpers } from './idioms/helper-functions.ts';
import { migrationFiles } from './migration.ts';
import { parseFile } from './source/parsed-file.ts';
import type { FixEdit } from './source/edit-set.ts';

/** A fix as it was proposed, with edits that know which of them may be shared. */
export interface ProposedFix extends Fix {
  readonly edits: readonly FixEdit[];
}

/** What was proposed for a set of findings. */
export interface Proposal {
  /** In the order of the findings; every two of them can be made together. */
  readonly fixes: readonly ProposedFix[];
  /** Findings without a proposal, each with the reason. */
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  /** Findings whose fix touches the same place as another one: propose again after that one was made. */
  readonly deferred: readonly string[];
}

/** Proposes a fix for each finding, in the app's own idiom. Pure: reads texts, writes nothing. */
export function proposeFixes(input: FixInput): Proposal {
  const context = createContext(input);
  const fixes: ProposedFix[] = [];
  const known = new Map<string, number>();
  const policiesInRound = new Set<string>();
  const unrepaired: { readonly fingerprint: string; readonly reason: string }[] = [];
  const deferred: string[] = [];
  for (const finding of input.findings) {
    const drafted = draftFor(finding, context);
    if (isRefused(drafted)) {
      unrepaired.push({ fingerprint: finding.fingerprint, reason: drafted.refused });
      continue;
    }
    const key = JSON.stringify([drafted.edits, drafted.migration?.up ?? [], drafted.newFiles ?? []]);
    const index = known.get(key) ?? -1;
    const twin = fixes[index];
    if (twin !== undefined) {
      fixes[index] = { ...twin, findings: [...twin.findings, finding.fingerprint] };
      continue;
    }
    const fix = toFix(finding, drafted, context, fixes);
    const rewritten = policiesWritten(drafted);
    if (
      fixes.every(other => areCompatible(other.edits, fix.edits)) &&
      !rewritten.some(policy => policiesInRound.has(policy))
    ) {
      for (const policy of rewritten) policiesInRound.add(policy);
      known.set(key, fixes.length);
      fixes.push(fix);
    } else deferred.push(finding.fingerprint);
  }
  return { fixes, unrepaired, deferred };
}

/** Two migrations of one round that write the same policy would be judged by the second alone. */
function policiesWritten({ migration }: Draft): readonly string[] {
  return (migration?.up ?? []).filter(statement => statement.startsWith('drop policy '));
}

function draftFor(finding: Finding, context: FixContext): Draft | { readonly refused: string } {
  const attempt = context.attempts?.get(finding.fingerprint) ?? 0;
  const refusals: string[] = [];
  const seen: Draft[] = [];
  for (const fixer of fixersFor(finding)) {
    const draft = tryFixer(fixer, finding, context);
    if (isRefused(draft)) {
      if (draft.refused !== '') refusals.push(draft.refused);
    } else if (!stillParses(draft, context)) refusals.push('The changed file would not parse.');
    else if (
      !seen.some(
        other =>
          JSON.stringify(other.edits) === JSON.stringify(draft.edits) &&
          JSON.stringify(other.migration) === JSON.stringify(draft.migration),
      )
    )
      seen.push(draft);
  }
  const chosen = seen[attempt];
  if (chosen !== undefined) return chosen;
  if (seen.length > 0) return { refused: 'No repair that was tried held.' };
  if (finding.repair === undefined) return { refused: 'Which repair is right, a person must decide.' };
  return {
    refused:
      refusals.length > 0 ? [...new Set(refusals)].join(' ') : `No fixer knows how to repair '${finding.check}'.`,
  };
}

// A fixer that stumbles over code it has never seen leaves one finding to a person, not all of them.
function tryFixer(fixer: Fixer, finding: Finding, context: FixContext): ReturnType<Fixer> {
  try {
    return fixer(finding, context);
  } catch (thrown) {
    return { refused: `The fixer could not read the code: ${messageOf(thrown)}.` };
  }
}

function stillParses(draft: Draft, context: FixContext): boolean {
  const files = new Set(draft.edits.map(edit => edit.file));
  return [...files].every(file => {
    const text = context.set.read(file);
    return (
      text !== undefined &&
      (!/\.[cm]?[jt]sx?$/.test(file) || parseFile(file, applyEdits(file, text, draft.edits)) !== undefined)
    );
  });
}

function toFix(finding: Finding, draft: Draft, context: FixContext, earlier: readonly ProposedFix[]): ProposedFix {
  const migration =
    draft.migration === undefined ? undefined : migrationFiles(context, withHelpers(draft.migration, context), earlier);
  const newFiles: readonly NewFile[] = [...(draft.newFiles ?? []), ...(migration?.newFiles ?? [])];
  const rollbackSql = draft.rollbackSql ?? migration?.rollbackSql;
  return {
    findings: [finding.fingerprint],
    title: draft.title,
    explanation: draft.explanation,
    edits: [...draft.edits, ...(migration?.edits ?? [])],
    newFiles,
    ...(rollbackSql === undefined ? {} : { rollbackSql }),
    basis: draft.basis,
  };
}
