import { createHash } from 'node:crypto';
import pg from 'pg';
import { codeOf } from './calls.ts';
import { inlined, setterFailure } from './setter.ts';
import type { Membership, Setter } from './setter.ts';
import { Query } from './wire.ts';
import type { Column, QueryCallback, QueryConfig, RowDescription, WireConnection } from './wire.ts';

/** What one guarded query needs besides its own text. */
export interface Travel {
  readonly setter: Setter;
  readonly membership: Membership;
  /** Whether statements keep their name on this connection: not behind a pooler that hands out connections by transaction. */
  readonly named: boolean;
  /** Told once with the value of the setter's last column: how many rows of membership were found. */
  readonly onMember?: ((found: string) => void) | undefined;
}

/**
 * A query that carries its scope: `Bind, Execute` of the setter, then the query's own messages, then one `Sync`. Postgres
 * runs all of it as one transaction, so that the local setting holds for exactly this statement, at no extra trip.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class ScopedQuery extends Query {
  readonly travel: Travel;
  /** Replies to the setter come first; until its CommandComplete nothing of the query itself has been answered. */
  private settled = false;
  private awaitsParse = false;
  /** The name is the guard's own, so that it stands for this text alone. */
  private ownName = false;
  private columns: Columns | undefined;
  /** Postgres is asked for the columns, and they are kept for the name. */
  private learnsColumns = false;
  /** Several statements in one text, which only the simple protocol takes. */
  readonly several: boolean;
  private binding = false;

  constructor(config: QueryConfig, callback: QueryCallback | undefined, travel: Travel, several: boolean) {
    super(several ? { ...config, text: `${inlined(travel.setter)};\n${config.text}` } : config, undefined, callback);
    this.travel = travel;
    this.several = several;
    // All rows are collected anyway, and reading them in portions leaves the trip without its Sync.
    this.rows = undefined;
  }

  override requiresPreparation(): boolean {
    return !this.several;
  }

  /** All messages leave in one piece: a write for each of them costs more than the setter itself. */
  override prepare(connection: WireConnection): void {
    const { collecting, pieces, columnsOf } = collectorOf(connection);
    pieces.length = 0;
    if (this.travel.named && this.name === undefined) {
      this.name = nameFor(connection, this.text);
      this.ownName = this.name !== undefined && this.binary !== true;
    }
    this.columns = this.ownName ? columnsOf.get(this.name ?? '') : undefined;
    this.learnsColumns = this.ownName && this.columns === undefined;
    collecting.describe = this.columns === undefined ? connection.describe : notAsked;
    if (this.name !== undefined && connection.parsedStatements[this.name] === undefined) {
      // In front of the setter, whose refusal would leave it out.
      if (outdated.get(connection)?.delete(this.name)) collecting.close({ type: 'S', name: this.name });
    }
    this.prepareSetter(connection, collecting, pieces);
    this.binding = true;
    super.prepare(collecting);
    if (this.binding) connection._send(Buffer.concat(pieces.splice(0)));
    else this.giveUp(connection);
    this.binding = false;
  }

  /** A value could not be written: the caller was told, and nothing of the trip is sent but its end. */
  private giveUp(connection: WireConnection): void {
    this.awaitsParse = false;
    this.callback = () => {};
    if (this.name !== undefined) delete connection.submittedNamedStatements[this.name];
    connection.sync();
  }

  private prepareSetter(connection: WireConnection, collecting: WireConnection, pieces: Uint8Array[]): void {
    const { setter, named } = this.travel;
    const name = named ? setter.name : '';
    if (!named || connection.parsedStatements[name] === undefined) {
      this.awaitsParse = true;
      collecting.parse({ name, text: setter.text });
    }
    const known = named ? bytesOf.get(setter) : undefined;
    if (known !== undefined) {
      pieces.push(known);
      return;
    }
    const from = pieces.length;
    collecting.bind({ statement: name, values: setter.values });
    collecting.execute({});
    if (named) bytesOf.set(setter, Buffer.concat(pieces.slice(from)));
  }

  /** Takes the ParseComplete of the setter, so that node-postgres does not book it for the query's own statement. */
  takesParseComplete(connection: WireConnection): boolean {
    if (!this.awaitsParse) return false;
    this.awaitsParse = false;
    if (this.travel.named) connection.parsedStatements[this.travel.setter.name] = this.travel.setter.text;
    return true;
  }

  override handleRowDescription(message: RowDescription): void {
    if (!this.settled && this.several) return;
    super.handleRowDescription(message);
    this.columns = { ...message, emptyRow: this._result._prebuiltEmptyResultObject };
  }

  override handleDataRow(message: { readonly fields: readonly unknown[] }): void {
    if (this.settled) super.handleDataRow(message);
    else this.travel.onMember?.(String(message.fields.at(-1)));
  }

  override handleCommandComplete(message: unknown, connection: WireConnection): void {
    if (this.settled) {
      super.handleCommandComplete(message, connection);
      if (this.learnsColumns) collectorOf(connection).columnsOf.set(this.name ?? '', this.columns ?? noColumns);
      return;
    }
    this.settled = true;
    this.travel.setter.passed?.();
    if (this.columns !== undefined) this.expect(this.columns);
  }

  /**
   * Takes the columns that the statement had before, which Postgres was not asked for again. A prepared statement keeps
   * them: where names or types would change, it fails with "cached plan must not change result type".
   */
  private expect({ fields, emptyRow }: Columns): void {
    if (fields === undefined) return;
    const result = this._result;
    if (!emptyRow || !('_parsers' in result)) return super.handleRowDescription({ fields });
    super.handleRowDescription({ fields: [] });
    // As `addFields` of node-postgres, but for the empty row, whose making takes longer than reading the answer.
    result.fields = [...fields];
    result._parsers = fields.map(({ dataTypeID, format }) =>
      (result._types ?? pg.types).getTypeParser(dataTypeID, format ?? 'text'),
    );
    result._prebuiltEmptyResultObject = emptyRow;
  }

  override handleError(error: Error, connection: WireConnection): void {
    if (this.binding) {
      this.binding = false;
      return super.handleError(error, connection);
    }
    if (this.isStale(error)) {
      const name = this.settled ? this.name : this.travel.setter.name;
      if (name !== undefined) forget(connection, name, codeOf(error) === otherColumns);
    }
    super.handleError(this.settled ? error : setterFailure(error, this.travel.membership), connection);
  }

  /** Whether a name stands for nothing any more (DEALLOCATE ALL, a pooler), or for other columns: it is parsed anew. */
  isStale(error: Error): boolean {
    const code = codeOf(error);
    const routine = 'routine' in error ? error.routine : undefined;
    return code === notThere || (code === otherColumns && routine === 'RevalidateCachedQuery');
  }
}

/** The bytes of binding and running a setter: the same for all statements of a scope. */
const bytesOf = new WeakMap<Setter, Uint8Array>();

/** The columns of a statement's answer; without fields where it answers with none. */
interface Columns {
  readonly fields?: readonly Column[];
  readonly emptyRow?: unknown;
}

const noColumns: Columns = {};

function notAsked(): void {}

interface Collector {
  readonly collecting: WireConnection;
  readonly pieces: Uint8Array[];
  /** What is known of the statements that the guard named on this connection. */
  readonly columnsOf: Map<string, Columns>;
}

const collectors = new WeakMap<WireConnection, Collector>();

/** The connection, but that what it would send is put aside. One for each connection, which is used by one query at a time. */
function collectorOf(connection: WireConnection): Collector {
  const known = collectors.get(connection);
  if (known !== undefined) return known;
  const pieces: Uint8Array[] = [];
  const collecting: WireConnection = Object.assign(Object.create(connection), {
    _send: (bytes: Uint8Array) => pieces.push(bytes) > 0,
  });
  const collector = { collecting, pieces, columnsOf: new Map<string, Columns>() };
  collectors.set(connection, collector);
  return collector;
}

/** Statements that Postgres still keeps under their name, though they answer with other columns now. */
const outdated = new WeakMap<WireConnection, Set<string>>();

function forget(connection: WireConnection, name: string, isKept: boolean): void {
  delete connection.parsedStatements[name];
  collectors.get(connection)?.columnsOf.delete(name);
  if (isKept) outdated.set(connection, (outdated.get(connection) ?? new Set()).add(name));
}

/** "prepared statement does not exist", and "cached plan must not change result type". */
const notThere = '26000';
const otherColumns = '0A000';

const namesPerConnection = 500;
const worthNaming = /^\s*(?:select|insert|update|delete|with|merge)\b/i;
const names = new Map<string, string>();

/**
 * The name under which a text is prepared on a connection, and none once the connection keeps as many as it may: an app
 * that writes its values into its texts would fill the server's memory.
 */
function nameFor(connection: WireConnection, text: string): string | undefined {
  const name = names.get(text) ?? newName(text);
  if (name === undefined || connection.parsedStatements[name] !== undefined) return name;
  return Object.keys(connection.parsedStatements).length < namesPerConnection ? name : undefined;
}

function newName(text: string): string | undefined {
  if (!worthNaming.test(text)) return undefined;
  const name = `drydock_${createHash('sha1').update(text).digest('base64url')}`;
  if (names.size >= 4 * namesPerConnection) names.clear();
  names.set(text, name);
  return name;
}
