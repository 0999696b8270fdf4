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
  const before = plain.get(known);
  if (before !== undefined) return before;
  const { sure, choices } = known;
  const made = { sure: { ...sure, opaque: [] }, choices: choices.map(choice => choice.map(understood)).filter(tells) };
  plain.set(known, made);
  return made;
}

const plain = new WeakMap<Known, Known>();

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
  const tables = new Map(premises.flatMap(({ row }) => (row === undefined ? [] : [[row.name, row.table] as const])));
  for (const { known } of premises) noteTables(known, tables);
  const links = premises.map(premise => linksOf(premise, tables));
  const reached = new Set([`row ${question.row.name}`]);
  const related = new Set<number>();
  for (let grown = true; grown;) {
    grown = false;
    for (const [index, own] of links.entries()) {
      if (related.has(index) || ![...own].some(link => reached.has(link))) continue;
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

function noteTables({ sure, choices }: Known, tables: Map<string, string>): void {
  for (const row of sure.rows) tables.set(row.name, row.table);
  for (const option of choices.flat()) noteTables(option, tables);
}

function linksOf({ known, row }: Premise, tables: ReadonlyMap<string, string>): ReadonlySet<string> {
  const links = new Set(row === undefined ? [] : [`row ${row.name}`]);
  addLinks(known, tables, links);
  return links;
}

function addLinks({ sure, choices }: Known, tables: ReadonlyMap<string, string>, links: Set<string>): void {
  for (const { left, right } of sure.equalities) {
    addLink(left, right, tables, links);
    addLink(right, left, tables, links);
  }
  for (const term of [...sure.nulls, ...sure.shown, ...absentTerms(sure)]) addLink(term, term, tables, links);
  for (const row of sure.rows) links.add(`row ${row.name}`);
  for (const option of choices.flat()) addLinks(option, tables, links);
}

function absentTerms({ absent }: Branch): readonly Term[] {
  return absent.flatMap(row => termsOf(row.where).filter(term => term.kind !== 'column' || term.row !== row.name));
}

function addLink(term: Term, other: Term, tables: ReadonlyMap<string, string>, links: Set<string>): void {
  if (term.kind === 'column') links.add(`row ${term.row}`);
  else if (!isShared(term)) links.add(termKey(term));
  else if (other.kind === 'column')
    links.add(`${tables.get(other.row) ?? other.row}.${other.column} is ${termKey(term)}`);
}

/** A value that anything may have. */
function isShared(term: Term): boolean {
  return (
    term.kind === 'principal' || term.kind === 'constant' || term.kind === 'setting' || term.kind === 'environment'
  );
}
