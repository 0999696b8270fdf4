import pg from 'pg';
import { GuardError } from '../errors.ts';

/**
 * What the guard uses of node-postgres beyond its typed surface. The names are those of pg 8; the self-test at start-up
 * refuses a driver or a pooler where they do not hold what they promise.
 */

/** The side of a connection that writes messages of the protocol. */
export interface WireConnection {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  parse(message: { readonly name?: string | undefined; readonly text: string }): void;
  bind(message: { readonly statement?: string | undefined; readonly values: readonly unknown[] }): void;
  describe: (message: { readonly type: 'P'; readonly name: string }) => void;
  execute(message: { readonly portal?: string }): void;
  sync(): void;
  close(message: { readonly type: 'S'; readonly name: string }): void;
  query(text: string): void;
  /** Every message of the protocol goes through here as bytes. */
  _send(bytes: Uint8Array): boolean;
}

/** A column of an answer, as far as it decides how values are read. */
export interface Column {
  readonly name: string;
  readonly dataTypeID: number;
  readonly format?: 'text' | 'binary';
}

/** What Postgres says of the rows that follow. */
export interface RowDescription {
  readonly fields: readonly Column[];
}

/** The result that node-postgres puts together. */
export interface WireResult {
  fields: readonly Column[];
  _types: { getTypeParser(type: number, format: string): unknown } | undefined;
  _parsers: unknown;
  _prebuiltEmptyResultObject: unknown;
}

/** A query of node-postgres, with the replies it is told of. */
export interface WireQuery {
  text: string;
  readonly values: readonly unknown[] | undefined;
  name: string | undefined;
  rows: number | undefined;
  callback: QueryCallback | undefined;
  _results: unknown;
  readonly _result: WireResult;
  readonly binary: boolean | undefined;
  requiresPreparation(): boolean;
  prepare(connection: WireConnection): void;
  submit(connection: WireConnection): Error | null;
  handleRowDescription(message: RowDescription): void;
  handleDataRow(message: { readonly fields: readonly unknown[] }): void;
  handleCommandComplete(message: unknown, connection: WireConnection): void;
  handleError(error: Error, connection: WireConnection): void;
  handleReadyForQuery(connection: WireConnection): void;
}

/** Anything that node-postgres can send: its own query, a cursor, a stream, COPY. */
export interface Submittable {
  readonly text?: string;
  callback?: QueryCallback | undefined;
  submit(connection: WireConnection): unknown;
  handleError(error: Error, connection: WireConnection): void;
}

/** How a query tells its result. */
export type QueryCallback = (error: Error | null | undefined, result?: unknown) => void;

/** What `query` takes as its first value, when it is no text and nothing that submits itself. */
export interface QueryConfig {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  readonly rows?: number;
  readonly callback?: QueryCallback;
  readonly query_timeout?: number;
  readonly rowMode?: string;
  readonly types?: {
    readonly getTypeParser?: (type: number, format: string) => ((text: string) => unknown) | undefined;
  };
}

/** The client of node-postgres with what the guard uses and overrides. */
export interface WireClient {
  readonly connection: WireConnection;
  readonly processID: number | null;
  readonly _queryQueue: Submittable[];
  readonly _txStatus: 'I' | 'T' | 'E' | null;
  connect(): Promise<unknown>;
  end(): Promise<void>;
  query(first: unknown, second?: unknown, third?: unknown): unknown;
  _pulseQueryQueue(): void;
  _getActiveQuery(): unknown;
  _handleParseComplete(): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** How often the pool handed it out; a pool ends a connection that was used often enough. */
  _poolUseCount?: number;
  /** Why Knex must not hand it out again. */
  __knex__disposed?: string;
}

/** The query class of node-postgres, typed as above. */
export const Query = pg.Query as unknown as new (
  config: QueryConfig | string,
  values?: readonly unknown[],
  callback?: QueryCallback,
) => WireQuery;

/** The client class of node-postgres, typed as above. */
export const Client = pg.Client as unknown as new (config?: pg.ClientConfig | string) => WireClient;

const used = ['_queryQueue', '_txStatus', '_getActiveQuery', '_pulseQueryQueue', '_handleParseComplete'] as const;

/** Refuses a node-postgres that lacks what the guard uses: it would fail later, and say something else. */
export function requireDriver(driver: new () => object = Client): void {
  const client = new driver();
  if (used.every(name => name in client)) return;
  throw new GuardError('unsafe-connection', 'The guard needs version 8.21 of pg or a newer 8: this is another one.');
}

/** Whether `query` was given something that sends itself. */
export function isSubmittable(value: unknown): value is Submittable {
  return typeof value === 'object' && value !== null && 'submit' in value && typeof value.submit === 'function';
}
