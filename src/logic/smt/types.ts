import type { DatabaseModel } from '../../model/database/types.ts';
import { list, record, text, type SqlNode } from '../sql-tree.ts';

const aliases: ReadonlyMap<string, string> = new Map([
  ['varchar', 'text'],
  ['character varying', 'text'],
  ['name', 'text'],
  ['int2', 'integer'],
  ['smallint', 'integer'],
  ['int4', 'integer'],
  ['int8', 'integer'],
  ['bigint', 'integer'],
  ['int', 'integer'],
  ['serial', 'integer'],
  ['bigserial', 'integer'],
  ['bool', 'boolean'],
  ['bpchar', 'character'],
  ['char', 'character'],
  ['timestamptz', 'timestamp with time zone'],
  ['timestamp', 'timestamp without time zone'],
  ['float8', 'double precision'],
  ['float4', 'real'],
  ['decimal', 'numeric'],
]);

/** A type by one name: without length and `public.`, with the types that compare alike as one. */
export function plainType(printed: string): string {
  const array = /(\[\])+$/.exec(printed)?.[0] ?? '';
  const bare = printed
    .slice(0, printed.length - array.length)
    .replace(/\(\s*\d+(\s*,\s*\d+)?\s*\)/, '')
    .replaceAll('"', '')
    .replace(/^(public|pg_catalog)\./, '')
    .trim();
  const known = aliases.get(bare) ?? bare;
  return array === '' ? known : `${known}[]`;
}

/** The type that a cast names, and whether it may cut the value. */
export function typeOf(typeName: SqlNode): { readonly type: string; readonly cuts: boolean } {
  const names = list(typeName['names']).map(part => text(record(record(part)['String'])['sval']));
  const array = list(typeName['arrayBounds']).length > 0 ? '[]' : '';
  const kept = names.filter(name => name !== 'pg_catalog' && name !== 'public');
  return { type: plainType(kept.join('.') + array), cuts: list(typeName['typmods']).length > 0 };
}

/** Types whose values are equal exactly when their texts are. */
export function isExact(type: string | undefined, database: DatabaseModel): boolean {
  if (type === undefined) return true;
  return ['text', 'uuid', 'integer', 'boolean', 'unknown'].includes(type) || isEnum(type, database);
}

/** Whether the type is an enum of the database. */
export function isEnum(type: string, database: DatabaseModel): boolean {
  return database.enums.some(candidate => plainType(candidate.name) === type);
}
