import type { TraceResult } from '../core/result.ts';
import { policyTable } from '../judge/policy-table.ts';
import { analyse, toTraceResult } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';

/** `drydock trace`: every path from the browser to the database, with its verdict. */
export async function runTrace(
  root: string,
  options: { readonly migrations?: string; readonly policy?: boolean },
  context: CommandContext,
): Promise<TraceResult> {
  const { policy, ...rest } = options;
  const analysis = await analyse({ root, ...rest, halves: 'code' }, context);
  const result = relocate(toTraceResult(analysis), root, analysis.root);
  return policy === true ? { ...result, policy: policyTable(analysis.judged.paths, analysis.tenancy) } : result;
}
