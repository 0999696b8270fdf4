import { DrydockError, messageOf } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import { redact } from '../../core/redact.ts';
import type { Sql } from '../../core/ports.ts';
import type { DatabaseModel, ReplayFailure, SourcePlace } from '../../model/database/types.ts';
import type { Platform } from '../../core/platform.ts';
import { readCatalog } from './catalog.ts';
import { bucketsReadableQuery } from './catalog-queries.ts';
import { connect, type Connection } from './connect.ts';
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

/** Reads the catalog of a live database in read-only transactions. */
export async function readLiveDatabase(url: string, places: ReadonlyMap<string, SourcePlace>): Promise<LiveDatabase> {
  const connection = await open(url);
  try {
    await connection.query(
      `set default_transaction_read_only = on; set statement_timeout = '30s'; set lock_timeout = '2s'`,
    );
    const found = await connection.query(
      // By name in the catalog: the schema itself may be closed to a role that only reads.
      `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'auth' and c.relname = 'users')
         and exists (select from pg_roles where rolname = 'authenticated') as supabase`,
    );
    const platform: Platform = found.rows[0]?.['supabase'] === true ? 'supabase' : 'plain';
    const database = await readCatalog(connection, platform, places);
    return {
      database,
      platform,
      definitions: await readShape(connection, platform),
      gaps: await unseen(connection, database),
    };
  } catch (thrown) {
    throw unreadable(thrown);
  } finally {
    await connection.close();
  }
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
  if (code !== '42501' && code !== '57014' && !isOver) return thrown;
  return new DrydockError('database-unreachable', `The catalog could not be read: ${redact(messageOf(thrown))}.`, {
    next:
      code === '42501'
        ? 'Give --database-url a role that may read the system catalog, as every role may unless that was revoked.'
        : 'Try again when the server has less to do.',
    cause: thrown,
  });
}

async function readShape(sql: Sql, platform: Platform): Promise<readonly string[]> {
  await sql.query('begin isolation level repeatable read read only');
  try {
    await sql.query(`set local search_path = ''`);
    return await readDefinitions(sql, platform);
  } finally {
    await sql.query('rollback');
  }
}

async function open(url: string): Promise<Connection> {
  // Without this the driver would take any word for a path on a host of its own.
  if (!/^postgres(?:ql)?:\/\//i.test(url))
    throw new DrydockError('usage', 'What --database-url got is no address of a database.', {
      next: 'It looks like postgres://user:password@host:5432/name.',
    });
  try {
    return await connect(url, { connectTimeoutMs: 10_000 });
  } catch (thrown) {
    throw new DrydockError(
      'database-unreachable',
      `The database could not be reached: ${redact(messageOf(thrown) || 'no answer')}.`,
      {
        next: 'Check the address and the password, and that this machine may connect; a read-only role is enough.',
      },
    );
  }
}

/** Builds a database of the same shape in a replica; what depends on something later is tried again. */
export async function buildTwin(sql: Sql, live: LiveDatabase): Promise<readonly ReplayFailure[]> {
  await prepareDatabase(sql, live.platform);
  const failed = await runLoosely(sql, live.definitions);
  return failed.map(({ sqlstate, message }) => ({ file: '', line: 0, sqlstate, message, firstCause: true }));
}
