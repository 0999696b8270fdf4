import type { Place } from '../../core/place.ts';
import type { RowVariable, Term } from '../../core/predicate.ts';
import { makeNotes } from './notes.ts';
import type { Fact } from './types.ts';

/** A value of the analysed program, with where it came from. Immutable. */
export type Value =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null | undefined }
  /** A value known by its provenance. Its fields have the same provenance with a longer path. */
  | {
      readonly kind: 'term';
      readonly term: Term;
      readonly maybeUndefined: boolean;
      /** Whether it counts as true in a condition, where that is known. */
      readonly truthy?: boolean;
    }
  /** A row that a query returned. */
  | RowValue
  /** Any number of values alike: what a query returned, or a `map` of it. */
  | {
      readonly kind: 'list';
      readonly element: Value;
      readonly rows: RowVariable | undefined;
      readonly facts: readonly Fact[];
      /** What the elements stand for, one each: the elements of a list that they were made from. */
      readonly each?: readonly string[];
    }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Value>; readonly spread: readonly Value[] }
  | { readonly kind: 'array'; readonly items: readonly Value[] }
  /** One of these; the facts hold whenever the value is that alternative. */
  | { readonly kind: 'choice'; readonly alternatives: readonly Alternative[] }
  /** What a promise resolves to; `facts` hold once it has been awaited. */
  | { readonly kind: 'promise'; readonly value: Value; readonly facts: readonly Fact[] }
  /** A boolean, with what holds when it is true and when it is false. */
  | { readonly kind: 'test'; readonly whenTrue: readonly Fact[]; readonly whenFalse: readonly Fact[] }
  /** A function of the analysed program. `key` names it and what it captured. */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly file: string;
      readonly line: number;
      readonly closure: unknown;
    }
  /** Something a library or the platform offers, by its path (`stripe.checkout.sessions`, `Response`). */
  | {
      readonly kind: 'external';
      readonly library: string | undefined;
      readonly path: string;
      readonly arguments: readonly Value[];
    }
  /** A value that a library model gives a behaviour of its own: a table, a query that is being built, a schema. */
  | { readonly kind: 'native'; readonly native: Native }
  /** A rendered element. `component` is a tag (`div`) or a component's name. */
  | {
      readonly kind: 'element';
      readonly component: string;
      readonly file: string | undefined;
      readonly client: boolean;
      readonly props: Value;
      readonly content: readonly Value[];
      readonly place: Place;
    }
  /** An answer: `Response.json(body, { status, headers })`, `new NextResponse(body)`. */
  | {
      readonly kind: 'response';
      readonly status: number | undefined;
      readonly headers: Value;
      readonly body: Value;
      readonly place: Place;
    };

/** A row of a query's result. */
export interface RowValue {
  readonly kind: 'row';
  readonly row: RowVariable;
  /** The fields of the object in the program; absent when each column is a field by its own name. */
  readonly fields: ReadonlyMap<string, Value> | undefined;
  /** Columns read back; absent means all. */
  readonly columns: readonly string[] | undefined;
}

/** One possible value, with what holds if it is the one. */
export interface Alternative {
  readonly value: Value;
  readonly facts: readonly Fact[];
}

/** The behaviour of a value that a library model made. `key` identifies it: equal keys mean equal behaviour. */
export interface Native {
  readonly name: string;
  readonly key: string;
  /** Values inside, for whoever looks for rows and terms in it. */
  readonly inside?: readonly Value[];
}

/** `undefined` of the analysed program. */
export const undefinedValue: Value = { kind: 'constant', value: undefined };

/** `null` of the analysed program. */
export const nullValue: Value = { kind: 'constant', value: null };

/** A literal. */
export function constant(value: string | number | boolean | null | undefined): Value {
  return { kind: 'constant', value };
}

/** A value with this provenance that is present and not empty. */
export function present(term: Term): Value {
  return { kind: 'term', term, maybeUndefined: false, truthy: true };
}

/** An object with these fields only. */
export function objectOf(fields: Readonly<Record<string, Value>>): Value {
  return { kind: 'object', fields: new Map(Object.entries(fields)), spread: [] };
}

/** A value the analysis could not follow. */
export function opaque(reason: string, place: Place, at = 0): Value {
  return { kind: 'term', term: { kind: 'opaque', id: `${place.file}:${at} ${reason}`, reason }, maybeUndefined: true };
}

/** A row variable's columns that a value holds; `columns` absent means all. */
export interface RowUse {
  readonly row: string;
  readonly table: string | undefined;
  readonly columns: readonly string[] | undefined;
  /** What holds if the value is the alternative that the row is in. */
  readonly facts: readonly Fact[];
}

/** Every row, and every column of a row, inside a value (in fields, items, alternatives, elements, answers). */
export function rowsIn(value: Value): readonly RowUse[] {
  return rowNotes.of(value) ?? rowNotes.keep(value, findRows(value));
}

const rowNotes = makeNotes<readonly RowUse[]>();

function findRows(value: Value): readonly RowUse[] {
  const found: RowUse[] = [];
  visit(value, [], (inner, facts) => {
    if (inner.kind === 'row')
      found.push({ row: inner.row.name, table: inner.row.table, columns: inner.columns, facts });
    if (inner.kind === 'list' && inner.rows !== undefined && inner.element.kind !== 'row') {
      found.push({ row: inner.rows.name, table: inner.rows.table, columns: [], facts });
    }
    if (inner.kind === 'term') {
      for (const term of atoms(inner.term)) {
        if (term.kind === 'column') found.push({ row: term.row, table: undefined, columns: [term.column], facts });
      }
    }
  });
  return found;
}

/** Every term inside a value. */
export function termsIn(value: Value): readonly Term[] {
  const found: Term[] = [];
  visit(value, [], inner => {
    if (inner.kind === 'term') found.push(...atoms(inner.term));
  });
  return found;
}

/** The term itself, or the terms that a pure function was computed from. */
export function atoms(term: Term): readonly Term[] {
  if (term.kind !== 'call') return [term];
  return atomNotes.of(term) ?? atomNotes.keep(term, term.arguments.flatMap(atoms));
}

const atomNotes = makeNotes<readonly Term[]>();

/** A named field, looked up through spreads and alternatives (the first that has it); absent when unknown. */
export function fieldOf(value: Value, name: string): Value | undefined {
  switch (value.kind) {
    case 'object': {
      const own = value.fields.get(name);
      if (own !== undefined) return own;
      for (const spread of value.spread) {
        const inner = fieldOf(spread, name);
        if (inner !== undefined) return inner;
      }
      return undefined;
    }
    case 'row':
      return value.fields?.get(name);
    case 'choice':
      for (const alternative of value.alternatives) {
        const inner = fieldOf(alternative.value, name);
        if (inner !== undefined) return inner;
      }
      return undefined;
    case 'promise':
      return fieldOf(value.value, name);
    default:
      return undefined;
  }
}

const deepest = 12;

/** Calls `see` for a value and everything inside it, with the facts of the alternatives on the way. */
export function visit(
  value: Value,
  facts: readonly Fact[],
  see: (value: Value, facts: readonly Fact[]) => void,
  depth = 0,
): void {
  if (depth > deepest) return;
  see(value, facts);
  const next = depth + 1;
  switch (value.kind) {
    case 'row':
      if (value.fields !== undefined)
        for (const field of value.fields.values()) if (field.kind !== 'term') visit(field, facts, see, next);
      return;
    case 'list':
      visit(value.element, both(facts, value.facts), see, next);
      return;
    case 'object':
      for (const field of value.fields.values()) visit(field, facts, see, next);
      for (const spread of value.spread) visit(spread, facts, see, next);
      return;
    case 'array':
      for (const item of value.items) visit(item, facts, see, next);
      return;
    case 'choice':
      for (const alternative of value.alternatives) visit(alternative.value, both(facts, alternative.facts), see, next);
      return;
    case 'promise':
      visit(value.value, both(facts, value.facts), see, next);
      return;
    case 'external':
      for (const argument of value.arguments) visit(argument, facts, see, next);
      return;
    case 'native':
      for (const part of value.native.inside ?? []) visit(part, facts, see, next);
      return;
    case 'element':
      visit(value.props, facts, see, next);
      for (const part of value.content) visit(part, facts, see, next);
      return;
    case 'response':
      visit(value.body, facts, see, next);
      visit(value.headers, facts, see, next);
      return;
    default:
      return;
  }
}

function both(facts: readonly Fact[], more: readonly Fact[]): readonly Fact[] {
  if (more.length === 0) return facts;
  return facts.length === 0 ? more : [...facts, ...more];
}
