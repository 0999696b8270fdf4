import { listHolds, type Term } from '../../core/predicate.ts';
import { callValue } from './calls.ts';
import { conditionFact } from './facts.ts';
import type { Call } from './machine.ts';
import { compareTerms } from './operations.ts';
import type { Fact } from './types.ts';
import { present, type Value } from './value.ts';

/** What is asked of a list of the principal's roles that the server wrote; absent for any other list or question. */
export function askedOfRoles(list: Term, name: string, call: Call): Value | undefined {
  const [asked] = call.arguments;
  if (list.kind === 'column' && name === 'includes') return isHeld(list, asked, call);
  if (list.kind !== 'principal') return undefined;
  if (!/(?:^|\.)roles$/.test(list.attribute))
    return name === 'includes' ? isAmong(list.attribute, asked, call) : undefined;
  if (name === 'includes') return includes(list.attribute, asked, call);
  if (name !== 'some' || asked?.kind !== 'function') return undefined;
  // `user.roles.some(role => role === 'admin')`: one of them.
  const one = present({ kind: 'principal', attribute: list.attribute.slice(0, -1) });
  return callValue(call.machine, call.frame, asked, [one], { at: call.at, end: call.end });
}

/** `team.member_ids.includes(user.id)`: the list of a row holds it. */
function isHeld(list: Term, asked: Value | undefined, call: Call): Value | undefined {
  if (asked?.kind !== 'term' || (asked.term.kind !== 'principal' && asked.term.kind !== 'column')) return undefined;
  const place = call.machine.place(call.frame, call.at);
  return { kind: 'test', whenTrue: [conditionFact(listHolds(list, asked.term), place, '')], whenFalse: [] };
}

/** `token.teamIds.includes(id)`: it is one of those that the server wrote. */
function isAmong(attribute: string, asked: Value | undefined, call: Call): Value | undefined {
  if (
    (asked?.kind !== 'term' && asked?.kind !== 'choice') ||
    !/ids$|_ids$|(?:team|org|workspace|tenant|project|site)\w*s$/i.test(attribute)
  )
    return undefined;
  const one = present({ kind: 'principal', attribute: `${attribute}.[]` });
  const place = call.machine.place(call.frame, call.at);
  return { kind: 'test', whenTrue: [conditionFact(compareTerms('=', asked, one), place, '')], whenFalse: [] };
}

/** `user.roles.includes('admin')`. */
function includes(attribute: string, wanted: Value | undefined, call: Call): Value | undefined {
  if (wanted?.kind !== 'constant' || typeof wanted.value !== 'string') return undefined;
  const tenant = attribute.startsWith('tenant.') ? ({ kind: 'principal', attribute: 'tenant.id' } as const) : undefined;
  const held: Fact = {
    holds: { kind: 'role', roles: [wanted.value], ...(tenant === undefined ? {} : { tenant }) },
    place: call.machine.place(call.frame, call.at),
    label: `role '${wanted.value}'`,
  };
  return { kind: 'test', whenTrue: [held], whenFalse: [] };
}
