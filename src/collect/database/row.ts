/** Readers for catalog rows: a value of another type than expected is a bug in the query, and stops the run. */

/** A row as the driver gives it. */
export type CatalogRow = Readonly<Record<string, unknown>>;

/** The text in a column. */
export function text(row: CatalogRow, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw unexpected(row, column);
}

/** The text in a column, or nothing for NULL. */
export function optionalText(row: CatalogRow, column: string): string | undefined {
  return row[column] === null || row[column] === undefined ? undefined : text(row, column);
}

/** The boolean in a column. */
export function flag(row: CatalogRow, column: string): boolean {
  const value = row[column];
  if (typeof value === 'boolean') return value;
  throw unexpected(row, column);
}

/** The texts of an array or a JSON list; empty for NULL. */
export function texts(row: CatalogRow, column: string): readonly string[] {
  const value = row[column];
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map(String);
  throw unexpected(row, column);
}

/** The objects of a JSON list; empty for NULL. */
export function rowsIn(row: CatalogRow, column: string): readonly CatalogRow[] {
  const value = row[column];
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.filter(isRow);
  throw unexpected(row, column);
}

function isRow(value: unknown): value is CatalogRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(row: CatalogRow, column: string): Error {
  return new Error(`The catalog gave ${typeof row[column]} for '${column}'.`);
}
