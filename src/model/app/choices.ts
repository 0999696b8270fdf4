import type { Predicate } from '../../core/predicate.ts';
import { predicateKey } from './keys.ts';

/**
 * The predicates without the choices that others among them say more of: where a row is known to be there, that it or
 * another is there says nothing.
 */
export function withoutImplied(predicates: readonly Predicate[]): readonly Predicate[] {
  const choices = predicates.filter(predicate => predicate.kind === 'or');
  if (choices.length === 0 || choices.length > mostChoices) return predicates;
  const sure = new Set(predicates.filter(predicate => predicate.kind !== 'or').map(predicateKey));
  const idle = new Set<Predicate>();
  for (const choice of choices) {
    const others = choices.filter(other => other !== choice && !idle.has(other));
    if (isImplied(choice, sure) || others.some(other => isImpliedByEach(choice, other, sure))) idle.add(choice);
  }
  return idle.size === 0 ? predicates : predicates.filter(predicate => !idle.has(predicate));
}

const mostChoices = 8;

/** Whichever operand of the other choice holds, this one holds with it. */
function isImpliedByEach(
  choice: Predicate,
  { operands }: Extract<Predicate, { kind: 'or' }>,
  sure: ReadonlySet<string>,
): boolean {
  return operands.every(operand => {
    const parts = operand.kind === 'and' ? operand.operands : [operand];
    return isImplied(choice, new Set([...sure, ...parts.map(predicateKey)]));
  });
}

function isImplied(predicate: Predicate, known: ReadonlySet<string>): boolean {
  if (predicate.kind === 'or') return predicate.operands.some(operand => isImplied(operand, known));
  if (predicate.kind === 'and') return predicate.operands.every(operand => isImplied(operand, known));
  return known.has(predicateKey(predicate));
}

/** The alternatives without those that say more than another does: either may hold, so only what the other says is known. */
export function withoutStronger(alternatives: readonly Predicate[]): readonly Predicate[] {
  const parts = alternatives.map(alternative => new Set(partsOf(alternative).map(predicateKey)));
  const saysLess = (less: number, more: number): boolean => {
    const [small, big] = [parts[less] ?? none, parts[more] ?? none];
    // Of two that say the same the first stays.
    return less !== more && small.size <= big.size && (small.size < big.size || less < more) && isWithin(small, big);
  };
  return alternatives.filter((_, more) => !alternatives.some((__, less) => saysLess(less, more)));
}

const none: ReadonlySet<string> = new Set();

function isWithin(small: ReadonlySet<string>, big: ReadonlySet<string>): boolean {
  for (const part of small) if (!big.has(part)) return false;
  return true;
}

function partsOf(predicate: Predicate): readonly Predicate[] {
  return predicate.kind === 'and' ? predicate.operands : [predicate];
}
