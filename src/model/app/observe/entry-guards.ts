import type { Predicate, Term } from '../../../core/predicate.ts';
import type { ObserveInput } from '../events.ts';
import type { Fact, Observation } from '../types.ts';
import { byEntry } from './by-entry.ts';
import { comparisonsOf, conditionsOf } from './predicates.ts';

type EntryGuards = Extract<Observation, { kind: 'entry-guards' }>;

/** What each entry point asks of its caller before it answers. */
export function observeEntryGuards(input: ObserveInput): readonly EntryGuards[] {
  const [events, queries] = [byEntry(input.events), byEntry(input.queries)];
  return input.entryPoints.map(entry => {
    const facts = strongFacts([...events(entry.name), ...queries(entry.name)]);
    return {
      kind: 'entry-guards',
      place: { file: entry.file, line: entry.line },
      entryPoint: entry.name,
      signedIn: facts.some(
        fact => fact.holds.kind === 'signed-in' || fact.holds.kind === 'member' || fact.holds.kind === 'role',
      ),
      roles: rolesIn(facts),
      system: facts.some(fact => fact.holds.kind === 'system'),
    } as const;
  });
}

/** Everything that proves something, once: events share most of what holds. */
function strongFacts(items: readonly { readonly facts: readonly Fact[] }[]): readonly Fact[] {
  const found = new Set<Fact>();
  for (const list of new Set(items.map(item => item.facts)))
    for (const fact of list) if (fact.weakness === undefined) found.add(fact);
  return [...found];
}

/** Roles that facts name: by a library's answer, or by comparing a role that was loaded or stands in the session. */
function rolesIn(facts: readonly Fact[]): readonly string[] {
  const named = facts.flatMap(fact => (fact.holds.kind === 'role' ? fact.holds.roles : []));
  const rows = facts.flatMap(fact => (fact.holds.kind === 'row' ? [fact.holds.row.where] : []));
  const compared = [...conditionsOf(facts), ...rows].flatMap(comparedRoles);
  return [...new Set([...named, ...compared])].toSorted();
}

function comparedRoles(condition: Predicate): readonly string[] {
  return comparisonsOf(condition).flatMap(({ operator, left, right }) => {
    if (operator !== '=' && operator !== 'is-not-distinct-from') return [];
    return [...roleOf(left, right), ...roleOf(right, left)];
  });
}

function roleOf(side: Term, other: Term): readonly string[] {
  if (other.kind !== 'constant') return [];
  const name = side.kind === 'principal' ? side.attribute : side.kind === 'column' ? side.column : undefined;
  if (name === undefined) return [];
  if (typeof other.value === 'string' && /(^|[._])role$/i.test(name)) return [other.value];
  const flag =
    other.value === true ? /(?:^|[._])is_?(admin|staff|super_?(?:user|admin)|owner)$/i.exec(name)?.[1] : undefined;
  return flag === undefined ? [] : [flag.toLowerCase()];
}
