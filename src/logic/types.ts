import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import type { Reason, Verdict } from '../core/verdict.ts';

/** The question put to `entails`: do these premises tie the row to one of the principal's tenants? */
export interface Question {
  /** The row asked about. `row.name` is usually `self`. */
  readonly row: RowVariable;
  /** Rows known to exist, conditions known to hold, tenants known to be the principal's. */
  readonly rows: readonly RowVariable[];
  readonly conditions: readonly Predicate[];
  readonly memberTenants: readonly Term[];
  /** The principal is verified at all; without it `principal` terms mean nothing. */
  readonly signedIn: boolean;
}

/** What follows, and why. */
export interface Answer {
  readonly verdict: Extract<Verdict, 'isolated' | 'leaks' | 'public' | 'unknown'>;
  readonly reason: Reason;
  /** The term that the row's owner was found equal to, or the term that chose the row. */
  readonly term?: Term;
  /** One sentence: what the answer rests on. */
  readonly because: string;
}
