import type { Predicate } from '../../../../core/predicate.ts';
import type { Call } from '../../machine.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { noteBuiltSql } from '../given.ts';
import type { OrmModel } from '../orm/model.ts';
import { lowerCondition } from '../queries.ts';
import { textWithValues } from '../sql-fragments.ts';

/** A row that conditions in SQL can speak of. */
export interface NamedRow {
  readonly alias: string;
  readonly row: string;
  readonly table: string;
  readonly model: OrmModel | undefined;
}

const names = /'(?:[^']|'')*'|(?<!:):(\.\.\.)?(\w+)\b|"?\b([A-Za-z_]\w*)"?\."?([A-Za-z_]\w*(?:\.\w+)*)"?/g;

/**
 * A condition in SQL with the library's additions: `:name` and `:...names` for parameters, properties in place of columns.
 * https://typeorm.io/docs/query-builder/select-query-builder#using-parameters-to-escape-data
 */
export function namedCondition(
  call: Call,
  written: Value | undefined,
  parameters: ReadonlyMap<string, Value>,
  rows: readonly NamedRow[],
): Predicate {
  noteBuiltSql(call, written);
  const text = textWithValues(written);
  if (text === undefined) return { kind: 'opaque', reason: 'a condition in SQL that was put together at run time' };
  const values = [...text.values];
  const lowered = text.text.replaceAll(
    names,
    (all, many?: string, parameter?: string, alias?: string, property?: string) => {
      if (parameter !== undefined) {
        const value = parameters.get(parameter) ?? undefinedValue;
        values.push(many === undefined ? value : listOf(value));
        return `$${values.length}`;
      }
      return alias === undefined || property === undefined ? all : withColumn(all, alias, property, rows);
    },
  );
  return lowerCondition(
    call,
    { text: lowered, values },
    rows.map(({ alias, row, table }) => ({ alias, row, table })),
  );
}

/** A text in SQL with columns in place of the properties of these rows; parameters keep their names. */
export function withColumns(text: string, rows: readonly NamedRow[]): string {
  return text.replaceAll(names, (all, _many?: string, _parameter?: string, alias?: string, property?: string) =>
    alias === undefined || property === undefined ? all : withColumn(all, alias, property, rows),
  );
}

function withColumn(all: string, alias: string, property: string, rows: readonly NamedRow[]): string {
  const named = rows.find(row => row.alias === alias);
  return named === undefined ? all : `"${alias}"."${columnOf(named.model, property)}"`;
}

/** A whole list that the caller sends: each of its values. */
function listOf(value: Value): Value {
  if (value.kind !== 'term') return value;
  const { term } = value;
  const isSent = term.kind === 'client' || term.kind === 'tool-argument' || term.kind === 'event';
  const element: Value = isSent
    ? { kind: 'term', term: { ...term, path: `${term.path}[]` }, maybeUndefined: false }
    : value;
  return { kind: 'list', element, rows: undefined, facts: [] };
}

function columnOf(model: OrmModel | undefined, property: string): string {
  const column = model?.columns.get(property);
  if (column !== undefined) return column.name;
  const [relation, part] = property.split('.');
  const keys = model?.relations.get(relation ?? '')?.keys ?? [];
  // `bill.team` and `bill.team.id` are the key.
  return (part === undefined ? keys[0]?.own : keys.find(key => key.other === part)?.own) ?? property;
}
