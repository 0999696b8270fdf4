import type { Operator, Predicate, Term } from '../core/predicate.ts';
import { termKey } from './terms.ts';

/** What must hold together: the operands of an `and`, opened; negations of an `or` are left as they are. */
export function conjunctsOf(predicate: Predicate): readonly Predicate[] {
  return predicate.kind === 'and' ? predicate.operands.flatMap(conjunctsOf) : [predicate];
}

/** Equalities without which the predicate does not hold, as pairs of both sides. */
export function equalitiesOf(where: Predicate): readonly (readonly [Term, Term])[] {
  return pairsIn(where, ['=']);
}

/** The same, with those of an assignment, which may be NULL on both sides. */
export function assignedEqualitiesOf(where: Predicate): readonly (readonly [Term, Term])[] {
  return pairsIn(where, ['=', 'is-not-distinct-from']);
}

function pairsIn(where: Predicate, operators: readonly Operator[]): readonly (readonly [Term, Term])[] {
  return conjunctsOf(where).flatMap((conjunct): (readonly [Term, Term])[] =>
    conjunct.kind === 'compare' && operators.includes(conjunct.operator) ? [[conjunct.left, conjunct.right]] : [],
  );
}

/** The term, and every other that equalities say is the same, by their keys. */
export function equalTo(term: Term, pairs: readonly (readonly [Term, Term])[]): ReadonlyMap<string, Term> {
  const equal = new Map<string, Term>([[termKey(term), term]]);
  for (const one of equal.values()) {
    const key = termKey(one);
    for (const [left, right] of pairs) {
      if (termKey(left) === key) equal.set(termKey(right), right);
      else if (termKey(right) === key) equal.set(termKey(left), left);
    }
  }
  return equal;
}
