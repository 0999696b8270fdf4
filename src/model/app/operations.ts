import { and, or, type Operator, type Predicate, type Term } from '../../core/predicate.ts';
import type { Place } from '../../core/place.ts';
import {
  addFacts,
  asPredicate,
  commonFacts,
  conditionFact,
  holdingFalse,
  holdingTrue,
  presence,
  rowFact,
} from './facts.ts';
import { withoutImplied } from './choices.ts';
import { callTerm, predicateKey, predicateSize, termKey, valueKey } from './keys.ts';
import { makeNotes } from '../../core/notes.ts';
import { ofOneElement } from './some-element.ts';
import type { Fact } from './types.ts';
import { mayIdentify } from './unfollowed.ts';
import { constant, undefinedValue, type Alternative, type Value } from './value.ts';

/** How many alternatives one value keeps apart. */
export const mostAlternatives = 24;

/** No value at all: the code that asks for it never goes on. */
export const bottom: Value = { kind: 'choice', alternatives: [] };

/** True for the value of code that never goes on. */
export function isBottom(value: Value): boolean {
  return value.kind === 'choice' && value.alternatives.length === 0;
}

const noFacts: readonly Fact[] = [];

/** The alternatives of a value, nested ones flattened; a plain value is its own only one. */
export function alternativesOf(value: Value): readonly Alternative[] {
  if (value.kind !== 'choice') return [{ value, facts: noFacts }];
  if (!value.alternatives.some(alternative => alternative.value.kind === 'choice')) return value.alternatives;
  return flatNotes.of(value) ?? flatNotes.keep(value, value.alternatives.flatMap(flattened));
}

const flatNotes = makeNotes<readonly Alternative[]>();

function flattened(alternative: Alternative): readonly Alternative[] {
  return alternative.value.kind === 'choice'
    ? alternativesOf(alternative.value).map(inner => ({
        value: inner.value,
        facts: addFacts(alternative.facts, inner.facts),
      }))
    : [alternative];
}

/** One value of alternatives: equal values are one, with what their facts have in common. */
export function choose(alternatives: readonly Alternative[]): Value {
  const [only] = alternatives;
  if (only !== undefined && alternatives.length === 1) {
    if (only.facts.length === 0) return only.value;
    if (only.value.kind !== 'choice') return { kind: 'choice', alternatives };
  }
  const byKey = new Map<string, { value: Value; facts: (readonly Fact[])[] }>();
  for (const alternative of alternatives) {
    for (const { value, facts } of flattened(alternative)) {
      const key = valueKey(value);
      const known = byKey.get(key);
      if (known === undefined) byKey.set(key, { value, facts: [facts] });
      else known.facts.push(facts);
    }
  }
  const merged = [...byKey.values()].map(({ value, facts }): Alternative => ({ value, facts: commonFacts(facts) }));
  const [first] = merged;
  if (merged.length === 1 && first !== undefined && first.facts.length === 0) return first.value;
  return { kind: 'choice', alternatives: merged.length > mostAlternatives ? crowd(merged) : merged };
}

/** Too many alternatives: the least telling ones (equal in kind) are kept as one list of possibilities. */
function crowd(alternatives: readonly Alternative[]): readonly Alternative[] {
  const kept = alternatives.slice(0, mostAlternatives - 1);
  const rest = alternatives.slice(mostAlternatives - 1);
  const items = rest.map(alternative => alternative.value);
  return [...kept, { value: { kind: 'array', items }, facts: commonFacts(rest.map(alternative => alternative.facts)) }];
}

/** What a value does in a condition. */
export function truthOf(value: Value): 'true' | 'false' | 'maybe' {
  switch (value.kind) {
    case 'constant':
      return value.value ? 'true' : 'false';
    case 'term':
      if (value.term.kind === 'constant') return value.term.value ? 'true' : 'false';
      return value.truthy === undefined ? 'maybe' : value.truthy ? 'true' : 'false';
    case 'test':
      return 'maybe';
    case 'choice': {
      const truths = new Set(alternativesOf(value).map(alternative => truthOf(alternative.value)));
      return truths.size === 1 ? ([...truths][0] ?? 'maybe') : 'maybe';
    }
    case 'native':
      return value.native.name === 'length' ? 'maybe' : 'true';
    case 'external':
      return value.path.includes(')') ? 'maybe' : 'true';
    default:
      return 'true';
  }
}

/** A value under the assumption that it is truthy (or falsy): absent when it cannot be. */
export interface Assumed {
  readonly value: Value;
  readonly facts: readonly Fact[];
}

/** The value and what holds, if it is truthy or falsy. */
export function assume(value: Value, truthy: boolean, place: Place, label: string): Assumed | undefined {
  if (value.kind === 'choice') {
    const kept: Alternative[] = [];
    for (const alternative of alternativesOf(value)) {
      const assumed = assume(alternative.value, truthy, place, label);
      if (assumed !== undefined) kept.push({ value: assumed.value, facts: addFacts(alternative.facts, assumed.facts) });
    }
    return promote(kept);
  }
  const truth = truthOf(value);
  if (truth === (truthy ? 'false' : 'true')) return undefined;
  switch (value.kind) {
    case 'test':
      return { value: constant(truthy), facts: relabel(truthy ? value.whenTrue : value.whenFalse, place, label) };
    case 'term':
      return truthy
        ? { value: { ...value, maybeUndefined: false, truthy: true }, facts: holdingTrue(value.term, place, label) }
        : {
            // What is there and still falsy (`null`, an empty text) stays falsy: `by && by === me` is not `by`.
            value: value.maybeUndefined ? constant(undefined) : { ...value, truthy: false },
            facts:
              value.maybeUndefined || mayBeNull(value)
                ? presence(value.term, false, place, label)
                : holdingFalse(value.term, place, label),
          };
    case 'native':
      return { value, facts: lengthFacts(value, truthy, place, label) };
    default:
      return { value, facts: [] };
  }
}

/** The caller may have sent `null` (`z.string().nullable()`): where it is neither a number nor a truth value, that is what is falsy. */
function mayBeNull({ term, type }: Extract<Value, { kind: 'term' }>): boolean {
  return (term.kind === 'client' || term.kind === 'tool-argument') && type === undefined;
}

/** Alternatives that remain: their common facts hold from here on. */
export function promote(kept: readonly Alternative[]): Assumed | undefined {
  if (kept.length === 0) return undefined;
  const common = commonFacts(kept.map(alternative => alternative.facts));
  return { value: choose(kept.length === 1 ? kept.map(({ value }) => ({ value, facts: [] })) : kept), facts: common };
}

/** A condition that the developer wrote is known by its place; what it says of rows keeps the place of the look-up. */
function relabel(facts: readonly Fact[], place: Place, label: string): readonly Fact[] {
  return facts.map(fact => (fact.holds.kind === 'condition' && fact.label === '' ? { ...fact, place, label } : fact));
}

/** The number of values in a list. */
export interface LengthNative {
  readonly name: 'length';
  readonly key: string;
  readonly of: Extract<Value, { kind: 'list' }>;
}

/** True for a length that knows its list. */
export function isLength(value: Value): value is Extract<Value, { kind: 'native' }> {
  return value.kind === 'native' && value.native.name === 'length';
}

/** The list that a length is of. */
export function listOfLength(value: Extract<Value, { kind: 'native' }>): LengthNative['of'] {
  return (value.native as LengthNative).of;
}

/** `list.length`: knows that a list with rows in it means that a row exists. */
export function lengthOf(list: Extract<Value, { kind: 'list' }>): Value {
  const native: LengthNative = { name: 'length', key: `length of ${valueKey(list)}`, of: list };
  return { kind: 'native', native };
}

/** What holds when a length is, or is not, above zero. */
export function lengthFacts(value: Value, above: boolean, place: Place, label: string): readonly Fact[] {
  if (value.kind !== 'native' || value.native.name !== 'length') return [];
  return listFacts((value.native as LengthNative).of, above, place, label);
}

/** What holds when a list has something in it, or nothing; `current` when each of its values is looked at in turn. */
export function listFacts(
  list: Extract<Value, { kind: 'list' }>,
  some: boolean,
  place: Place,
  label: string,
  current = false,
): readonly Fact[] {
  if (list.rows === undefined) return [];
  const { rows } = list;
  if (some) return addFacts([rowFact(current ? rows : ofOneElement(rows), place, label)], list.facts);
  return [conditionFact({ kind: 'not', operand: { kind: 'exists', row: list.rows } }, place, label)];
}

/** The first value of a list, or undefined when it is empty. */
export function firstOf(list: Extract<Value, { kind: 'list' }>, place: Place): Value {
  if (list.rows === undefined)
    return choose([
      { value: list.element, facts: list.facts },
      { value: undefinedValue, facts: [] },
    ]);
  return choose([
    { value: list.element, facts: listFacts(list, true, place, `a row of '${list.rows.table}' was found`) },
    { value: undefinedValue, facts: listFacts(list, false, place, `no row of '${list.rows.table}' was found`) },
  ]);
}

/** Values of variables after a branch: the same, field by field, or one of both with what each branch knew. */
export function joinValues(
  left: Value,
  leftFacts: readonly Fact[],
  right: Value,
  rightFacts: readonly Fact[],
  depth = 0,
): Value {
  if (left === right || valueKey(left) === valueKey(right)) return left;
  if (left.kind === 'array' && right.kind === 'array' && depth < 3) {
    const length = Math.max(left.items.length, right.items.length);
    const items = Array.from({ length }, (_, index) =>
      joinValues(
        left.items[index] ?? undefinedValue,
        leftFacts,
        right.items[index] ?? undefinedValue,
        rightFacts,
        depth + 1,
      ),
    );
    return { kind: 'array', items };
  }
  if (left.kind === 'object' && right.kind === 'object' && depth < 3) {
    const names = new Set([...left.fields.keys(), ...right.fields.keys()]);
    const shared = [...names].filter(name => left.fields.has(name) && right.fields.has(name)).length;
    if (shared * 2 >= Math.min(left.fields.size, right.fields.size) && left.spread.length === right.spread.length) {
      const fields = new Map<string, Value>();
      for (const name of names) {
        fields.set(
          name,
          joinValues(
            left.fields.get(name) ?? undefinedValue,
            leftFacts,
            right.fields.get(name) ?? undefinedValue,
            rightFacts,
            depth + 1,
          ),
        );
      }
      return { kind: 'object', fields, spread: left.spread };
    }
  }
  return choose([
    { value: left, facts: leftFacts },
    { value: right, facts: rightFacts },
  ]);
}

/** One possible term of a value, with what holds if it is the one. */
export interface PossibleTerm {
  readonly term: Term;
  readonly facts: readonly Fact[];
  readonly maybeUndefined: boolean;
}

/** The terms that a value may be; `undefined` alternatives are left out and reported by `maybeAbsent`. */
export function possibleTerms(value: Value): {
  readonly terms: readonly PossibleTerm[];
  readonly maybeAbsent: boolean;
} {
  const terms: PossibleTerm[] = [];
  let maybeAbsent = false;
  for (const { value: inner, facts } of alternativesOf(value)) {
    if (inner.kind === 'constant' && inner.value === undefined) {
      maybeAbsent = true;
      continue;
    }
    const term = plainTerm(inner);
    const maybeUndefined = inner.kind === 'term' && inner.maybeUndefined;
    if (maybeUndefined) maybeAbsent = true;
    terms.push({ term, facts, maybeUndefined });
  }
  return { terms, maybeAbsent };
}

function plainTerm(value: Value): Term {
  switch (value.kind) {
    case 'constant':
      return { kind: 'constant', value: value.value ?? null };
    case 'term':
      return value.term;
    case 'row':
      return { kind: 'call', name: 'row', arguments: [{ kind: 'column', row: value.row.name, column: '*' }] };
    case 'promise':
      return termOf(value.value);
    case 'external':
      if (mayIdentify(value.library, value.path)) return unfollowedTerm(value);
      return callTerm(value.path.replace(/\(\)$/, ''), value.arguments.map(termOf));
    case 'test':
      return { kind: 'call', name: 'test', arguments: [] };
    case 'array':
      return callTerm('array', value.items.map(termOf));
    case 'list':
      return callTerm('list', [termOf(value.element)]);
    case 'object':
      if (isKeptForCaller(value)) return keptForCaller;
      return callTerm('object', [...value.fields.values(), ...value.spread].slice(0, 16).map(termOf));
    case 'choice':
      return termOf(value);
    case 'native': {
      if (value.native.name === 'length')
        return { kind: 'call', name: 'count', arguments: [termOf((value.native as LengthNative).of.element)] };
      return callTerm(value.native.name, (value.native.inside ?? []).slice(0, 8).map(termOf));
    }
    default:
      return { kind: 'call', name: value.kind, arguments: [] };
  }
}

/** What the server kept for the caller, used as it is: an id under the hash of a token, say. */
const keptForCaller: Term = { kind: 'principal', attribute: 'token.value' };

/** Whether an object is what the server once wrote for the caller, whole and nothing beside it. */
export function isKeptForCaller(value: Extract<Value, { kind: 'object' }>): boolean {
  return isWrittenAs(value, 'token');
}

function isWrittenAs({ fields, spread }: Extract<Value, { kind: 'object' }>, attribute: string): boolean {
  const [rest, ...others] = spread;
  const isOfCaller = (value: Value): boolean =>
    value.kind === 'object' ? isWrittenAs(value, 'user') : value.kind === 'term' && value.term.kind === 'principal';
  return (
    others.length === 0 &&
    rest?.kind === 'term' &&
    rest.term.kind === 'principal' &&
    rest.term.attribute === attribute &&
    [...fields.values()].every(isOfCaller)
  );
}

/** Who asks, as code says that is not there: neither the caller's choice nor known. */
function unfollowedTerm({ library, path, arguments: given }: Extract<Value, { kind: 'external' }>): Term {
  const reason = `what '${path.replaceAll('()', '')}' of '${library ?? ''}' gives was not followed`;
  return {
    kind: 'opaque',
    id: `${library ?? ''} ${path} ${given.map(value => `‹${valueKey(value)}›`).join(',')}`,
    reason,
  };
}

/** One term for a value; when it may be several, a call `one-of` with all of them. */
export function termOf(value: Value): Term {
  if (value.kind === 'term') return value.term;
  if (value.kind === 'constant') return { kind: 'constant', value: value.value ?? null };
  return termNotes.of(value) ?? termNotes.keep(value, value.kind === 'choice' ? termOfChoice(value) : plainTerm(value));
}

const termNotes = makeNotes<Term>();

function termOfChoice(value: Value): Term {
  const { terms } = possibleTerms(value);
  const byKey = new Map(terms.map(({ term }) => [termKey(term), term]));
  const [first] = byKey.values();
  if (first === undefined) return { kind: 'constant', value: null };
  const meaning = [...byKey.values()].filter(term => !(term.kind === 'constant' && term.value === null));
  const [only] = meaning;
  if (only === undefined) return first;
  if (meaning.length === 1) return only;
  const term = callTerm('one-of', meaning);
  waysNotes.keep(term, value);
  return term;
}

const waysNotes = makeNotes<Value>();

/** The value that a term stands for which may be one of several, with what holds for each; absent for other terms. */
export function severalOf(term: Term): Value | undefined {
  return waysNotes.of(term);
}

/** Whether a value may be `undefined` at run time (not `null`). */
export function mayBeUndefined(value: Value): boolean {
  return possibleTerms(value).maybeAbsent;
}

/** `left operator right` over everything that either may be; facts of alternatives become part of the condition. */
export function compareTerms(operator: Operator, left: Value, right: Value): Predicate {
  const lefts = possibleTerms(left).terms;
  const rights = possibleTerms(right).terms;
  if (lefts.length * rights.length > 36) {
    return { kind: 'compare', operator, left: termOf(left), right: termOf(right) };
  }
  // One value that came two ways (read as it is, and from what a schema gave) is compared once.
  const operands = new Map<string, Predicate>();
  for (const one of lefts) {
    for (const other of rights) {
      const known = [...one.facts, ...other.facts].map(asPredicate).filter(predicate => predicate !== undefined);
      const facts = withoutImplied(known).filter(predicate => predicateSize(predicate) <= 20);
      const compare: Predicate = { kind: 'compare', operator, left: one.term, right: other.term };
      const operand = lefts.length * rights.length === 1 ? compare : and([compare, ...facts]);
      operands.set(predicateKey(operand), operand);
    }
  }
  const [left_] = lefts;
  // Whichever it is, it is the same one wherever the value is used: what was checked of it holds for this comparison.
  const together =
    operator === '=' && lefts.length === 1 && left_ !== undefined && rights.length > 1 ? termOf(right) : undefined;
  if (together?.kind === 'call' && left_ !== undefined)
    return and([{ kind: 'compare', operator, left: left_.term, right: together }, or([...operands.values()])]);
  return or([...operands.values()]);
}

/** A boolean that stands for a predicate. */
export function testOf(condition: Predicate, place: Place): Value {
  if (condition.kind === 'true' || condition.kind === 'false') return constant(condition.kind === 'true');
  return {
    kind: 'test',
    whenTrue: [conditionFact(condition, place, '')],
    whenFalse: [conditionFact(negate(condition), place, '')],
  };
}

/** The predicate that is true exactly when the operand is false, for values of the program (two-valued). */
export function negate(condition: Predicate): Predicate {
  const opposite: Partial<Record<Operator, Operator>> = {
    '=': '<>',
    '<>': '=',
    '<': '>=',
    '<=': '>',
    '>': '<=',
    '>=': '<',
    'is-distinct-from': 'is-not-distinct-from',
    'is-not-distinct-from': 'is-distinct-from',
  };
  switch (condition.kind) {
    case 'compare': {
      const operator = opposite[condition.operator];
      return operator === undefined ? { kind: 'not', operand: condition } : { ...condition, operator };
    }
    case 'not':
      return condition.operand;
    case 'and':
      return or(condition.operands.map(negate));
    case 'or':
      return and(condition.operands.map(negate));
    case 'true':
      return { kind: 'false' };
    case 'false':
      return { kind: 'true' };
    default:
      return { kind: 'not', operand: condition };
  }
}
