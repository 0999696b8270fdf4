import type { Actor, CellCommand } from './cell.ts';

/** One thing that a test of the database asks: as somebody, a statement, and whether it may come to anything. */
export interface RulesAssertion {
  /** SQL name of the table, view or function. */
  readonly object: string;
  readonly role: string;
  readonly actor: Actor;
  readonly command: CellCommand;
  /** `nothing`: another tenant's rows stay out of reach; `something`: the owner's own stay in reach. */
  readonly expects: 'nothing' | 'something';
  /** What the session says of who asks: names and values of settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** What the superuser arranges before. */
  readonly setup: readonly string[];
  readonly statement: string;
  /**
   * How it shows that rows were reached: `count`, the number that the statement gives; `rows`, how many it touched;
   * `answer`, a text that is not empty; `watch`, a query that the superuser asks before and after, and that differs.
   */
  readonly shows: { readonly kind: 'count' | 'rows' | 'answer' } | { readonly kind: 'watch'; readonly query: string };
  /** What came of it now: refused by a privilege or a policy, nothing, or rows. */
  readonly now: 'refused' | 'nothing' | 'reached';
  /** In words, for the name of the test. */
  readonly words: string;
}

/** The rows that the tests need, and the tests. */
export interface RulesAssertions {
  readonly seed: readonly string[];
  readonly assertions: readonly RulesAssertion[];
}
