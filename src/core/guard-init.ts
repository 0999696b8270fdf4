/** What the guard would change in an app, how it holds, and what is left to the developer. */
export interface GuardInit {
  readonly files: readonly string[];
  readonly diff: string;
  readonly written: boolean;
  /** How the app's role fared when it was attacked under the new migration. */
  readonly verified: {
    readonly isolated: number;
    readonly leaks: readonly string[];
    readonly unknown: readonly string[];
    /** What the app's own type checker says of the copy, and did not say before. */
    readonly types:
      | { readonly kind: 'checked'; readonly errors: readonly string[] }
      | { readonly kind: 'skipped'; readonly reason: string };
  };
  readonly todo: readonly string[];
  /** How the app's entry points ask for rows that have an owner. */
  readonly entries: {
    /** As whoever is signed in, in the tenant of the session, without a change. */
    readonly session: number;
    /** Changed to ask for the tenant that the request names. */
    readonly changed: readonly string[];
    readonly left: readonly EntryLeft[];
  };
}

/** An entry point whose scope only the developer can say. */
export interface EntryLeft {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly why: string;
  /** The lines to write. */
  readonly code: readonly string[];
}
