import type { Predicate, Term } from '../core/predicate.ts';
import { isChosen, termKey, termsOf } from '../logic/terms.ts';
import { unfollowedCall } from '../model/app/unfollowed.ts';
import type { Fact, QueryPath } from '../model/app/types.ts';
import { atoms } from '../model/app/value.ts';

/** What a call that was not followed may have decided, for all that is known. */
export type Undecided =
  /** Whether this row is the caller's: it was given what selects the row. */
  | { readonly kind: 'row'; readonly guard: Fact }
  /** Whether anybody may come here at all. */
  | { readonly kind: 'caller'; readonly guard: Fact };

/** Names of those that ask for more than an account. */
const ofRights = /admin|role|permi|authori[sz]e|allow|access|polic|enforce|guard|entitle|claims/i;

/** What the unfollowed calls before a query leave undecided about it; `undefined` when none of them could have decided it. */
export function undecided(model: QueryPath, where: Predicate): Undecided | undefined {
  const guards = [...model.facts, ...model.factsAfter].filter(fact => fact.weakness === 'unfollowed');
  if (guards.length === 0) return undefined;
  const terms = termsOf(where).flatMap(atoms);
  const rows = new Set(['self', ...terms.flatMap(term => (term.kind === 'column' ? [term.row] : []))]);
  const chosen = terms.filter(isChosen);
  const decides = guards.find(guard => givenTo(guard).some(term => isOfRow(term, chosen, rows, model)));
  if (decides !== undefined) return { kind: 'row', guard: decides };
  const before = model.facts.filter(fact => fact.weakness === 'unfollowed');
  const rights = before.find(guard => ofRights.test(guard.label));
  const [first] = before;
  if (chosen.length === 0 && rights !== undefined) return { kind: 'row', guard: rights };
  return first === undefined ? undefined : { kind: 'caller', guard: first };
}

function givenTo({ holds }: Fact): readonly Term[] {
  if (holds.kind !== 'condition' || holds.condition.kind !== 'compare') return [];
  const { left } = holds.condition;
  return left.kind === 'call' && left.name === unfollowedCall ? left.arguments : [];
}

/** The term selects the row, or is of the row or of one that the same choice selects. */
function isOfRow(given: Term, chosen: readonly Term[], rows: ReadonlySet<string>, model: QueryPath): boolean {
  if (given.kind === 'client' || given.kind === 'tool-argument')
    return chosen.some(term => termKey(term) === termKey(given) || isPartOf(term, given));
  if (given.kind !== 'column') return false;
  if (rows.has(given.row)) return true;
  const found = model.facts.find(({ holds }) => holds.kind === 'row' && holds.row.name === given.row)?.holds;
  if (found?.kind !== 'row') return false;
  const keys = new Set(termsOf(found.row.where).flatMap(atoms).filter(isChosen).map(termKey));
  return chosen.some(term => keys.has(termKey(term)));
}

/** `input.id` of `input`, where the whole of what was sent is handed on. */
function isPartOf(term: Term, whole: Term): boolean {
  return (
    (term.kind === 'client' || term.kind === 'tool-argument') &&
    whole.kind === term.kind &&
    (whole.kind === 'client' || whole.kind === 'tool-argument') &&
    whole.path !== 'request' &&
    term.path.startsWith(`${whole.path}.`)
  );
}
