/** A name as SQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table, view or sequence with its schema, `public` where none is said. */
export function quoteQualified(name: string): string {
  return `${quoteName(schemaOf(name))}.${quoteName(bareName(name))}`;
}

/** The schema of a name, `public` where none is said. */
export function schemaOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? 'public' : name.slice(0, dot);
}

/** A name without its schema. */
export function bareName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/** A text as a SQL literal, whatever the server's setting for backslashes is. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `e${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** A name that Postgres does not cut: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
export function shortened(name: string): string {
  return name.length <= longest ? name : `${name.slice(0, longest - 9)}_${checksum(name)}`;
}

const longest = 63;

/** Two long names that begin alike must not become one. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
