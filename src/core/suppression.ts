import type { Finding } from './finding.ts';
import type { Place } from './place.ts';

/** A finding that somebody accepted, in the code and with a reason. */
export interface SuppressedFinding {
  readonly finding: Finding;
  readonly reason: string;
  /** The comment. */
  readonly place: Place;
}

/** Something that the user wrote for Drydock and that does not do what it says: it ends with exit code 2. */
export interface ConfigProblem extends Place {
  readonly kind:
    | 'unknown-check'
    | 'missing-reason'
    | 'unused-suppression'
    | 'partial-suppression'
    | 'unused-declaration'
    | 'stale-baseline';
  /** A full sentence. */
  readonly message: string;
}
