import type { TraceResult } from '../core/result.ts';
import { analyse, toTraceResult } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';

/** `drydock trace`: every path from the browser to the database, with its verdict. */
export async function runTrace(
  root: string,
  options: { readonly migrations?: string },
  context: CommandContext,
): Promise<TraceResult> {
  const analysis = await analyse({ root, ...options, halves: 'code' }, context);
  return relocate(toTraceResult(analysis), root, analysis.root);
}
