import { tablesByName } from '../../../logic/closure.ts';
import type { DatabaseModel } from '../../database/types.ts';
import { handlerValue } from '../calls.ts';
import type { Call, Handler } from '../machine.ts';
import { undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import type { ClientState, SqlText } from './queries.ts';
import {
  composeTemplate,
  fragmentValue,
  fromMysql,
  keepingCase,
  mixedName,
  itemsIn,
  joinFragments,
  runVariants,
  textOf,
  variantsOf,
} from './sql-fragments.ts';

/** `$queryRaw`…`` , `$queryRaw(Prisma.sql`…`)`, `$queryRawUnsafe(text, ...values)`. */
export function runRaw(call: Call, state: ClientState): Value {
  const [first, ...values] = call.arguments;
  if (first?.kind !== 'array') noteBuiltSql(call, first);
  const variants = rawVariants(first, values)?.map(({ text, values: inputs }) => ({
    text: text.includes('`') || namesInMysql(text, call.machine.database) ? keepingCase(fromMysql(text)) : text,
    values: inputs,
  }));
  if (variants === undefined) {
    call.machine.gap(
      'A statement in SQL is put together at run time.',
      call.machine.place(call.frame, call.at, call.end),
    );
    return call.machine.opaque(call.frame, call.at, 'a statement put together at run time');
  }
  return runVariants(call, variants, { state, result: rows => rows });
}

/** Names a table in mixed case without quotes: what finds it in MySQL, and never in Postgres. */
function namesInMysql(text: string, database: DatabaseModel | undefined): boolean {
  const tables = database === undefined ? undefined : tablesByName(database);
  return tables !== undefined && (text.match(mixedName) ?? []).some(name => tables.has(name));
}

function rawVariants(first: Value | undefined, values: readonly Value[]): readonly SqlText[] | undefined {
  if (first === undefined) return undefined;
  if (first.kind === 'array') return composeTemplate(first, values);
  const text = variantsOf(first) ?? textOf(first, values);
  return text === undefined ? undefined : 'text' in text ? [text] : text;
}

const sql: Handler = call => {
  const [texts, ...values] = call.arguments;
  const variants = composeTemplate(texts, values);
  return variants === undefined
    ? call.machine.opaque(call.frame, call.at, 'a piece of SQL put together at run time')
    : fragmentValue(variants);
};

const join: Handler = ({ arguments: [items, separator] }) => {
  // Of a list whose length is not known, one place stands for all.
  if (items?.kind !== 'array') return fragmentValue([{ text: '$1', values: itemsIn(items) }]);
  return fragmentValue(
    joinFragments(
      items.items,
      separator?.kind === 'constant' && typeof separator.value === 'string' ? separator.value : ',',
    ),
  );
};

const raw: Handler = call => {
  const text = textOf(call.arguments[0]);
  const [first] = call.arguments;
  noteBuiltSql(call, first);
  if (text !== undefined) return fragmentValue([text]);
  // Which column or direction is not known; the rest of the statement is.
  return first?.kind === 'constant'
    ? fragmentValue([{ text: String(first.value), values: [] }])
    : call.machine.opaque(call.frame, call.at, 'a piece of SQL put together at run time');
};

/** Pieces of SQL of Prisma's client, wherever it was generated to. */
export const prismaRawHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  ['@prisma/client', '*'].flatMap((library): readonly (readonly [string, Handler])[] => [
    [`${library}#Prisma.sql`, sql],
    [`${library}#Prisma.join`, join],
    [`${library}#Prisma.raw`, raw],
    // `Prisma.validator<T>()({ … })` is what it is given, and so is an extension.
    [
      `${library}#Prisma.validator`,
      () => handlerValue('validator', 'Prisma.validator', call => call.arguments[0] ?? undefinedValue),
    ],
    [`${library}#Prisma.defineExtension`, call => call.arguments[0] ?? undefinedValue],
  ]),
);
