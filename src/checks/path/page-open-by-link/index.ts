import { isChosen, termsOf } from '../../../logic/terms.ts';
import type { JudgedPath } from '../../check.ts';
import { leakCheck } from '../leak-check.ts';

/** What comes with the row is said with it. */
function isPicked({ model, sink }: JudgedPath): boolean {
  return sink.table === model.query.table && termsOf(model.query.where).some(isChosen);
}

/**
 * A page that shows a tenant's row to whoever has its link. Often meant so, and nothing else would say that it is so:
 * for the founder to confirm, in `public` of drydock.config.ts, or to close.
 */
export const check = leakCheck({
  id: 'path/page-open-by-link',
  title: 'Page open to whoever has the link',
  severity: 'low',
  cwe: 862,
  verdict: 'public',
  reasons: ['open-by-link'],
  applies: path => path.entryPoint.kind === 'page' && isPicked(path),
  harm: path => `Anyone who has the link of '${path.entryPoint.name}' sees what it shows of '${path.sink.table}'.`,
  message: path =>
    `'${path.entryPoint.name}' reads '${path.sink.table}' by a key that cannot be guessed, and asks nobody who they are.`,
});
