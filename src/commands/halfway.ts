import { DrydockError } from '../core/error.ts';
import type { TriageResult } from '../core/result.ts';
import type { Analysis } from './analyse.ts';

/** The running app could not be tried; what was judged before that is reported all the same. */
export class StoppedHalfway extends Error {
  readonly reason: DrydockError;
  readonly done: TriageResult;

  constructor(reason: DrydockError, done: TriageResult) {
    super(reason.message, { cause: reason });
    this.name = 'StoppedHalfway';
    this.reason = reason;
    this.done = done;
  }
}

/** Runs what needs the running app. When that cannot be, what the analysis found is thrown along with the reason. */
export async function keeping<T>(analysis: Analysis, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const judged = analysis.app !== undefined || analysis.collected !== undefined;
    if (!(thrown instanceof DrydockError) || !judged) throw thrown;
    const { toTriageResult } = await import('./triage.ts');
    throw new StoppedHalfway(thrown, await toTriageResult(analysis));
  }
}
