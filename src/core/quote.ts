/** A name as SQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL name of the model (`table` or `schema.table`), quoted and with its schema. */
export function quoteQualified(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? `"public".${quoteName(name)}` : `${quoteName(name.slice(0, dot))}.${quoteName(name.slice(dot + 1))}`;
}

/** A text as a SQL literal, whatever the server's setting for backslashes is. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `e${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
