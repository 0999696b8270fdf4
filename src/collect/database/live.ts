import { DrydockError, messageOf } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import { redact } from '../../core/redact.ts';
import type { Sql } from '../../core/ports.ts';
import type { DatabaseModel, ReplayFailure, SourcePlace } from '../../model/database/types.ts';
import type { Platform } from '../../core/platform.ts';
import { readCatalog, readCatalogHere } from './catalog.ts';
import { bucketsReadableQuery } from './catalog-queries.ts';
import { dottedNameGaps } from './dotted-names.ts';
import { openLive } from './open-live.ts';
import { readDefinitions } from './definitions.ts';
import { prepareDatabase, runLoosely } from './replay.ts';

/** What a live database told about itself. No row of any of its tables was read. */
export interface LiveDatabase {
  readonly database: DatabaseModel;
  readonly platform: Platform;
  /** Statements that make a database of the same shape. */
  readonly definitions: readonly string[];
  /** What the session was not allowed to see. */
  readonly gaps: readonly Gap[];
}

/**
 * Reads the catalog of a live database in one read-only transaction. Nothing is set for the session: behind a pooler it is
 * handed on to the app.
 */
export async function readLiveDatabase(url: string, places: ReadonlyMap<string, SourcePlace>): Promise<LiveDatabase> {
  const connection = await openLive(url);
  try {
    await connection.query(
      `begin isolation level repeatable read read only; set local statement_timeout = '30s'; set local lock_timeout = '5s'`,
    );
    await refuseOld(connection);
    const platform = await platformOf(connection);
    const database = await readCatalogHere(connection, platform, places);
    return {
      database,
      platform,
      definitions: await readDefinitions(connection, platform),
      gaps: [...(await unseen(connection, database)), ...(await dottedNameGaps(connection, platform))],
    };
  } catch (thrown) {
    throw unreadable(thrown);
  } finally {
    // What ends the transaction ends with the connection, too: only what happened before is told.
    await connection.query('rollback').catch(() => {});
    await connection.close().catch(() => {});
  }
}

async function refuseOld(sql: Sql): Promise<void> {
  const version = String((await sql.query('show server_version_num')).rows[0]?.['server_version_num']);
  if (Number(version) >= 140_000) return;
  throw new DrydockError(
    'database-unreachable',
    `This is Postgres ${version.slice(0, 2)}; catalogs are read from 14 on.`,
    {
      next: 'Write its schema down with `pg_dump --schema-only --no-owner "$DATABASE_URL" > schema.sql` and name that: --migrations schema.sql.',
    },
  );
}

async function platformOf(sql: Sql): Promise<Platform> {
  const found = await sql.query(
    // By name in the catalog: the schema itself may be closed to a role that only reads.
    `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'auth' and c.relname = 'users')
       and exists (select from pg_roles where rolname = 'authenticated') as supabase`,
  );
  return found.rows[0]?.['supabase'] === true ? 'supabase' : 'plain';
}

async function unseen(sql: Sql, { tables }: DatabaseModel): Promise<readonly Gap[]> {
  if (!tables.some(table => table.name === 'storage.buckets')) return [];
  if ((await sql.query(bucketsReadableQuery)).rowCount > 0) return [];
  const reason =
    "This role may not read 'storage.buckets', so which buckets there are, and which of them are public, is not known.";
  return [{ reason, file: '', line: 0, settles: 1 }];
}

/** What Postgres refused, or the end of the connection; a fault of ours stays one. https://www.postgresql.org/docs/18/errcodes-appendix.html */
function unreadable(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const isOver = /^(08|57P)|^ECONN|^EPIPE$/.test(code) || messageOf(thrown).startsWith('Connection terminated');
  if (!['42501', '57014', '55P03'].includes(code) && !isOver) return thrown;
  return new DrydockError('database-unreachable', `The catalog could not be read: ${redact(messageOf(thrown))}.`, {
    next:
      code === '42501'
        ? 'Give --database-url a role that may read the system catalog, as every role may unless that was revoked.'
        : code === '55P03'
          ? 'Another session holds a lock on what is to be read, as a migration does while it runs: try again after it.'
          : 'Try again when the server has less to do.',
    cause: thrown,
  });
}

/** A copy of a live database, and what of it could not be made. */
export interface Twin {
  readonly failed: readonly ReplayFailure[];
  /** The live database, with what the copy lacks marked: nothing is known of it by trying. */
  readonly database: DatabaseModel;
}

/** Builds a database of the same shape in a replica; what depends on something later is tried again. */
export async function buildTwin(sql: Sql, live: LiveDatabase): Promise<Twin> {
  await prepareDatabase(sql, live.platform);
  const failed = await runLoosely(sql, live.definitions);
  // What lies on another server has no copy.
  const isWhole = failed.length === 0 && !live.database.tables.some(({ kind }) => kind === 'foreign-table');
  const database = isWhole ? live.database : withoutCopy(live.database, await readCatalog(sql, live.platform));
  return {
    failed: failed.map(({ sqlstate, message }) => ({ file: '', line: 0, sqlstate, message, firstCause: true })),
    database,
  };
}

function withoutCopy(live: DatabaseModel, twin: DatabaseModel): DatabaseModel {
  const tables = new Map(twin.tables.map(table => [table.name, table]));
  const views = new Set(twin.views.map(({ name }) => name));
  const functions = new Set(twin.functions.map(({ signature }) => signature));
  const mark = <T>(each: T, isThere: boolean): T => (isThere ? each : { ...each, notCopied: true });
  return {
    ...live,
    tables: live.tables.map(table => {
      const copy = tables.get(table.name);
      const lost = table.policies.filter(
        ({ name, permissive }) => permissive && copy?.policies.some(policy => policy.name === name) !== true,
      );
      const lostPolicies = lost.map(({ name, command, roles, definedAt = { file: '', line: 0 } }) => ({
        name,
        command,
        roles,
        ...definedAt,
      }));
      return mark(copy === undefined || lost.length === 0 ? table : { ...table, lostPolicies }, copy !== undefined);
    }),
    views: live.views.map(view => mark(view, views.has(view.name))),
    functions: live.functions.map(each => mark(each, functions.has(each.signature))),
  };
}
