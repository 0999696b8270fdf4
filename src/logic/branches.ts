import type { Operator, Predicate, RowVariable, Term } from '../core/predicate.ts';

/** What is known in one branch of a predicate: equalities, rows that exist, NULLs, and what was not understood. */
export interface Branch {
  /** `strict` ones hold of values that are not NULL (`=`); the others also between NULLs. */
  readonly equalities: readonly { readonly left: Term; readonly right: Term; readonly strict: boolean }[];
  readonly rows: readonly RowVariable[];
  /** Rows that were looked for and are not there. */
  readonly absent: readonly RowVariable[];
  readonly nulls: readonly Term[];
  readonly opaque: readonly string[];
}

/** How a filter that may vanish is read: `kept` as if its value were always there, `dropped` as if never. */
export type AbsenceReading = 'kept' | 'dropped';

const empty: Branch = { equalities: [], rows: [], absent: [], nulls: [], opaque: [] };
const maximumBranches = 128;

/**
 * The branches of a predicate (its disjunctive normal form, weakened: what does not matter to ownership is left out).
 * Every row for which the predicate is true satisfies at least one. `undefined` when there are too many.
 */
export function branchesOf(predicate: Predicate, absence: AbsenceReading): readonly Branch[] | undefined {
  return expand(predicate, absence, true);
}

function expand(predicate: Predicate, absence: AbsenceReading, positive: boolean): readonly Branch[] | undefined {
  switch (predicate.kind) {
    case 'true':
      return positive ? [empty] : [];
    case 'false':
      return positive ? [] : [empty];
    case 'compare':
      return comparisonBranches(predicate.operator, predicate.left, predicate.right, positive);
    case 'is-null':
      return nullBranches(predicate.term, positive);
    case 'and':
      return positive ? product(predicate.operands, absence, true) : sum(predicate.operands, absence, false);
    case 'or':
      return positive ? sum(predicate.operands, absence, true) : product(predicate.operands, absence, false);
    case 'not':
      return expand(predicate.operand, absence, !positive);
    case 'maybe-absent':
      if (absence === 'dropped') return [empty];
      return expand(predicate.operand, absence, positive);
    case 'opaque':
      return [{ ...empty, opaque: [predicate.reason] }];
    case 'exists': {
      if (!positive) return [{ ...empty, absent: [predicate.row] }];
      const inner = expand(predicate.row.where, absence, true);
      return inner?.map(branch => ({ ...branch, rows: [predicate.row, ...branch.rows] }));
    }
  }
}

function comparisonBranches(operator: Operator, left: Term, right: Term, positive: boolean): readonly Branch[] {
  const isEquality = operator === '=' || operator === 'is-not-distinct-from';
  const isInequality = operator === '<>' || operator === 'is-distinct-from';
  if (left.kind === 'constant' && right.kind === 'constant' && (isEquality || isInequality)) {
    // NULL = anything is never true: https://www.postgresql.org/docs/18/functions-comparison.html
    const comparable = operator.startsWith('is-') || (left.value !== null && right.value !== null);
    const holds = comparable && (left.value === right.value) === (isEquality === positive);
    return holds ? [empty] : [];
  }
  const equal = positive ? isEquality : isInequality;
  return equal ? [{ ...empty, equalities: [{ left, right, strict: !operator.startsWith('is-') }] }] : [empty];
}

function nullBranches(term: Term, positive: boolean): readonly Branch[] {
  if (term.kind === 'constant') return (term.value === null) === positive ? [empty] : [];
  return positive ? [{ ...empty, nulls: [term] }] : [empty];
}

function sum(
  operands: readonly Predicate[],
  absence: AbsenceReading,
  positive: boolean,
): readonly Branch[] | undefined {
  const all: Branch[] = [];
  for (const operand of operands) {
    const branches = expand(operand, absence, positive);
    if (branches === undefined || all.length + branches.length > maximumBranches) return undefined;
    all.push(...branches);
  }
  return all;
}

function product(
  operands: readonly Predicate[],
  absence: AbsenceReading,
  positive: boolean,
): readonly Branch[] | undefined {
  let all: readonly Branch[] = [empty];
  for (const operand of operands) {
    const branches = expand(operand, absence, positive);
    if (branches === undefined || all.length * branches.length > maximumBranches) return undefined;
    all = all.flatMap(left => branches.map(right => join(left, right)));
  }
  return all;
}

/** Everything known in both. */
export function join(left: Branch, right: Branch): Branch {
  return {
    equalities: [...left.equalities, ...right.equalities],
    rows: [...left.rows, ...right.rows],
    absent: [...left.absent, ...right.absent],
    nulls: [...left.nulls, ...right.nulls],
    opaque: [...left.opaque, ...right.opaque],
  };
}
