import type { Cell } from '../core/cell.ts';
import { unreachable } from '../core/unreachable.ts';

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

/** The sign of a standing; each has its own, so that colour is never alone. */
export function standingSign(standing: Standing): string {
  switch (standing) {
    case 'leaks':
      return '✗';
    case 'proved':
      return '✓';
    case 'bounded':
      return '≈';
    case 'tried':
      return '·';
    case 'public':
      return 'o';
    case 'broken':
      return '!';
    case 'unknown':
      return '?';
    default:
      return unreachable(standing);
  }
}

/** A standing in one or two words, for counts and labels. */
export function standingWord(standing: Standing): string {
  switch (standing) {
    case 'leaks':
      return 'leak';
    case 'proved':
      return 'proved isolated';
    case 'bounded':
      return 'isolated within bounds';
    case 'tried':
      return 'isolated when tried';
    case 'public':
      return 'public';
    case 'broken':
      return 'broken';
    case 'unknown':
      return 'unknown';
    default:
      return unreachable(standing);
  }
}

/** A standing in one short word, where there is room for no more. */
export function standingShort(standing: Standing): string {
  switch (standing) {
    case 'leaks':
      return 'leak';
    case 'proved':
      return 'proved';
    case 'bounded':
      return 'bounded';
    case 'tried':
      return 'tried';
    case 'public':
      return 'public';
    case 'broken':
      return 'broken';
    case 'unknown':
      return 'unknown';
    default:
      return unreachable(standing);
  }
}

/** What a standing means, for a legend. */
export function standingMeaning(standing: Standing): string {
  switch (standing) {
    case 'leaks':
      return "reaches another tenant's row";
    case 'proved':
      return 'no data and no request lets it through';
    case 'bounded':
      return 'no way through found within bounds';
    case 'tried':
      return 'held every time, which is no proof';
    case 'public':
      return 'belongs to no tenant';
    case 'broken':
      return 'not even the owner can';
    case 'unknown':
      return 'could not be told';
    default:
      return unreachable(standing);
  }
}
