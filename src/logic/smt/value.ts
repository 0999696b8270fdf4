import { all, any, every, not, same, some, type Variable } from './formula.ts';

/**
 * What an expression may be. A condition is three formulas (it may be true, false, null); a value is a list of
 * alternatives, each with the formula under which it may be this one. All of them say *may*: where the encoding is not
 * exact it allows more than Postgres does, in every polarity, so what cannot be satisfied cannot happen in Postgres.
 */
export type Value = Truth | Choice | Items;

/** A condition: may be true, may be false, may be null. */
export interface Truth {
  readonly kind: 'truth';
  readonly t: string;
  readonly f: string;
  readonly n: string;
}

/** A value, as alternatives. */
export interface Choice {
  readonly kind: 'choice';
  readonly alternatives: readonly Alternative[];
}

/** An array that is written out. */
export interface Items {
  readonly kind: 'items';
  readonly items: readonly Value[];
}

/** One value that an expression may have, for some values of the variables for which `when` holds. */
export interface Alternative {
  readonly variables: readonly Variable[];
  readonly when: string;
  readonly scalar: Scalar;
}

/** A term of the sort of values, and the formula under which it is null. */
export interface Scalar {
  readonly term: string;
  readonly isNull: string;
  /** As Postgres prints it, without length; absent when not known. */
  readonly type?: string;
  /** The text of a literal. */
  readonly literal?: string;
  /** Where in the token's claims the value stands. */
  readonly claims?: string;
  /** The number of rows for which the condition holds. */
  readonly counts?: Truth;
}

/** Always true. */
export const yes: Truth = { kind: 'truth', t: 'true', f: 'false', n: 'false' };
/** Always false. */
export const no: Truth = { kind: 'truth', t: 'false', f: 'true', n: 'false' };
/** Always null. */
export const unclear: Truth = { kind: 'truth', t: 'false', f: 'false', n: 'true' };

/** A condition that is never null. */
export function exactly(formula: string): Truth {
  return { kind: 'truth', t: formula, f: not(formula), n: 'false' };
}

/** `and` of SQL. */
export function both(parts: readonly Truth[]): Truth {
  return {
    kind: 'truth',
    t: all(parts.map(part => part.t)),
    f: any(parts.map(part => part.f)),
    n: all([...parts.map(part => any([part.t, part.n])), any(parts.map(part => part.n))]),
  };
}

/** `or` of SQL. */
export function either(parts: readonly Truth[]): Truth {
  return {
    kind: 'truth',
    t: any(parts.map(part => part.t)),
    f: all(parts.map(part => part.f)),
    n: all([...parts.map(part => any([part.f, part.n])), any(parts.map(part => part.n))]),
  };
}

/** `not` of SQL. */
export function negate({ t, f, n }: Truth): Truth {
  return { kind: 'truth', t: f, f: t, n };
}

/** It may be anything but true. */
export function notTrue({ f, n }: Truth): string {
  return any([f, n]);
}

/** There is a row: two-valued. */
export function exists(variables: readonly Variable[], condition: Truth): Truth {
  return { kind: 'truth', t: some(variables, condition.t), f: every(variables, notTrue(condition)), n: 'false' };
}

/** One value. */
export function choice(scalar: Scalar): Choice {
  return { kind: 'choice', alternatives: [{ variables: [], when: 'true', scalar }] };
}

/** A null of a type. */
export function nothing(type?: string): Scalar {
  return { term: 'null!', isNull: 'true', ...(type === undefined ? {} : { type }) };
}

/** The terms for the two values of a boolean that is used as a value. */
export const booleans = { t: "|'true'|", f: "|'false'|" } as const;

/** The value as a condition. */
export function asTruth(value: Value): Truth {
  if (value.kind === 'truth') return value;
  if (value.kind === 'items') return { kind: 'truth', t: 'true', f: 'true', n: 'true' };
  const when = (pick: (scalar: Scalar) => string): string =>
    any(value.alternatives.map(({ variables, when: holds, scalar }) => some(variables, all([holds, pick(scalar)]))));
  return {
    kind: 'truth',
    t: when(({ term, isNull }) => all([not(isNull), same(term, booleans.t)])),
    f: when(({ term, isNull }) => all([not(isNull), not(same(term, booleans.t))])),
    n: when(({ isNull }) => isNull),
  };
}

/** The value as alternatives. */
export function alternativesOf(value: Value): readonly Alternative[] {
  if (value.kind === 'choice') return value.alternatives;
  if (value.kind === 'items') return value.items.flatMap(alternativesOf);
  const of = (when: string, term: string, isNull: string): readonly Alternative[] =>
    when === 'false' ? [] : [{ variables: [], when, scalar: { term, isNull, type: 'boolean' } }];
  return [...of(value.t, booleans.t, 'false'), ...of(value.f, booleans.f, 'false'), ...of(value.n, booleans.f, 'true')];
}

/** How much text its formulas are. */
export function sizeOf(value: Value): number {
  if (value.kind === 'truth') return value.t.length + value.f.length + value.n.length;
  if (value.kind === 'items') return value.items.reduce((sum, item) => sum + sizeOf(item), 0);
  return value.alternatives.reduce(
    (sum, { when, scalar }) => sum + when.length + scalar.term.length + scalar.isNull.length,
    0,
  );
}

/** A condition on each pair of alternatives of two values. */
export function compareValues(left: Value, right: Value, test: (left: Scalar, right: Scalar) => Truth): Truth {
  const pairs = alternativesOf(left).flatMap(one =>
    alternativesOf(right).map(other => ({
      variables: [...one.variables, ...other.variables],
      when: all([one.when, other.when]),
      truth: test(one.scalar, other.scalar),
    })),
  );
  const of = (pick: (truth: Truth) => string): string =>
    any(pairs.map(({ variables, when, truth }) => some(variables, all([when, pick(truth)]))));
  return { kind: 'truth', t: of(truth => truth.t), f: of(truth => truth.f), n: of(truth => truth.n) };
}

/** Whether the value is null: two-valued. */
export function nullTest(value: Value): Truth {
  if (value.kind === 'truth') return { kind: 'truth', t: value.n, f: any([value.t, value.f]), n: 'false' };
  return asTruthOf(value, ({ isNull }) => exactly(isNull));
}

function asTruthOf(value: Value, test: (scalar: Scalar) => Truth): Truth {
  return compareValues(value, choice(nothing()), scalar => test(scalar));
}

/** The same value under a further condition. */
export function within(
  alternatives: readonly Alternative[],
  variables: readonly Variable[],
  when: string,
): readonly Alternative[] {
  return alternatives.map(alternative => ({
    ...alternative,
    variables: [...variables, ...alternative.variables],
    when: all([when, alternative.when]),
  }));
}
