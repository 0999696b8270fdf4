import pg from 'pg';
import type { Sql, SqlResult } from '../../core/ports.ts';

/** A connection as a port, with its own end. */
export interface Connection extends Sql {
  close(): Promise<void>;
}

/** Dates stay text: a `Date` would lose microseconds and take the machine's time zone. */
const textTypes = new Set<number>([1082, 1083, 1114, 1184, 1266, 1115, 1182, 1185, 1186]);

/** Connects; rejects with the driver's error. A session that the server ended is opened again by the next query. */
export async function connect(url: string, options: { readonly connectTimeoutMs?: number } = {}): Promise<Connection> {
  let session: Session | undefined = await openSession(url, options.connectTimeoutMs ?? 10_000);
  return {
    query: async (text, values) => {
      if (session === undefined) throw new Error('The connection is closed.');
      if (session.isOver()) session = await openSession(url, options.connectTimeoutMs ?? 10_000);
      return run(session.client, text, values);
    },
    close: async () => {
      const last = session;
      session = undefined;
      if (last !== undefined && !last.isOver()) await last.client.end();
    },
  };
}

interface Session {
  readonly client: pg.Client;
  readonly isOver: () => boolean;
}

async function openSession(url: string, connectTimeoutMs: number): Promise<Session> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: parserOf },
  });
  let over = false;
  const end = (): void => {
    over = true;
  };
  // A dropped database ends its sessions: that is no reason to end the process.
  client.on('error', end);
  client.on('end', end);
  await client.connect();
  return { client, isOver: () => over };
}

async function run(client: pg.Client, text: string, values?: readonly unknown[]): Promise<SqlResult> {
  const answer: unknown = await (values === undefined ? client.query(text) : client.query(text, [...values]));
  // Several statements in one text give several results; the last one is the answer.
  return toResult(Array.isArray(answer) ? answer.at(-1) : answer);
}

function toResult(answer: unknown): SqlResult {
  if (typeof answer !== 'object' || answer === null || !('rows' in answer) || !Array.isArray(answer.rows)) {
    return { rows: [], rowCount: 0 };
  }
  const rowCount = 'rowCount' in answer && typeof answer.rowCount === 'number' ? answer.rowCount : 0;
  return { rows: answer.rows, rowCount };
}

function parserOf(type: number): (text: string) => unknown {
  return textTypes.has(type) ? text => text : parserOfDriver(type);
}

function parserOfDriver(type: number): (text: string) => unknown {
  const parser: unknown = pg.types.getTypeParser(type);
  return text => (typeof parser === 'function' ? parser(text) : text);
}
