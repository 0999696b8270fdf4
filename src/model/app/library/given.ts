import type { Place } from '../../../core/place.ts';
import type { Term } from '../../../core/predicate.ts';
import type { GivenEvent } from '../events.ts';
import { termKey } from '../keys.ts';
import type { Call, Frame, Machine } from '../machine.ts';
import { atoms, type Value } from '../value.ts';

/** What is known of a part of a query that the caller may have written. */
export interface GivenPart {
  readonly part: GivenEvent['part'];
  readonly table: string | undefined;
  readonly value: Value | undefined;
  readonly place: Place;
}

/** Notes a part of a query that is an object of the caller's, used as it came: its keys are theirs to choose. */
export function noteGiven(machine: Machine, frame: Frame, { part, table, value, place }: GivenPart): void {
  const term = value === undefined ? undefined : writtenByCaller(value);
  if (term !== undefined) machine.emit(frame, { kind: 'given', part, table, term, place });
}

/** Notes a statement in SQL whose text holds what the caller sent. */
export function noteBuiltSql({ machine, frame, at, end }: Call, text: Value | undefined): void {
  const harmless = harmlessOf(machine);
  const terms = text === undefined ? [] : alternativeTerms(text).flatMap(atoms);
  const term = terms.find(candidate => isOfCaller(candidate) && !harmless.has(termKey(candidate)));
  if (term === undefined) return;
  machine.emit(frame, { kind: 'given', part: 'sql', table: undefined, term, place: machine.place(frame, at, end) });
}

/** Remembers a value that a schema lets be a number, or one of a list, and nothing else: it cannot end a string in SQL. */
export function noteHarmless(machine: Machine, term: Term): void {
  if (isOfCaller(term)) harmlessOf(machine).add(termKey(term));
}

function harmlessOf(machine: Machine): Set<string> {
  return machine.remember('harmless in SQL', () => new Set<string>());
}

function alternativeTerms(value: Value): readonly Term[] {
  if (value.kind === 'choice') return value.alternatives.flatMap(alternative => alternativeTerms(alternative.value));
  return value.kind === 'term' ? [value.term] : [];
}

function writtenByCaller(value: Value): Term | undefined {
  switch (value.kind) {
    case 'term':
      return isOfCaller(value.term) && isObject(value.term) ? value.term : undefined;
    case 'object':
      return first(value.spread);
    case 'choice':
      return first(value.alternatives.map(alternative => alternative.value));
    case 'array':
      return first(value.items);
    case 'list':
      return writtenByCaller(value.element);
    default:
      return undefined;
  }
}

function first(values: readonly Value[]): Term | undefined {
  for (const value of values) {
    const term = writtenByCaller(value);
    if (term !== undefined) return term;
  }
  return undefined;
}

function isOfCaller(term: Term): boolean {
  return term.kind === 'client' || term.kind === 'tool-argument';
}

/** Parameters of an address, headers, cookies and fields of a form are texts. */
function isObject(term: Term): boolean {
  return term.kind !== 'client' || !/^(?:params|query|header|cookie|formData|token)(?:[.[]|$)/.test(term.path);
}
