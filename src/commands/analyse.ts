import { performance } from 'node:perf_hooks';

import { collectDatabase } from '../collect/database/collect.ts';
import type { CollectedDatabase, CollectOptions } from '../collect/database/collect.ts';
import { readAnySource, readSource } from '../collect/source/read-source.ts';
import type { SourceFiles } from '../collect/source/read-source.ts';
import type { Config } from '../config/read-config.ts';
import type { ConfigProblem, SuppressedFinding } from '../core/suppression.ts';
import { DrydockError, messageOf } from '../core/error.ts';
import type { Cell } from '../core/cell.ts';
import type { Gap } from '../core/gap.ts';
import type { Judged } from '../judge/judge.ts';
import { loadSqlParser } from '../logic/sql.ts';
import type { AppModel } from '../model/app/types.ts';
import { noDatabase } from '../model/database/schema.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import type { Seed } from '../prove/exploit/seed-types.ts';
import { loadConfig, withoutIgnored } from './configure.ts';
import type { CommandContext } from './context.ts';

/** What is analysed, and which halves of it. */
export interface AnalyseOptions {
  readonly root: string;
  readonly migrations?: readonly string[];
  readonly databaseUrl?: string;
  /** `both` goes on with the half that works when the other is absent. */
  readonly halves: 'code' | 'database' | 'both';
  /** The role whose cells alone somebody reads: nothing else of the matrix is proved. */
  readonly role?: string;
  /** Whether the prover looks at what no attempt broke, as it does where rules alone are judged: it finds leaks, too. */
  readonly proves?: boolean;
  /** When the time that was given is over, on the clock of `performance.now`: what was not tried by then is unknown. */
  readonly until?: number;
  /** Nobody asks the replica after the analysis: it ends while the rest is judged. */
  readonly endsReplica?: boolean;
}

/** What there is to judge: the app's files, and its database as far as it was learned. */
export interface Learned {
  readonly root: string;
  readonly config: Config;
  readonly source: SourceFiles | undefined;
  /** The tables that the code describes. */
  readonly code: DatabaseModel;
  readonly collected: CollectedDatabase | undefined;
  /** Why a half is missing, for the user. */
  readonly missing: readonly DrydockError[];
}

/** One model of the app and its database, judged. */
export interface Analysis extends Omit<Learned, 'config' | 'code'> {
  readonly app: AppModel | undefined;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
  /** The replica's tables alone, without what only the code describes: what was tried, and what can be tried again. */
  readonly replicated: Pick<Analysis, 'database' | 'tenancy'>;
  /** The rows with which the replica was filled; absent when nothing was tried. */
  readonly seed: Seed | undefined;
  /** Whether the time that was given was over before the end. */
  readonly isCutShort: boolean;
  readonly judged: Judged;
  readonly gaps: readonly Gap[];
  readonly suppressed: readonly SuppressedFinding[];
  readonly problems: readonly ConfigProblem[];
  readonly elapsedMs: number;
}

/** collect → model → judge (with the replica's matrix): everything that `trace`, `rules` and triage are made of. */
export async function analyse(options: AnalyseOptions, context: CommandContext): Promise<Analysis> {
  const start = performance.now();
  const missing: DrydockError[] = [];
  await loadSqlParser();
  const found =
    options.halves === 'database'
      ? optional(() => readSource(options.root), [])
      : required(options, missing, () => readSource(options.root));
  const root = found?.root ?? options.root;
  const config = loadConfig([root, options.root]);
  const source = found === undefined ? undefined : withoutIgnored(found, config);
  // What is imported here is a good half of the modules: a folder of migrations alone needs none of the first, and the second
  // load while Postgres starts.
  const described = source ?? (options.halves === 'database' ? describingOnly(options.root) : undefined);
  const code =
    described === undefined
      ? noDatabase
      : (await import('../model/database/schema-of-code.ts')).schemaOfCode(described);
  const target = { root, named: options.root, described: code, standsAlone: options.halves === 'database' };
  const [collected, { assess }] = await Promise.all([
    collect(options, target, context, missing),
    import('./assess.ts'),
  ]);
  const assessed = await assess({ root, config, source, code, collected, missing }, options, context);
  return { ...assessed, elapsedMs: performance.now() - start };
}

/** What rules need of an app that nothing traces; a folder without packages describes nothing. */
function describingOnly(root: string): SourceFiles | undefined {
  const source = readAnySource(root);
  return source.dependencies.size === 0 ? undefined : source;
}

function required(options: AnalyseOptions, missing: DrydockError[], read: () => SourceFiles): SourceFiles | undefined {
  if (options.halves === 'code') return read();
  return optional(read, missing);
}

function optional(read: () => SourceFiles, missing: DrydockError[]): SourceFiles | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof DrydockError) || thrown.code !== 'not-an-app') throw thrown;
    missing.push(thrown);
    return undefined;
  }
}

async function collect(
  options: AnalyseOptions,
  target: Omit<CollectOptions, 'replica' | 'migrations' | 'databaseUrl'>,
  context: CommandContext,
  missing: DrydockError[],
): Promise<CollectedDatabase | undefined> {
  const stage = context.progress.start('Reading the database schema');
  try {
    const collected = await collectDatabase({
      ...target,
      ...(options.migrations === undefined ? {} : { migrations: options.migrations }),
      ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
      onPolicies: () =>
        void context.solver().then(
          solver => solver?.warm?.(),
          () => {},
        ),
      // An app without migrations needs no server: it starts when the first database is made.
      replica: { createDatabase: async settings => (await context.replica()).createDatabase(settings) },
    });
    const { report } = collected;
    stage.done(
      report.isCopy === true
        ? `${collected.database.tables.length} tables of the live catalog copied in ${report.statements} statements, ${report.failed.length} failed`
        : report.files === 0
          ? `No migrations found; ${collected.database.tables.length} tables made as the code describes them`
          : `${report.statements} statements of ${report.files} migration files replayed, ${report.failed.length} failed`,
    );
    return collected;
  } catch (thrown) {
    const known = thrown instanceof DrydockError && thrown.code === 'no-migrations';
    if (!known || options.halves === 'database') {
      stage.fail(messageOf(thrown));
      throw thrown;
    }
    missing.push(thrown);
    const described = target.described?.tables.length ?? 0;
    stage.fail(
      described === 0
        ? 'No migrations found; paths are traced without them'
        : `No migrations found; the ${described} tables that the code describes stand in`,
    );
    return undefined;
  }
}
