import { listed } from './list.ts';

import { compareText } from './place.ts';

const mostNear = 3;

/** The names that somebody may have meant: those that contain it or differ in a few letters, nearest first. */
export function nearestNames(name: string, names: Iterable<string>): readonly string[] {
  const wanted = name.toLowerCase();
  const tail = wanted.split(/[#/ ]/).at(-1) ?? wanted;
  return [...new Set(names)]
    .map(candidate => ({ candidate, distance: distanceTo(wanted, tail, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(wanted.length / 3)))
    .toSorted((left, right) => left.distance - right.distance || compareText(left.candidate, right.candidate))
    .slice(0, mostNear)
    .map(({ candidate }) => candidate);
}

function distanceTo(wanted: string, tail: string, candidate: string): number {
  // Of names that contain it, the one that says least beside it.
  if (candidate.includes(wanted) || wanted.includes(candidate))
    return 1 + Math.abs(candidate.length - wanted.length) / 1000;
  if (tail.length > 3 && candidate.includes(tail)) return 2;
  return editDistance(wanted, candidate);
}

/** Letters to change, add or leave out to get from one name to the other. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? Number.POSITIVE_INFINITY;
}

/** `Did you mean 'a' or 'b'?`, or nothing. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestNames(name, names).map(each => `'${each}'`);
  if (near.length === 0) return '';
  return ` Did you mean ${listed(near, 'or')}?`;
}
