import { makeNotes } from '../core/notes.ts';
import type { Operator, Predicate, RowVariable, Term } from '../core/predicate.ts';
import { shapeOf, type Shape } from '../core/shape.ts';
import { notClosedBy } from './published.ts';
import { renameRows, termKey } from './terms.ts';

/** What is known in one branch of a predicate: equalities, rows that exist, NULLs, and what was not understood. */
export interface Branch {
  /** `strict` ones hold of values that are not NULL (`=`); the others also between NULLs. */
  readonly equalities: readonly Equality[];
  readonly rows: readonly RowVariable[];
  /** Rows that were looked for and are not there. */
  readonly absent: readonly RowVariable[];
  readonly nulls: readonly Term[];
  /** Columns that say that their row is not kept from everybody, by a value that they do not have. */
  readonly shown: readonly Term[];
  readonly opaque: readonly string[];
}

/** Two terms that are equal. */
export interface Equality {
  readonly left: Term;
  readonly right: Term;
  readonly strict: boolean;
}

/** What a predicate makes known: what holds in any case, and choices, of each of which at least one option holds. */
export interface Known {
  readonly sure: Branch;
  readonly choices: readonly Choice[];
}

/** At least one of them holds. */
export type Choice = readonly Known[];

/** How a filter that may vanish is read: `kept` as if its value were always there, `dropped` as if never. */
export type AbsenceReading = 'kept' | 'dropped';

/** Nothing is known. */
export const nothing: Branch = { equalities: [], rows: [], absent: [], nulls: [], shown: [], opaque: [] };
const anything: Known = { sure: nothing, choices: [] };

/**
 * What follows from a predicate, weakened: what does not matter to ownership is left out.
 * Every row for which the predicate is true satisfies it. `undefined` when no row does.
 */
export function knownFrom(predicate: Predicate, absence: AbsenceReading): Known | undefined {
  // The same condition holds on many paths.
  const notes = readings[absence];
  const known = notes.of(predicate) ?? notes.keep(predicate, expand(predicate, absence, true) ?? 'never');
  return known === 'never' ? undefined : known;
}

const readings = { kept: makeNotes<Known | 'never'>(), dropped: makeNotes<Known | 'never'>() };
const shapeNotes = makeNotes<Shape>();

/** A shape that is equal only for what says the same; it does not depend on what rows are called. */
export function shapeOfKnown(known: Known): Shape {
  return shapeNotes.of(known) ?? shapeNotes.keep(known, readShape(write(known)));
}

/** The shape of a row variable without what is known of it. */
export function shapeOfRow(row: RowVariable): Shape {
  return shapeNotes.of(row) ?? shapeNotes.keep(row, readShape(writeRow(row)));
}

/** The shape of a term. */
export function shapeOfTerm(term: Term): Shape {
  return readShape(writeTerm(term));
}

/** Stands around names, and in none. */
const mark = '\0';

function readShape(text: string): Shape {
  const parts = text.split(mark);
  return shapeOf(
    parts.filter((_, place) => place % 2 === 0).join(mark),
    parts.filter((_, place) => place % 2 === 1),
  );
}

function write({ sure, choices }: Known): string {
  return [
    ...sure.equalities.map(({ left, right, strict }) => `${writeTerm(left)}=${writeTerm(right)}${strict ? '' : '?'}`),
    ...sure.rows.map(row => `row ${writeRow(row)}`),
    ...sure.absent.map(
      row => `no ${writeRow(row)} ${JSON.stringify(markNames(row.where)).replaceAll('\\u0000', mark)}`,
    ),
    ...sure.nulls.map(term => `null ${writeTerm(term)}`),
    ...sure.shown.map(term => `shown ${writeTerm(term)}`),
    ...sure.opaque.map(reason => `opaque ${reason}`),
    ...choices.map(choice => `[${choice.map(write).join('|')}]`),
  ].join('&');
}

function writeTerm(term: Term): string {
  if (term.kind === 'column') return `column ${mark}${term.row}${mark}.${term.column}`;
  return term.kind === 'call' ? `call ${term.name}(${term.arguments.map(writeTerm).join(', ')})` : termKey(term);
}

function writeRow({ name, table, created, required }: RowVariable): string {
  return `${mark}${name}${mark} ${table}${created === true ? ' created' : ''}${required === true ? ' required' : ''}`;
}

function markNames(predicate: Predicate): Predicate {
  return renameRows(predicate, name => `${mark}${name}${mark}`);
}

function expand(predicate: Predicate, absence: AbsenceReading, positive: boolean): Known | undefined {
  switch (predicate.kind) {
    case 'true':
      return positive ? anything : undefined;
    case 'false':
      return positive ? undefined : anything;
    case 'compare':
      return comparison(predicate.operator, predicate.left, predicate.right, positive);
    case 'is-null':
      return nullness(predicate.term, positive);
    case 'and':
      return positive ? all(predicate.operands, absence, true) : any(predicate.operands, absence, false);
    case 'or':
      return positive ? any(predicate.operands, absence, true) : all(predicate.operands, absence, false);
    case 'not':
      return expand(predicate.operand, absence, !positive);
    case 'maybe-absent':
      if (absence === 'dropped') return anything;
      return expand(predicate.operand, absence, positive);
    case 'opaque':
      return known({ opaque: [predicate.reason] });
    case 'exists': {
      if (!positive) return known({ absent: [predicate.row] });
      const inner = expand(predicate.row.where, absence, true);
      return inner && { ...inner, sure: { ...inner.sure, rows: [predicate.row, ...inner.sure.rows] } };
    }
  }
}

function known(part: Partial<Branch>): Known {
  return { sure: { ...nothing, ...part }, choices: [] };
}

function comparison(operator: Operator, left: Term, right: Term, positive: boolean): Known | undefined {
  const isEquality = operator === '=' || operator === 'is-not-distinct-from';
  const isInequality = operator === '<>' || operator === 'is-distinct-from';
  if (left.kind === 'constant' && right.kind === 'constant' && (isEquality || isInequality)) {
    // NULL = anything is never true: https://www.postgresql.org/docs/18/functions-comparison.html
    const comparable = operator.startsWith('is-') || (left.value !== null && right.value !== null);
    const holds = comparable && (left.value === right.value) === (isEquality === positive);
    return holds ? anything : undefined;
  }
  const equal = positive ? isEquality : isInequality;
  const column = notClosedBy(operator, left, right, positive);
  const shown = column === undefined ? [] : [column];
  if (equal) return known({ equalities: [{ left, right, strict: !operator.startsWith('is-') }], shown });
  return column === undefined ? anything : known({ shown });
}

function nullness(term: Term, positive: boolean): Known | undefined {
  if (term.kind === 'constant') return (term.value === null) === positive ? anything : undefined;
  return positive ? known({ nulls: [term] }) : anything;
}

function all(operands: readonly Predicate[], absence: AbsenceReading, positive: boolean): Known | undefined {
  const parts: Known[] = [];
  for (const operand of operands) {
    const part = expand(operand, absence, positive);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return { sure: joinAll(parts.map(part => part.sure)), choices: parts.flatMap(part => part.choices) };
}

function any(operands: readonly Predicate[], absence: AbsenceReading, positive: boolean): Known | undefined {
  const options = operands.flatMap(operand => expand(operand, absence, positive) ?? []);
  const [first, ...others] = options;
  if (first === undefined || others.length === 0) return first;
  // One that says nothing may always be the one that holds.
  if (options.some(option => isEmpty(option.sure) && option.choices.length === 0)) return anything;
  const texts = others.map(option => new Set(option.sure.equalities.map(equalityKey)));
  const common = first.sure.equalities.filter(equality => texts.every(each => each.has(equalityKey(equality))));
  return { sure: { ...nothing, equalities: common }, choices: [options] };
}

/** Whether nothing is known. */
export function isEmpty(branch: Branch): boolean {
  return Object.values(branch).every((part: readonly unknown[]) => part.length === 0);
}

function equalityKey({ left, right, strict }: Equality): string {
  return `${termKey(left)}=${termKey(right)}${strict ? '' : '?'}`;
}

const factNotes = makeNotes<readonly string[]>();

/** One text for each thing that a branch says. */
export function factsIn(branch: Branch): readonly string[] {
  const known = factNotes.of(branch);
  if (known !== undefined) return known;
  return factNotes.keep(branch, [
    ...branch.equalities.map(equalityKey),
    ...branch.rows.map(row => `row ${row.name}`),
    ...branch.absent.map(row => `no ${row.name}`),
    ...branch.nulls.map(term => `null ${termKey(term)}`),
    ...branch.shown.map(term => `shown ${termKey(term)}`),
    ...branch.opaque.map(reason => `opaque ${reason}`),
  ]);
}

/** Everything known in both. */
export function join(left: Branch, right: Branch): Branch {
  return joinAll([left, right]);
}

/** Everything known in each. */
export function joinAll(branches: readonly Branch[]): Branch {
  const [first] = branches;
  if (first !== undefined && branches.length === 1) return first;
  const all = {
    equalities: [] as Equality[],
    rows: [] as RowVariable[],
    absent: [] as RowVariable[],
    nulls: [] as Term[],
    shown: [] as Term[],
    opaque: [] as string[],
  };
  for (const branch of branches) {
    all.equalities.push(...branch.equalities);
    all.rows.push(...branch.rows);
    all.absent.push(...branch.absent);
    all.nulls.push(...branch.nulls);
    all.shown.push(...branch.shown);
    all.opaque.push(...branch.opaque);
  }
  return all;
}
