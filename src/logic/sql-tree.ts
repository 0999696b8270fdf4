/** Reading the parse tree of PostgreSQL's own parser (libpg-query): nodes are `{ SelectStmt: {…} }`. */

/** A node of the parse tree, or the body of one. */
export type SqlNode = Readonly<Record<string, unknown>>;

/** The kind of a node and its body. */
export function unwrap(node: SqlNode): readonly [string, SqlNode] {
  const [entry] = Object.entries(node);
  return entry === undefined ? ['nothing', {}] : [entry[0], record(entry[1])];
}

/** The value as a node; an empty one for anything else. */
export function record(value: unknown): SqlNode {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is SqlNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a list; an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a text; an empty one for anything else. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `schema.table`, or `table` for public. */
export function relationName(range: SqlNode): string {
  const schema = text(range['schemaname']);
  const name = text(range['relname']);
  return schema === '' || schema === 'public' ? name : `${schema}.${name}`;
}

/** The name under which a relation of FROM is known. */
export function aliasOf(range: SqlNode): string {
  return text(record(range['alias'])['aliasname']) || text(range['relname']);
}

/** Schema-qualified as written, without `public.` and `pg_catalog.`. */
export function functionName(call: SqlNode): string {
  const names = list(call['funcname']).map(part => text(record(record(part)['String'])['sval']));
  return names
    .filter((name, index) => index === names.length - 1 || (name !== 'public' && name !== 'pg_catalog'))
    .join('.');
}

/** The parts of a column's name, `all` for a star; undefined for any other node. */
export function columnFields(node: SqlNode): readonly string[] | 'all' | undefined {
  const reference = node['ColumnRef'];
  if (reference === undefined) return undefined;
  const fields = list(record(reference)['fields']).map(field => record(field));
  if (fields.some(field => field['A_Star'] !== undefined)) return 'all';
  return fields.map(field => text(record(field['String'])['sval']));
}
