import { describedTable } from './described.ts';
import type { Column, DatabaseModel, ForeignKey, Table } from './types.ts';
import type { PrismaField, PrismaModel, PrismaRelation, PrismaSchema } from './prisma-schema.ts';

/**
 * The tables that a Prisma schema describes, as Prisma would make them. What only the database knows (policies, grants,
 * functions) is absent; a relation counts as a foreign key even where `relationMode` keeps it out of the database.
 */
export function databaseOfPrisma(schema: PrismaSchema): DatabaseModel {
  const models = [...schema.models.values()];
  const enums = new Map(schema.enums.map(entry => [entry.name, entry.table]));
  const tables = models.map(model => toTable(model, schema.models, enums));
  return {
    tables: [...tables, ...joinTables(schema.models)],
    views: [],
    functions: [],
    roles: [],
    enums: schema.enums.map(({ table, values }) => ({ name: table, values })),
    buckets: [],
    platform: 'plain',
  };
}

function toTable(
  model: PrismaModel,
  models: ReadonlyMap<string, PrismaModel>,
  enums: ReadonlyMap<string, string>,
): Table {
  const columnsOf = (names: readonly string[]): readonly string[] => names.map(name => model.columns.get(name) ?? name);
  return {
    ...describedTable,
    name: model.table,
    schema: schemaOf(model.table),
    columns: model.fields.map(field => toColumn(field, enums)),
    primaryKey: columnsOf(model.primaryKey),
    uniqueKeys: [...model.keys.values()].map(columnsOf),
    foreignKeys: [...model.relations].flatMap(([name, relation]) => toForeignKey(name, relation, model, models)),
    definedAt: { file: model.file, line: model.line },
  };
}

function schemaOf(table: string): string {
  const dot = table.indexOf('.');
  return dot === -1 ? 'public' : table.slice(0, dot);
}

const scalarTypes: Readonly<Record<string, string>> = {
  String: 'text',
  Boolean: 'boolean',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Decimal: 'numeric(65,30)',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
};

const nativeTypes: Readonly<Record<string, string>> = {
  Uuid: 'uuid',
  Citext: 'citext',
  Char: 'character',
  VarChar: 'character varying',
  Date: 'date',
  Json: 'json',
  SmallInt: 'smallint',
  Inet: 'inet',
  Money: 'money',
};

function toColumn(field: PrismaField, enums: ReadonlyMap<string, string>): Column {
  const native = /^(\w+)(\(.*\))?$/.exec(field.nativeType ?? '');
  const type =
    native?.[1] !== undefined && nativeTypes[native[1]] !== undefined
      ? `${nativeTypes[native[1]]}${native[2] ?? ''}`
      : (scalarTypes[field.type] ?? enums.get(field.type) ?? 'text');
  return {
    name: field.column,
    type: field.list ? `${type}[]` : type,
    notNull: !field.optional && !field.list,
    hasDefault: field.default !== undefined || field.isUpdatedAt,
    generated: false,
  };
}

const actions: Readonly<Record<string, ForeignKey['onDelete']>> = {
  Cascade: 'cascade',
  Restrict: 'restrict',
  SetNull: 'set null',
  SetDefault: 'set default',
  NoAction: 'no action',
};

function toForeignKey(
  name: string,
  relation: PrismaRelation,
  model: PrismaModel,
  models: ReadonlyMap<string, PrismaModel>,
): readonly ForeignKey[] {
  const target = models.get(relation.model);
  if (target === undefined || relation.fields.length === 0) return [];
  return [
    {
      name,
      columns: relation.fields.map(field => model.columns.get(field) ?? field),
      table: target.table,
      referencedColumns: relation.references.map(field => target.columns.get(field) ?? field),
      onDelete: actions[relation.onDelete ?? ''] ?? 'no action',
    },
  ];
}

/** The table behind a relation that is a list on both sides, and which of its columns refers to which model. */
export interface ImplicitJoin {
  readonly table: string;
  /** The column (`A` or `B`) that refers to the model on whose side the relation is asked for. */
  readonly own: string;
  readonly other: string;
}

/** The join table of an implicit many-to-many relation; `undefined` for any other. `_PostToTag`: A is the first by name. */
export function implicitJoin(
  model: PrismaModel,
  property: string,
  models: ReadonlyMap<string, PrismaModel>,
): ImplicitJoin | undefined {
  const relation = model.relations.get(property);
  const target = relation === undefined ? undefined : models.get(relation.model);
  if (relation === undefined || target === undefined || !relation.many) return undefined;
  const inverse = [...target.relations].find(
    ([name, other]) =>
      other.model === model.name && other.name === relation.name && !(target === model && name === property),
  );
  if (inverse === undefined || !inverse[1].many) return undefined;
  const isFirst = target === model ? property < inverse[0] : model.name < target.name;
  const [first, second] = isFirst ? [model.name, target.name] : [target.name, model.name];
  return {
    table: `${prefixOf(model.table)}_${relation.name ?? `${first}To${second}`}`,
    own: isFirst ? 'A' : 'B',
    other: isFirst ? 'B' : 'A',
  };
}

function prefixOf(table: string): string {
  const dot = table.indexOf('.');
  return dot === -1 ? '' : table.slice(0, dot + 1);
}

function joinTables(models: ReadonlyMap<string, PrismaModel>): readonly Table[] {
  const found = new Map<string, Table>();
  for (const model of models.values()) {
    for (const [property, relation] of model.relations) {
      const join = implicitJoin(model, property, models);
      const target = models.get(relation.model);
      if (join === undefined || target === undefined || found.has(join.table)) continue;
      const sides: readonly (readonly [string, PrismaModel])[] = [
        [join.own, model],
        [join.other, target],
      ];
      const ordered = sides.toSorted(([left], [right]) => (left < right ? -1 : 1));
      found.set(join.table, {
        ...describedTable,
        name: join.table,
        schema: schemaOf(join.table),
        columns: ordered.map(([name, side]) => ({
          name,
          type: keyTypeOf(side),
          notNull: true,
          hasDefault: false,
          generated: false,
        })),
        primaryKey: ['A', 'B'],
        uniqueKeys: [['A', 'B']],
        foreignKeys: ordered.map(([name, side]) => ({
          name: `${join.table}_${name}`,
          columns: [name],
          table: side.table,
          referencedColumns: [side.columns.get(side.primaryKey[0] ?? 'id') ?? 'id'],
          onDelete: 'cascade',
        })),
        definedAt: { file: model.file, line: model.line },
      });
    }
  }
  return [...found.values()];
}

function keyTypeOf(model: PrismaModel): string {
  const field = model.fields.find(candidate => candidate.name === model.primaryKey[0]);
  return field === undefined ? 'text' : toColumn(field, new Map()).type;
}
