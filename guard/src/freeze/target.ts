/** What is turned off: all calls, those of a kind, or those of one name, compared exactly. */
export type FreezeTarget = 'everything' | 'writes' | 'exports' | 'lists' | `name:${string}`;

/** Reads a target. A word that is none must not pass for "nothing is frozen". */
export function parseTarget(text: string): FreezeTarget {
  switch (text) {
    case 'everything':
    case 'writes':
    case 'exports':
    case 'lists':
      return text;
    default:
      if (text.startsWith('name:') && text.length > 'name:'.length) return text as `name:${string}`;
      throw new RangeError(
        `'${text}' cannot be frozen: write everything, writes, exports, lists or name:<name of a call>.`,
      );
  }
}

/** Targets as an environment variable has them: `writes, name:export invoices`. */
export function parseTargets(text: string): ReadonlySet<FreezeTarget> {
  return new Set(
    text
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== '')
      .map(parseTarget),
  );
}
