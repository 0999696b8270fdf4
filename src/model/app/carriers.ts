import type { Predicate, Term } from '../../core/predicate.ts';
import type { AppEvent } from './events.ts';
import { isLetterToKnown } from './issued.ts';
import { predicateKey } from './keys.ts';
import { makeNotes } from '../../core/notes.ts';
import { onlyReports } from './quiet.ts';
import { readByItself } from './recursion.ts';
import type { Fact } from './types.ts';
import { atoms, partsOf, type Value } from './value.ts';

/** What is logged or reported stays with those who run the app. */
const logs = /(?:^|\.)(?:log|debug|info|warn|error|trace|fatal|captureException|captureMessage|addBreadcrumb)$/;

/** A redirect shows the caller where it leads to. */
export function isAnswer(event: AppEvent): boolean {
  return event.kind !== 'call' || /redirect$/i.test(event.callee);
}

/** What an event gives to somebody: to the caller, or to code that is not there. */
export function handedOut(event: AppEvent): readonly Value[] {
  switch (event.kind) {
    case 'return':
      return [event.value];
    case 'client-props':
      return [event.props];
    case 'call':
      if (logs.test(event.callee) || onlyReports(event.library, event.callee) || isLetterToKnown(event)) return [];
      if (isKept(event)) return [];
      return event.carried === undefined ? event.arguments : [...withoutFunctions(event.arguments), ...event.carried];
    case 'module-map':
      return event.value === undefined ? [] : [event.value];
    case 'cached':
      return [event.result];
    default:
      return [];
  }
}

/** Clients of stores that keep a value under a key. */
const stores =
  /^(?:redis|ioredis|@redis\/.*|@upstash\/redis|@vercel\/kv|keyv|lru-cache|node-cache|cache-manager|memcached)$/;
const keeps = /\.(?:set|setex|setnx|psetex|getset|hset|hmset|hsetnx)$/i;

/** Kept under a key that says whose it is: who gets it back is asked where it is read. Under one name for all, anybody may. */
function isKept({ library, callee, arguments: [key] }: Extract<AppEvent, { kind: 'call' }>): boolean {
  return (
    library !== undefined &&
    stores.test(library) &&
    keeps.test(callee) &&
    key?.kind === 'term' &&
    atoms(key.term).some(atom => atom.kind !== 'constant' && atom.kind !== 'environment' && atom.kind !== 'opaque')
  );
}

/** Functions hand out what they captured, which stands beside them. */
function withoutFunctions(values: readonly Value[]): readonly Value[] {
  return values.flatMap((value): readonly Value[] => {
    if (value.kind === 'function') return [];
    if (value.kind === 'object') return withoutFunctions([...value.fields.values(), ...value.spread]);
    return [value];
  });
}

/** A part of the value was not followed, or is code that may hold on to anything. */
export function hides(value: Value): boolean {
  return hiddenIn(value).length > 0;
}

/** What is hidden in a value: anything, or only what a function of this name read that calls itself. */
export type Hidden = 'anything' | { readonly readBy: string };

/** The parts of a value that were not followed. */
export function hiddenIn(value: Value): readonly Hidden[] {
  return hiddenNotes.of(value) ?? hiddenNotes.keep(value, findHidden(value));
}

const hiddenNotes = makeNotes<readonly Hidden[]>();
const nothingHidden: readonly Hidden[] = [];
const anything: readonly Hidden[] = ['anything'];

function findHidden(value: Value): readonly Hidden[] {
  if (value.kind === 'function') return anything;
  const own = value.kind === 'term' ? atoms(value.term).flatMap(hiddenBehind) : nothingHidden;
  const found = [...own, ...partsOf(value).flatMap(part => hiddenIn(part.value))];
  if (found.length < 2) return found;
  return found.includes('anything') ? anything : found;
}

/** Values that were not followed and hold no row all the same: what failed, and why. */
const holdsNoRow =
  /^(?:an error|a caught error|a validation error|the \w+ of an (?:error|action)|a key of an object|a reason|the driver|a length|a number|a position|'[^']*' of a constant)$/;

function hiddenBehind(term: Term): readonly Hidden[] {
  if (term.kind !== 'opaque' || holdsNoRow.test(term.reason)) return nothingHidden;
  const readBy = readByItself(term.reason);
  return readBy === undefined ? anything : [{ readBy }];
}

/** Both cannot be true of one request: one says of what was sent, or of who is calling, what the other denies. */
export function contradicted(facts: readonly Fact[], others: readonly Fact[]): boolean {
  const denials = denialsOf(others);
  return denials.some(key => conditionKeys(facts).has(key));
}

const denialNotes = makeNotes<readonly string[]>();

function denialsOf(facts: readonly Fact[]): readonly string[] {
  return (
    denialNotes.of(facts) ??
    denialNotes.keep(
      facts,
      facts.flatMap(conditionsOf).map(condition => predicateKey(denied(condition))),
    )
  );
}

const conditionNotes = makeNotes<ReadonlySet<string>>();

function conditionKeys(facts: readonly Fact[]): ReadonlySet<string> {
  return conditionNotes.of(facts) ?? conditionNotes.keep(facts, new Set(facts.flatMap(conditionsOf).map(predicateKey)));
}

function denied(condition: Predicate): Predicate {
  return condition.kind === 'not' ? condition.operand : { kind: 'not', operand: condition };
}

/** Whether something is there that stays the same for a whole request: no column, and no element of a list. */
function conditionsOf(fact: Fact): readonly Predicate[] {
  if (fact.weakness !== undefined || fact.each !== undefined || fact.holds.kind !== 'condition') return [];
  const { condition } = fact.holds;
  const inner = condition.kind === 'not' ? condition.operand : condition;
  return inner.kind === 'is-null' && staysTheSame(inner.term) ? [condition] : [];
}

function staysTheSame(term: Term): boolean {
  if (term.kind === 'client' || term.kind === 'tool-argument') return !term.path.includes('[');
  return term.kind === 'environment' || term.kind === 'principal';
}
