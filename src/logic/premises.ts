import { makeNotes } from '../core/notes.ts';
import type { RowVariable, Term } from '../core/predicate.ts';
import { isEmpty, type Branch, type Choice, type Known } from './branches.ts';
import { termKey, termsOf } from './terms.ts';

/** Something that is known to hold, and the row that it is known of. */
export interface Premise {
  readonly known: Known;
  readonly row?: RowVariable | undefined;
}

/** What the premises say, without what was not understood of them: fewer premises prove less, never more. */
export function understood(known: Known): Known {
  const before = plainNotes.of(known);
  if (before !== undefined) return before;
  const { sure, choices } = known;
  return plainNotes.keep(known, {
    sure: { ...sure, opaque: [] },
    choices: choices.map(choice => choice.map(understood)).filter(tells),
  });
}

const plainNotes = makeNotes<Known>();

function tells(choice: Choice): boolean {
  return !choice.some(option => isEmpty(option.sure) && option.choices.length === 0);
}

/**
 * Premises that share a value with the question's row, directly or by way of others, and the rest.
 * What shares nothing with a row cannot tie it to anybody. Who asks is shared by all: it connects two rows only when it
 * stands in the same column of one table, where a key makes them one row.
 */
export function relatedTo(
  question: { readonly row: RowVariable },
  premises: readonly Premise[],
): { readonly related: readonly Premise[]; readonly unrelated: readonly Premise[] } {
  const tables = new Map<string, string>();
  for (const { row, known } of premises) {
    if (row !== undefined) tables.set(row.name, row.table);
    for (const [name, table] of linksIn(known).tables) tables.set(name, table);
  }
  const links = premises.map(premise => linksOf(premise, tables));
  const reached = new Set([`row ${question.row.name}`]);
  const related = new Set<number>();
  for (let grown = true; grown;) {
    grown = false;
    for (const [index, own] of links.entries()) {
      if (related.has(index) || !own.some(link => reached.has(link))) continue;
      related.add(index);
      for (const link of own) reached.add(link);
      grown = true;
    }
  }
  return {
    related: premises.filter((_, index) => related.has(index)),
    unrelated: premises.filter((_, index) => !related.has(index)),
  };
}

function linksOf({ known, row }: Premise, tables: ReadonlyMap<string, string>): readonly string[] {
  const { values, shared } = linksIn(known);
  const columns = shared.map(({ row: name, column, key }) => `${tables.get(name) ?? name}.${column} is ${key}`);
  return row === undefined ? [...values, ...columns] : [`row ${row.name}`, ...values, ...columns];
}

/** What connects what is known with other premises. */
interface Links {
  /** Rows and values that are named. */
  readonly values: readonly string[];
  /** Columns that hold a value that anything may have. */
  readonly shared: readonly { readonly row: string; readonly column: string; readonly key: string }[];
  /** Tables of the rows that are said to exist. */
  readonly tables: ReadonlyMap<string, string>;
}

const linkNotes = makeNotes<Links>();

/** The same is known on many paths. */
function linksIn(known: Known): Links {
  return linkNotes.of(known) ?? linkNotes.keep(known, readLinks(known));
}

function readLinks({ sure, choices }: Known): Links {
  const tables = new Map(sure.rows.map(row => [row.name, row.table]));
  const values = new Set(sure.rows.map(row => `row ${row.name}`));
  const shared = new Map<string, Links['shared'][number]>();
  const add = (term: Term, other: Term): void => {
    if (term.kind === 'column') values.add(`row ${term.row}`);
    // That a list holds somebody is known of the row that has the list.
    else if (term.kind === 'call' && term.name === 'holds') for (const each of term.arguments) add(each, term);
    else if (!isShared(term)) values.add(termKey(term));
    else if (other.kind === 'column') {
      const { row, column } = other;
      shared.set(`${row}.${column} ${termKey(term)}`, { row, column, key: termKey(term) });
    }
  };
  for (const { left, right } of sure.equalities) {
    add(left, right);
    add(right, left);
  }
  for (const term of [...sure.nulls, ...sure.shown, ...absentTerms(sure)]) add(term, term);
  for (const option of choices.flat()) {
    const inner = linksIn(option);
    for (const [name, table] of inner.tables) tables.set(name, table);
    for (const value of inner.values) values.add(value);
    for (const each of inner.shared) shared.set(`${each.row}.${each.column} ${each.key}`, each);
  }
  return { values: [...values], shared: [...shared.values()], tables };
}

function absentTerms({ absent }: Branch): readonly Term[] {
  return absent.flatMap(row => termsOf(row.where).filter(term => term.kind !== 'column' || term.row !== row.name));
}

/** A value that anything may have. */
function isShared(term: Term): boolean {
  return (
    term.kind === 'principal' || term.kind === 'constant' || term.kind === 'setting' || term.kind === 'environment'
  );
}
