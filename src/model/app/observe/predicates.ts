import type { Predicate, Term } from '../../../core/predicate.ts';
import type { Fact, QueryPath } from '../types.ts';
import { atoms } from '../value.ts';

/** A comparison inside a predicate. */
export type Comparison = Extract<Predicate, { kind: 'compare' }>;

/** What `pick` finds at a predicate and everything inside it, in order. */
export function collectFrom<T>(predicate: Predicate, pick: (node: Predicate) => readonly T[]): readonly T[] {
  return [...pick(predicate), ...childrenOf(predicate).flatMap(child => collectFrom(child, pick))];
}

/** All terms of a predicate, calls opened. */
export function termsOf(predicate: Predicate): readonly Term[] {
  return collectFrom(predicate, node =>
    node.kind === 'compare'
      ? [...atoms(node.left), ...atoms(node.right)]
      : node.kind === 'is-null'
        ? atoms(node.term)
        : [],
  );
}

/** All comparisons of a predicate. */
export function comparisonsOf(predicate: Predicate): readonly Comparison[] {
  return collectFrom(predicate, node => (node.kind === 'compare' ? [node] : []));
}

/** Every term a query depends on: its condition, its session settings, and what a called function is given. */
export function termsOfQuery(path: QueryPath): readonly Term[] {
  return [
    ...termsOf(path.query.where),
    ...path.client.settings.flatMap(setting => atoms(setting.value)),
    ...(path.query.calls?.arguments.flatMap(argument => atoms(argument.value)) ?? []),
  ];
}

/** The conditions that strong facts state. */
export function conditionsOf(facts: readonly Fact[]): readonly Predicate[] {
  return facts.flatMap(fact =>
    fact.weakness === undefined && fact.holds.kind === 'condition' ? [fact.holds.condition] : [],
  );
}

/** One text per term: equal texts mean the same value. */
export function keyOf(term: Term): string {
  return JSON.stringify(term);
}

/** The terms without repetition, in the order of first appearance. */
export function distinctTerms(terms: readonly Term[]): readonly Term[] {
  return [...new Map(terms.map(term => [keyOf(term), term])).values()];
}

/** How a term is named in a sentence. */
export function nameOf(term: Term): string {
  switch (term.kind) {
    case 'client':
    case 'tool-argument':
    case 'event':
      return term.path;
    case 'principal':
      return `session ${term.attribute}`;
    case 'column':
      return term.column;
    case 'setting':
    case 'environment':
    case 'call':
      return term.name;
    case 'constant':
      return String(term.value);
    case 'opaque':
      return term.reason;
  }
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
    case 'true':
    case 'false':
    case 'compare':
    case 'is-null':
    case 'opaque':
      return [];
  }
}
