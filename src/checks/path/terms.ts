import type { Predicate, Term } from '../../core/predicate.ts';
import { collectFrom, comparisonsOf, termsOf } from '../../model/app/observe/predicates.ts';
import type { QueryPath } from '../../model/app/types.ts';
import { atoms } from '../../model/app/value.ts';

/**
 * What the caller (or a model acting for them) chose a row by, under the names by which it arrived: `params.id`, `body.orderId`.
 * A new row is chosen by what is written into it.
 */
export function chosenByCaller(path: QueryPath): readonly string[] {
  const { query } = path;
  const called = query.calls?.arguments.flatMap(argument => atoms(argument.value)) ?? [];
  const written = query.operation === 'insert' ? query.values.flatMap(({ value }) => atoms(value)) : [];
  return unique([...sentNames([...termsOf(query.where), ...written, ...called]), ...callerSettings(path)]);
}

/** The caller's values that the database session is bound to, for the policies to read. */
export function callerSettings({ client }: QueryPath): readonly string[] {
  return sentNames(client.settings.flatMap(setting => atoms(setting.value)));
}

/** The caller's values that are compared with, or written into, `column`. */
export function callerValuesFor({ query }: QueryPath, column: string): readonly string[] {
  const compared = comparisonsOf(query.where).flatMap(({ left, right }) =>
    isOwn(left, column) ? atoms(right) : isOwn(right, column) ? atoms(left) : [],
  );
  const written = query.values.filter(value => value.column === column).flatMap(({ value }) => atoms(value));
  return sentNames([...compared, ...written]);
}

/** Columns of the row that a filter which may be absent speaks of. */
export function columnsThatMayBeAbsent(predicate: Predicate): readonly string[] {
  const filters = collectFrom(predicate, node => (node.kind === 'maybe-absent' ? [node.operand] : []));
  return unique(
    filters.flatMap(termsOf).flatMap(term => (term.kind === 'column' && term.row === 'self' ? [term.column] : [])),
  );
}

/** Every item once, in the order of first appearance. */
export function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

function sentNames(terms: readonly Term[]): readonly string[] {
  return unique(terms.flatMap(term => (term.kind === 'client' || term.kind === 'tool-argument' ? [term.path] : [])));
}

function isOwn(term: Term, column: string): boolean {
  return term.kind === 'column' && term.row === 'self' && term.column === column;
}
