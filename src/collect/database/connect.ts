import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { Sql, SqlResult } from '../../core/ports.ts';
import type { Protection } from './server-address.ts';

/** A connection as a port, with its own end. */
export interface Connection extends Sql {
  close(): Promise<void>;
}

/** Dates stay text: a `Date` would lose microseconds and take the machine's time zone. */
const textTypes = new Set<number>([1082, 1083, 1114, 1184, 1266, 1115, 1182, 1185, 1186]);

/** How to connect. */
export interface ConnectOptions {
  readonly connectTimeoutMs?: number;
  /** Without it the address decides, as the driver reads it. */
  readonly protection?: Protection;
  /** Whether a session that the server ended is opened again by the next query; it is, unless this says no. */
  readonly reopens?: boolean;
}

/** Connects; rejects with the driver's error. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Connection> {
  let session: Session | undefined = await openSession(url, options);
  return {
    query: async (text, values) => {
      if (session === undefined) throw new Error('The connection is closed.');
      if (session.isOver() && options.reopens !== false) session = await openSession(url, options);
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

async function openSession(url: string, { connectTimeoutMs = 10_000, protection }: ConnectOptions): Promise<Session> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: parserOf },
    stream: () => socket,
    ...(protection === undefined ? {} : { ssl: tlsOf(protection) }),
  });
  let over = false;
  const end = (): void => {
    over = true;
  };
  // A dropped database ends its sessions: that is no reason to end the process.
  client.on('error', end);
  client.on('end', end);
  try {
    await client.connect();
  } catch (thrown) {
    // The server waits for a password that nobody sends, and the process for the server.
    socket.destroy();
    throw thrown;
  }
  return { client, isOver: () => over };
}

function tlsOf(protection: Protection): false | ConnectionOptions {
  if (protection.kind === 'plain') return false;
  const { verifies, ca } = protection;
  return {
    rejectUnauthorized: verifies !== 'nothing',
    ...(ca === undefined ? {} : { ca }),
    ...(verifies === 'authority-and-host' ? {} : { checkServerIdentity: () => undefined }),
  };
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
