import { DrydockError, messageOf } from '../../core/error.ts';
import type { Sql } from '../../core/ports.ts';

/** Why Postgres refused a statement. */
export interface Complaint {
  readonly sqlstate: string;
  readonly message: string;
}

/** Runs a statement; undefined when Postgres took it. */
export async function attempt(sql: Sql, text: string): Promise<Complaint | undefined> {
  try {
    await sql.query(text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof DrydockError) throw thrown; // no answer of Postgres: there is none any more
    const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'XX000';
    return { sqlstate: code, message: messageOf(thrown) };
  }
}
