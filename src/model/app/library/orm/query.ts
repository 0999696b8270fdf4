import type { Operation } from '../../../../core/path.ts';
import type { Place } from '../../../../core/place.ts';
import { always, and, equals, type Predicate, type RowVariable, type Term } from '../../../../core/predicate.ts';
import { rowFact } from '../../facts.ts';
import type { Call, Machine } from '../../machine.ts';
import { alternativesOf, choose, lengthOf, listFacts, termOf } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import { constant, nullValue, type RowValue, type Value } from '../../value.ts';
import { clientOf, eachAssigned, runQuery, writtenRow, type ClientState } from '../queries.ts';
import { primaryKeyOf, propertyOf, tied, type OrmModel, type OrmRelation } from './model.ts';

/** What of a row is loaded. */
export interface Wanted {
  /** Properties; absent means all that are not hidden. */
  readonly properties?: ReadonlySet<string>;
  readonly relations?: ReadonlyMap<string, WantedRelation>;
}

/** A relation that is loaded, or only asked about. */
export interface WantedRelation extends Wanted {
  readonly where?: (machine: Machine, model: OrmModel, row: string) => Predicate;
  /** Rows without one are left out. */
  readonly required: boolean;
  /** It is loaded under this name; absent means its own, and `null` that it is not loaded. */
  readonly as?: string | null;
  /** The row, where its name is used elsewhere in the query. */
  readonly row?: RowVariable;
}

type Assigned = readonly { readonly column: string; readonly value: Term }[];

/** A list of rows. */
export type Rows = Extract<Value, { kind: 'list' }>;

const deepest = 5;
const mostItems = 8;

/** One query of an object-relational library while it runs. */
export class OrmQuery {
  readonly machine: Machine;
  readonly #call: Call;
  readonly #state: ClientState;
  readonly #place: Place;
  readonly #joined: RowVariable[] = [];
  /** Loaded rows that are there whenever the query's own row is. */
  readonly #certain: Fact[] = [];

  constructor(call: Call, state: ClientState, place: Place) {
    this.machine = call.machine;
    this.#call = call;
    this.#state = state;
    this.#place = place;
  }

  /** The rows of a model that a condition is true for. */
  row(model: OrmModel, where: (row: string) => Predicate): RowVariable {
    const fresh = this.machine.newRow(model.table, always);
    return { ...fresh, where: and([where(fresh.name), model.always?.(this.machine, fresh.name) ?? always]) };
  }

  /** Another row that the query joins. */
  join(row: RowVariable): void {
    this.#joined.push(row);
    if (row.required === true) this.#certain.push(rowFact(row, this.#place, `joined '${row.table}'`));
  }

  /** Reads rows. `columns: 'none'` when only their number is asked. */
  read(model: OrmModel, row: RowVariable, wanted: Wanted = {}, columns: 'read' | 'none' = 'read'): Rows {
    const element = this.#element(model, row, wanted, 0, true);
    this.#emit(row, 'read', { columns: columns === 'none' ? [] : element.columns });
    return { kind: 'list', element, rows: row, facts: [...this.#certain] };
  }

  /** Changes rows; gives those that were changed. */
  change(model: OrmModel, operation: 'update' | 'delete', row: RowVariable, data?: Value): Rows {
    const element = this.#element(model, row, {}, 0, true);
    const { values, open } = assignedTo(model, data);
    this.#emit(row, operation, { values, open, columns: [] });
    return { kind: 'list', element, rows: row, facts: [] };
  }

  /** Makes rows of one object, or of each of a list; gives the last. `isNew` unless one may be there already. */
  insert(model: OrmModel, data: Value | undefined, isNew: boolean): Value {
    const made: Value[] = [];
    for (const item of data === undefined ? [] : itemsOf(data).slice(0, mostItems)) {
      const { values, open } = assignedTo(model, item);
      const row = writtenRow(this.machine.newRow(model.table, always), values, isNew);
      const element = this.#element(model, row, {}, 0, true);
      this.#emit(row, 'insert', { values, open, columns: element.columns });
      if (isNew) this.#call.frame.learn([rowFact(row, this.#place, `a row of '${row.table}' was made`)]);
      made.push(element);
    }
    const [only, ...others] = made;
    if (only === undefined) return { kind: 'array', items: [] };
    return others.length === 0 && data?.kind !== 'array' && data?.kind !== 'list'
      ? only
      : { kind: 'array', items: made };
  }

  #emit(
    row: RowVariable,
    operation: Operation,
    more: { readonly values?: Assigned; readonly open?: boolean; readonly columns: readonly string[] | undefined },
  ): void {
    runQuery(this.machine, this.#call.frame, {
      row,
      operation,
      values: more.values ?? [],
      valuesOpen: more.open ?? false,
      columns: more.columns,
      joined: [...this.#joined],
      calls: undefined,
      client: clientOf(this.#state, this.#place),
      place: this.#place,
    });
  }

  #element(model: OrmModel, row: RowVariable, wanted: Wanted, depth: number, isCertain: boolean): RowValue {
    this.machine.rows.set(row.name, row);
    const fields = new Map<string, Value>();
    const columns: string[] = [];
    let isWhole = true;
    for (const [property, column] of model.columns) {
      if (wanted.properties === undefined ? column.hidden : !wanted.properties.has(property)) {
        isWhole = false;
        continue;
      }
      columns.push(column.name);
      fields.set(property, {
        kind: 'term',
        term: { kind: 'column', row: row.name, column: column.name },
        maybeUndefined: false,
      });
    }
    for (const [property, relation] of model.relations) {
      const asked =
        wanted.relations?.get(property) ?? (relation.eager && depth === 0 ? { required: false } : undefined);
      if (asked === undefined || depth > deepest) continue;
      const found = this.#related(row, relation, asked, depth, isCertain);
      if (asked.as !== null) fields.set(asked.as ?? property, found);
    }
    return { kind: 'row', row, fields, columns: isWhole ? undefined : columns };
  }

  #related(row: RowVariable, relation: OrmRelation, asked: WantedRelation, depth: number, isCertain: boolean): Value {
    const { target, many } = relation;
    const fresh = asked.row ?? this.machine.newRow(target.table, always);
    const where = and([
      tied(this.machine, relation, row.name, fresh.name),
      asked.where?.(this.machine, target, fresh.name) ?? always,
      target.always?.(this.machine, fresh.name) ?? always,
    ]);
    const isThere =
      isCertain && (asked.required || (relation.isOwner && relation.notNull && asked.where === undefined));
    const inner: RowVariable = { ...fresh, where, required: isThere };
    this.#joined.push(inner);
    const fact = rowFact(inner, this.#place, `a row of '${inner.table}' belongs to it`);
    if (isThere) this.#certain.push(fact);
    const element = this.#element(target, inner, asked, depth + 1, isThere);
    if (many) return { kind: 'list', element, rows: inner, facts: [] };
    if (isThere) return element;
    return choose([
      { value: element, facts: [fact] },
      { value: nullValue, facts: [] },
    ]);
  }
}

/** The first of the rows, or null. */
export function firstOrNull(rows: Rows, place: Place): Value {
  return choose([
    { value: rows.element, facts: [...foundFacts(rows, place), ...rows.facts] },
    { value: nullValue, facts: rows.rows === undefined ? [] : listFacts(rows, false, place, 'no row was found') },
  ]);
}

function foundFacts(rows: Rows, place: Place): readonly Fact[] {
  return rows.rows === undefined ? [] : [rowFact(rows.rows, place)];
}

/** The first of the rows; the code goes on only when there is one. */
export function firstOrFail(call: Call, rows: Rows, place: Place): Value {
  call.frame.learn([...foundFacts(rows, place), ...rows.facts]);
  return rows.element;
}

/** Whether there is a row. */
export function anyOf(rows: Rows, place: Place): Value {
  const label = `a row of '${rows.rows?.table ?? ''}' was looked for`;
  return choose([
    { value: constant(true), facts: listFacts(rows, true, place, label) },
    { value: constant(false), facts: listFacts(rows, false, place, label) },
  ]);
}

/** How many rows there are. */
export function countOf(rows: Rows): Value {
  return lengthOf(rows);
}

/** One or many: what stands for each of them. */
export function itemsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'array':
      return value.items;
    case 'list':
      return [value.element];
    case 'promise':
      return itemsOf(value.value);
    case 'choice':
      return alternativesOf(value)
        .map(({ value: inner }) => inner)
        .filter(inner => !(inner.kind === 'constant' && (inner.value ?? undefined) === undefined))
        .flatMap(itemsOf);
    default:
      return [value];
  }
}

/** What an object gives to columns: by property, or by the row or key of a relation. */
export function assignedTo(
  model: OrmModel,
  data: Value | undefined,
): { readonly values: Assigned; readonly open: boolean } {
  const found = new Map<string, Term>();
  const open = eachAssigned(data, (name, value) => {
    if (value.kind === 'constant' && value.value === undefined) return;
    const column = model.columns.get(name);
    const relation = model.relations.get(name);
    if (relation?.isOwner === true) {
      for (const key of relation.keys) {
        const given = keyOf(relation.target, key.other, value);
        if (given !== undefined) found.set(key.own, termOf(given));
      }
    } else if (column !== undefined) found.set(column.name, termOf(value));
  });
  return { values: [...found].map(([column, value]) => ({ column, value })), open };
}

/** The key in what stands for a row of a model: the row, an object with its key, or the key itself. */
export function keyOf(model: OrmModel, column: string, value: Value): Value | undefined {
  const property = propertyOf(model, column) ?? column;
  switch (value.kind) {
    case 'object':
    case 'row':
      return value.fields === undefined
        ? {
            kind: 'term',
            term: { kind: 'column', row: value.kind === 'row' ? value.row.name : '', column },
            maybeUndefined: false,
          }
        : value.fields.get(property);
    case 'choice': {
      const parts = alternativesOf(value).flatMap(({ value: inner, facts }) => {
        const part = keyOf(model, column, inner);
        return part === undefined ? [] : [{ value: part, facts }];
      });
      return parts.length === 0 ? undefined : choose(parts);
    }
    case 'term':
    case 'constant':
      return value;
    default:
      return undefined;
  }
}

/** The condition that a row is the one that an object stands for, by its primary key; absent when it has none yet. */
export function sameRow(model: OrmModel, row: string, value: Value): Predicate | undefined {
  const keys = primaryKeyOf(model);
  const found = keys.flatMap(column => {
    const given = value.kind === 'row' || value.kind === 'object' ? keyOf(model, column, value) : undefined;
    return given === undefined || (given.kind === 'constant' && given.value === undefined)
      ? []
      : [equals({ kind: 'column', row, column }, termOf(given))];
  });
  return found.length === keys.length && found.length > 0 ? and(found) : undefined;
}
