import type { Cell } from '../core/cell.ts';

/**
 * What is known of a cell, in words that never say more than its evidence: `proved` rests on a proof, `tried` on attempts
 * that failed, `bounded` on a search for a counterexample that was limited.
 */
export type Standing = 'leaks' | 'unknown' | 'broken' | 'bounded' | 'tried' | 'public' | 'proved';

/** Standings from the one that needs a reader to the one that needs none. */
export const standings: readonly Standing[] = ['leaks', 'unknown', 'broken', 'bounded', 'tried', 'public', 'proved'];

/** The standing of one cell. */
export function standingOf({ verdict, evidence }: Pick<Cell, 'verdict' | 'evidence'>): Standing {
  if (verdict !== 'isolated') return verdict;
  const kinds = new Set(evidence.map(each => each.kind));
  return kinds.has('proof') ? 'proved' : kinds.has('bounded') ? 'bounded' : 'tried';
}

/** The standing of several cells: the one that needs a reader most. */
export function worstStanding(cells: readonly Pick<Cell, 'verdict' | 'evidence'>[]): Standing {
  const met = new Set(cells.map(standingOf));
  return standings.find(standing => met.has(standing)) ?? 'tried';
}

interface Words {
  /** Each has its own, so that colour is never alone. */
  readonly sign: string;
  /** In one or two words, for counts and labels. */
  readonly word: string;
  /** In one short word, where there is room for no more. */
  readonly short: string;
  /** What it means, for a legend. */
  readonly meaning: string;
}

const words: Readonly<Record<Standing, Words>> = {
  leaks: { sign: '✗', word: 'leak', short: 'leak', meaning: "reaches another tenant's row" },
  proved: { sign: '✓', word: 'proved isolated', short: 'proved', meaning: 'no data and no request lets it through' },
  bounded: {
    sign: '≈',
    word: 'isolated within bounds',
    short: 'bounded',
    meaning: 'no way through found within bounds',
  },
  tried: {
    sign: '·',
    word: 'isolated when tried',
    short: 'tried',
    meaning: 'held every time, which is no proof',
  },
  public: { sign: 'o', word: 'public', short: 'public', meaning: 'belongs to no tenant' },
  broken: { sign: '!', word: 'broken', short: 'broken', meaning: 'not even the owner can' },
  unknown: { sign: '?', word: 'unknown', short: 'unknown', meaning: 'could not be told' },
};

/** The sign of a standing. */
export function standingSign(standing: Standing): string {
  return words[standing].sign;
}

/** A standing in one or two words, for counts and labels. */
export function standingWord(standing: Standing): string {
  return words[standing].word;
}

/** A standing in one short word, where there is room for no more. */
export function standingShort(standing: Standing): string {
  return words[standing].short;
}

/** What a standing means, for a legend. */
export function standingMeaning(standing: Standing): string {
  return words[standing].meaning;
}
