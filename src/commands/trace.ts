import { DrydockError } from '../core/error.ts';
import type { TraceResult } from '../core/result.ts';
import { policyTable } from '../judge/policy-table.ts';
import { applyBaseline } from './baseline.ts';
import { onlySince } from './since.ts';
import { analyse, toTraceResult } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';

/** `drydock trace`: every path from the browser to the database, with its verdict. */
export async function runTrace(
  root: string,
  options: {
    readonly migrations?: string;
    readonly policy?: boolean;
    readonly since?: string;
    readonly baseline?: string;
    readonly updateBaseline?: boolean;
  },
  context: CommandContext,
): Promise<TraceResult> {
  const { migrations } = options;
  if (options.since !== undefined && options.baseline !== undefined)
    throw new DrydockError('usage', '--since and --baseline both say what is known already: give one of them.');
  if (options.updateBaseline === true && options.baseline === undefined)
    throw new DrydockError('usage', '--update-baseline needs the file: --baseline <file>.');
  const rest = migrations === undefined ? {} : { migrations };
  const analysis = await analyse({ root, ...rest, halves: 'code' }, context);
  const result = relocate(toTraceResult(analysis), root, analysis.root);
  const compared =
    options.since === undefined ? result : await onlySince(result, options.since, { root, ...rest }, context);
  const { baseline, policy } = options;
  const kept = baseline === undefined ? compared : applyBaseline(compared, baseline, options.updateBaseline === true);
  return policy === true ? { ...kept, policy: policyTable(analysis.judged.paths, analysis.tenancy) } : kept;
}
