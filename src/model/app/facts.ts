import { makeNotes } from '../../core/notes.ts';
import { and, equals, or, type Predicate, type RowVariable, type Term } from '../../core/predicate.ts';
import type { Place } from '../../core/place.ts';
import { withoutImplied, withoutStronger } from './choices.ts';
import { isFoundByCredential, provesCredential } from '../../logic/credentials.ts';
import { isClosedFlag, isPublishedFlag, notCloses } from '../../logic/published.ts';
import { listFacts, predicateKey, predicateSize, sayingOf } from './keys.ts';
import type { Fact } from './types.ts';

/** A condition that holds. */
export function conditionFact(condition: Predicate, place: Place, label: string): Fact {
  return { holds: { kind: 'condition', condition }, place, label };
}

/** A row that exists. */
export function rowFact(row: RowVariable, place: Place, label = `a row of '${row.table}' was found`): Fact {
  return { holds: { kind: 'row', row }, place, label };
}

/** `facts` and `more`, each once. */
export function addFacts(facts: readonly Fact[], more: readonly Fact[]): readonly Fact[] {
  if (more.length === 0 || more === facts) return facts;
  const list = listFacts(facts);
  const added = more.filter(fact => {
    const saying = sayingOf(fact);
    const isNew = saying.listed !== list;
    saying.listed = list;
    return isNew;
  });
  return added.length === 0 ? facts : [...facts, ...added];
}

/** Facts of `facts` that are not in `base`. */
export function without(facts: readonly Fact[], base: readonly Fact[]): readonly Fact[] {
  if (facts === base || facts.length === 0) return [];
  if (base.length === 0) return facts;
  const list = listFacts(base);
  return facts.filter(fact => sayingOf(fact).listed !== list);
}

/** Facts of the first list that are in all. */
export function inAll([first = [], ...rest]: readonly (readonly Fact[])[]): readonly Fact[] {
  let common = first;
  for (const facts of rest) {
    if (facts === first) continue;
    if (common.length === 0) return common;
    const list = listFacts(facts);
    common = common.filter(fact => sayingOf(fact).listed === list);
  }
  return common;
}

/** What holds whichever of the lists holds: common facts, and one disjunction of the rest where it may help. */
export function commonFacts(lists: readonly (readonly Fact[])[]): readonly Fact[] {
  const [first, ...rest] = lists;
  if (first === undefined) return [];
  if (rest.every(list => list === first)) return first;
  const common = inAll(lists);
  const others = lists.map(list => without(list, common));
  return [...common, ...commonCaller(common, others), ...disjunction(others)];
}

/** Somebody is known on each way, on one by a session and on another by a key: then somebody is known. */
function commonCaller(common: readonly Fact[], lists: readonly (readonly Fact[])[]): readonly Fact[] {
  if (common.some(isOfCaller)) return [];
  const found = lists.map(list => list.find(isOfCaller));
  const [first] = found;
  return first === undefined || found.includes(undefined)
    ? []
    : [{ holds: { kind: 'signed-in' }, place: first.place, label: 'a session or a key was verified' }];
}

function isOfCaller({ holds, weakness }: Fact): boolean {
  if (weakness !== undefined) return false;
  if (holds.kind === 'row') return isFoundByCredential(holds.row);
  return holds.kind === 'condition' ? provesCredential(holds.condition) : holds.kind === 'signed-in';
}

const widest = 6;
/** Parts of alternatives: those that differ, and all of them. */
const mostParts = 72;
const largest = 256;

function disjunction(lists: readonly (readonly Fact[])[]): readonly Fact[] {
  if (
    lists.length > widest ||
    !lists.some(list => list.some(isTelling)) ||
    lists.some(list => !list.some(isTelling) && !list.some(isAbsence) && !list.some(fact => isMiss(fact, lists)))
  )
    return [];
  const [first] = lists.flat();
  if (first === undefined) return [];
  const roles = commonRole(lists);
  // Alternatives of alternatives grow without end: of big ones only what ties something to somebody is kept, of bigger ones
  // what is no choice itself, or nothing.
  const operands = smallOperands(lists, () => true) ?? smallestTelling(lists);
  if (operands === undefined) return roles;
  const condition = or(operands);
  const facts: Fact[] = [...roles];
  if (condition.kind !== 'true')
    facts.push({ holds: { kind: 'condition', condition }, place: first.place, label: first.label });
  return facts;
}

/** As much of what tells something as there is room for: long choices go first. */
function smallestTelling(lists: readonly (readonly Fact[])[]): readonly Predicate[] | undefined {
  for (const most of sizesKept) {
    const operands = smallOperands(lists, fact => isTelling(fact) && (isPlainlyTelling(fact) || isShort(fact, most)));
    if (operands !== undefined) return operands;
  }
  return undefined;
}

/** How long the choices may be that are kept in an alternative, tried in turn. */
const sizesKept = [Infinity, 36, 12, 0];

function isShort({ holds }: Fact, most: number): boolean {
  return holds.kind !== 'condition' || predicateSize(holds.condition) <= most;
}

function isPlainlyTelling(fact: Fact): boolean {
  return isTelling(fact) && !(fact.holds.kind === 'condition' && fact.holds.condition.kind === 'or');
}

function smallOperands(
  lists: readonly (readonly Fact[])[],
  keeps: (fact: Fact) => boolean,
): readonly Predicate[] | undefined {
  const operands = operandsOf(lists, keeps);
  return isSmall(operands) ? operands : undefined;
}

function isSmall(operands: readonly Predicate[]): boolean {
  const size = operands.reduce((sum, operand) => sum + predicateSize(operand), 0);
  if (size <= mostParts || size > largest) return size <= mostParts;
  const parts = new Set<string>();
  for (const operand of operands) addParts(operand, parts);
  return parts.size <= mostParts;
}

/** The comparisons and rows that a predicate is made of, each once. */
function addParts(predicate: Predicate, parts: Set<string>): void {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      for (const operand of predicate.operands) addParts(operand, parts);
      return;
    case 'not':
    case 'maybe-absent':
      addParts(predicate.operand, parts);
      return;
    case 'exists':
      if (parts.has(predicateKey(predicate))) return;
      parts.add(predicateKey(predicate));
      addParts(predicate.row.where, parts);
      return;
    default:
      parts.add(predicateKey(predicate));
  }
}

function operandsOf(lists: readonly (readonly Fact[])[], keeps: (fact: Fact) => boolean): readonly Predicate[] {
  return withoutStronger(
    lists.map(list =>
      and(
        withoutImplied(
          list
            .filter(keeps)
            .map(asPredicate)
            .filter(predicate => predicate !== undefined),
        ),
      ),
    ),
  );
}

/** A value that the caller left out. */
function isAbsence(fact: Fact): boolean {
  if (fact.weakness !== undefined || fact.holds.kind !== 'condition' || fact.holds.condition.kind !== 'is-null')
    return false;
  const { term } = fact.holds.condition;
  return term.kind === 'client' || term.kind === 'tool-argument';
}

/** A row that was not there, of which another way says more than that it is. */
function isMiss({ holds, weakness }: Fact, lists: readonly (readonly Fact[])[]): boolean {
  if (weakness !== undefined || holds.kind !== 'condition' || holds.condition.kind !== 'not') return false;
  const { operand } = holds.condition;
  return operand.kind === 'exists' && lists.some(list => list.some(fact => tiesRow(fact, operand.row.name)));
}

function tiesRow({ holds, weakness }: Fact, row: string): boolean {
  if (weakness !== undefined || holds.kind !== 'condition' || holds.condition.kind !== 'compare') return false;
  const { operator, left, right } = holds.condition;
  const isColumn = (term: Term): boolean => term.kind === 'column' && term.row === row;
  return operator === '=' && (isColumn(left) ? right.kind !== 'constant' : isColumn(right) && left.kind !== 'constant');
}

function commonRole(lists: readonly (readonly Fact[])[]): readonly Fact[] {
  const roles: string[] = [];
  let sample: Fact | undefined;
  for (const list of lists) {
    const fact = list.find(candidate => candidate.holds.kind === 'role' && candidate.weakness === undefined);
    if (fact?.holds.kind !== 'role') return [];
    roles.push(...fact.holds.roles);
    sample = fact;
  }
  if (sample?.holds.kind !== 'role') return [];
  return [{ ...sample, holds: { ...sample.holds, roles: [...new Set(roles)].toSorted() } }];
}

/** True for facts that can tie something to somebody. */
export function isTelling(fact: Fact): boolean {
  if (fact.weakness !== undefined || fact.each !== undefined) return false;
  if (fact.holds.kind !== 'condition') return true;
  return tells(fact.holds.condition);
}

const tellingNotes = makeNotes<boolean>();

function tells(condition: Predicate): boolean {
  return tellingNotes.of(condition) ?? tellingNotes.keep(condition, findTelling(condition));
}

function findTelling(condition: Predicate): boolean {
  switch (condition.kind) {
    case 'compare':
      return condition.operator === '=' || condition.operator === 'is-not-distinct-from' || notCloses(condition);
    case 'exists':
      return true;
    case 'and':
      return condition.operands.some(tells);
    case 'or':
      return condition.operands.every(tells);
    case 'not':
      return notCloses(condition);
    default:
      return false;
  }
}

/** The fact as a predicate, where it is one. */
export function asPredicate(fact: Fact): Predicate | undefined {
  if (fact.weakness !== undefined || fact.each !== undefined) return undefined;
  switch (fact.holds.kind) {
    case 'row':
      return { kind: 'exists', row: fact.holds.row };
    case 'condition':
      return fact.holds.condition;
    case 'role':
      return fact.holds.tenant === undefined ? or(fact.holds.roles.map(isInRole)) : undefined;
    default:
      return undefined;
  }
}

/** The caller holds a role in the app; each role is a question of its own, since one may hold several. */
function isInRole(role: string): Predicate {
  return equals({ kind: 'principal', attribute: `user.role ${role}` }, { kind: 'constant', value: true });
}

/** The facts with a weakness: they explain, and prove nothing. */
export function weaken(facts: readonly Fact[], weakness: NonNullable<Fact['weakness']>): readonly Fact[] {
  return facts.filter(fact => isTelling(fact) && fact.weakness === undefined).map(fact => ({ ...fact, weakness }));
}

/** Facts that hold when a term counts as true in a condition. */
export function holdingTrue(term: Term, place: Place, label: string): readonly Fact[] {
  const there = presence(term, true, place, label);
  if (term.kind !== 'column' || !isPublishedFlag(term.column)) return there;
  return [...there, conditionFact(equals(term, { kind: 'constant', value: true }), place, label)];
}

/** Facts that hold when a term that is there counts as false in a condition. */
export function holdingFalse(term: Term, place: Place, label: string): readonly Fact[] {
  if (term.kind !== 'column' || !isClosedFlag(term.column)) return [];
  const set = equals(term, { kind: 'constant', value: true });
  return [conditionFact({ kind: 'not', operand: set }, place, label)];
}

/** Facts that hold when a term is there, or is not. */
export function presence(term: Term, isPresent: boolean, place: Place, label: string): readonly Fact[] {
  if (term.kind === 'constant' || term.kind === 'opaque') return [];
  const absent: Predicate = { kind: 'is-null', term };
  return [conditionFact(isPresent ? { kind: 'not', operand: absent } : absent, place, label)];
}
