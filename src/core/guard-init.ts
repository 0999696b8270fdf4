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
}
