import { basename } from 'node:path';
import { compareText } from '../../core/place.ts';

/** What takes a migration back lies beside it, and is run by nobody who applies them. */
const reverse = /(?:^|\.)(?:down|undo|rollback)\.sql$/i;

/** Files of one folder that are run when migrations are applied, in the order in which they are. */
export function inMigrationOrder(names: readonly string[]): readonly string[] {
  const there = new Set(names.map(name => name.toLowerCase()));
  const forward = names.filter(name => !reverse.test(name) && !isReverseOf(name, there));
  return isFlyway(forward) ? inFlywayOrder(forward) : forward.toSorted(byNumber);
}

/** By the number that a name begins with: `2_seats` before `10_bills`; then, and without numbers, by name. */
export function byNumber(left: string, right: string): number {
  const [first, second] = [numberOf(left), numberOf(right)];
  if (first === undefined || second === undefined || first === second) return compareText(left, right);
  return first < second ? -1 : 1;
}

function numberOf(name: string): bigint | undefined {
  const digits = /^(?:[a-z]{1,2}[-_]?)?(\d+)/i.exec(basename(name))?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

/** `0001_bills_down.sql` beside `0001_bills_up.sql`. */
function isReverseOf(name: string, there: ReadonlySet<string>): boolean {
  const up = name.toLowerCase().replace(/([_-])down\.sql$/, '$1up.sql');
  return up !== name.toLowerCase() && there.has(up);
}

const versioned = /^V(\d+(?:[._]\d+)*)__/;

function isFlyway(names: readonly string[]): boolean {
  return names.some(name => versioned.test(name));
}

/**
 * Versions by their parts, then what is repeated; what undoes a version is not run.
 * https://documentation.red-gate.com/fd/migrations-184127470.html
 */
function inFlywayOrder(names: readonly string[]): readonly string[] {
  const versions = names.filter(name => versioned.test(name)).toSorted(byVersion);
  return [...versions, ...names.filter(name => name.startsWith('R__')).toSorted(compareText)];
}

function byVersion(left: string, right: string): number {
  const [first, second] = [versionOf(left), versionOf(right)];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const [one, other] = [first[at] ?? 0n, second[at] ?? 0n];
    if (one !== other) return one < other ? -1 : 1;
  }
  return compareText(left, right);
}

function versionOf(name: string): readonly bigint[] {
  return (versioned.exec(name)?.[1] ?? '').split(/[._]/).map(BigInt);
}
