import { join } from 'node:path';
import { DrydockError } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import type { Replica, ReplicaDatabase, Sql } from '../../core/ports.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { lowerPolicies } from './policies.ts';
import { quoteQualified } from '../../core/quote.ts';
import type { DatabaseModel, ReplayReport } from '../../model/database/types.ts';
import type { Platform } from '../../core/platform.ts';
import { readCatalog } from './catalog.ts';
import { tellsPolicies } from './described-ddl.ts';
import { dottedNameGaps } from './dotted-names.ts';
import { buildTwin, readLiveDatabase } from './live.ts';
import { findBaseElsewhere } from './base-elsewhere.ts';
import type { LostPolicy } from './lost-policies.ts';
import { begunAnew } from './begun-anew.ts';
import { findMigrations, migrationSetsAround, readSqlFiles } from './find-migrations.ts';
import type { MigrationFile, MigrationSet } from './find-migrations.ts';
import { otherPackageOf } from './other-package.ts';
import { findPoliciesElsewhere } from './policies-elsewhere.ts';
import { detectPlatform, readPlaces, replayMigrations } from './replay.ts';
import { flag } from './row.ts';

/** Where the database is to be learned from. */
export interface CollectOptions {
  /** Absolute path of the app. */
  readonly root: string;
  /** The folder that the user named, where the app was found below it. */
  readonly named?: string;
  /** What the app's code says of the database: it tells its migrations from others, and stands where they say nothing. */
  readonly described?: DatabaseModel;
  /** Whether that is enough where there are no migrations, even when it tells no policies. */
  readonly standsAlone?: boolean;
  /** Folders or files with migrations, where they are not found by themselves. */
  readonly migrations?: readonly string[];
  /** A live database: its catalog is read, nothing else, and migrations only tell where things were made. */
  readonly databaseUrl?: string;
  readonly replica: Pick<Replica, 'createDatabase'>;
  /** Called once it is known that there are policies, or row security: there will be something to prove. */
  readonly onPolicies?: () => void;
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
  if (tellsPolicies(live.database)) options.onPolicies?.();
  const replicaDatabase = await options.replica.createDatabase();
  try {
    const { failed, database } = await buildTwin(replicaDatabase.sql, live);
    const report: ReplayReport = { isCopy: true, files: 0, statements: live.definitions.length, failed };
    const times = new Map<string, number>();
    for (const { message } of failed) times.set(message, (times.get(message) ?? 0) + 1);
    const gaps = [...times].map(([message, settles]) => ({
      reason: `The copy of the live database lacks something: ${message}.`,
      file: '',
      line: 0,
      settles,
    }));
    return {
      database: lowerPolicies(database),
      report,
      platform: live.platform,
      migrations,
      replicaDatabase,
      gaps: [...live.gaps, ...gaps],
    };
  } catch (thrown) {
    await replicaDatabase.drop().catch(() => {}); // what happened first is what is told
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
  const { described } = options;
  const listed = isDescribed(options) ? migrationsIfAny(options) : readMigrations(options);
  const begun = listed === undefined || options.migrations !== undefined ? undefined : begunAnew(listed.files);
  const named = listed === undefined || begun === undefined ? listed : { ...listed, files: begun.files };
  const beside = named === undefined || options.migrations !== undefined ? undefined : readSqlFiles(options.root);
  const base =
    named === undefined || beside === undefined
      ? undefined
      : findBaseElsewhere(named, beside, () => migrationSetsAround(options.root, options.named ?? options.root));
  const found = named === undefined ? undefined : { ...named, files: [...(base?.files ?? []), ...named.files] };
  const isTold = tellPolicies(found) || (described !== undefined && tellsPolicies(described));
  const elsewhere =
    found === undefined || beside === undefined ? undefined : findPoliciesElsewhere(found, beside, isTold);
  const migrations =
    found === undefined ? undefined : { ...found, files: [...found.files, ...(elsewhere?.taken ?? [])] };
  const platform =
    migrations?.kind === 'supabase'
      ? 'supabase'
      : detectPlatform([...(migrations?.files.map(file => file.text) ?? []), ...policyTexts(described)]);
  if (isTold || tellPolicies(migrations)) options.onPolicies?.();
  const replicaDatabase = await options.replica.createDatabase();
  try {
    const { sql } = replicaDatabase;
    const { report, places, gaps, untold, lost } = await replayMigrations(
      sql,
      migrations?.files ?? [],
      platform,
      described,
    );
    if (report.statements > 0 && report.failed.length === report.statements) throw nothingReplayed(report);
    const read = await readCatalog(sql, platform, places);
    const exposed = migrations?.exposedSchemas;
    const lowered = lowerPolicies(await markFilled(sql, withLost(withUntold(read, untold), lost)));
    const database = exposed === undefined ? lowered : { ...lowered, exposedSchemas: exposed };
    return {
      database,
      report,
      platform,
      migrations,
      replicaDatabase,
      gaps: [
        ...gaps,
        ...(migrations?.files ?? []).flatMap(repeated),
        ...(begun?.gaps ?? []),
        ...(base?.gaps ?? []),
        ...(elsewhere?.gaps(database) ?? []),
        ...missingBase(report, migrations),
        ...missingVectors(report),
        ...(await dottedNameGaps(sql, platform)),
        ...(options.migrations === undefined ? strangers(options.root, named) : []),
        ...report.failed.filter(failure => failure.firstCause).map(toGap),
      ],
    };
  } catch (thrown) {
    await replicaDatabase.drop().catch(() => {}); // what happened first is what is told
    throw thrown;
  }
}

function repeated({ file, repeats }: MigrationFile): readonly Gap[] {
  if (repeats === undefined) return [];
  const reason = `This file says again what the numbered migrations say, up to '${repeats}', and is taken to have been run by then, not after the others.`;
  return [{ reason, file, line: 1, settles: 0 }];
}

function tellPolicies(migrations: MigrationSet | undefined): boolean {
  return migrations?.files.some(({ text }) => /\b(?:policy|row\s+level\s+security)\b/i.test(text)) === true;
}

/** Whether the code says enough to stand for migrations. */
function isDescribed({ described, standsAlone }: CollectOptions): boolean {
  if (described === undefined) return false;
  return standsAlone === true ? described.tables.length > 0 : tellsPolicies(described);
}

/** The cells of a table would say nothing where nobody knows its policies. */
function withUntold(database: DatabaseModel, untold: ReadonlySet<string>): DatabaseModel {
  if (untold.size === 0) return database;
  const tables = database.tables.map(table => (untold.has(table.name) ? { ...table, fromSchema: true } : table));
  return { ...database, tables };
}

/** Tables on which policies are lost say which. */
function withLost(database: DatabaseModel, lost: readonly LostPolicy[]): DatabaseModel {
  const tables = database.tables.map(table => {
    const lostPolicies = lost.filter(policy => policy.table === table.name);
    return lostPolicies.length === 0 ? table : { ...table, lostPolicies };
  });
  return lost.length === 0 ? database : { ...database, tables };
}

function policyTexts(described: DatabaseModel | undefined): readonly string[] {
  return (described?.tables ?? []).flatMap(({ policies }) =>
    policies.map(({ roles, using, check }) => `to ${roles.join(', to ')} ${using ?? ''} ${check ?? ''}`),
  );
}

function readMigrations({ root, named, migrations, described }: CollectOptions): MigrationSet {
  const [first, ...more] = migrations ?? [];
  const tables = (described?.tables ?? []).map(table => table.name);
  const main = findMigrations(root, first, {
    tables,
    ...(named === undefined ? {} : { named }),
    tellsPolicies: described !== undefined && tellsPolicies(described),
  });
  const files = [main, ...more.map(given => findMigrations(root, given))].flatMap(set => set.files);
  // A file that is named after its folder has run by then.
  return { ...main, files: [...new Map(files.map(each => [`${each.file}\n${each.text}`, each] as const)).values()] };
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

/** Migrations of an app beside this one may say the same names of other tables. */
function strangers(root: string, migrations: MigrationSet | undefined): readonly Gap[] {
  if (migrations === undefined || !migrations.folder.startsWith('..')) return [];
  const name = otherPackageOf(root, join(root, migrations.folder));
  const [first] = migrations.files;
  if (name === undefined || first === undefined) return [];
  const reason = `These are the migrations of '${name}', on which this app does not depend: if its own are elsewhere, name them with --migrations.`;
  return [{ reason, file: first.file, line: 1, settles: 1 }];
}

/** How each tool writes the schema that its migrations start from. */
const baseCommands: Readonly<Record<MigrationSet['kind'], string>> = {
  supabase: 'supabase db dump --linked > base.sql',
  prisma: 'npx prisma migrate diff --from-empty --to-schema-datamodel prisma/schema.prisma --script > base.sql',
  drizzle: 'npx drizzle-kit export > base.sql',
  plain: 'pg_dump --schema-only --no-owner "$DATABASE_URL" > base.sql',
  code: 'pg_dump --schema-only --no-owner "$DATABASE_URL" > base.sql',
};

/** One gap for all that migrations take for granted, with the command that provides it. */
function missingBase({ failed }: ReplayReport, migrations: MigrationSet | undefined): readonly Gap[] {
  const missing = failed.filter(failure => failure.firstCause && /^(42P01|42704|3F000|42883)$/.test(failure.sqlstate));
  const [first] = missing;
  if (first === undefined || migrations === undefined) return [];
  const folder = migrations.folder === '' ? '.' : migrations.folder;
  return [
    {
      reason: `The migrations build on something that they do not make (${missing.length} ${missing.length === 1 ? 'statement' : 'statements'}). Write it down with \`${baseCommands[migrations.kind]}\` and name both: --migrations base.sql ${folder}.`,
      file: first.file,
      line: first.line,
      settles: failed.length,
    },
  ];
}

/** The native Postgres has a type of that name and nothing that computes with it. */
function missingVectors({ failed }: ReplayReport): readonly Gap[] {
  const computing = failed.filter(({ sqlstate, message }) => sqlstate === '42883' && /\bvector\b/.test(message));
  const [first] = computing;
  if (first === undefined) return [];
  return [
    {
      reason:
        'Statements here compute with vectors, which the native Postgres of the replica cannot: --replica pglite can.',
      file: first.file,
      line: first.line,
      settles: computing.length,
    },
  ];
}

function nothingReplayed(report: ReplayReport): DrydockError {
  const [first] = report.failed;
  if (first?.sqlstate === '42601')
    return new DrydockError(
      'no-migrations',
      `None of the ${report.statements} statements replayed; the first, at ${first.file}:${first.line}, is no SQL for Postgres: ${first.message}.`,
      { next: 'A quote or a bracket that is not closed spoils all that follows; name other files with --migrations.' },
    );
  return new DrydockError(
    'no-migrations',
    `None of the ${report.statements} statements replayed; the first failed with: ${first?.message ?? 'no reason given'}.`,
    {
      next: 'Add the schema that the migrations start from (`pg_dump --schema-only`) and name both with --migrations.',
    },
  );
}
