/** Names of tables and columns, however they are written. */

const known = new Map<string, string>();
const plain = new Map<string, string>();

/** `teamMembers`, `TeamMembers`, `team-members`: `team_members`. */
export function snakeCase(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const made = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-\s]+/g, '_')
    .toLowerCase();
  known.set(name, made);
  return made;
}

/** `teamMembers`, `team_members` and `"TeamMember"` alike: `team_member`, without a schema. */
export function plainName(name: string): string {
  const before = plain.get(name);
  if (before !== undefined) return before;
  const made = singular(snakeCase(name.slice(name.lastIndexOf('.') + 1)));
  plain.set(name, made);
  return made;
}

/** Last word without its plural. */
export function singular(words: string): string {
  if (words.endsWith('ies')) return `${words.slice(0, -3)}y`;
  if (/(ss|us|is|data|media|history)$/.test(words)) return words;
  if (/(sh|ch|x|sse)s$/.test(words) || words.endsWith('sses')) return words.slice(0, -2);
  return words.endsWith('s') ? words.slice(0, -1) : words;
}
