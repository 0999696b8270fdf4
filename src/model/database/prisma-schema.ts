import type { Column, DatabaseModel, ForeignKey, Table } from './types.ts';

/** A model of a Prisma schema, with the names its tables and columns have in the database. */
export interface PrismaModel {
  readonly name: string;
  readonly table: string;
  /** Scalar fields: property to column. */
  readonly columns: ReadonlyMap<string, string>;
  readonly fields: readonly PrismaField[];
  /** Properties of the primary key, and of every unique key with it. */
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly relations: ReadonlyMap<string, PrismaRelation>;
}

/** A scalar field. */
export interface PrismaField {
  readonly property: string;
  readonly column: string;
  /** As Prisma names it: `String`, `Json`, an enum. */
  readonly type: string;
  /** As the database names it (`Uuid` of `@db.Uuid`); absent for the type's usual one. */
  readonly native: string | undefined;
  readonly list: boolean;
  readonly optional: boolean;
  readonly hasDefault: boolean;
}

/** A relation field; `fields` belong to this model and `references` to the other, absent on the side without a key. */
export interface PrismaRelation {
  readonly model: string;
  readonly many: boolean;
  /** The field is marked `?`: there may be no such row. */
  readonly optional: boolean;
  readonly name: string | undefined;
  readonly fields: readonly string[];
  readonly references: readonly string[];
}

/** Reads the models of Prisma schema files, by model name. */
export function readPrismaSchemas(texts: readonly string[]): ReadonlyMap<string, PrismaModel> {
  const blocks = texts.flatMap(text => [
    ...text.replaceAll(/\/\/[^\n]*/g, '').matchAll(/^\s*(model|view|enum)\s+(\w+)\s*\{([\s\S]*?)^\s*\}/gm),
  ]);
  const models = new Set(blocks.filter(block => block[1] !== 'enum').map(block => block[2] ?? ''));
  const found = new Map<string, PrismaModel>();
  for (const [, kind, name = '', body = ''] of blocks)
    if (kind !== 'enum') found.set(name, readModel(name, body, models));
  return found;
}

function readModel(name: string, body: string, models: ReadonlySet<string>): PrismaModel {
  const columns = new Map<string, string>();
  const fields: PrismaField[] = [];
  const keys: { readonly isPrimary: boolean; readonly properties: readonly string[] }[] = [];
  const relations = new Map<string, PrismaRelation>();
  const schema = /@@schema\(\s*"([^"]+)"/.exec(body)?.[1];
  const mapped = /@@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(body)?.[1] ?? name;
  for (const [, kind, list = ''] of body.matchAll(/@@(id|unique)\(\s*(?:fields:\s*)?\[([^\]]*)\]/g))
    keys.push({ isPrimary: kind === 'id', properties: namesIn(list.replaceAll(/\([^)]*\)/g, '')) });
  for (const line of body.split('\n')) {
    const field = /^\s*(\w+)\s+(\w+)(\[\])?(\?)?\s*(.*)$/.exec(line);
    if (field === null || line.trim().startsWith('@@')) continue;
    const [, property = '', type = '', list, optional, attributes = ''] = field;
    if (models.has(type)) {
      const relation = /@relation\(([^)]*(?:\([^)]*\)[^)]*)*)\)/.exec(attributes)?.[1] ?? '';
      relations.set(property, {
        model: type,
        many: list !== undefined,
        optional: optional !== undefined,
        name: /^\s*"([^"]+)"/.exec(relation)?.[1] ?? /name:\s*"([^"]+)"/.exec(relation)?.[1],
        fields: namesIn(/fields:\s*\[([^\]]*)\]/.exec(relation)?.[1]),
        references: namesIn(/references:\s*\[([^\]]*)\]/.exec(relation)?.[1]),
      });
      continue;
    }
    const column = /@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(attributes)?.[1] ?? property;
    columns.set(property, column);
    fields.push({
      property,
      column,
      type,
      native: /@db\.(\w+)/.exec(attributes)?.[1],
      list: list !== undefined,
      optional: optional !== undefined,
      hasDefault: /@default\(|@updatedAt\b/.test(attributes),
    });
    if (/@id\b/.test(attributes)) keys.push({ isPrimary: true, properties: [property] });
    if (/@unique\b/.test(attributes)) keys.push({ isPrimary: false, properties: [property] });
  }
  return {
    name,
    table: schema === undefined || schema === 'public' ? mapped : `${schema}.${mapped}`,
    columns,
    fields,
    primaryKey: keys.find(key => key.isPrimary)?.properties ?? [],
    uniqueKeys: keys.map(key => key.properties),
    relations,
  };
}

function namesIn(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
}

// As tables -----------------------------------------------------------------------------------------------------------

/**
 * The tables that Prisma would make of its schema files, for apps without SQL migrations: no roles, no policies. Where
 * relations are kept by Prisma alone (`relationMode = "prisma"`), they count as foreign keys all the same.
 * Source: https://www.prisma.io/docs/orm/reference/prisma-schema-reference
 */
export function prismaDatabase(texts: readonly string[]): DatabaseModel {
  const models = readPrismaSchemas(texts);
  const tables = [...models.values()].map(model => tableOf(model, models));
  return {
    tables: [...tables, ...joinTables(models)],
    views: [],
    functions: [],
    roles: [],
    enums: [],
    buckets: [],
    platform: 'plain',
  };
}

function tableOf(model: PrismaModel, models: ReadonlyMap<string, PrismaModel>): Table {
  const columnsOf = (properties: readonly string[]): readonly string[] =>
    properties.map(property => model.columns.get(property) ?? property);
  const foreignKeys = [...model.relations].flatMap(([property, relation]): ForeignKey[] => {
    const target = models.get(relation.model);
    if (target === undefined || relation.fields.length === 0) return [];
    return [
      {
        name: `${model.name}_${property}_fkey`,
        columns: columnsOf(relation.fields),
        table: target.table,
        referencedColumns: relation.references.map(name => target.columns.get(name) ?? name),
        onDelete: 'no action',
      },
    ];
  });
  return {
    ...plainTable(model.table),
    columns: model.fields.map(columnOf),
    primaryKey: columnsOf(model.primaryKey),
    uniqueKeys: model.uniqueKeys.map(columnsOf),
    foreignKeys,
  };
}

function plainTable(
  name: string,
): Pick<
  Table,
  Exclude<keyof Table, 'columns' | 'primaryKey' | 'uniqueKeys' | 'foreignKeys' | 'definedAt' | 'checks' | 'filled'>
> {
  const dot = name.indexOf('.');
  return {
    name: dot < 0 ? name : name.slice(dot + 1),
    schema: dot < 0 ? 'public' : name.slice(0, dot),
    kind: 'table',
    owner: '',
    indexes: [],
    rowSecurity: false,
    forceRowSecurity: false,
    policies: [],
    grants: [],
  };
}

const types: Readonly<Record<string, string>> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Decimal: 'numeric(65,30)',
  Boolean: 'boolean',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
};

function columnOf(field: PrismaField): Column {
  const plain = field.native === 'Uuid' ? 'uuid' : (types[field.type] ?? field.type);
  return {
    name: field.column,
    type: field.list ? `${plain}[]` : plain,
    notNull: !field.optional && !field.list,
    hasDefault: field.hasDefault,
    generated: false,
  };
}

/** Relations that are lists on both sides are kept in a table of their own, with the columns `A` and `B`. */
function joinTables(models: ReadonlyMap<string, PrismaModel>): readonly Table[] {
  const found = new Map<string, Table>();
  for (const model of models.values()) {
    for (const relation of model.relations.values()) {
      const target = models.get(relation.model);
      const back = [...(target?.relations.values() ?? [])].find(
        other => other.model === model.name && other.name === relation.name && other !== relation,
      );
      if (target === undefined || !relation.many || back?.many !== true || relation.fields.length > 0) continue;
      const [first, second] = model.name <= target.name ? [model, target] : [target, model];
      const name = `_${relation.name ?? `${first.name}To${second.name}`}`;
      found.set(name, {
        ...plainTable(name),
        columns: [sideOf('A', first), sideOf('B', second)],
        primaryKey: ['A', 'B'],
        uniqueKeys: [['A', 'B']],
        foreignKeys: [keyTo('A', first, name), keyTo('B', second, name)],
      });
    }
  }
  return [...found.values()];
}

function sideOf(name: string, model: PrismaModel): Column {
  const key = model.fields.find(field => field.property === model.primaryKey[0]);
  const column = key === undefined ? undefined : columnOf(key);
  return { name, type: column?.type ?? 'text', notNull: true, hasDefault: false, generated: false };
}

function keyTo(column: string, model: PrismaModel, table: string): ForeignKey {
  const [property = 'id'] = model.primaryKey;
  return {
    name: `${table}_${column}_fkey`,
    columns: [column],
    table: model.table,
    referencedColumns: [model.columns.get(property) ?? property],
    onDelete: 'cascade',
  };
}
