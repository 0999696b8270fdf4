import type { TablePolicy } from '../core/policy.ts';
import type { TraceResult } from '../core/result.ts';
import { policyTable } from '../judge/policy-table.ts';
import { analyse, type Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';
import { toTraceResult } from './results.ts';

/** A folder to trace, and where its migrations are if that is not found by itself. */
export interface TraceTarget {
  readonly root: string;
  readonly migrations?: readonly string[];
}

/** All that any option of `drydock trace` shows. */
export interface WholeTrace {
  readonly result: TraceResult;
  readonly table: readonly TablePolicy[];
}

/** Traces a folder. */
export async function traceWhole(target: TraceTarget, context: CommandContext): Promise<WholeTrace> {
  return toWholeTrace(await analyse({ ...target, halves: 'code' }, context), target.root);
}

/** The part of an analysis that traces show; places are relative to the folder that the user named. */
export function toWholeTrace(analysis: Analysis, root: string): WholeTrace {
  return {
    result: relocate(toTraceResult(analysis), root, analysis.root),
    table: policyTable(analysis.judged.paths, analysis.tenancy),
  };
}
