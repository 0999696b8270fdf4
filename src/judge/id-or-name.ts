import { and, type Predicate, type RowVariable, type Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import type { World } from '../logic/entails.ts';
import { conjunctsOf, equalitiesOf } from '../logic/equalities.ts';
import { isChosen, termKey } from '../logic/terms.ts';

/**
 * Rows that were looked up by `id = x or slug = x`, where something else is then asked for by `x` as their id: the row that
 * was checked and the one that is used are the same, because no name is another row's id. Ids are made by the server; an
 * app that lets people choose names that look like ids is not told from others.
 */
export function byIdWhereUsed(rows: readonly RowVariable[], own: RowVariable, world: World): readonly RowVariable[] {
  const open = rows.filter(({ where }) => conjunctsOf(where).some(({ kind }) => kind === 'or'));
  if (open.length === 0) return rows;
  const asked = new Set([own, ...rows].flatMap(row => idsAskedFor(row, world)));
  return rows.map(row => (open.includes(row) ? byIdAlone(row, asked, world) : row));
}

/** The values by which a row's condition names rows of some table by their id: `table` and the value. */
function idsAskedFor({ name, table, where }: RowVariable, world: World): readonly string[] {
  return equalitiesOf(where).flatMap(([left, right]) => [
    ...idAskedFor(name, table, left, right, world),
    ...idAskedFor(name, table, right, left, world),
  ]);
}

function idAskedFor(row: string, table: string, column: Term, value: Term, world: World): readonly string[] {
  if (column.kind !== 'column' || column.row !== row || !isChosen(value)) return [];
  const found = tablesByName(world.database).get(table);
  const keys = (found?.foreignKeys ?? []).filter(({ columns }) => columns.length === 1 && columns[0] === column.column);
  const isOwn = found?.primaryKey.length === 1 && found.primaryKey[0] === column.column;
  return [...(isOwn ? [table] : []), ...keys.map(key => key.table)].map(name => `${name} ${termKey(value)}`);
}

function byIdAlone(row: RowVariable, asked: ReadonlySet<string>, world: World): RowVariable {
  const [key, ...more] = tablesByName(world.database).get(row.table)?.primaryKey ?? [];
  if (key === undefined || more.length > 0) return row;
  const conjuncts = conjunctsOf(row.where).map(conjunct => idOf(conjunct, row, key, asked) ?? conjunct);
  return { ...row, where: and(conjuncts) };
}

/** The way by which the alternatives name the row by its id, when the others name it by the same value. */
function idOf(predicate: Predicate, row: RowVariable, key: string, asked: ReadonlySet<string>): Predicate | undefined {
  if (predicate.kind !== 'or') return undefined;
  const values = predicate.operands.map(operand => valuesByColumn(operand, row.name));
  const at = values.findIndex(found => found.some(([column, value]) => column === key && isChosen(value)));
  const value = values[at]?.find(([column]) => column === key)?.[1];
  if (value === undefined || !asked.has(`${row.table} ${termKey(value)}`)) return undefined;
  const isNamed = (found: (typeof values)[number]): boolean =>
    found.some(([column, other]) => column !== key && termKey(other) === termKey(value));
  return values.every((found, index) => index === at || isNamed(found)) ? predicate.operands[at] : undefined;
}

function valuesByColumn(where: Predicate, row: string): readonly (readonly [string, Term])[] {
  return equalitiesOf(where).flatMap(([left, right]): (readonly [string, Term])[] => {
    if (left.kind === 'column' && left.row === row) return [[left.column, right]];
    return right.kind === 'column' && right.row === row ? [[right.column, left]] : [];
  });
}
