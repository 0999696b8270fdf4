import { compareText } from '../../../../core/place.ts';
import { termsOf } from '../../../../logic/terms.ts';
import type { Policy } from '../../../database/types.ts';
import type { Machine } from '../../machine.ts';

/** The role that the guard's migration makes where it is told no other. */
const usual = 'app';

/**
 * The role as which a guarded pool connects: it stands in no code, but the policies that read the guard's settings are
 * made for it. None where no migration knows of the guard.
 */
export function guardedRole({ database }: Machine, settings: readonly string[]): string | undefined {
  if (database === undefined || database.roles.some(role => role.name === usual)) return usual;
  const counts = new Map<string, number>();
  for (const policy of database.tables.flatMap(table => table.policies)) {
    if (reads(policy, settings)) for (const role of policy.roles) counts.set(role, (counts.get(role) ?? 0) + 1);
  }
  const named = [...counts].filter(([role]) => role !== 'public');
  const [first] = named.toSorted(([left, many], [right, more]) => more - many || compareText(left, right));
  return first?.[0] ?? (counts.has('public') ? 'public' : undefined);
}

function reads({ usingPredicate, checkPredicate }: Policy, settings: readonly string[]): boolean {
  return [usingPredicate, checkPredicate]
    .flatMap(predicate => (predicate === undefined ? [] : termsOf(predicate)))
    .some(term => term.kind === 'setting' && settings.includes(term.name));
}
