import { describedTable } from './described.ts';
import type { SchemaFile, SourceFiles } from '../../collect/source/read-source.ts';
import { isActorColumn } from '../tenancy/names.ts';
import { fieldsIn, type Field } from './type-fields.ts';
import type { Column, DatabaseModel, ForeignKey, Table } from './types.ts';

/**
 * The tables in the types that Supabase generates (`Database['public']['Tables']`): columns and relationships. Keys of
 * several columns, policies and grants are not in them.
 * Source: https://supabase.com/docs/guides/api/rest/generating-types
 */
export function databaseOfSupabaseTypes(source: SourceFiles): DatabaseModel | undefined {
  if (![...source.dependencies.keys()].some(name => name.startsWith('@supabase/'))) return undefined;
  const files = source.filesThat(/\bTables:\s*\{[\s\S]*\bRow:\s*\{/);
  const tables = new Map<string, Table>();
  for (const file of files) {
    for (const table of tablesOf({ file, text: source.text(file) ?? '' }))
      if (!tables.has(table.name)) tables.set(table.name, table);
  }
  if (tables.size === 0) return undefined;
  return {
    // The table that Supabase keeps users in is in no generated type.
    tables: [users, ...tables.values()],
    views: [],
    functions: [],
    roles: [],
    enums: [],
    buckets: [],
    platform: 'supabase',
  };
}

const users: Table = {
  ...describedTable,
  name: 'auth.users',
  schema: 'auth',
  columns: [column('id', 'string'), column('email', 'string')],
  primaryKey: ['id'],
  uniqueKeys: [['id']],
  foreignKeys: [],
};

function tablesOf({ file, text }: SchemaFile): readonly Table[] {
  const whole = /\b(?:type|interface)\s+Database\b[^{]*\{/.exec(text);
  if (whole === null) return [];
  const schemas = fieldsIn(text, whole.index + whole[0].length - 1);
  return schemas.flatMap(schema => {
    const tables =
      schema.open === undefined ? undefined : fieldsIn(text, schema.open).find(part => part.name === 'Tables');
    if (tables?.open === undefined || /^(?:__|storage$|auth$|realtime$|graphql)/.test(schema.name)) return [];
    return fieldsIn(text, tables.open).map(entry => toTable(text, file, schema.name, entry));
  });
}

function toTable(text: string, file: string, schema: string, entry: Field): Table {
  const parts = entry.open === undefined ? [] : fieldsIn(text, entry.open);
  const row = parts.find(part => part.name === 'Row');
  const columns = row?.open === undefined ? [] : fieldsIn(text, row.open).map(field => column(field.name, field.type));
  const links = linksIn(parts.find(part => part.name === 'Relationships')?.type ?? '', schema);
  const hasId = columns.some(({ name }) => name === 'id');
  const prefix = schema === 'public' ? '' : `${schema}.`;
  return {
    ...describedTable,
    name: `${prefix}${entry.name}`,
    schema,
    columns,
    primaryKey: hasId ? ['id'] : [],
    uniqueKeys: [...(hasId ? [['id']] : []), ...links.filter(link => link.one).map(link => link.key.columns)],
    foreignKeys: links.map(link => link.key),
    definedAt: { file, line: text.slice(0, entry.at).split('\n').length },
  };
}

function linksIn(text: string, schema: string): readonly { readonly key: ForeignKey; readonly one: boolean }[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)].flatMap(([, body = '']) => {
    const target = /referencedRelation:\s*["'](\w+)["']/.exec(body)?.[1];
    if (target === undefined) return [];
    const columns = namesIn(/\bcolumns:\s*\[([^\]]*)\]/.exec(body)?.[1]);
    const referencedColumns = namesIn(/referencedColumns:\s*\[([^\]]*)\]/.exec(body)?.[1]);
    const name = /foreignKeyName:\s*["']([^"']+)["']/.exec(body)?.[1] ?? columns.join('_');
    const table = schema === 'public' ? target : `${schema}.${target}`;
    const key: ForeignKey = { name, columns, table, referencedColumns, onDelete: 'no action' };
    return [{ key, one: /isOneToOne:\s*true/.test(body) }];
  });
}

function namesIn(list: string | undefined): readonly string[] {
  return [...(list ?? '').matchAll(/["']([^"']+)["']/g)].map(match => match[1] ?? '');
}

/** Generated types have one word for texts, keys and moments: which it is only the name tells. */
function typeByName(name: string): string | undefined {
  if (/(^|_)id$/.test(name) || isActorColumn(name)) return 'uuid';
  if (name.endsWith('_at')) return 'timestamp with time zone';
  return /(^|_)date$/.test(name) ? 'date' : undefined;
}

/** A column as its type and name tell. */
function column(name: string, type: string): Column {
  const base = type
    .replace(/\|?\s*null\b/, '')
    .replace(/^\s*\||\|\s*$/g, '')
    .trim();
  const types: Readonly<Record<string, string>> = {
    number: 'integer',
    boolean: 'boolean',
    Json: 'jsonb',
    string: 'text',
  };
  const known = /^(string|number|boolean|Json)(\[\])?$/.exec(base);
  const plainType = (known?.[1] === 'string' ? typeByName(name) : undefined) ?? types[known?.[1] ?? ''] ?? 'text';
  return {
    name,
    type: `${plainType}${known?.[2] ?? ''}`,
    notNull: !/\bnull\b/.test(type),
    hasDefault: false,
    generated: false,
  };
}
