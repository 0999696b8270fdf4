import { bodyReader, clientMessages, serverMessage } from './fake-wire.ts';
import type { ClientMessage, Column } from './fake-wire.ts';

/** What the fake database holds: who belongs to which tenant. Each tenant has two invoices. */
export interface FakeDatabase {
  readonly members: Set<string>;
  /** Settings that were seen after a Sync outside of a transaction; there must be none. */
  readonly survived: string[];
}

/** The key of a member. */
export function memberOf(user: string, tenant: string): string {
  return `${user} of ${tenant}`;
}

/** The rows that a tenant owns. */
export function rowsOf(tenant: string): readonly string[] {
  return [`${tenant}-1`, `${tenant}-2`];
}

/** One server process: reads what a client wrote, and gives its replies in pieces that a network may deliver apart. */
export interface FakeBackend {
  readonly pid: number;
  read(bytes: Uint8Array): void;
  /** Replies that were not delivered: each piece ends where a statement, an error or a trip ends. */
  readonly pieces: Buffer[];
  readonly ended: boolean;
}

interface Portal {
  readonly text: string;
  readonly values: readonly string[];
  rest?: string[][];
}

interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly tag: string;
}

type Outcome = Answer | { readonly code: string };

/**
 * Starts one. It keeps to what the guard relies on: everything up to a Sync is one transaction outside of an explicit one,
 * local settings end with it, and after an error everything up to the Sync is skipped.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export function fakeBackend(database: FakeDatabase, pid: number): FakeBackend {
  const messages = clientMessages();
  const statements = new Map<string, string>();
  const portals = new Map<string, Portal>();
  const session = new Map<string, string>();
  const pieces: Buffer[] = [];
  let local = new Map<string, string>();
  let status: 'I' | 'T' | 'E' = 'I';
  let skipping = false;
  let ended = false;
  let piece: Buffer[] = [];

  const say = (...said: readonly Buffer[]): void => void piece.push(...said);
  const cut = (): void => {
    if (piece.length > 0) pieces.push(Buffer.concat(piece));
    piece = [];
  };
  const fail = (code: string): void => {
    say(serverMessage.error(code));
    cut();
    local = new Map();
    status = status === 'I' ? 'I' : 'E';
  };
  const failed = (code: string): void => {
    fail(code);
    skipping = true;
  };
  const ready = (): void => {
    skipping = false;
    if (status === 'I') {
      local = new Map();
      portals.clear();
      for (const [name, value] of session) if (value !== '') database.survived.push(name);
    }
    say(serverMessage.ready(status));
    cut();
  };
  const setting = (name: string): string => local.get(name) ?? session.get(name) ?? '';
  const set = (name: string, value: string, isLocal: boolean): void =>
    void (isLocal ? local : session).set(name, value);

  const run = (text: string, values: readonly string[]): Outcome => {
    const word = /^\s*(\w*)/.exec(text)?.[1] ?? '';
    if (status === 'E' && word !== 'rollback' && word !== 'commit') return { code: '25P02' };
    switch (word) {
      case 'begin':
        status = 'T';
        return done('BEGIN');
      case 'commit':
      case 'rollback': {
        const tag = word === 'commit' && status === 'T' ? 'COMMIT' : 'ROLLBACK';
        status = 'I';
        local = new Map();
        return done(tag);
      }
      case 'deallocate':
        statements.clear();
        return done('DEALLOCATE ALL');
      default:
        return answer(text, values, { database, setting, set, pid });
    }
  };

  const simple = (text: string): void => {
    const parts = text.split(';').filter(part => part.trim() !== '');
    if (parts.length === 0) say(serverMessage.emptyQuery());
    for (const part of parts) {
      const outcome = run(part, []);
      if ('code' in outcome) {
        fail(outcome.code);
        break;
      }
      if (outcome.columns.length > 0) say(serverMessage.columns(outcome.columns));
      say(...outcome.rows.map(serverMessage.row), serverMessage.complete(outcome.tag));
      cut();
    }
    ready();
  };

  const execute = (name: string, limit: number): void => {
    const portal = portals.get(name);
    if (portal === undefined) return failed('34000');
    const outcome = portal.rest === undefined ? run(portal.text, portal.values) : done('SELECT');
    if ('code' in outcome) return failed(outcome.code);
    const waiting = portal.rest ?? outcome.rows.map(row => [...row]);
    const given = waiting.splice(0, limit === 0 ? waiting.length : limit);
    say(...given.map(serverMessage.row));
    portal.rest = waiting;
    say(limit > 0 && given.length === limit ? serverMessage.portalSuspended() : serverMessage.complete(outcome.tag));
    cut();
  };

  const prepare = (name: string, text: string): void => {
    if (status === 'E') return failed('25P02');
    if (name !== '' && statements.has(name)) return failed('42P05');
    if (text.includes('syntax error')) return failed('42601');
    statements.set(name, text);
    say(serverMessage.parseComplete());
  };

  const bind = (body: Buffer): void => {
    const read = bodyReader(body);
    const portal = read.text();
    const text = statements.get(read.text());
    if (text === undefined) return failed('26000');
    if (status === 'E') return failed('25P02');
    for (let formats = read.int16(); formats > 0; formats -= 1) read.int16();
    const values = Array.from({ length: read.int16() }, () => read.value() ?? '');
    portals.set(portal, { text, values });
    say(serverMessage.bindComplete());
  };

  const describe = (name: string): void => {
    const { columns } = shapeOf(portals.get(name)?.text ?? '');
    say(columns.length > 0 ? serverMessage.columns(columns) : serverMessage.noData());
  };

  const close = (kind: string, name: string): void => {
    if (kind === 'S') statements.delete(name);
    else portals.delete(name);
    say(serverMessage.closeComplete());
  };

  const take = ({ type, body }: ClientMessage): void => {
    if (type === '') {
      say(serverMessage.authenticated(), serverMessage.backendKey(pid));
      return ready();
    }
    if (type === 'S') return ready();
    if (type === 'X') {
      ended = true;
      return;
    }
    if (skipping) return;
    const read = bodyReader(body);
    if (type === 'Q') return simple(read.text());
    if (type === 'P') return prepare(read.text(), read.text());
    if (type === 'B') return bind(body);
    if (type === 'D') return describe(body.toString('utf8', 1, body.length - 1));
    if (type === 'E') return execute(read.text(), read.int32());
    if (type === 'C') return close(read.letter(), read.text());
    if (type === 'H') return cut();
    throw new Error(`the fake backend knows no message '${type}'`);
  };

  return {
    pid,
    pieces,
    get ended() {
      return ended;
    },
    read: bytes => {
      for (const message of messages(bytes)) take(message);
    },
  };
}

function done(tag: string): Answer {
  return { columns: [], rows: [], tag };
}

interface Session {
  readonly database: FakeDatabase;
  readonly pid: number;
  readonly setting: (name: string) => string;
  readonly set: (name: string, value: string, isLocal: boolean) => void;
}

/** What the self-test asks of the catalog: nothing is there. */
const catalog = /^from pg_(?:class|proc)/m;

/** The texts that it understands: the guard's own, and queries of invoices. */
function answer(text: string, values: readonly string[], session: Session): Outcome {
  if (!catalog.test(text) && text.includes('set_config')) return setScope(text, values, session);
  if (text.includes('boom')) return { code: '22012' };
  const rows = (): string[][] => {
    if (text.includes('current_user')) return [['app', String(session.pid), 'f', 'f']];
    if (catalog.test(text)) return [];
    if (text.includes('current_setting')) return [[session.setting('app.user_id')]];
    return rowsOf(session.setting('app.tenant_id'))
      .filter(() => session.setting('app.tenant_id') !== '')
      .map(number => [number]);
  };
  return { ...shapeOf(text), rows: rows() };
}

/** Types of columns: https://www.postgresql.org/docs/current/catalog-pg-type.html */
const text = 25;
const role: readonly Column[] = [
  ['role', text],
  ['pid', 23],
  ['superuser', 16],
  ['bypasses', 16],
];

function shapeOf(query: string): Answer {
  if (catalog.test(query)) return { columns: [['name', text]], rows: [], tag: 'SELECT 0' };
  if (query.includes('set_config')) return { columns: [['set_config', text]], rows: [], tag: 'SELECT 1' };
  if (query.includes('current_user')) {
    return { columns: role, rows: [], tag: 'SELECT 1' };
  }
  if (query.includes('current_setting')) return { columns: [['seen', text]], rows: [], tag: 'SELECT 1' };
  return { columns: [['number', text]], rows: [], tag: 'SELECT 2' };
}

/** Does what the setter of a tenant, a user or a job does, with its values as parameters or in the text. */
function setScope(text: string, values: readonly string[], { database, set }: Session): Outcome {
  const isLocal = !text.includes(', false)');
  const value = (match: string | undefined): string =>
    match?.startsWith('$') ? (values[Number(match.slice(1)) - 1] ?? '') : (match ?? "''").slice(1, -1);
  for (const [, name, given] of text.matchAll(/set_config\('(app\.\w+)', (\$\d|'[^']*')/g)) {
    set(name ?? '', value(given), isLocal);
  }
  const [, user, tenant] = /= (\$\d|'[^']*')\s+and m\."tenant_id" = (\$\d|'[^']*')/.exec(text) ?? [];
  if (tenant !== undefined) {
    const isMember = database.members.has(memberOf(value(user), value(tenant)));
    if (!isMember && text.includes('1 / ')) return { code: '22012' };
    set('app.tenant_id', isMember ? value(tenant) : '', isLocal);
  }
  return { ...shapeOf(text), rows: [['1']] };
}
