import { performance } from 'node:perf_hooks';

import type { RulesResult } from '../core/result.ts';
import { DrydockError } from '../core/error.ts';
import { analyse, type Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { relocate } from './relocate.ts';
import type { RulesAt } from './rules-at.ts';

/** What `drydock rules` was asked for. */
export interface RulesOptions {
  readonly migrations?: readonly string[];
  readonly databaseUrl?: string;
  /** Whether tables with an owner lack what keeps their rows apart. */
  readonly gate?: boolean;
  /** Leave out what was found at this commit. */
  readonly since?: string;
  /** The same, with what changed in the matrix. */
  readonly diff?: string;
  /** Files to write the matrix into as tests. */
  readonly pgtap?: string;
  readonly vitest?: string;
  /** Measure how long lists take under the policies, on made-up volume. */
  readonly explain?: boolean;
  /** Minutes after which what was not tried yet is told to be unknown. */
  readonly within?: number;
}

/** `drydock rules`: the database alone, from migrations or from a live catalog (read only). */
export async function runRules(root: string, options: RulesOptions, context: CommandContext): Promise<RulesResult> {
  const { migrations, databaseUrl, within } = options;
  const source = {
    ...(within === undefined ? {} : { until: performance.now() + within * 60_000 }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  };
  const since = referenceOf(options);
  const { pgtap, vitest, explain } = options;
  const endsReplica =
    databaseUrl === undefined && pgtap === undefined && vitest === undefined && explain !== true && since === undefined;
  const analysis = await analyse({ root, ...source, halves: 'database', endsReplica }, context);
  const before =
    since === undefined
      ? undefined
      : await (await import('./rules-at.ts')).rulesAt(since, { root, ...source }, context);
  const { toRulesResult } = await import('./results.ts');
  const gated = await withGate(toRulesResult(analysis), analysis, options, before);
  const asserted = await withAssertions(await withDrift(gated, analysis, options, context), analysis, options, context);
  const result = relocate(
    options.explain === true ? await withSpeeds(asserted, analysis, context) : asserted,
    root,
    analysis.root,
  );
  return since === undefined || before === undefined ? result : withoutKnown(result, since, before, analysis);
}

async function withDrift(
  result: RulesResult,
  analysis: Analysis,
  { databaseUrl, migrations }: RulesOptions,
  context: CommandContext,
): Promise<RulesResult> {
  if (databaseUrl === undefined) return result;
  const { driftGaps } = await import('./drift.ts');
  const gaps = await driftGaps(analysis, migrations, context);
  return gaps.length === 0 ? result : { ...result, gaps: [...result.gaps, ...gaps] };
}

async function withAssertions(
  result: RulesResult,
  { replicated, cells, seed, collected }: Analysis,
  { pgtap, vitest }: RulesOptions,
  context: CommandContext,
): Promise<RulesResult> {
  const replica = collected?.replicaDatabase;
  if (pgtap === undefined && vitest === undefined) return result;
  if (replica === undefined || seed === undefined || cells.length === 0)
    throw new DrydockError('usage', 'There is nothing to write tests from: no role was tried on any table.', {
      next: 'Tests are made of roles with privileges (anon and authenticated, or one that your migrations create).',
    });
  const stage = context.progress.start('Writing the matrix as tests');
  const { assertRules, isFailing } = await import('../prove/exploit/assertions.ts');
  const assertions = await assertRules({ ...replicated, sql: replica.sql, seed, cells });
  const failing = assertions.assertions.filter(isFailing).length;
  stage.done(`${assertions.assertions.length} tests, of which ${failing} fail until a leak is repaired`);
  return { ...result, assertions };
}

async function withSpeeds(
  result: RulesResult,
  { replicated, seed, collected }: Analysis,
  context: CommandContext,
): Promise<RulesResult> {
  const replica = collected?.replicaDatabase;
  if (replica === undefined || seed === undefined) return { ...result, speeds: [] };
  const [{ measurePolicies }, { usualVolume }] = await Promise.all([
    import('../prove/speed/explain.ts'),
    import('../prove/speed/volume.ts'),
  ]);
  const stage = context.progress.start(`Listing under each policy, on ${usualVolume.rows} rows`);
  const solver = await context.solver();
  const { speeds, gaps } = await measurePolicies({
    ...replicated,
    sql: replica.sql,
    seed,
    solver,
    volume: usualVolume,
  });
  const faster = speeds.filter(speed => speed.faster !== undefined).length;
  stage.done(`${speeds.length} tables listed; ${faster} of them can be listed faster`);
  return { ...result, gaps: [...result.gaps, ...gaps], speeds };
}

function referenceOf({ since, diff, databaseUrl }: RulesOptions): string | undefined {
  const reference = diff ?? since;
  if (since !== undefined && diff !== undefined && since !== diff)
    throw new DrydockError('usage', `--since and --diff name two commits, '${since}' and '${diff}'.`, {
      next: 'Give one of them: --diff leaves out what was found at its commit, as --since does.',
    });
  if (reference !== undefined && databaseUrl !== undefined)
    throw new DrydockError('usage', `A live database has no state at '${reference}' to compare with.`, {
      next: 'Leave --database-url away: the migrations of both states are replayed.',
    });
  return reference;
}

async function withGate(
  result: RulesResult,
  analysis: Analysis,
  { gate: isGated, since, diff }: RulesOptions,
  before: RulesAt | undefined,
): Promise<RulesResult> {
  const reference = diff ?? since ?? '';
  return {
    ...result,
    ...(isGated === true
      ? {
          gate: (await import('./gate.ts')).gate(
            analysis,
            before === undefined ? undefined : { ...before, since: reference },
          ),
        }
      : {}),
    ...(diff === undefined || before === undefined
      ? {}
      : { diff: { since: diff, changes: (await import('./changes/compare.ts')).compareRules(before, analysis) } }),
  };
}

async function withoutKnown(
  result: RulesResult,
  since: string,
  before: RulesAt,
  { database }: Analysis,
): Promise<RulesResult> {
  const { findRenames, messagesNow } = await import('./changes/renames.ts');
  const renames = findRenames(before.database, database);
  const known = new Set(
    before.findings.flatMap(({ fingerprint, check, message }) => [
      fingerprint,
      ...messagesNow(message, renames).map(now => `${check} ${now}`),
    ]),
  );
  const findings = result.findings.filter(
    ({ fingerprint, check, message }) => !known.has(fingerprint) && !known.has(`${check} ${message}`),
  );
  return {
    ...result,
    findings,
    elapsedMs: result.elapsedMs + before.elapsedMs,
    gaps: [...result.gaps, ...before.gaps],
    known: { count: result.findings.length - findings.length, where: `at '${since}'` },
  };
}
