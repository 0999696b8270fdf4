import { describedTable } from '../../../database/described.ts';
import type { Place } from '../../../../core/place.ts';
import { and, equals, type Predicate, type Term } from '../../../../core/predicate.ts';
import type { Column, DatabaseModel, ForeignKey, Table } from '../../../database/types.ts';
import type { Machine } from '../../machine.ts';

/** What an object-relational library knows of a table: its rows are objects of a class or model. */
export interface OrmModel {
  /** Tells it from every other model. */
  readonly key: string;
  readonly name: string;
  /** As the database calls it: `schema.table`, or `table`. */
  readonly table: string;
  readonly columns: ReadonlyMap<string, OrmColumn>;
  readonly relations: ReadonlyMap<string, OrmRelation>;
  /** Columns of unique keys of several columns, or of one that says nothing of it itself. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** What every query asks for besides its own filter. */
  readonly always?: (machine: Machine, row: string) => Predicate;
  readonly place: Place;
}

/** A column, under the name of a property. */
export interface OrmColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly primary: boolean;
  readonly unique: boolean;
  /** A query that names no columns leaves it out. */
  readonly hidden: boolean;
  /** The table that it refers to, where only the column says so. */
  readonly refersTo?: { readonly table: string; readonly column: string };
}

/** Columns by which rows of two tables belong together. */
export interface OrmKey {
  readonly own: string;
  readonly other: string;
}

/** A property that stands for rows of another model. */
export interface OrmRelation {
  readonly target: OrmModel;
  readonly many: boolean;
  /** Columns of both tables; empty when a table between them has the keys. */
  readonly keys: readonly OrmKey[];
  /** The model's own table has the key. */
  readonly isOwner: boolean;
  readonly notNull: boolean;
  /** No two rows belong to the same one of the other table. */
  readonly onlyOne: boolean;
  /** Loaded with every row. */
  readonly eager: boolean;
  readonly through?: OrmThrough;
  readonly onDelete?: string;
}

/** The table between two. */
export interface OrmThrough {
  readonly table: string;
  /** Pairs of a column of the table between and one of the model's, or the target's, table. */
  readonly own: readonly OrmKey[];
  readonly other: readonly OrmKey[];
}

/** The columns of a model's primary key. */
export function primaryKeyOf(model: OrmModel): readonly string[] {
  return [...model.columns.values()].filter(column => column.primary).map(column => column.name);
}

/** The property that stands for a column. */
export function propertyOf(model: OrmModel, column: string): string | undefined {
  return [...model.columns].find(([, { name }]) => name === column)?.[0];
}

/** The condition that two rows belong together by a relation. */
export function tied(machine: Machine, relation: OrmRelation, row: string, other: string): Predicate {
  const column = (holder: string, name: string): Term => ({ kind: 'column', row: holder, column: name });
  const { through } = relation;
  if (through === undefined)
    return and(relation.keys.map(key => equals(column(other, key.other), column(row, key.own))));
  const between = machine.newRow(through.table, { kind: 'true' });
  const where = and([
    ...through.own.map(key => equals(column(between.name, key.own), column(row, key.other))),
    ...through.other.map(key => equals(column(between.name, key.own), column(other, key.other))),
  ]);
  return { kind: 'exists', row: { ...between, where } };
}

const actions: ReadonlyMap<string, ForeignKey['onDelete']> = new Map([
  ['cascade', 'cascade'],
  ['restrict', 'restrict'],
  ['set null', 'set null'],
  ['set default', 'set default'],
]);

/** The tables that models describe; what only the database knows (policies, grants) is absent. */
export function databaseOfModels(models: readonly OrmModel[]): DatabaseModel | undefined {
  if (models.length === 0) return undefined;
  const tables = new Map<string, Table>();
  for (const model of models) {
    const known = tables.get(model.table);
    // Classes that share a table (an inheritance in one table) describe parts of it.
    tables.set(model.table, known === undefined ? toTable(model) : withMore(known, toTable(model)));
  }
  for (const between of models.flatMap(tablesBetween)) if (!tables.has(between.name)) tables.set(between.name, between);
  return {
    tables: [...tables.values()],
    views: [],
    functions: [],
    roles: [],
    enums: [],
    buckets: [],
    platform: 'plain',
  };
}

function withMore(table: Table, more: Table): Table {
  const columns = new Set(table.columns.map(column => column.name));
  const keys = new Set(table.foreignKeys.map(key => key.columns.join()));
  return {
    ...table,
    columns: [...table.columns, ...more.columns.filter(column => !columns.has(column.name))],
    foreignKeys: [...table.foreignKeys, ...more.foreignKeys.filter(key => !keys.has(key.columns.join()))],
  };
}

function toTable(model: OrmModel): Table {
  const columns = new Map<string, Column>();
  for (const { name, type, notNull, hasDefault } of model.columns.values())
    columns.set(name, { name, type, notNull, hasDefault, generated: false });
  const owned = [...model.relations.values()].filter(relation => relation.isOwner && relation.keys.length > 0);
  for (const { keys, target, notNull } of owned) {
    for (const { own, other } of keys) {
      const referenced = [...target.columns.values()].find(column => column.name === other);
      if (!columns.has(own))
        columns.set(own, { name: own, type: referenced?.type ?? 'text', notNull, hasDefault: false, generated: false });
    }
  }
  const primaryKey = primaryKeyOf(model);
  const single = [...model.columns.values()].filter(column => column.unique).map(column => [column.name]);
  const oneToOne = owned.filter(relation => relation.onlyOne).map(({ keys }) => keys.map(key => key.own));
  return {
    ...describedTable,
    name: model.table,
    schema: schemaOf(model.table),
    columns: [...columns.values()],
    primaryKey,
    uniqueKeys: distinct([primaryKey, ...single, ...oneToOne, ...model.uniqueKeys].filter(key => key.length > 0)),
    foreignKeys: [
      ...owned.map(({ keys, target, onDelete }) =>
        toKey(
          keys.map(key => key.own),
          target.table,
          keys.map(key => key.other),
          onDelete,
        ),
      ),
      ...[...model.columns.values()]
        .filter(({ name }) => !owned.some(({ keys }) => keys.some(key => key.own === name)))
        .flatMap(({ name, refersTo }) =>
          refersTo === undefined ? [] : [toKey([name], refersTo.table, [refersTo.column])],
        ),
    ],
    definedAt: model.place,
  };
}

/** The tables between two that a model's relations name. */
function tablesBetween(model: OrmModel): readonly Table[] {
  return [...model.relations.values()].flatMap(({ through, target }) => {
    if (through === undefined) return [];
    const columns = [...through.own, ...through.other].map(({ own }) => own);
    return [
      {
        ...describedTable,
        name: through.table,
        schema: schemaOf(through.table),
        columns: columns.map((name): Column => ({
          name,
          type: 'text',
          notNull: true,
          hasDefault: false,
          generated: false,
        })),
        primaryKey: columns,
        uniqueKeys: [columns],
        foreignKeys: [
          toKey(
            through.own.map(key => key.own),
            model.table,
            through.own.map(key => key.other),
            'cascade',
          ),
          toKey(
            through.other.map(key => key.own),
            target.table,
            through.other.map(key => key.other),
            'cascade',
          ),
        ],
        definedAt: model.place,
      },
    ];
  });
}

function schemaOf(table: string): string {
  const dot = table.indexOf('.');
  return dot === -1 ? 'public' : table.slice(0, dot);
}

function distinct(keys: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(keys.map(key => [key.join(), key])).values()];
}

function toKey(
  columns: readonly string[],
  table: string,
  referencedColumns: readonly string[],
  onDelete?: string,
): ForeignKey {
  return {
    name: `${columns.join('_')}_${table}`,
    columns,
    table,
    referencedColumns,
    onDelete: actions.get(onDelete?.toLowerCase() ?? '') ?? 'no action',
  };
}
