import { performance } from 'node:perf_hooks';

import { checks } from '../checks/index.ts';
import type { CollectedDatabase } from '../collect/database/collect.ts';
import type { SourceFiles } from '../collect/source/read-source.ts';
import { countVerdicts } from '../core/result.ts';
import { judge } from '../judge/judge.ts';
import { noDeclarations, type Declarations } from '../model/app/declared.ts';
import type { AppModel } from '../model/app/types.ts';
import { withSchemaOfCode } from '../model/database/schema.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import { inferTenancy } from '../model/tenancy/infer.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { withoutUnexercised } from '../prove/exploit/exercised.ts';
import { withoutUnfilled } from '../prove/exploit/unfilled.ts';
import { withDisplayed } from '../prove/exploit/on-display.ts';
import { buildMatrix, type Matrix, type MatrixProgress } from '../prove/exploit/matrix.ts';
import { createProver, withoutObsolete, type Prover } from '../prove/proof/prove.ts';
import { accept } from './accept.ts';
import type { AnalyseOptions, Analysis, Learned } from './analyse.ts';
import { declaredFunctions, idleDeclarations, publicEntries, tenancyHints } from './configure.ts';
import type { CommandContext } from './context.ts';

/** Everything that follows once the database is known: the model, the matrix, the proofs, the paths, and the judgement. */
export async function assess(
  learned: Learned,
  options: AnalyseOptions,
  context: CommandContext,
): Promise<Omit<Analysis, 'elapsedMs'>> {
  const { root, config, source, code, collected, missing } = learned;
  const { database, gaps: untold } = withSchemaOfCode(collected?.database, code);
  const corrected = tenancyHints(config, database);
  const tenancy = inferTenancy(database, corrected.hints);
  const ofCatalog =
    collected === undefined || collected.database === database
      ? tenancy
      : inferTenancy(collected.database, corrected.hints);
  const prover =
    collected === undefined || (options.halves !== 'database' && options.proves !== true)
      ? undefined
      : createProver({
          database: collected.database,
          tenancy: ofCatalog,
          solver: await context.solver(),
          ...(options.role === undefined ? {} : { role: options.role }),
          ...(options.until === undefined ? {} : { until: options.until }),
        });
  const tried =
    collected === undefined ? undefined : await replay({ collected, tenancy: ofCatalog, prover, options }, context);
  const matrix =
    tried === undefined || prover === undefined
      ? tried
      : await proveMatrix(tried, prover, collected?.replicaDatabase, context);
  const isCutShort = isLate(options);
  if (options.endsReplica === true && collected?.replicaDatabase !== undefined) endReplica(context);
  const traced = source !== undefined && options.halves !== 'database' ? source : undefined;
  const functions = traced === undefined ? noDeclarations : declaredFunctions(config, traced);
  const app = traced === undefined ? undefined : await trace(traced, database, functions, context);
  const cells = matrix?.cells ?? [];
  const open = publicEntries(config, app?.entryPoints ?? []);
  const all = judge({ app, database, tenancy, cells, checks, publicEntries: open.reasons });
  const { findings, suppressed, problems: stale } = accept(all, { source, app, collected });
  const problems = [
    ...corrected.problems,
    ...functions.problems,
    ...(app === undefined ? [] : open.problems),
    ...idleDeclarations(config, app, tenancy, functions.problems),
    ...stale,
  ];
  const judged = { ...all, findings };
  const gaps = [...judged.gaps, ...untold, ...(collected?.gaps ?? []), ...(matrix?.gaps ?? [])];
  return {
    root,
    source,
    app,
    collected,
    database,
    tenancy,
    cells,
    replicated: { database: collected?.database ?? database, tenancy: ofCatalog },
    seed: matrix?.seed,
    isCutShort,
    judged,
    gaps,
    suppressed,
    problems,
    missing,
  };
}

/** What fails here fails again for the lifetime, which tells it. */
function endReplica(context: CommandContext): void {
  context
    .replica()
    .then(replica => replica.stop())
    .catch(() => {});
}

/** The matrix; without the rows that filled the replica where nothing was tried. */
type Tried = Pick<Matrix, 'cells' | 'gaps'> & Partial<Pick<Matrix, 'seed' | 'range'>>;

/** What is tried, and what is told of it meanwhile. */
interface Trying {
  readonly collected: CollectedDatabase;
  readonly tenancy: TenancyModel;
  readonly prover: Prover | undefined;
  readonly options: Pick<AnalyseOptions, 'until'>;
}

function isLate({ until }: Pick<AnalyseOptions, 'until'>): boolean {
  return until !== undefined && performance.now() >= until;
}

async function replay({ collected, tenancy, prover, options }: Trying, context: CommandContext): Promise<Tried> {
  if (collected.replicaDatabase === undefined) return { cells: [], gaps: [] };
  const stage = context.progress.start('Trying every role, command and table with two tenants');
  const matrix = await buildMatrix(collected.replicaDatabase, collected.database, tenancy, {
    ...(prover === undefined ? {} : { onTable: prover.ahead }),
    onProgress: estimating(text => stage.update(text)),
    isLate: () => isLate(options),
  });
  const counts = countVerdicts(matrix.cells);
  if (matrix.cells.length === 0)
    stage.done('Only the app’s own connection reaches the tables: there is no other role to try');
  else
    stage.done(
      `${matrix.cells.length} cells tried: ${counts.leaks} leak, ${counts.isolated} isolated, ${counts.unknown} unknown`,
    );
  return matrix;
}

/** How far it is, and how long the rest takes if it goes on like this. */
function estimating(update: (text: string) => void): (progress: MatrixProgress) => void {
  const start = performance.now();
  return ({ done, total, leaks }) => {
    const leftSeconds = Math.ceil(((performance.now() - start) / 1000 / done) * (total - done));
    const left = leftSeconds < 60 ? `${leftSeconds} s` : `${Math.ceil(leftSeconds / 60)} min`;
    update(`${done} of ${total} tables, views and functions, ${leaks} cells leak so far, about ${left} left`);
  };
}

/** What the replay could not break, the prover tries to show unbreakable. */
async function proveMatrix(
  matrix: Tried,
  prover: Prover,
  replicaDatabase: CollectedDatabase['replicaDatabase'],
  context: CommandContext,
): Promise<Tried> {
  const stage = context.progress.start('Proving what could not be broken');
  const { range } = matrix;
  const field = range === undefined || replicaDatabase === undefined ? undefined : { sql: replicaDatabase.sql, range };
  const { cells: shown, gaps, witnesses } = await prover.prove(matrix.cells, field);
  const cells =
    range === undefined ? shown : withDisplayed(withoutUnfilled(withoutUnexercised(shown, range), range), range);
  const isolated = cells.filter(cell => cell.verdict === 'isolated');
  const proved = isolated.filter(cell => cell.evidence.some(evidence => evidence.kind === 'proof'));
  const seen =
    witnesses.tried === 0
      ? ''
      : `; of ${witnesses.tried} ways that the solver saw, ${witnesses.reached} worked in Postgres`;
  stage.done(`${proved.length} of ${isolated.length} isolated cells proved${seen}`);
  return { ...matrix, cells, gaps: [...matrix.gaps, ...withoutObsolete(gaps, shown, cells)] };
}

async function trace(
  source: SourceFiles,
  database: DatabaseModel,
  declarations: Declarations,
  context: CommandContext,
): Promise<AppModel> {
  const stage = context.progress.start('Tracing paths from the browser to the database');
  // Loaded here: `rules` needs none of it, and it is a third of all there is to load.
  const { buildAppModelInterruptibly } = await import('../model/app/build.ts');
  const app = await buildAppModelInterruptibly(source, database, declarations);
  stage.done(`${app.entryPoints.length} entry points, ${app.queries.length} ways to a query in ${app.files} files`);
  return app;
}
