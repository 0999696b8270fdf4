import type { Place } from '../../core/place.ts';
import type { RowVariable, Term } from '../../core/predicate.ts';
import { addFacts } from './facts.ts';
import { listFacts, sayingOf } from './keys.ts';
import { makeNotes } from '../../core/notes.ts';
import type { Fact } from './types.ts';

/** Types that `typeof` tells apart. */
export type PlainType = 'string' | 'number' | 'boolean';

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
      /** What `typeof` gives for it, where a schema, a conversion or a test said so. */
      readonly type?: PlainType;
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
      /** Rows above each element, where lists in a list became one. */
      readonly above?: readonly RowVariable[];
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
const noRows: readonly RowUse[] = [];

function findRows(value: Value): readonly RowUse[] {
  const found = [...ownRows(value)];
  for (const { value: part, facts } of partsOf(value))
    for (const use of rowsIn(part))
      found.push(facts.length === 0 ? use : { ...use, facts: addFacts(facts, use.facts) });
  return found.length === 0 ? noRows : withoutRepeats(found);
}

function ownRows(value: Value): readonly RowUse[] {
  if (value.kind === 'row') return [{ row: value.row.name, table: value.row.table, columns: value.columns, facts: [] }];
  if (value.kind === 'list' && value.rows !== undefined && value.element.kind !== 'row')
    return [{ row: value.rows.name, table: value.rows.table, columns: [], facts: [] }];
  if (value.kind !== 'term') return noRows;
  return atoms(value.term).flatMap(term =>
    term.kind === 'column' ? [{ row: term.row, table: undefined, columns: [term.column], facts: [] }] : [],
  );
}

/** One use for what leaves in the same way twice; what leaves anyway needs no second mention where more is known. */
function withoutRepeats(uses: readonly RowUse[]): readonly RowUse[] {
  if (uses.length === 1) return uses;
  const kept = new Map<string, RowUse[]>();
  for (const use of uses) {
    const key = `${use.row} ${use.table ?? ''} ${use.columns?.join(',') ?? '*'}`;
    const same = kept.get(key);
    if (same === undefined) {
      kept.set(key, [use]);
      continue;
    }
    // A big value leaves in thousands of ways, each knowing many facts.
    const list = listFacts(use.facts);
    const knowsNoMore = ({ facts }: RowUse): boolean =>
      facts.length <= use.facts.length && facts.every(fact => sayingOf(fact).listed === list);
    if (!same.some(knowsNoMore)) same.push(use);
  }
  return [...kept.values()].flat();
}

/** Every term inside a value. */
export function termsIn(value: Value): readonly Term[] {
  const found: Term[] = [];
  visit(value, inner => {
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

/** Something inside a value, and what holds if the value is the alternative that it is in. */
export interface Part {
  readonly value: Value;
  readonly facts: readonly Fact[];
}

/** What is directly inside a value. */
export function partsOf(value: Value): readonly Part[] {
  switch (value.kind) {
    case 'row':
      return value.fields === undefined ? noParts : asParts([...value.fields.values()].filter(isNoTerm));
    case 'list':
      return [{ value: value.element, facts: value.facts }];
    case 'object':
      return asParts([...value.fields.values(), ...value.spread]);
    case 'array':
      return asParts(value.items);
    case 'choice':
      return value.alternatives;
    case 'promise':
      return [value];
    case 'external':
      return asParts(value.arguments);
    case 'native':
      return asParts(value.native.inside ?? []);
    case 'element':
      return asParts([value.props, ...value.content]);
    case 'response':
      return asParts([value.body, value.headers]);
    default:
      return noParts;
  }
}

const noParts: readonly Part[] = [];

function asParts(values: readonly Value[]): readonly Part[] {
  return values.map(value => ({ value, facts: [] }));
}

/** The columns of a row are said with the row. */
function isNoTerm(value: Value): boolean {
  return value.kind !== 'term';
}

/** Calls `see` for a value and everything inside it, once for each: values share their parts. */
export function visit(value: Value, see: (value: Value) => void, seen: Set<Value> = new Set()): void {
  if (seen.has(value)) return;
  seen.add(value);
  see(value);
  for (const part of partsOf(value)) visit(part.value, see, seen);
}
