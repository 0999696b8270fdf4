import type { Predicate, RowVariable } from '../../../core/predicate.ts';
import type { Place } from '../../../core/place.ts';
import { conjunctsOf } from '../../../logic/equalities.ts';
import type { ExitEvent, ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';
import { byEntry } from './by-entry.ts';
import { comparisonsOf, conditionsOf, termsOf } from './predicates.ts';

type ExistenceOracle = Extract<Observation, { kind: 'existence-oracle' }>;

/** Entry points that answer differently for a row that is not there and for one that belongs to somebody else. */
export function observeExistence(input: ObserveInput): readonly ExistenceOracle[] {
  const exits = input.events.filter(event => event.kind === 'exit');
  const exitsOf = byEntry(exits);
  return exits.flatMap(foreign => {
    const row = foreignRowOf(foreign, input);
    if (row === undefined) return [];
    const absent = exitsOf(foreign.entryPoint.name).find(
      exit => isAbsent(exit, row) && answerOf(exit) !== answerOf(foreign),
    );
    if (absent === undefined) return [];
    return [
      {
        kind: 'existence-oracle',
        place: conditionPlace(foreign),
        entryPoint: foreign.entryPoint.name,
        table: row.table,
        absent: answerOf(absent),
        foreign: answerOf(foreign),
      } as const,
    ];
  });
}

/** The exit is taken because the row does not exist. */
function isAbsent(exit: ExitEvent, row: RowVariable): boolean {
  return lastCondition(exit).some(
    part => part.kind === 'not' && part.operand.kind === 'exists' && sameLookUp(part.operand.row, row),
  );
}

/** The row that was found and belongs to somebody else: it was picked by what the caller sent, and compared with the principal afterwards. */
function foreignRowOf(exit: ExitEvent, { rows }: ObserveInput): RowVariable | undefined {
  for (const condition of lastCondition(exit)) {
    for (const name of namesOwner(condition)) {
      const row = rows.get(name);
      if (row !== undefined && isPickedByCaller(row)) return row;
    }
  }
  return undefined;
}

/** Rows whose column is compared with the principal, directly or through a membership that was not found. */
function namesOwner(condition: Predicate): readonly string[] {
  const differs = comparisonsOf(condition).filter(({ left, right }) =>
    [left, right].some(side => side.kind === 'principal'),
  );
  const compared = differs.flatMap(({ left, right }) =>
    [left, right].flatMap(side => (side.kind === 'column' && side.row !== 'self' ? [side.row] : [])),
  );
  if (condition.kind !== 'not' || condition.operand.kind !== 'exists') return isDifference(condition) ? compared : [];
  const terms = termsOf(condition.operand.row.where);
  return terms.some(term => term.kind === 'principal')
    ? terms.flatMap(term => (term.kind === 'column' && term.row !== 'self' ? [term.row] : []))
    : [];
}

function isDifference(condition: Predicate): boolean {
  return (
    condition.kind === 'not' ||
    (condition.kind === 'compare' && (condition.operator === '<>' || condition.operator === 'is-distinct-from'))
  );
}

function isPickedByCaller(row: RowVariable): boolean {
  const terms = termsOf(row.where);
  return terms.some(term => term.kind === 'client') && !terms.some(term => term.kind === 'principal');
}

function sameLookUp(left: RowVariable, right: RowVariable): boolean {
  return (
    left.name === right.name ||
    (left.table === right.table && JSON.stringify(left.where) === JSON.stringify(right.where))
  );
}

/** What the innermost condition says; a disjunction (`!row || row.owner !== me`) has one answer for both and tells nothing apart. */
function lastCondition(exit: ExitEvent): readonly Predicate[] {
  const last = conditionsOf(exit.facts).at(-1);
  return last === undefined ? [] : conjunctsOf(last);
}

/** Where the code asks whose the row is: the answer itself is often made by a helper that many share. */
function conditionPlace(exit: ExitEvent): Place {
  return (
    exit.facts.findLast(fact => fact.weakness === undefined && fact.holds.kind === 'condition')?.place ?? exit.place
  );
}

function answerOf({ how, status, message }: ExitEvent): string {
  const code =
    status ??
    { 'not-found': 404, forbidden: 403, unauthorized: 401, redirect: 307, throw: 500, response: 200, return: 200 }[how];
  // What is thrown reaches the browser as a digest: https://nextjs.org/docs/app/api-reference/file-conventions/error
  return message === undefined || how === 'throw' ? String(code) : `${String(code)} ${message}`;
}
