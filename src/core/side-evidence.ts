/** What evidence beside a cell is about: a unique key of a table. */
export function aboutKey(table: string, columns: readonly string[]): string {
  return `key ${table} (${columns.join(', ')})`;
}

/** The same of a column that refers to another table. */
export function aboutReference(table: string, column: string): string {
  return `reference ${table}.${column}`;
}

/** The same of functions that look names up where their caller says. */
export function aboutShadows(functions: readonly string[]): string {
  return `shadows ${functions.join(' ')}`;
}

/** Whether evidence is about a function's search path. */
export function isAboutShadow(about: string | undefined, name: string): boolean {
  return about?.startsWith('shadows ') === true && about.split(' ').slice(1).includes(name);
}

/** The same of tables that others may plant in a schema in which functions look names up. */
export function aboutPlanted(schema: string): string {
  return `planted in ${schema}`;
}

/** Whether evidence is about a table planted in the schema. */
export function isAboutPlanted(about: string | undefined, schema: string): boolean {
  return about === aboutPlanted(schema);
}
