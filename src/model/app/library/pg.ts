import { nativeValue, type Call, type Handler } from '../machine.ts';
import { alternativesOf, lengthOf } from '../operations.ts';
import { objectOf, undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import { copyState, runSql, stateText, type ClientState } from './queries.ts';

/** A pool, or one connection of it: both take SQL with `$1` for values. https://node-postgres.com/apis/pool */
function poolValue(state: ClientState): Value {
  return nativeValue({
    name: 'pg client',
    key: `pg ${stateText(state)}`,
    method: (name, call) => {
      switch (name) {
        case 'query':
          return { kind: 'promise', value: query(call, state), facts: [] };
        case 'connect':
          return { kind: 'promise', value: poolValue(copyState(state)), facts: [] };
        case 'release':
        case 'end':
        case 'on':
          return undefinedValue;
        default:
          return undefined;
      }
    },
  });
}

function query(call: Call, state: ClientState): Value {
  const [first, second] = call.arguments;
  const config = first?.kind === 'object' ? first : undefined;
  noteBuiltSql(call, config?.fields.get('text') ?? first);
  const text = textOf(config?.fields.get('text') ?? first);
  if (text === undefined) {
    const place = call.machine.place(call.frame, call.at, call.end);
    call.machine.gap('A SQL text is put together at run time.', place);
    return resultOf(call.machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time'));
  }
  return resultOf(runSql(call, { text, values: valuesIn(config?.fields.get('values') ?? second) }, state));
}

function resultOf(rows: Value): Value {
  return objectOf({ rows, rowCount: rows.kind === 'list' ? lengthOf(rows) : rows });
}

function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  const [only, ...others] = alternativesOf(value);
  const constant = others.length === 0 && only?.value.kind === 'constant' ? only.value.value : undefined;
  return typeof constant === 'string' ? constant : undefined;
}

function valuesIn(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : [];
}

const connect: Handler = () => poolValue({ kind: 'pg', base: 'owner', sqlRole: undefined, settings: [] });

/** node-postgres, and the drivers that speak like it. */
export const pgHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  ['pg', '@neondatabase/serverless', '@vercel/postgres'].flatMap(library =>
    ['Pool', 'Client', 'pg.Pool', 'pg.Client', 'default.Pool', 'default.Client'].map(name => [
      `${library}#new ${name}`,
      connect,
    ]),
  ),
);
