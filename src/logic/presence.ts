import { makeNotes } from '../core/notes.ts';
import { and, or } from '../core/predicate.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import { termKey } from './terms.ts';

/** Texts of the terms that must have a value wherever all the predicates hold. */
export function presentTerms(predicates: readonly Predicate[], also: readonly Term[] = []): ReadonlySet<string> {
  const found = new Set(also.map(termKey));
  for (const predicate of predicates) for (const text of presentIn(predicate)) found.add(text);
  return found;
}

const presentNotes = makeNotes<readonly string[]>();

function presentIn(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'and':
      return presentNotes.of(predicate) ?? presentNotes.keep(predicate, predicate.operands.flatMap(presentIn));
    case 'compare':
      // Only what equals something has a value: a comparison of another kind may hold of nothing.
      return predicate.operator === '=' ? [termKey(predicate.left), termKey(predicate.right)] : [];
    case 'not':
      return predicate.operand.kind === 'is-null' ? [termKey(predicate.operand.term)] : [];
    case 'exists':
      return presentIn(predicate.row.where);
    default:
      return [];
  }
}

/** The predicate, where a filter that vanishes without a value stays when the value is known to be there. */
export function keepPresent(predicate: Predicate, present: ReadonlySet<string>): Predicate {
  // Mostly there is no such filter: the predicate stays the very same, and so does what was worked out about it.
  if (!mayVanish(predicate)) return predicate;
  const stays = vanishingIn(predicate).filter(key => present.has(key));
  if (stays.length === 0) return predicate;
  // The same filters stay on many paths.
  const known = stayingNotes.of(predicate) ?? stayingNotes.keep(predicate, new Map());
  const key = stays.join('\n');
  const made = known.get(key) ?? withPresent(predicate, present);
  known.set(key, made);
  return made;
}

const stayingNotes = makeNotes<Map<string, Predicate>>();

/** Texts of the values without which a filter in the predicate vanishes. */
function vanishingIn(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(vanishingIn);
    case 'exists':
      return vanishingIn(predicate.row.where);
    case 'maybe-absent':
      return predicate.without === undefined ? [] : [termKey(predicate.without)];
    default:
      return [];
  }
}

function withPresent(predicate: Predicate, present: ReadonlySet<string>): Predicate {
  switch (predicate.kind) {
    case 'and':
      return and(predicate.operands.map(operand => keepPresent(operand, present)));
    case 'or':
      return or(predicate.operands.map(operand => keepPresent(operand, present)));
    case 'exists':
      return { kind: 'exists', row: { ...predicate.row, where: keepPresent(predicate.row.where, present) } };
    case 'maybe-absent':
      return predicate.without !== undefined && present.has(termKey(predicate.without)) ? predicate.operand : predicate;
    default:
      return predicate;
  }
}

const vanishingNotes = makeNotes<boolean>();

/** Whether a filter in the predicate is left out when its value is undefined. */
export function mayVanish(predicate: Predicate): boolean {
  return vanishingNotes.of(predicate) ?? vanishingNotes.keep(predicate, findVanishing(predicate));
}

function findVanishing(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'maybe-absent':
      return true;
    case 'and':
    case 'or':
      return predicate.operands.some(mayVanish);
    case 'not':
      return mayVanish(predicate.operand);
    case 'exists':
      return mayVanish(predicate.row.where);
    default:
      return false;
  }
}
