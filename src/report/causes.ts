import type { Finding } from '../core/finding.ts';
import { formatPlace } from '../core/place.ts';
import type { RulesResult } from '../core/result.ts';
import type { RulesCause } from '../core/rules.ts';
import { unreachable } from '../core/unreachable.ts';
import { count } from './words.ts';

/** A finding with its number in the list of all. */
export interface NumberedFinding {
  readonly finding: Finding;
  readonly number: number;
}

/** A function at fault, and the findings that go with its repair. */
export interface CauseWithFindings<Numbered extends NumberedFinding = NumberedFinding> {
  readonly cause: RulesCause;
  readonly findings: readonly [Numbered, ...Numbered[]];
}

/** The causes to tell before findings: of a single finding the finding itself says it all. */
export function causesWithFindings<Numbered extends NumberedFinding>(
  { causes = [] }: Pick<RulesResult, 'causes'>,
  all: readonly Numbered[],
): readonly CauseWithFindings<Numbered>[] {
  return causes.flatMap(cause => {
    const [first, ...rest] = all.filter(({ finding }) => finding.causedBy === cause.function);
    return first === undefined || rest.length === 0 ? [] : [{ cause, findings: [first, ...rest] }];
  });
}

/** Whether a cause stands for the finding. */
export function isFolded({ causedBy }: Finding, causes: readonly CauseWithFindings[]): boolean {
  return causes.some(({ cause }) => cause.function === causedBy);
}

/** `CAUSE is_member(uuid) → 4 objects · 16 cells · 6 findings`. */
export function causeTitle(cause: RulesCause, findings: number): string {
  return `CAUSE ${cause.function} → ${restingOn(cause, findings)}`;
}

/** How much goes with its repair. */
export function restingOn({ objects, cells }: RulesCause, findings: number): string {
  return `${count(objects, 'object')} · ${count(cells, 'cell')} · ${count(findings, 'finding')}`;
}

/** What is wrong with the function, and how that is known. */
export function causeSentence({ function: name, fault }: RulesCause): string {
  const closed = 'With a function in its place that refuses them, none of these leaks is left.';
  switch (fault) {
    case 'says-yes':
      return `'${name}' lets callers pass at tenants that are not theirs. ${closed}`;
    case 'gives-keys':
      return `'${name}' gives callers the keys of tenants that are not theirs. ${closed}`;
    case 'believes-caller':
      return `'${name}' believes what callers wrote about themselves. ${closed}`;
    default:
      return unreachable(fault);
  }
}

/** Where it stands, and what to repair. */
export function causeRepair({ fault, file, line }: RulesCause): string {
  const place = file === undefined || line === undefined ? '' : `${formatPlace({ file, line })} · `;
  const what =
    fault === 'believes-caller'
      ? 'read who may pass from a table that callers cannot write'
      : "answer by the caller's own membership of the tenant that is asked about";
  return `${place}repair the function, not the policies: ${what}`;
}
