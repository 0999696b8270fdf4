import type { Place } from '../../core/place.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import { rowFact } from './facts.ts';
import { termKey } from './keys.ts';
import type { Machine } from './machine.ts';
import { makeNotes } from '../../core/notes.ts';
import type { Fact } from './types.ts';
import type { Value } from './value.ts';

/**
 * What the values of a list are known by, for facts that were established for every one of them: the element of a list
 * that was sent (`body.ids[]`), or the rows that a query returned.
 */
export function elementKeys(machine: Machine, list: Value, element: Value): readonly string[] {
  if (list.kind === 'list') {
    if (list.each !== undefined) return list.each;
    if (list.rows === undefined) return list.facts.length === 0 ? sentElement(element) : [];
    const { name, where } = list.rows;
    const all = list.facts.length === 0 && !machine.copies.has(name);
    return all ? [rowKey(name), ...wholeList(where, name)] : [rowKey(name)];
  }
  return list.kind === 'term' ? sentElement(element) : [];
}

function sentElement(element: Value): readonly string[] {
  if (element.kind !== 'term') return [];
  const key = termKey(element.term);
  return key.endsWith('[]') ? [key] : [];
}

/** The list whose every element a query looked up, when it asked for nothing else. */
function wholeList(where: Predicate, row: string): readonly string[] {
  if (where.kind === 'maybe-absent') return wholeList(where.operand, row);
  if (where.kind !== 'compare' || where.operator !== '=') return [];
  const isOwn = (term: Term): boolean => term.kind === 'column' && term.row === row;
  const other = isOwn(where.left) ? where.right : isOwn(where.right) ? where.left : undefined;
  return other !== undefined && termKey(other).endsWith('[]') ? [termKey(other)] : [];
}

/** The key of the rows of a query. */
export function rowKey(row: string): string {
  return `row ${row}`;
}

/** Facts that hold for every element, and therefore only where there is one. */
export function forEveryElement(facts: readonly Fact[], keys: readonly string[]): readonly Fact[] {
  if (keys.length === 0) return [];
  return facts.flatMap((fact): Fact[] => {
    if (fact.weakness !== undefined || (fact.holds.kind !== 'row' && fact.holds.kind !== 'condition')) return [];
    return fact.each === undefined ? [{ ...fact, each: keys }] : [];
  });
}

/** The facts of a query: those of every element count where an element chooses the row or is written. */
export function factsFor(facts: readonly Fact[], keysUsed: () => ReadonlySet<string>): readonly Fact[] {
  if (!facts.some(fact => fact.each !== undefined)) return facts;
  const used = keysUsed();
  return facts.flatMap((fact): Fact[] => {
    if (fact.each === undefined) return [fact];
    return fact.each.some(key => used.has(key)) ? [ofElement(fact)] : [];
  });
}

/** What elements are known by that the terms are of. */
export function keysOfElements(terms: readonly Term[]): ReadonlySet<string> {
  return new Set(terms.flatMap(term => [termKey(term), ...(term.kind === 'column' ? [rowKey(term.row)] : [])]));
}

const elementNotes = makeNotes<Fact>();

/** What holds of each element, as it holds of one. */
function ofElement(fact: Fact): Fact {
  const known = elementNotes.of(fact);
  if (known !== undefined) return known;
  const { each: _, ...plain } = fact;
  return elementNotes.keep(fact, plain);
}

type List = Extract<Value, { kind: 'list' }>;

/** As many rows as there are elements to look up by a unique key: there is a row for each of them. */
export function whenCountsAgree(machine: Machine, left: List, right: List, place: Place): readonly Fact[] {
  const rows = left.rows ?? right.rows;
  const sent = left.rows === undefined ? left : right;
  if (rows === undefined || sent.rows !== undefined) return [];
  const keys = elementKeys(machine, sent, sent.element).filter(key => isLookedUp(machine, rows, key));
  return forEveryElement([rowFact(rows, place)], keys);
}

function isLookedUp(machine: Machine, rows: RowVariable, key: string): boolean {
  const conjuncts = rows.where.kind === 'and' ? rows.where.operands : [rows.where];
  const table = machine.database?.tables.find(candidate => candidate.name === rows.table);
  return conjuncts.some(conjunct => {
    if (conjunct.kind !== 'compare' || conjunct.operator !== '=') return false;
    const { left, right } = conjunct;
    const [own, other] = left.kind === 'column' && left.row === rows.name ? [left, right] : [right, left];
    if (own.kind !== 'column' || own.row !== rows.name || termKey(other) !== key) return false;
    return table?.uniqueKeys.some(unique => unique.length === 1 && unique[0] === own.column) === true;
  });
}
