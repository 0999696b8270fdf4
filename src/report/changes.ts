import type { Change, Gate, RulesDiff } from '../core/rules.ts';
import { unreachable } from '../core/unreachable.ts';
import { count } from './words.ts';

/** Directions as every report lists them. */
export const orderedDirections: readonly Change['direction'][] = ['worse', 'changed', 'better'];

/** The heading over changes of one direction. */
export function changeHeading(direction: Change['direction']): string {
  switch (direction) {
    case 'worse':
      return 'Worse';
    case 'changed':
      return 'Changed';
    case 'better':
      return 'Better';
    default:
      return unreachable(direction);
  }
}

/** The sign of a direction; each has its own, so that colour is never alone. */
export function changeSign(direction: Change['direction']): string {
  return direction === 'worse' ? '✗' : direction === 'better' ? '✓' : '·';
}

/** What differs, in one sentence. */
export function changesSentence({ changes, since }: RulesDiff): string {
  if (changes.length === 0) return `Nothing differs from '${since}': the same tables, policies and matrix.`;
  const numbers = orderedDirections
    .map(direction => ({ direction, number: changes.filter(change => change.direction === direction).length }))
    .filter(({ number }) => number > 0)
    .map(({ direction, number }) => `${number} ${direction}`);
  const worse = numbers.some(each => each.endsWith('worse')) ? '' : ', nothing worse';
  return `${count(changes.length, 'change')} since '${since}': ${numbers.join(', ')}${worse}.`;
}

/** The gate in one sentence: tables that lack nothing may leak all the same, and then it is not passed. */
export function gateSentence({ tables, faults, since }: Gate, found: number): string {
  const lacking = new Set(faults.map(fault => fault.table)).size;
  const whose = count(tables, 'table with an owner', 'tables with an owner');
  const scope = since === undefined ? '' : ` Compared with '${since}'.`;
  const news = since === undefined ? '' : 'new ';
  const but = found === 0 ? '.' : `, but there ${found === 1 ? 'is' : 'are'} ${count(found, `${news}finding`)}.`;
  return lacking === 0
    ? `Gate: ${whose}, and nothing ${news}is missing${but}${scope}`
    : `Gate: ${lacking} of ${whose} ${lacking === 1 ? 'lacks' : 'lack'} what keeps rows apart.${scope}`;
}
