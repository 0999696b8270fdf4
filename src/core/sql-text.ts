/** SQL without its comments; a space stands where one was, as it does for the parser. */
export function withoutComments(sql: string): string {
  return sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
}

/** A table's name as it may be written, with or without its schema and quotes: one group of an expression. */
export const writtenTable = String.raw`((?:"?\w+"?\s*\.\s*)?"?\w+"?)`;
