/**
 * The one predicate language. SQL policies, ORM filters, raw SQL and guards after the load all lower into it;
 * `logic/` answers what follows from it.
 */

/** A value in a predicate, with its provenance. */
export type Term =
  /** A column of a row variable; `self` is the row that the query or policy is about. */
  | { readonly kind: 'column'; readonly row: string; readonly column: string }
  /** Something the server verified about who asks: `user.id`, `user.email`, `user.role`, `tenant.id`, `tenant.role`, `claims.app_metadata.x`, `token.x` of a token that the server signed or sealed. */
  | { readonly kind: 'principal'; readonly attribute: string }
  /** A value the caller chose; `path` is its identity (`params.id`, `body.orderId`). */
  | { readonly kind: 'client'; readonly path: string }
  /** A value a language model chose as an argument of a tool. */
  | { readonly kind: 'tool-argument'; readonly path: string }
  /** A field of an event whose signature was verified (`event.data.object.customer`). */
  | { readonly kind: 'event'; readonly path: string }
  /** `current_setting(name)` of the database session. */
  | { readonly kind: 'setting'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  | { readonly kind: 'environment'; readonly name: string }
  /** A pure function of terms, compared by name and arguments. */
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Term[] }
  /** A value the analysis could not follow. Two opaque terms are equal only when `id` is. */
  | { readonly kind: 'opaque'; readonly id: string; readonly reason: string };

/** Comparison operators that keep SQL's meaning under NULL. */
export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=' | 'like' | 'is-distinct-from' | 'is-not-distinct-from';

/** A condition, with SQL's three-valued logic. */
export type Predicate =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | {
      readonly kind: 'compare';
      readonly operator: Operator;
      readonly left: Term;
      readonly right: Term;
      /** Equal to any element of a list that came as a whole (`in`), not to a certain one. */
      readonly among?: true;
    }
  | { readonly kind: 'is-null'; readonly term: Term }
  | { readonly kind: 'and'; readonly operands: readonly Predicate[] }
  | { readonly kind: 'or'; readonly operands: readonly Predicate[] }
  | { readonly kind: 'not'; readonly operand: Predicate }
  /** There is a row of the relation for which `where` is true. Two-valued. */
  | { readonly kind: 'exists'; readonly row: RowVariable }
  /** A filter that disappears when a value is undefined at run time. */
  | {
      readonly kind: 'maybe-absent';
      readonly operand: Predicate;
      readonly because: string;
      /** The value without which it disappears, when nothing else takes it away. */
      readonly without?: Term;
    }
  /** A condition the analysis could not follow. */
  | { readonly kind: 'opaque'; readonly reason: string };

/** A row that ranges over a table (SQL names: `schema.table`, or `table` for `public`), with what is known of it. */
export interface RowVariable {
  /** Unique within one path or policy. */
  readonly name: string;
  readonly table: string;
  readonly where: Predicate;
  /** Of a joined row: without it the query's own row is not returned (an inner join). */
  readonly required?: boolean;
  /** It was inserted earlier on the same path: whoever asks made it. */
  readonly created?: boolean;
}

/** The predicate that is always true. */
export const always: Predicate = { kind: 'true' };

/** The predicate that is never true. */
export const never: Predicate = { kind: 'false' };

/** A column of the row that the query or policy is about. */
export function own(column: string): Term {
  return { kind: 'column', row: 'self', column };
}

/** `left = right`. */
export function equals(left: Term, right: Term): Predicate {
  return { kind: 'compare', operator: '=', left, right };
}

/** The list, kept as a whole, has the value among its elements. */
export function listHolds(list: Term, value: Term): Predicate {
  return equals({ kind: 'call', name: 'holds', arguments: [list, value] }, { kind: 'constant', value: true });
}

/** The conjunction, flattened; true when empty. */
export function and(operands: readonly Predicate[]): Predicate {
  const flat = operands.flatMap(operand => (operand.kind === 'and' ? operand.operands : [operand]));
  if (flat.some(operand => operand.kind === 'false')) return never;
  const kept = flat.filter(operand => operand.kind !== 'true');
  const [first] = kept;
  return first === undefined ? always : kept.length === 1 ? first : { kind: 'and', operands: kept };
}

/** The disjunction, flattened; false when empty. */
export function or(operands: readonly Predicate[]): Predicate {
  const flat = operands.flatMap(operand => (operand.kind === 'or' ? operand.operands : [operand]));
  if (flat.some(operand => operand.kind === 'true')) return always;
  const kept = flat.filter(operand => operand.kind !== 'false');
  const [first] = kept;
  return first === undefined ? never : kept.length === 1 ? first : { kind: 'or', operands: kept };
}
