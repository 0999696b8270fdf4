import { DrydockError } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import type { Replica, ReplicaDatabase, Sql } from '../../core/ports.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { lowerPolicies } from './policies.ts';
import { quoteQualified } from '../../core/quote.ts';
import type { DatabaseModel, ReplayReport } from '../../model/database/types.ts';
import { readCatalog } from './catalog.ts';
import { buildTwin, readLiveDatabase } from './live.ts';
import { findMigrations, type MigrationSet } from './find-migrations.ts';
import { detectPlatform, readPlaces, replayMigrations, type Platform } from './replay.ts';
import { flag } from './row.ts';

/** Where the database is to be learned from. */
export interface CollectOptions {
  /** Absolute path of the app. */
  readonly root: string;
  /** Tables that the app's code names, to tell its migrations from others of the workspace. */
  readonly tables?: readonly string[];
  /** Folders or files with migrations, where they are not found by themselves. */
  readonly migrations?: readonly string[];
  /** A live database: its catalog is read, nothing else, and migrations only tell where things were made. */
  readonly databaseUrl?: string;
  readonly replica: Pick<Replica, 'createDatabase'>;
}

/** What was learned, and the copy in which it can be attacked. */
export interface CollectedDatabase {
  readonly database: DatabaseModel;
  readonly report: ReplayReport;
  readonly platform: Platform;
  /** Absent for a live database without migrations in the repository. */
  readonly migrations: MigrationSet | undefined;
  /** A replica that holds the schema and what migrations filled in. The caller drops it. */
  readonly replicaDatabase: ReplicaDatabase | undefined;
  readonly gaps: readonly Gap[];
}

/** Replays the app's migrations, or rebuilds the shape of a live database, in a database of the replica. */
export async function collectDatabase(options: CollectOptions): Promise<CollectedDatabase> {
  await loadSqlParser();
  return options.databaseUrl === undefined ? collectMigrations(options) : collectLive(options, options.databaseUrl);
}

async function collectLive(options: CollectOptions, url: string): Promise<CollectedDatabase> {
  const migrations = migrationsIfAny(options);
  const live = await readLiveDatabase(url, await readPlaces(migrations?.files ?? []));
  const replicaDatabase = await options.replica.createDatabase();
  try {
    const failed = await buildTwin(replicaDatabase.sql, live);
    const report: ReplayReport = { files: 0, statements: live.definitions.length, failed };
    const gaps = failed.map(({ message }) => ({
      reason: `The copy of the live database lacks something: ${message}.`,
      file: '',
      line: 0,
      settles: 1,
    }));
    return {
      database: lowerPolicies(live.database),
      report,
      platform: live.platform,
      migrations,
      replicaDatabase,
      gaps,
    };
  } catch (thrown) {
    await replicaDatabase.drop();
    throw thrown;
  }
}

function migrationsIfAny(options: CollectOptions): MigrationSet | undefined {
  try {
    return readMigrations(options);
  } catch (thrown) {
    if (thrown instanceof DrydockError && thrown.code === 'no-migrations') return undefined;
    throw thrown;
  }
}

async function collectMigrations(options: CollectOptions): Promise<CollectedDatabase> {
  const migrations = readMigrations(options);
  const platform =
    migrations.kind === 'supabase' ? 'supabase' : detectPlatform(migrations.files.map(file => file.text));
  const replicaDatabase = await options.replica.createDatabase();
  try {
    const { report, places } = await replayMigrations(replicaDatabase.sql, migrations.files, platform);
    if (report.statements > 0 && report.failed.length === report.statements) throw nothingReplayed(report);
    const read = await readCatalog(replicaDatabase.sql, platform, places);
    const database = lowerPolicies(await markFilled(replicaDatabase.sql, read));
    return {
      database,
      report,
      platform,
      migrations,
      replicaDatabase,
      gaps: report.failed.filter(failure => failure.firstCause).map(toGap),
    };
  } catch (thrown) {
    await replicaDatabase.drop();
    throw thrown;
  }
}

function readMigrations({ root, migrations, tables }: CollectOptions): MigrationSet {
  const [first, ...more] = migrations ?? [];
  const main = findMigrations(root, first, tables);
  const files = [main, ...more.map(given => findMigrations(root, given))].flatMap(set => set.files);
  // A file that is named after its folder has run by then.
  return { ...main, files: [...new Map(files.map(each => [each.file, each] as const)).values()] };
}

/** Which tables the migrations themselves filled: reference data, in a copy that nobody used yet. */
async function markFilled(sql: Sql, database: DatabaseModel): Promise<DatabaseModel> {
  const tables = [];
  for (const table of database.tables) {
    const answer =
      table.kind === 'foreign-table'
        ? undefined
        : await sql.query(`select exists (select from ${quoteQualified(table.name)}) as filled`);
    const [row] = answer?.rows ?? [];
    tables.push({ ...table, filled: row !== undefined && flag(row, 'filled') });
  }
  return { ...database, tables };
}

function toGap(failure: ReplayReport['failed'][number]): Gap {
  return {
    reason: `This statement did not replay: ${failure.message}.`,
    file: failure.file,
    line: failure.line,
    settles: 1,
  };
}

function nothingReplayed(report: ReplayReport): DrydockError {
  const [first] = report.failed;
  return new DrydockError(
    'no-migrations',
    `None of the ${report.statements} statements replayed; the first failed with: ${first?.message ?? 'no reason given'}.`,
    {
      next: 'Add the schema that the migrations start from (`pg_dump --schema-only`) and name both with --migrations.',
    },
  );
}
