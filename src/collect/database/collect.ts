import { DrydockError } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import type { Replica, ReplicaDatabase, Sql } from '../../core/ports.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { lowerPolicies } from './policies.ts';
import { quoteQualified } from '../../core/quote.ts';
import type { DatabaseModel, ReplayReport } from '../../model/database/types.ts';
import { readCatalog } from './catalog.ts';
import { findMigrations, type MigrationSet } from './find-migrations.ts';
import { detectPlatform, replayMigrations, type Platform } from './replay.ts';
import { flag } from './row.ts';

/** Where the database is to be learned from. */
export interface CollectOptions {
  /** Absolute path of the app. */
  readonly root: string;
  /** Folders or files with migrations, where they are not found by themselves. */
  readonly migrations?: string | readonly string[];
  readonly replica: Replica;
}

/** What was learned, and the copy in which it can be attacked. */
export interface CollectedDatabase {
  readonly database: DatabaseModel;
  readonly report: ReplayReport;
  readonly platform: Platform;
  readonly migrations: MigrationSet;
  /** A replica that holds the schema and what migrations filled in. The caller drops it. */
  readonly replicaDatabase: ReplicaDatabase | undefined;
  readonly gaps: readonly Gap[];
}

/** Replays the app's migrations into a database of the replica and reads what came out. */
export async function collectDatabase(options: CollectOptions): Promise<CollectedDatabase> {
  const migrations = readMigrations(options);
  const platform = migrations.kind === 'supabase' ? 'supabase' : detectPlatform(migrations.files.map(file => file.text));
  const replicaDatabase = await options.replica.createDatabase();
  try {
    const { report, places } = await replayMigrations(replicaDatabase.sql, migrations.files, platform);
    if (report.statements > 0 && report.failed.length === report.statements) throw nothingReplayed(report);
    const read = await readCatalog(replicaDatabase.sql, platform, places);
    await loadSqlParser();
    const database = lowerPolicies(await markFilled(replicaDatabase.sql, read));
    return { database, report, platform, migrations, replicaDatabase, gaps: report.failed.filter(failure => failure.firstCause).map(toGap) };
  } catch (thrown) {
    await replicaDatabase.drop();
    throw thrown;
  }
}

function readMigrations({ root, migrations }: CollectOptions): MigrationSet {
  const [first, ...more] = typeof migrations === 'string' ? [migrations] : (migrations ?? []);
  const sets = [findMigrations(root, first), ...more.map(given => findMigrations(root, given))];
  const [main] = sets;
  if (main === undefined) return findMigrations(root);
  return { ...main, files: sets.flatMap(set => set.files) };
}

/** Which tables the migrations themselves filled: reference data, in a copy that nobody used yet. */
async function markFilled(sql: Sql, database: DatabaseModel): Promise<DatabaseModel> {
  const tables = [];
  for (const table of database.tables) {
    const answer = table.kind === 'foreign-table' ? undefined : await sql.query(`select exists (select from ${quoteQualified(table.name)}) as filled`);
    const [row] = answer?.rows ?? [];
    tables.push({ ...table, filled: row !== undefined && flag(row, 'filled') });
  }
  return { ...database, tables };
}

function toGap(failure: ReplayReport['failed'][number]): Gap {
  return { reason: `This statement did not replay: ${failure.message}.`, file: failure.file, line: failure.line, settles: 1 };
}

function nothingReplayed(report: ReplayReport): DrydockError {
  const [first] = report.failed;
  return new DrydockError('no-migrations', `None of the ${report.statements} statements replayed; the first failed with: ${first?.message ?? 'no reason given'}.`, {
    next: 'Add the schema that the migrations start from (`pg_dump --schema-only`) and name both with --migrations.',
  });
}
