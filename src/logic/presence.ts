import { and, or } from '../core/predicate.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import { termKey } from './terms.ts';

/** Texts of the terms that must have a value wherever all the predicates hold. */
export function presentTerms(predicates: readonly Predicate[], also: readonly Term[] = []): ReadonlySet<string> {
  const found = new Set(also.map(termKey));
  for (const predicate of predicates) note(predicate, found);
  return found;
}

function note(predicate: Predicate, found: Set<string>): void {
  switch (predicate.kind) {
    case 'and':
      for (const operand of predicate.operands) note(operand, found);
      return;
    case 'compare':
      // Only what equals something has a value: a comparison of another kind may hold of nothing.
      if (predicate.operator === '=') for (const term of [predicate.left, predicate.right]) found.add(termKey(term));
      return;
    case 'not':
      if (predicate.operand.kind === 'is-null') found.add(termKey(predicate.operand.term));
      return;
    case 'exists':
      note(predicate.row.where, found);
      return;
    default:
  }
}

/** The predicate, where a filter that vanishes without a value stays when the value is known to be there. */
export function keepPresent(predicate: Predicate, present: ReadonlySet<string>): Predicate {
  // Mostly there is no such filter: the predicate stays the very same, and so does what was worked out about it.
  if (!mayVanish(predicate)) return predicate;
  switch (predicate.kind) {
    case 'and':
      return and(predicate.operands.map(operand => keepPresent(operand, present)));
    case 'or':
      return or(predicate.operands.map(operand => keepPresent(operand, present)));
    case 'exists':
      return { kind: 'exists', row: { ...predicate.row, where: keepPresent(predicate.row.where, present) } };
    case 'maybe-absent':
      return predicate.without !== undefined && present.has(termKey(predicate.without)) ? predicate.operand : predicate;
    default:
      return predicate;
  }
}

const vanishing = new WeakMap<Predicate, boolean>();

/** Whether a filter in the predicate is left out when its value is undefined. */
export function mayVanish(predicate: Predicate): boolean {
  const known = vanishing.get(predicate);
  if (known !== undefined) return known;
  const found = findVanishing(predicate);
  vanishing.set(predicate, found);
  return found;
}

function findVanishing(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'maybe-absent':
      return true;
    case 'and':
    case 'or':
      return predicate.operands.some(mayVanish);
    case 'not':
      return mayVanish(predicate.operand);
    case 'exists':
      return mayVanish(predicate.row.where);
    default:
      return false;
  }
}
