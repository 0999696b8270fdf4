import type { ClientRole, Operation } from './path.ts';
import type { Place } from './place.ts';
import type { Verdict } from './verdict.ts';

/** Under which conditions the app reaches a table: what stands in its place of a policy. */
export interface TablePolicy {
  readonly table: string;
  /** How a row leads to its owner, in words; what the verdicts rest on. */
  readonly owner: string;
  readonly predicates: readonly PolicyPredicate[];
}

/** One condition under which rows are reached, the same for any number of entry points. */
export interface PolicyPredicate {
  /** As SQL with values by provenance, its parts in order, so that equal conditions are equal texts. */
  readonly predicate: string;
  readonly operation: Operation;
  readonly role: ClientRole;
  readonly verdict: Verdict;
  /** Names, in order. */
  readonly entryPoints: readonly string[];
}

/** One declaration that would settle verdicts, with the line to write. */
export interface Settling extends Place {
  /** What could not be told, a full sentence. */
  readonly cause: string;
  /** How many paths it would settle. */
  readonly paths: number;
  /** The line for `drydock.config.ts`, or the option to give; what only the user knows stands in angle brackets. */
  readonly declaration: string;
}
