import { checkOut } from '../collect/deployment/checkout.ts';
import { DrydockError } from '../core/error.ts';
import type { TraceResult } from '../core/result.ts';
import { analyse } from './analyse.ts';
import { silently, type CommandContext } from './context.ts';

/**
 * Keeps the findings that were not there at a commit. The commit is analysed as well: a guard that was taken out of a
 * helper changes no line of the paths that lost it, so looking at changed lines alone would keep silent.
 */
export async function onlySince(
  result: TraceResult,
  reference: string,
  options: { readonly root: string; readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<TraceResult> {
  const stage = context.progress.start(`Tracing '${reference}', to compare with`);
  const before = await fingerprintsAt(reference, options, context);
  const findings = result.findings.filter(finding => !before.has(finding.fingerprint));
  stage.done(`${before.size} findings at '${reference}'`);
  const known = { count: result.findings.length - findings.length, where: `at '${reference}'` };
  return { ...result, findings, known };
}

async function fingerprintsAt(
  reference: string,
  { root, migrations }: { readonly root: string; readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<ReadonlySet<string>> {
  const checkout = await checkOut(root, reference);
  try {
    const options = {
      root: checkout.root,
      ...(migrations === undefined ? {} : { migrations }),
      halves: 'code',
    } as const;
    const analysis = await analyse(options, silently(context));
    await analysis.collected?.replicaDatabase?.drop();
    return new Set(analysis.judged.findings.map(finding => finding.fingerprint));
  } catch (thrown) {
    // There was no app yet: everything is new.
    if (thrown instanceof DrydockError && (thrown.code === 'not-an-app' || thrown.code === 'target-not-found'))
      return new Set();
    throw thrown;
  } finally {
    checkout.remove();
  }
}
