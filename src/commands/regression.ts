import type { Attack, RescueResult } from '../core/result.ts';
import type { AppCopy } from '../fix/copy.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';

/** Where regression tests are proved: the app as it was and the repaired copy, both built. */
export interface ProveTestsOptions {
  readonly analysis: Analysis;
  readonly attacks: readonly Attack[];
  readonly leaking: AppCopy;
  readonly repaired: AppCopy;
  readonly migrations?: string;
}

export async function proveTests(_options: ProveTestsOptions, _context: CommandContext): Promise<RescueResult['tests']> {
  return Promise.resolve({ written: 0, failingBefore: 0, passingAfter: 0, files: [] });
}
