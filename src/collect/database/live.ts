import { DrydockError, messageOf } from '../../core/error.ts';
import { redact } from '../../core/redact.ts';
import type { Sql } from '../../core/ports.ts';
import type { DatabaseModel, ReplayFailure, SourcePlace } from '../../model/database/types.ts';
import { readCatalog } from './catalog.ts';
import { connect, type Connection } from './connect.ts';
import { readDefinitions } from './definitions.ts';
import { prepareDatabase, runLoosely, type Platform } from './replay.ts';

/** What a live database told about itself. No row of any of its tables was read. */
export interface LiveDatabase {
  readonly database: DatabaseModel;
  readonly platform: Platform;
  /** Statements that make a database of the same shape. */
  readonly definitions: readonly string[];
}

/** Reads the catalog of a live database in read-only transactions. */
export async function readLiveDatabase(url: string, places: ReadonlyMap<string, SourcePlace>): Promise<LiveDatabase> {
  const connection = await open(url);
  try {
    await connection.query(
      `set default_transaction_read_only = on; set statement_timeout = '30s'; set lock_timeout = '2s'`,
    );
    const found = await connection.query(
      `select to_regclass('auth.users') is not null and exists (select from pg_roles where rolname = 'authenticated') as supabase`,
    );
    const platform: Platform = found.rows[0]?.['supabase'] === true ? 'supabase' : 'plain';
    return {
      database: await readCatalog(connection, platform, places),
      platform,
      definitions: await readShape(connection, platform),
    };
  } finally {
    await connection.close();
  }
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
