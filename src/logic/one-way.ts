import type { Owner } from '../model/tenancy/types.ts';

/** The owner as far as one way tells it: unknown where rows lead on several, each to its own. */
export function byOneWay(owner: Owner): Owner {
  const { ownership } = owner;
  if ((ownership.kind !== 'tenant' && ownership.kind !== 'user') || ownership.ways === undefined) return owner;
  const because = `'${ownership.path[0].column}' names a row of one of several tables`;
  return { ...owner, ownership: { kind: 'unknown', because }, confidence: 'none' };
}
