import type { Evidence, Finding } from '../core/finding.ts';
import type { CommandResult } from '../core/result.ts';
import { unreachable } from '../core/unreachable.ts';
import { orderFindings } from './order.ts';

/** Every finding of a result once, with the evidence of all its stages, in the order of the reports. */
export function allFindings(result: CommandResult): readonly Finding[] {
  switch (result.command) {
    case 'trace':
    case 'rules':
    case 'probe':
    case 'triage':
      return mergeFindings(result.findings);
    case 'rescue':
      return mergeFindings([
        ...result.traceBefore.findings,
        ...result.rulesBefore.findings,
        ...result.probeBefore.findings,
      ]);
    case 'fix':
      return [];
    default:
      return unreachable(result);
  }
}

/** Findings with the same fingerprint become one that has the evidence of each. */
function mergeFindings(findings: readonly Finding[]): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    const known = merged.get(finding.fingerprint);
    merged.set(
      finding.fingerprint,
      known === undefined ? finding : { ...known, evidence: unite(known.evidence, finding.evidence) },
    );
  }
  return orderFindings([...merged.values()]);
}

function unite(left: readonly Evidence[], right: readonly Evidence[]): readonly Evidence[] {
  return [...new Map([...left, ...right].map(evidence => [JSON.stringify(evidence), evidence])).values()];
}
