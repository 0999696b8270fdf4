import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Cell } from '../core/cell.ts';
import { DrydockError } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import { noDatabase } from '../model/database/schema.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { analyse } from './analyse.ts';
import { silently, type CommandContext } from './context.ts';

/** The database as it is at a commit, attacked like that of the working tree. */
export interface RulesAt {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
  readonly findings: readonly Finding[];
  /** What makes the comparison less than whole. */
  readonly gaps: readonly Gap[];
  readonly elapsedMs: number;
}

const nothing: RulesAt = {
  database: noDatabase,
  tenancy: { root: undefined, principal: undefined, memberships: [], owners: [], reasons: [] },
  cells: [],
  findings: [],
  gaps: [],
  elapsedMs: 0,
};

/** Replays and attacks the migrations of a commit, in a database of its own on the same replica. */
export async function rulesAt(
  reference: string,
  {
    root,
    migrations,
    until,
  }: { readonly root: string; readonly migrations?: readonly string[]; readonly until?: number },
  context: CommandContext,
): Promise<RulesAt> {
  const stage = context.progress.start(`Replaying '${reference}', to compare with`);
  const { checkOut } = await import('../collect/deployment/checkout.ts');
  const checkout = await checkOut(root, reference);
  try {
    const there = migrations?.map(given =>
      relative(root, existsSync(resolve(root, given)) ? resolve(root, given) : resolve(given)),
    );
    const existing = there?.filter(given => existsSync(resolve(checkout.root, given)));
    if (there !== undefined && existing?.length === 0) {
      stage.done(`None of the named migrations is there at '${reference}': everything is new`);
      return nothing;
    }
    const options = {
      root: checkout.root,
      ...(until === undefined ? {} : { until }),
      ...(existing === undefined ? {} : { migrations: existing }),
    };
    const analysis = await analyse({ ...options, halves: 'database' }, silently(context));
    await analysis.collected?.replicaDatabase?.drop();
    const { database, tenancy, cells } = analysis;
    const failed = analysis.collected?.report.failed.length ?? 0;
    stage.done(`${database.tables.length} tables and ${cells.length} cells at '${reference}'`);
    return {
      database,
      tenancy,
      cells,
      findings: analysis.judged.findings,
      gaps: failed === 0 ? [] : [incomplete(reference, failed)],
      elapsedMs: analysis.elapsedMs,
    };
  } catch (thrown) {
    // There was no database yet: everything is new.
    if (!(thrown instanceof DrydockError) || !['not-an-app', 'target-not-found', 'no-migrations'].includes(thrown.code))
      throw thrown;
    stage.done(`There are no migrations at '${reference}': everything is new`);
    return nothing;
  } finally {
    checkout.remove();
  }
}

function incomplete(reference: string, failed: number): Gap {
  return {
    reason: `${failed} ${failed === 1 ? 'statement' : 'statements'} of the migrations at '${reference}' did not replay, so something may be called new that is not.`,
    file: '',
    line: 0,
    settles: 0,
  };
}
