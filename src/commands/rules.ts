import type { RulesResult } from '../core/result.ts';
import { analyse, toRulesResult } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';

/** `drydock rules`: the database alone, from migrations or from a live catalog (read only). */
export async function runRules(
  root: string,
  options: { readonly migrations?: readonly string[]; readonly databaseUrl?: string },
  context: CommandContext,
): Promise<RulesResult> {
  const analysis = await analyse({ root, ...options, halves: 'database' }, context);
  return relocate(toRulesResult(analysis), root, analysis.root);
}
