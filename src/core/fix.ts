/** A replacement of source text between two offsets (UTF-16 code units) of one file. */
export interface Edit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A file that a fix adds: a migration, a regression test. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/** A repair that can be applied, before it was verified. */
export interface Fix {
  /** Fingerprints of the findings that it is meant to close. */
  readonly findings: readonly string[];
  /** One line in the imperative, for the commit: `Scope the order look-up to the caller's organisation`. */
  readonly title: string;
  /** Why this closes the path, in one or two sentences. */
  readonly explanation: string;
  readonly edits: readonly Edit[];
  readonly newFiles: readonly NewFile[];
  /** The SQL that undoes the migration among `newFiles`; edits are undone by `git revert` or the stored original. */
  readonly rollbackSql?: string;
  /** How sure the fixer is before verification. */
  readonly basis: 'sibling' | 'tenancy' | 'library';
}

/** How a fix was tried on a copy, each with its outcome. `skipped` says why in `detail`. */
export interface VerificationStep {
  readonly step: 'trace' | 'typecheck' | 'replay' | 'build' | 'exploit' | 'own-access' | 'tests';
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

/** A fix with what was tried. It is offered only when no step failed. */
export interface VerifiedFix {
  readonly fix: Fix;
  readonly offered: boolean;
  readonly verification: readonly VerificationStep[];
  /** Unified diff of everything the fix changes. */
  readonly diff: string;
}
