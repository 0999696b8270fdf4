import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';

/**
 * `id in ids` compares with `ids[]`, which stands for each element. What is known of some row that was found among
 * them is known of one element only, which gets a name of its own.
 */
export function ofOneElement(row: RowVariable): RowVariable {
  const where = narrowed(row.where, row.name);
  return where === row.where ? row : { ...row, where };
}

function narrowed(predicate: Predicate, name: string): Predicate {
  switch (predicate.kind) {
    case 'compare':
      if (predicate.among !== true) return predicate;
      return { ...predicate, left: oneElement(predicate.left, name), right: oneElement(predicate.right, name) };
    case 'and':
    case 'or': {
      const operands = predicate.operands.map(operand => narrowed(operand, name));
      return operands.every((operand, index) => operand === predicate.operands[index])
        ? predicate
        : { ...predicate, operands };
    }
    case 'not':
    case 'maybe-absent': {
      const operand = narrowed(predicate.operand, name);
      return operand === predicate.operand ? predicate : { ...predicate, operand };
    }
    default:
      return predicate;
  }
}

/** One element of a list that was sent, under a name of its own. */
export function oneElement(term: Term, name: string): Term {
  if ((term.kind !== 'client' && term.kind !== 'tool-argument') || !term.path.endsWith('[]')) return term;
  return { ...term, path: `${term.path.slice(0, -2)}[${name}]` };
}
