import type { Column, DatabaseModel, Table } from '../../model/database/types.ts';
import { all, any, apply, every, not, same, some, symbol, type Variable } from './formula.ts';
import { booleans, type Scalar } from './value.ts';
import { plainType } from './types.ts';
import { tableNamed } from '../named.ts';

/** The sort of all values but rows. Values of different types are never compared without a cast. */
export const valueSort = 'Value';

/** The names that a set of formulas uses, and what is known of them. It grows while expressions are encoded. */
export interface Vocabulary {
  readonly database: DatabaseModel;
  /** A variable that ranges over the rows of a table, with a name of its own. */
  row(table: string): Variable;
  /** A variable for a value. */
  value(): Variable;
  live(table: string, row: string): string;
  column(table: Table, column: Column, row: string): Scalar;
  /** The value of a literal; two of different texts are different. */
  constant(text: string): string;
  /** A constant about which nothing is known. */
  free(name: string, sort?: string): string;
  /** A function that always answers the same for the same arguments. */
  call(name: string, parts: readonly string[], nulls?: readonly string[], sort?: string): string;
  /** Something that was not understood: it may be anything, for each value of the variables. */
  opaque(reason: string, scope: readonly Variable[], sort?: string): string;
  /** Gives a formula over variables a name. */
  define(name: string, parameters: readonly Variable[], body: string): string;
  /** Why something may be anything. */
  readonly reasons: ReadonlySet<string>;
  /** Tables with the columns that were used. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** Functions of values that were used, with their number of arguments. */
  readonly functions: ReadonlyMap<string, number>;
  /** Sorts, functions and definitions. */
  declarations(): string;
  /** Keys are unique, literals differ. */
  axioms(): readonly string[];
}

/** An empty vocabulary over a database. */
export function createVocabulary(database: DatabaseModel): Vocabulary {
  const lines = new Map<string, string>();
  const constants = new Set<string>([booleans.t, booleans.f]);
  const used = new Map<string, Set<string>>();
  const functions = new Map<string, number>();
  const reasons = new Set<string>();
  let counter = 0;
  const next = (): number => (counter += 1);
  lines.set(valueSort, `(declare-sort ${valueSort} 0)`);
  const declare = (name: string, parameters: readonly string[], sort: string): string => {
    if (!lines.has(name)) lines.set(name, `(declare-fun ${name} (${parameters.join(' ')}) ${sort})`);
    return name;
  };
  for (const literal of constants) declare(literal, [], valueSort);
  declare('null!', [], valueSort);
  const rowSort = (table: string): string => {
    const sort = symbol(`row ${table}`);
    if (!lines.has(sort)) {
      lines.set(sort, `(declare-sort ${sort} 0)`);
      used.set(table, new Set());
      declare(symbol(`live ${table}`), [sort], 'Bool');
    }
    return sort;
  };
  const columnSymbols = (table: Table, column: Column): { readonly value: string; readonly isNull?: string } => {
    const sort = rowSort(table.name);
    used.get(table.name)?.add(column.name);
    const value = declare(symbol(`${table.name} ${column.name}`), [sort], valueSort);
    if (column.notNull || table.primaryKey.includes(column.name)) return { value };
    return { value, isNull: declare(symbol(`${table.name} ${column.name} is null`), [sort], 'Bool') };
  };
  const vocabulary: Vocabulary = {
    database,
    reasons,
    used,
    functions,
    row: table => ({ name: `r${next()}`, sort: rowSort(table) }),
    value: () => ({ name: `v${next()}`, sort: valueSort }),
    live: (table, row) => {
      rowSort(table);
      return apply(symbol(`live ${table}`), [row]);
    },
    column: (table, column, row) => {
      const { value, isNull } = columnSymbols(table, column);
      return {
        term: apply(value, [row]),
        isNull: isNull === undefined ? 'false' : apply(isNull, [row]),
        type: plainType(column.type),
      };
    },
    constant: literal => {
      const name = symbol(`'${literal}'`);
      constants.add(name);
      return declare(name, [], valueSort);
    },
    free: (name, sort = valueSort) => declare(symbol(name), [], sort),
    call: (name, parts, nulls = [], sort = valueSort) => {
      const kinds = [...parts.map(() => valueSort), ...nulls.map(() => 'Bool')];
      const full = declare(
        symbol(`${name}/${parts.length}${sort === valueSort ? '' : '?'}${nulls.length === 0 ? '' : '+'}`),
        kinds,
        sort,
      );
      if (nulls.length === 0 && sort === valueSort) functions.set(full, parts.length);
      return apply(full, [...parts, ...nulls]);
    },
    opaque: (reason, scope, sort = valueSort) => {
      reasons.add(reason);
      const seen = scope.filter(({ name }, index) => scope.findIndex(other => other.name === name) === index);
      const name = declare(
        symbol(`? ${next()} ${reason.slice(0, 60)}`),
        seen.map(variable => variable.sort),
        sort,
      );
      return apply(
        name,
        seen.map(variable => variable.name),
      );
    },
    define: (name, parameters, body) => {
      const full = symbol(name);
      lines.set(
        full,
        `(define-fun ${full} (${parameters.map(({ name: parameter, sort }) => `(${parameter} ${sort})`).join(' ')}) Bool ${body})`,
      );
      return full;
    },
    declarations: () => [...lines.values()].join('\n'),
    axioms: () => [
      ...(constants.size > 1 ? [apply('distinct', [...constants])] : []),
      ...[...used].flatMap(([name, columns]) => [
        ...keyAxioms(vocabulary, name, columns),
        ...referenceAxioms(vocabulary, name, columns),
      ]),
    ],
  };
  return vocabulary;
}

/** Two live rows with one key are one row. https://www.postgresql.org/docs/18/ddl-constraints.html */
function keyAxioms(vocabulary: Vocabulary, name: string, columns: ReadonlySet<string>): readonly string[] {
  const table = tableNamed(vocabulary.database, name);
  if (table === undefined) return [];
  const keys = [table.primaryKey, ...table.uniqueKeys].filter(
    key => key.length > 0 && key.every(column => columns.has(column)),
  );
  return [...new Set(keys.map(key => key.join(' ')))].map(key => {
    const [left, right] = [vocabulary.row(name), vocabulary.row(name)];
    const equal = key.split(' ').flatMap(column => {
      const found = table.columns.find(candidate => candidate.name === column);
      if (found === undefined) return ['false'];
      const [one, other] = [vocabulary.column(table, found, left.name), vocabulary.column(table, found, right.name)];
      return [same(one.term, other.term), not(one.isNull), not(other.isNull)];
    });
    const bothLive = [vocabulary.live(name, left.name), vocabulary.live(name, right.name)];
    return every([left, right], any([not(all([...bothLive, ...equal])), same(left.name, right.name)]));
  });
}

/**
 * A foreign key of several columns, of which some are a key already: rows that agree in those agree in the others. With
 * MATCH SIMPLE it binds only where none is null. https://www.postgresql.org/docs/18/sql-createtable.html
 */
function referenceAxioms(vocabulary: Vocabulary, name: string, columns: ReadonlySet<string>): readonly string[] {
  const table = tableNamed(vocabulary.database, name);
  if (table === undefined) return [];
  const row = vocabulary.row(name);
  return referenceFacts(vocabulary, table, row.name, columns).map(({ variables, formula }) =>
    every([row, ...variables], any([not(vocabulary.live(name, row.name)), formula])),
  );
}

/**
 * What a key refers to is there, for all rows: of keys that lead back to their own table nothing is said, as rows could then
 * be without end.
 */
export function parentAxioms(vocabulary: Vocabulary): readonly string[] {
  return [...vocabulary.used].flatMap(([name, columns]) => {
    const table = tableNamed(vocabulary.database, name);
    return (table?.foreignKeys ?? []).flatMap(foreignKey => {
      const target = tableNamed(vocabulary.database, foreignKey.table);
      const used = vocabulary.used.get(foreignKey.table);
      const isRead =
        foreignKey.columns.every(column => columns.has(column)) &&
        foreignKey.referencedColumns.every(column => used?.has(column) === true);
      if (table === undefined || target === undefined || !isRead || leadsBack(vocabulary, target.name, name)) return [];
      const [row, parent] = [vocabulary.row(name), vocabulary.row(target.name)];
      const pairs = foreignKey.columns.flatMap((column, index) => {
        const from = table.columns.find(candidate => candidate.name === column);
        const to = target.columns.find(candidate => candidate.name === foreignKey.referencedColumns[index]);
        return from === undefined || to === undefined
          ? []
          : [[vocabulary.column(table, from, row.name), vocabulary.column(target, to, parent.name)] as const];
      });
      const alike = pairs.flatMap(([left, right]) => [not(right.isNull), same(left.term, right.term)]);
      const isThere = some([parent], all([vocabulary.live(target.name, parent.name), ...alike]));
      return [
        every([row], any([not(vocabulary.live(name, row.name)), ...pairs.map(([left]) => left.isNull), isThere])),
      ];
    });
  });
}

/** Whether keys of the tables that were used lead from one to the other. */
function leadsBack({ used, database }: Vocabulary, from: string, to: string): boolean {
  const reached = new Set([from]);
  for (const name of reached)
    for (const foreignKey of tableNamed(database, name)?.foreignKeys ?? [])
      if (used.has(foreignKey.table)) reached.add(foreignKey.table);
  return reached.has(to);
}

/** What the foreign keys of a row say, be it there or new. */
export function referenceFacts(
  vocabulary: Vocabulary,
  table: Table,
  row: string,
  columns: ReadonlySet<string>,
): readonly { readonly variables: readonly Variable[]; readonly formula: string }[] {
  return table.foreignKeys.flatMap(foreignKey => {
    const target = tableNamed(vocabulary.database, foreignKey.table);
    const used = vocabulary.used.get(foreignKey.table);
    if (
      target === undefined ||
      foreignKey.columns.length < 2 ||
      !foreignKey.columns.every(column => columns.has(column))
    )
      return [];
    const key = [target.primaryKey, ...target.uniqueKeys].find(
      each =>
        each.length > 0 &&
        each.length < foreignKey.columns.length &&
        each.every(column => foreignKey.referencedColumns.includes(column)),
    );
    if (key === undefined || !foreignKey.referencedColumns.every(column => used?.has(column) === true)) return [];
    const parent = vocabulary.row(target.name);
    const pairs = foreignKey.columns.flatMap((column, index) => {
      const from = table.columns.find(candidate => candidate.name === column);
      const to = target.columns.find(candidate => candidate.name === foreignKey.referencedColumns[index]);
      if (from === undefined || to === undefined) return [];
      return [
        { to: to.name, left: vocabulary.column(table, from, row), right: vocabulary.column(target, to, parent.name) },
      ];
    });
    const agree = pairs.filter(({ to }) => key.includes(to)).map(({ left, right }) => same(left.term, right.term));
    const nulls = pairs.map(({ left }) => left.isNull);
    const alike = all(pairs.map(({ left, right }) => same(left.term, right.term)));
    return [
      {
        variables: [parent],
        formula: any([not(vocabulary.live(target.name, parent.name)), not(all(agree)), ...nulls, alike]),
      },
    ];
  });
}
