/**
 * The messages of Postgres' protocol, as its server reads and writes them.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** One message of a client: the letter of its type (none for the first, which starts up) and what it holds. */
export interface ClientMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** Makes a reader that puts together what comes in pieces. */
export function clientMessages(): (bytes: Uint8Array) => readonly ClientMessage[] {
  let rest = Buffer.alloc(0);
  let started = false;
  return bytes => {
    rest = Buffer.concat([rest, bytes]);
    const found: ClientMessage[] = [];
    for (;;) {
      const from = started ? 1 : 0;
      if (rest.length < from + 4) return found;
      const end = from + rest.readInt32BE(from);
      if (rest.length < end) return found;
      found.push({ type: started ? rest.toString('latin1', 0, 1) : '', body: rest.subarray(from + 4, end) });
      rest = rest.subarray(end);
      started = true;
    }
  };
}

/** Reads what a message holds, from its beginning. */
export interface BodyReader {
  text(): string;
  int16(): number;
  int32(): number;
  letter(): string;
  /** A value with its length in front; `null` for none. */
  value(): string | null;
}

/** Makes one. */
export function bodyReader(body: Buffer): BodyReader {
  let at = 0;
  const taken = (length: number): number => (at += length) - length;
  return {
    text: () => {
      const end = body.indexOf(0, at);
      const found = body.toString('utf8', at, end);
      at = end + 1;
      return found;
    },
    int16: () => body.readInt16BE(taken(2)),
    int32: () => body.readInt32BE(taken(4)),
    letter: () => body.toString('latin1', taken(1), at),
    value: () => {
      const length = body.readInt32BE(taken(4));
      return length < 0 ? null : body.toString('utf8', taken(length), at);
    },
  };
}

/** A column of an answer: its name, and the number of its type in `pg_type`. */
export type Column = readonly [name: string, type: number];

/** The messages of a server. */
export const serverMessage = {
  authenticated: (): Buffer => message('R', int32(0)),
  backendKey: (pid: number): Buffer => message('K', int32(pid), int32(pid)),
  parseComplete: (): Buffer => message('1'),
  bindComplete: (): Buffer => message('2'),
  closeComplete: (): Buffer => message('3'),
  noData: (): Buffer => message('n'),
  portalSuspended: (): Buffer => message('s'),
  emptyQuery: (): Buffer => message('I'),
  ready: (status: string): Buffer => message('Z', Buffer.from(status)),
  complete: (tag: string): Buffer => message('C', text(tag)),
  columns: (columns: readonly Column[]): Buffer => message('T', int16(columns.length), ...columns.map(column)),
  row: (values: readonly string[]): Buffer => message('D', int16(values.length), ...values.map(value)),
  error: (code: string): Buffer =>
    message('E', ...[`SERROR`, `VERROR`, `C${code}`, `Merror ${code}`].map(text), Buffer.from([0])),
};

/** No table and no number in it; the type; length and modifier unknown; as text. */
function column([name, type]: Column): Buffer {
  return Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]);
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
}

function text(content: string): Buffer {
  return Buffer.from(`${content}\0`);
}

function value(content: string): Buffer {
  return Buffer.concat([int32(Buffer.byteLength(content)), Buffer.from(content)]);
}

function int16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(number);
  return bytes;
}

function int32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
}
