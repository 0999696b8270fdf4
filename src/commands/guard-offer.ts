import { DrydockError } from '../core/error.ts';
import { objectName } from '../core/cell.ts';
import type { Cell, CellCommand } from '../core/cell.ts';
import type { Finding } from '../core/finding.ts';
import type { VerificationStep } from '../core/fix.ts';
import type { Operation, Path } from '../core/path.ts';
import type { GuardOffer } from '../core/result.ts';
import type { FileChange } from '../fix/diff.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { tryGuard } from './guard-init.ts';
import type { TriedGuard } from './guard-init.ts';

/** Faults of a query or of what stands before it: where the database asks whose rows they are, nothing comes of them. */
const ofQueries = new Set([
  'path/entry-point-without-authentication',
  'path/filter-may-be-undefined',
  'path/guard-fails-open',
  'path/object-not-tied-to-tenant',
  'path/policy-does-not-isolate',
  'path/query-ignores-tenant',
  'path/query-trusts-client-id',
  'path/tool-trusts-model-arguments',
  'path/unvalidated-object',
]);

/** Clients that a pool of node-postgres can stand before, or be put before. */
const clients = new Set(['drizzle', 'prisma', 'pg', 'postgres', 'postgres-js', 'kysely', 'knex', 'typeorm']);

const commands: Readonly<Record<Operation, CellCommand>> = {
  read: 'select',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
};

/** The guard as one repair for many findings, tried on a copy; nothing where it would end none of them. */
export async function guardOffer(
  analysis: Analysis,
  wanted: readonly Finding[],
  options: { readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<GuardOffer | undefined> {
  const reached = wanted.filter(finding => ofQueries.has(finding.check) && waysOf(finding, analysis).length > 0);
  if (reached.length === 0 || analysis.collected?.platform !== 'plain') return undefined;
  const stage = context.progress.start('Trying the guard on a copy');
  const tried = await trial(analysis, options, context);
  if (tried === undefined || tried.verified.leaks.length > 0 || tried.changes.length === 0) {
    stage.done('the guard was not offered');
    return undefined;
  }
  const findings = reached.filter(finding => waysOf(finding, analysis).every(path => isClosed(path, tried.cells)));
  stage.done(`the guard would end ${findings.length} of ${wanted.length} findings`);
  if (findings.length === 0) return undefined;
  return {
    command: 'drydock guard init',
    findings: findings.map(finding => finding.fingerprint),
    files: tried.changes.map(change => change.file),
    moved: tried.changes.filter(leavesPostgresJs).map(change => change.file),
    verification: stepsOf(tried),
  };
}

/** A statement of postgres.js cannot carry who is asking. */
function leavesPostgresJs({ before, after }: FileChange): boolean {
  const imports = /['"](?:postgres|drizzle-orm\/postgres-js)['"]/;
  return before !== undefined && imports.test(before) && after !== undefined && !imports.test(after);
}

/** An app whose tenancy nobody could tell gets no offer; anything else that goes wrong is ours to hear of. */
async function trial(
  analysis: Analysis,
  options: { readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<TriedGuard | undefined> {
  try {
    return await tryGuard(analysis, options, context);
  } catch (thrown) {
    if (thrown instanceof DrydockError) return undefined;
    throw thrown;
  }
}

/** The finding's ways to rows by a client of its own; work across tenants goes on as admin, and is not ended. */
function waysOf(finding: Finding, { judged }: Analysis): readonly Path[] {
  const own = judged.paths.filter(path => finding.pathIds.includes(path.id));
  const isOurs = own.every(
    ({ sink, principal }) => clients.has(sink.client) && principal !== 'system' && principal !== 'admin',
  );
  return isOurs ? own : [];
}

function isClosed({ sink }: Path, cells: readonly Cell[]): boolean {
  const own = cells.filter(cell => objectName(cell) === sink.table && cell.command === commands[sink.operation]);
  return own.length > 0 && own.every(cell => cell.verdict === 'isolated');
}

function stepsOf({ verified }: TriedGuard): readonly VerificationStep[] {
  const { types } = verified;
  const checked: VerificationStep =
    types.kind === 'skipped'
      ? { step: 'typecheck', outcome: 'skipped', detail: types.reason }
      : types.errors.length === 0
        ? { step: 'typecheck', outcome: 'passed', detail: 'tsc --noEmit finds nothing that was not there before.' }
        : { step: 'typecheck', outcome: 'failed', detail: types.errors.join('\n') };
  return [
    {
      step: 'replay',
      outcome: 'passed',
      detail: `${verified.isolated} attacks on a copy of the database, as the app's new role, reach no row of another tenant.`,
    },
    checked,
  ];
}
