/** Whether all statements of a migration are in those that the app has: then it was made before, and nothing is new. */
export function isKnown(statements: readonly string[], migrations: readonly string[]): boolean {
  const known = plain(migrations.join('\n'));
  return statements.every(statement => known.includes(plain(statement)));
}

function plain(text: string): string {
  return text
    .replaceAll(/^\s*--.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
