import type { TablePolicy } from '../../core/policy.ts';
import { count } from '../words.ts';
import { clean, padEnd } from './text.ts';

/** The conditions under which each table is reached, one line each and never wrapped, so that two runs can be compared. */
export function policyLines(policy: readonly TablePolicy[]): readonly string[] {
  if (policy.length === 0) return ['No path from an entry point to a table was found.'];
  return policy.flatMap(({ table, owner, predicates }) => [
    `${clean(table)}   ${clean(owner)}`,
    ...predicates.map(
      ({ predicate, operation, role, verdict, entryPoints }) =>
        `  ${padEnd(verdict, 8)}  ${padEnd(operation, 6)}  ${padEnd(role, 13)}  ${clean(predicate)}   (${count(entryPoints.length, 'entry point')})`,
    ),
    '',
  ]);
}
