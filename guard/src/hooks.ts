/** What is known of a call before anything of it runs: what it is called, what it does, and who asks. */
export interface CallFacts {
  /** The name that limits and freezes are declared with, such as `'export invoices'`. Compared exactly. */
  readonly name: string;
  readonly kind: 'read' | 'write' | 'export' | 'list';
  readonly user?: string;
  readonly tenant?: string;
  readonly address?: string;
}

/**
 * Runs before a route, action or page, once it is known who asks. It refuses by throwing a `GuardError`; whatever else
 * it throws refuses too.
 *
 * @example
 * const weekdaysOnly: Before = async facts => {
 *   const day = new Date().getUTCDay();
 *   if (facts.kind === 'export' && (day === 0 || day === 6)) throw new GuardError('forbidden', 'No export at weekends.');
 * };
 */
export interface Before {
  (facts: CallFacts): Promise<void>;
  /**
   * Hears of a call that was refused before the hooks were asked (no session, no member, a wrong role or input), with what is
   * known of the caller; the tenant is none of theirs, and not told. What it throws is answered instead.
   */
  readonly refused?: (facts: CallFacts) => Promise<void>;
}
