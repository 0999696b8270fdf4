import { callValue } from '../calls.ts';
import { awaitAll } from '../collections.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { lengthOf } from '../operations.ts';
import { objectOf, undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import { copyState, startState, stateText, type ClientState, type DriverNative, type SqlText } from './queries.ts';
import {
  composeTemplate,
  fragmentValue,
  fromMysql,
  keepingCase,
  itemsIn,
  runVariants,
  textOf,
  variantsOf,
  type Runner,
} from './sql-fragments.ts';

/** How a client that is a tag (`` sql`…` ``) behaves besides. */
interface TagLibrary {
  readonly name: string;
  readonly result: Runner['result'];
  /** `sql({ … })`, `sql('column')`: helpers that write a part of the statement. */
  readonly helpers: boolean;
}

const asRows: Runner['result'] = rows => rows;
const asResult: Runner['result'] = rows => objectOf({ rows, rowCount: rows.kind === 'list' ? lengthOf(rows) : rows });

const postgresJs: TagLibrary = { name: 'postgres', result: asRows, helpers: true };
const neonHttp: TagLibrary = { name: 'neon', result: asRows, helpers: false };
const vercel: TagLibrary = { name: 'vercel', result: asResult, helpers: false };
const bunSql: TagLibrary = { name: 'bun', result: asRows, helpers: true };

function tagClient(library: TagLibrary, state: ClientState): Value {
  const native: DriverNative = {
    name: 'sql client',
    driver: state,
    guardedBy: guard => tagClient(library, { ...copyState(state), guard }),
    get key() {
      return `sql client ${library.name} ${stateText(state)}`;
    },
    invoke: call => statement(call, library, state),
    method: (name, call) => clientMethod(name, call, library, state),
    member: name => (name === 'sql' ? nativeValue(native) : undefined),
  };
  return nativeValue(native);
}

function statement(call: Call, library: TagLibrary, state: ClientState): Value {
  const [first, ...values] = call.arguments;
  const runner: Runner = { state, result: library.result };
  if (isTemplate(call)) {
    const variants = composeTemplate(first, values, library.helpers ? pieceOf : variantsOf);
    return variants === undefined ? unreadable(call) : fragmentValue(variants, runner);
  }
  if (library.helpers) return helperValue(call.arguments);
  noteBuiltSql(call, first);
  const text = textOf(first, itemsIn(values[0]));
  return text === undefined ? unreadable(call) : fragmentValue([text], runner);
}

/** A tag gets one text more than values; a list of columns (`sql(['a', 'b'])`) does not look so. */
function isTemplate({ arguments: [texts, ...values] }: Call): boolean {
  return (
    texts?.kind === 'array' &&
    texts.items.length === values.length + 1 &&
    texts.items.every(item => item.kind === 'constant' && typeof item.value === 'string')
  );
}

function unreadable(call: Call): Value {
  call.machine.gap('A SQL text is put together at run time.', call.machine.place(call.frame, call.at, call.end));
  return call.machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time');
}

function clientMethod(name: string, call: Call, library: TagLibrary, state: ClientState): Value | undefined {
  const [first, second] = call.arguments;
  const runner: Runner = { state, result: library.result };
  switch (name) {
    case 'unsafe':
    case 'query': {
      const config = first?.kind === 'object' ? first.fields : undefined;
      noteBuiltSql(call, config?.get('text') ?? first);
      const text = textOf(config?.get('text') ?? first, itemsIn(config?.get('values') ?? second));
      if (text === undefined) return unreadable(call);
      // A piece of a statement, or one of its own: it runs when it is awaited.
      return fragmentValue([text], runner);
    }
    case 'sql':
      return statement(call, library, state);
    case 'begin':
    case 'transaction':
    case 'savepoint': {
      const callback = call.arguments.find(argument => argument.kind === 'function');
      if (callback === undefined)
        return {
          kind: 'promise',
          value: awaitAll(call.machine, call.frame, first ?? undefinedValue, call.at),
          facts: [],
        };
      return callValue(call.machine, call.frame, callback, [tagClient(library, copyState(state))], {
        at: call.at,
        end: call.end,
      });
    }
    case 'connect':
    case 'reserve':
      return { kind: 'promise', value: tagClient(library, copyState(state)), facts: [] };
    case 'json':
    case 'array':
    case 'typed':
      return first;
    case 'release':
    case 'end':
    case 'close':
    case 'listen':
    case 'notify':
    case 'on':
      return undefinedValue;
    default:
      return undefined;
  }
}

interface HelperNative extends NativeValue {
  readonly helper: readonly Value[];
}

function helperValue(given: readonly Value[]): Value {
  const native: HelperNative = { name: 'sql helper', key: 'sql helper', inside: given, helper: given };
  return nativeValue(native);
}

/** What a value writes into a statement of postgres.js, by what stands before it. https://github.com/porsager/postgres#building-queries */
function pieceOf(value: Value, before: string): readonly SqlText[] | undefined {
  const fragments = variantsOf(value);
  if (fragments !== undefined) return fragments;
  if (value.kind !== 'native' || !('helper' in value.native)) return undefined;
  const [first, ...names] = (value.native as HelperNative).helper;
  if (first === undefined) return undefined;
  const rows = first.kind === 'array' ? first.items : first.kind === 'list' ? [first.element] : [first];
  const row = rows.find(item => item.kind === 'object');
  if (row?.kind === 'object') {
    const wanted = names.flatMap(name => itemsIn(name)).flatMap(constantText);
    const fields = [...row.fields].filter(([name]) => wanted.length === 0 || wanted.includes(name));
    const values = fields.map(([, inner]) => inner);
    const columns = fields.map(([name]) => quoted(name));
    const places = values.map((_, index) => `$${index + 1}`);
    if (/\bset\s*$/i.test(before))
      return [{ text: columns.map((column, index) => `${column} = ${places[index] ?? ''}`).join(', '), values }];
    return [{ text: `(${columns.join(', ')}) values (${places.join(', ')})`, values }];
  }
  if (/\bin\s*$/i.test(before)) return [{ text: '($1)', values: [first] }];
  const columns = [first, ...names].flatMap(name => itemsIn(name)).flatMap(constantText);
  return columns.length === 0 ? undefined : [{ text: columns.map(quoted).join(', '), values: [] }];
}

function constantText(value: Value): readonly string[] {
  return value.kind === 'constant' && typeof value.value === 'string' ? [value.value] : [];
}

function quoted(name: string): string {
  return name
    .split('.')
    .map(part => `"${part}"`)
    .join('.');
}

function connected(library: TagLibrary): Handler {
  return () => tagClient(library, startState(library.name));
}

/** One call on a client that the library keeps itself: `` sql`…` `` of `@vercel/postgres`. */
function onOwnClient(library: TagLibrary, method?: string): Handler {
  const state = startState(library.name);
  return call =>
    method === undefined
      ? statement(call, library, state)
      : (clientMethod(method, call, library, state) ??
        call.machine.opaque(call.frame, call.at, `'${method}' of a client`));
}

// MySQL ----------------------------------------------------------------------------------------------------------------

/** `execute('… where id = ?', [id])` of `mysql2` and of PlanetScale's driver. */
function mysqlClient(state: ClientState, result: Runner['result']): Value {
  const native: NativeValue = {
    name: 'mysql client',
    get key() {
      return `mysql ${stateText(state)}`;
    },
    method: (name, call) => {
      const [first, second] = call.arguments;
      switch (name) {
        case 'execute':
        case 'query': {
          noteBuiltSql(call, first);
          const text = textOf(first);
          if (text === undefined) return unreadable(call);
          const values = [...text.values, ...itemsIn(second)];
          const rows = runVariants(call, [{ text: keepingCase(fromMysql(text.text)), values }], { state, result });
          return { kind: 'promise', value: rows, facts: [] };
        }
        case 'promise':
          return nativeValue(native);
        case 'getConnection':
        case 'connection':
          return { kind: 'promise', value: mysqlClient(copyState(state), result), facts: [] };
        case 'transaction':
          return first === undefined
            ? undefined
            : callValue(call.machine, call.frame, first, [mysqlClient(copyState(state), result)], {
                at: call.at,
                end: call.end,
              });
        case 'beginTransaction':
        case 'commit':
        case 'rollback':
        case 'release':
        case 'end':
          return undefinedValue;
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

const mysqlState = (): ClientState => startState('mysql');
const pair: Runner['result'] = rows => ({ kind: 'array', items: [rows, undefinedValue] });
const planetscale: Handler = () => mysqlClient(mysqlState(), asResult);
const mysql2: Handler = () => mysqlClient(mysqlState(), pair);

/** Clients that are tags, and MySQL's drivers. */
export const sqlTagHandlers: Readonly<Record<string, Handler>> = {
  'postgres#postgres': connected(postgresJs),
  '@neondatabase/serverless#neon': connected(neonHttp),
  '@vercel/postgres#createPool': connected(vercel),
  '@vercel/postgres#createClient': connected(vercel),
  '@vercel/postgres#sql': onOwnClient(vercel),
  '@vercel/postgres#sql.query': onOwnClient(vercel, 'query'),
  '@vercel/postgres#db.sql': onOwnClient(vercel),
  '@vercel/postgres#db.query': onOwnClient(vercel, 'query'),
  '@vercel/postgres#db.connect': onOwnClient(vercel, 'connect'),
  '@vercel/postgres#sql.connect': onOwnClient(vercel, 'connect'),
  'bun#sql': onOwnClient(bunSql),
  'bun#new SQL': connected(bunSql),
  '@planetscale/database#connect': planetscale,
  '@planetscale/database#new Client': planetscale,
  'mysql2/promise#createPool': mysql2,
  'mysql2/promise#createConnection': mysql2,
  'mysql2/promise#promise.createPool': mysql2,
  'mysql2/promise#promise.createConnection': mysql2,
  'mysql2#createPool': mysql2,
  'mysql2#mysql2.createPool': mysql2,
};
