import { performance } from 'node:perf_hooks';

import { DrydockError } from '../core/error.ts';
import type { TraceResult } from '../core/result.ts';
import { applyBaseline } from './baseline.ts';
import type { CommandContext } from './context.ts';
import { Kept } from './kept.ts';
import type { TraceTarget, WholeTrace } from './whole-trace.ts';

/** `drydock trace`: every path from the browser to the database, with its verdict. */
export async function runTrace(
  root: string,
  options: {
    readonly migrations?: readonly string[];
    readonly policy?: boolean;
    readonly since?: string;
    readonly baseline?: string;
    readonly updateBaseline?: boolean;
    /** The result of an earlier run is shown when nothing has changed since, and this run's is kept. */
    readonly cache?: boolean;
  },
  context: CommandContext,
): Promise<TraceResult> {
  const { migrations } = options;
  if (options.since !== undefined && options.baseline !== undefined)
    throw new DrydockError('usage', '--since and --baseline both say what is known already: give one of them.');
  if (options.updateBaseline === true && options.baseline === undefined)
    throw new DrydockError('usage', '--update-baseline needs the file: --baseline <file>.');
  const rest = migrations === undefined ? {} : { migrations };
  const { result, table } = await tracedOrKept({ root, ...rest }, options.cache === true, context);
  const compared =
    options.since === undefined
      ? result
      : await (await import('./since.ts')).onlySince(result, options.since, { root, ...rest }, context);
  const { baseline, policy } = options;
  const kept = baseline === undefined ? compared : applyBaseline(compared, baseline, options.updateBaseline === true);
  return policy === true ? { ...kept, policy: table } : kept;
}

/** Where the trace of a folder is kept. */
export function keptTrace(target: TraceTarget): Kept<WholeTrace> {
  return new Kept({ what: 'trace', ...target });
}

async function tracedOrKept(target: TraceTarget, isKept: boolean, context: CommandContext): Promise<WholeTrace> {
  const start = performance.now();
  const kept = isKept ? keptTrace(target) : undefined;
  const known = kept?.recall();
  if (known !== undefined) {
    context.progress
      .start('Tracing')
      .done('Nothing has changed since the last trace: this is its result (--no-cache traces again)');
    const elapsedMs = performance.now() - start;
    const { result } = known;
    return {
      ...known,
      result: { ...result, elapsedMs, summary: { ...result.summary, elapsedMs: Math.round(elapsedMs) } },
    };
  }
  // Loaded only now: what is kept is shown sooner than the engine is read.
  const { traceWhole } = await import('./whole-trace.ts');
  const made = await traceWhole(target, context);
  kept?.keep(made);
  return made;
}
