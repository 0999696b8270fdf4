import { objectName, type Cell } from '../core/cell.ts';
import { groupBy } from '../core/group.ts';
import { listed } from '../core/list.ts';
import { compareText } from '../core/place.ts';
import { count } from './words.ts';

/** Why cells are broken: one reason, and where it holds. */
export interface BrokenReason {
  readonly because: string;
  /** `513 cells of comments, contractors and 50 more`. */
  readonly where: string;
}

/** What keeps out even those whose rows they are; what most cells have in common first. */
export function brokenReasons(cells: readonly Cell[]): readonly BrokenReason[] {
  const broken = cells.filter(({ verdict }) => verdict === 'broken');
  // One error is one reason, whoever met it.
  return [...groupBy(broken, ({ because }) => because.replace(/^It ends in an error for [^:]*: /, '')).values()]
    .toSorted((left, right) => right.length - left.length)
    .map(group => {
      const names = [...new Set(group.map(objectName))].toSorted(compareText);
      const named = names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : listed(names);
      return { because: group[0]?.because ?? '', where: `${count(group.length, 'cell')} of ${named}` };
    });
}

/** `52 objects keep out even those whose rows they are`. */
export function brokenSentence(cells: readonly Cell[]): string {
  const objects = new Set(cells.filter(({ verdict }) => verdict === 'broken').map(objectName)).size;
  return `${count(objects, 'object')} ${objects === 1 ? 'keeps' : 'keep'} out even those whose rows they are`;
}
