import { nativeValue, type Call, type Handler } from '../machine.ts';
import { alternativesOf, lengthOf } from '../operations.ts';
import { objectOf, undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import { copyState, startState, stateText, type ClientState, type DriverNative, type SqlText } from './queries.ts';
import { composeTemplate, fragmentValue, runVariants, textOf, variantsOf } from './sql-fragments.ts';

/** A pool, or one connection of it: both take SQL with `$1` for values. https://node-postgres.com/apis/pool */
export function poolValue(state: ClientState): Value {
  const native: DriverNative = {
    name: 'pg client',
    key: `pg ${stateText(state)}`,
    driver: state,
    method: (name, call) => {
      switch (name) {
        case 'query':
          return { kind: 'promise', value: query(call, state), facts: [] };
        case 'connect':
          return { kind: 'promise', value: poolValue(copyState(state)), facts: [] };
        case 'release':
        case 'end':
          return undefinedValue;
        case 'on':
          return nativeValue(native);
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

function query(call: Call, state: ClientState): Value {
  const [first, second] = call.arguments;
  const config = first?.kind === 'object' ? first : undefined;
  const given = config?.fields.get('values') ?? second;
  const written = config?.fields.get('text') ?? first;
  noteBuiltSql(call, written);
  // `` sql`…` `` of sql-template-tag and the like, or a text; one with values in it has them behind the given ones.
  const variants = written === undefined ? undefined : (variantsOf(written) ?? readText(written, given));
  if (variants === undefined) {
    call.machine.gap('A SQL text is put together at run time.', call.machine.place(call.frame, call.at, call.end));
    return resultOf(call.machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time'));
  }
  return runVariants(call, variants, { state, result: resultOf });
}

function readText(value: Value, given: Value | undefined): readonly SqlText[] | undefined {
  const texts = alternativesOf(value).map(({ value: inner }) =>
    textOf(inner, given?.kind === 'array' ? given.items : []),
  );
  const known = texts.filter(text => text !== undefined);
  return known.length === texts.length && known.length <= 8 ? known : undefined;
}

function resultOf(rows: Value): Value {
  return objectOf({ rows, rowCount: rows.kind === 'list' ? lengthOf(rows) : rows });
}

const template: Handler = call => {
  const [texts, ...values] = call.arguments;
  const variants = composeTemplate(texts, values);
  return variants === undefined
    ? call.machine.opaque(call.frame, call.at, 'SQL that was put together at run time')
    : fragmentValue(variants);
};

const connect: Handler = () => poolValue(startState('pg'));

/** node-postgres, and the drivers that speak like it. */
export const pgHandlers: Readonly<Record<string, Handler>> = Object.fromEntries([
  ['sql-template-tag#sql', template],
  ['sql-template-tag#sql-template-tag', template],
  ['sql-template-strings#SQL', template],
  ['sql-template-strings#sql-template-strings', template],
  ...['pg', '@neondatabase/serverless', '@vercel/postgres'].flatMap(library =>
    ['Pool', 'Client', 'pg.Pool', 'pg.Client', 'default.Pool', 'default.Client'].map(name => [
      `${library}#new ${name}`,
      connect,
    ]),
  ),
]);
