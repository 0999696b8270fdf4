import type { Predicate, Term } from '../../core/predicate.ts';
import type { QueryPath } from '../../model/app/types.ts';

/** What the caller (or a model acting for them) chose in a query, by the names under which it arrived: `params.id`, `body.orderId`. */
export function chosenByCaller(path: QueryPath): readonly string[] {
  const terms = [...termsOf(path.query.where), ...path.query.values.flatMap(({ value }) => leaves(value))];
  const called = path.query.calls?.arguments.flatMap(argument => leaves(argument.value)) ?? [];
  return unique([...terms, ...called].flatMap(term => (term.kind === 'client' || term.kind === 'tool-argument' ? [term.path] : [])));
}

/** The caller's values that are compared with, or written into, `column`. */
export function callerValuesFor(path: QueryPath, column: string): readonly string[] {
  const compared = comparisons(path.query.where).flatMap(({ left, right }) =>
    isOwn(left, column) ? leaves(right) : isOwn(right, column) ? leaves(left) : [],
  );
  const written = path.query.values.filter(value => value.column === column).flatMap(({ value }) => leaves(value));
  return unique([...compared, ...written].flatMap(term => (term.kind === 'client' || term.kind === 'tool-argument' ? [term.path] : [])));
}

/** Columns of the row that a filter which may be absent speaks of. */
export function columnsThatMayBeAbsent(predicate: Predicate): readonly string[] {
  return unique(
    collect(predicate, node =>
      node.kind === 'maybe-absent' ? termsOf(node.operand).flatMap(term => (term.kind === 'column' && term.row === 'self' ? [term.column] : [])) : [],
    ),
  );
}

/** All terms of a predicate, calls opened. */
export function termsOf(predicate: Predicate): readonly Term[] {
  return collect(predicate, node => (node.kind === 'compare' ? [...leaves(node.left), ...leaves(node.right)] : node.kind === 'is-null' ? leaves(node.term) : []));
}

/** Every name once, in the order of first appearance. */
export function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

function comparisons(predicate: Predicate): readonly Extract<Predicate, { kind: 'compare' }>[] {
  return collect(predicate, node => (node.kind === 'compare' ? [node] : []));
}

function isOwn(term: Term, column: string): boolean {
  return term.kind === 'column' && term.row === 'self' && term.column === column;
}

function leaves(term: Term): readonly Term[] {
  return term.kind === 'call' ? term.arguments.flatMap(leaves) : [term];
}

function collect<T>(predicate: Predicate, pick: (node: Predicate) => readonly T[]): readonly T[] {
  return [...pick(predicate), ...childrenOf(predicate).flatMap(child => collect(child, pick))];
}

function childrenOf(predicate: Predicate): readonly Predicate[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands;
    case 'not':
    case 'maybe-absent':
      return [predicate.operand];
    case 'exists':
      return [predicate.row.where];
    default:
      return [];
  }
}
