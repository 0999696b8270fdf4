import type { Predicate, Term } from '../../core/predicate.ts';
import type { Policy } from '../../model/database/types.ts';

/** Whether two policies let the same through: written otherwise, as a policy that is dropped and made again may be. */
export function meansTheSame(one: Policy, other: Policy): boolean {
  const whom = ({ command, permissive, roles }: Policy): string =>
    JSON.stringify([command, permissive, roles.toSorted()]);
  return (
    whom(one) === whom(other) &&
    isSame(one.using, other.using, one.usingPredicate, other.usingPredicate) &&
    isSame(checkOf(one), checkOf(other), checkPredicateOf(one), checkPredicateOf(other))
  );
}

/** Without a check, what may be changed is what the row has to be after it. https://www.postgresql.org/docs/current/sql-createpolicy.html */
function checkOf({ command, using, check }: Policy): string | undefined {
  return check ?? (command === 'all' || command === 'update' ? using : undefined);
}

function checkPredicateOf(policy: Policy): Predicate | undefined {
  return policy.check === undefined ? policy.usingPredicate : policy.checkPredicate;
}

function isSame(
  one: string | undefined,
  other: string | undefined,
  onePredicate: Predicate | undefined,
  otherPredicate: Predicate | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (unwrapped(one) === unwrapped(other)) return true;
  if (onePredicate === undefined || otherPredicate === undefined) return false;
  const [left, right] = [canonical(onePredicate), canonical(otherPredicate)];
  return left === right && !left.includes('"opaque"');
}

/** `(select auth.uid())` is asked once for all rows, and says what `auth.uid()` says. */
function unwrapped(text: string): string {
  return text.replaceAll(/\( SELECT ([\w.]+\((?:[^()]|\([^()]*\))*\)) AS \w+\)/g, '$1');
}

function canonical(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return JSON.stringify([predicate.kind, predicate.operands.map(canonical).toSorted()]);
    case 'not':
      return JSON.stringify(['not', canonical(predicate.operand)]);
    case 'exists':
      return JSON.stringify(['exists', predicate.row.name, predicate.row.table, canonical(predicate.row.where)]);
    case 'compare': {
      const { operator, left, right, among } = predicate;
      const sides = [left, right].map(side => JSON.stringify(side));
      const isEither = among === undefined && (operator === '=' || operator === '<>');
      return JSON.stringify([operator, among, ...(isEither ? sides.toSorted() : sides), ...hidden(left, right)]);
    }
    default:
      return JSON.stringify(predicate);
  }
}

/** A value that was not followed is equal to no other of another policy. */
function hidden(...terms: readonly Term[]): readonly string[] {
  return JSON.stringify(terms).includes('"opaque"') ? ['opaque'] : [];
}
