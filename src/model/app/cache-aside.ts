import { and, type Predicate, type RowVariable, type Term } from '../../core/predicate.ts';
import type { Place } from '../../core/place.ts';
import { termsOf } from '../../logic/terms.ts';
import { addFacts } from './facts.ts';
import { termKey, valueKey } from './keys.ts';
import type { Call, Effect, Machine } from './machine.ts';
import { alternativesOf, choose, termOf } from './operations.ts';
import { renameFact, renameRow, renameValue } from './rename.ts';
import type { Fact } from './types.ts';
import { atoms, rowsIn, termsIn, nullValue, undefinedValue, type Alternative, type Value } from './value.ts';

/** What caches answered with before: by cache and key, what was put there under this key. */
export type Kept = ReadonlyMap<string, Value>;

/** Caches behind a network, whose look-ups are awaited, and those in the memory of the process. */
const shared = /^(?:@upstash\/redis|ioredis|redis|@vercel\/kv|@redis\/client)$/;
const sharedCache = 'shared cache';
const ofProcess =
  /^(?:lru-cache|node-cache|quick-lru|keyv|cache-manager|memory-cache|@isaacs\/ttlcache|tiny-lru|unstorage|flat-cache)$/;
const looksUp = /\.(?:get|getex|getEx|getItem|peek)$/;
const puts = /\.(?:set|setex|setEx|psetex|setItem|put)$/;
const texts = /(?:^|\.)(?:stringify|serialize)\(\)$/;

/** A look-up in a cache, or something that is put there. */
interface Access {
  readonly name: string;
  readonly key: Term;
  readonly value: Value | undefined;
  readonly facts: readonly Fact[];
}

/** The name that what a cache keeps has in `Kept`. */
function keptName(cache: string, key: Term): string {
  return `${cache} ${termKey(key)}`;
}

/** What a look-up in a cache of a library gives, where it is known what was put there under the same key. */
export function keptAnswer(call: Call, library: string | undefined, callee: string): Value | undefined {
  const cache = library === undefined ? undefined : cacheOf(library);
  const [key] = call.arguments;
  if (cache === undefined || key === undefined || !looksUp.test(callee)) return undefined;
  call.machine.lookUps += 1;
  const value = call.machine.kept.get(keptName(cache, termOf(key)));
  if (value === undefined) return undefined;
  return cache === sharedCache ? { kind: 'promise', value, facts: [] } : value;
}

/** What a map of the process that was asked gives under the key, likewise. */
export function keptInMap(machine: Machine, declaredAt: Place, key: Value): Value | undefined {
  machine.lookUps += 1;
  return machine.kept.get(keptName(mapName(declaredAt), termOf(key)));
}

function mapName({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** A text for what is kept, for summaries. */
export function keptKey({ kept }: Machine): string {
  return kept.size === 0 ? '' : [...kept].map(([name, value]) => `;${name}=${valueKey(value)}`).join('');
}

/** All shared caches are one: a look-up names its key. */
function cacheOf(library: string): string | undefined {
  if (shared.test(library)) return sharedCache;
  return ofProcess.test(library) ? library : undefined;
}

/** What a function puts into caches that it looks into, and the rows in it, in the order in which they were found. */
interface Filled {
  readonly kept: Kept;
  readonly rows: ReadonlyMap<string, readonly (readonly RowVariable[])[]>;
}

/**
 * What a function that looks into a cache, and on a miss puts something there under the same key, gets on a hit: what an
 * earlier call put there. Of that call only the key is known to be the same, so only what speaks of the key still holds.
 */
export function keptByItself(machine: Machine, effects: readonly Effect[]): Filled | undefined {
  const kept = new Map<string, Value>();
  const rows = new Map<string, readonly (readonly RowVariable[])[]>();
  for (const [name, fills] of fillsIn(effects)) {
    if (machine.kept.has(name)) continue;
    const answers = fills.flatMap(fill => answersIn(fill).map(answer => heldOfKey(machine, fill, answer)));
    const known = answers.filter(answer => answer !== undefined);
    if (known.length === 0 || known.length < answers.length) continue;
    const named = known.map(answer => renamedAnswer(machine, answer));
    const nothing = name.startsWith(sharedCache) ? nullValue : undefinedValue;
    const alternatives = named.map(({ alternative }) => alternative);
    const isPending = fills.every(({ value }) => value?.kind === 'promise');
    kept.set(name, choose([...(isPending ? [pending(alternatives)] : alternatives), { value: nothing, facts: [] }]));
    rows.set(
      name,
      named.map(answer => answer.rows),
    );
  }
  return kept.size === 0 ? undefined : { kept, rows };
}

/** What is put there by key, where the same function looks there. */
function fillsIn(effects: readonly Effect[]): ReadonlyMap<string, readonly Access[]> {
  const accesses = accessesIn(effects, [], 0);
  const asked = new Set(accesses.filter(({ value }) => value === undefined).map(({ name }) => name));
  return new Map(
    [...asked].map(name => [name, accesses.filter(other => other.name === name && other.value !== undefined)]),
  );
}

/**
 * The rows that the function found when it ran again, for those that it was told were found before: what a hit gives and
 * what a miss gives are the same then, and need not be told apart.
 */
export function rowsFoundAgain(
  machine: Machine,
  filled: Filled,
  effects: readonly Effect[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const fills = fillsIn(effects);
  for (const [name, before] of filled.rows) {
    const again = (fills.get(name) ?? []).flatMap(fill =>
      answersIn(fill).map(answer => heldOfKey(machine, fill, answer)),
    );
    for (const [index, rows] of before.entries()) {
      const found = again[index];
      const others = found === undefined || found.isWeaker ? [] : [...found.rows.values()];
      if (others.length !== rows.length || others.some((row, at) => row.table !== rows[at]?.table)) continue;
      for (const [at, row] of rows.entries()) names.set(row.name, others[at]?.name ?? row.name);
    }
  }
  return names;
}

const deepest = 3;

function accessesIn(effects: readonly Effect[], facts: readonly Fact[], depth: number): readonly Access[] {
  return effects.flatMap((effect): readonly Access[] => {
    if (effect.kind === 'call')
      return depth < deepest ? accessesIn(effect.effects, addFacts(facts, effect.facts), depth + 1) : [];
    if (effect.kind !== 'event') return [];
    const { event } = effect;
    const known = addFacts(facts, effect.facts);
    if (event.kind === 'module-map') {
      if (event.access !== 'get' && event.access !== 'set') return [];
      const key = termOf(event.key);
      return [{ name: keptName(mapName(event.declaredAt), key), key, value: event.value, facts: known }];
    }
    const cache = event.kind === 'call' && event.library !== undefined ? cacheOf(event.library) : undefined;
    if (event.kind !== 'call' || cache === undefined) return [];
    const [first, second, third] = event.arguments;
    if (first === undefined) return [];
    const key = termOf(first);
    const name = keptName(cache, key);
    if (looksUp.test(event.callee)) return [{ name, key, value: undefined, facts: known }];
    if (!puts.test(event.callee)) return [];
    const value = /\.(?:setex|setEx|psetex)$/.test(event.callee) ? third : second;
    return value === undefined ? [] : [{ name, key, value, facts: known }];
  });
}

/** The alternatives of what was put there; a cache that has nothing there answers the same. */
function answersIn({ value }: Access): readonly Alternative[] {
  if (value?.kind === 'promise')
    return alternativesOf(value.value).map(inner => ({ ...inner, facts: addFacts(value.facts, inner.facts) }));
  return alternativesOf(value === undefined ? undefinedValue : withoutText(value)).filter(
    ({ value: inner }) => inner.kind !== 'constant' || (inner.value ?? undefined) !== undefined,
  );
}

/** A promise that was put there before it was settled: what holds is known once it is. */
function pending(alternatives: readonly Alternative[]): Alternative {
  return { value: { kind: 'promise', value: choose(alternatives), facts: [] }, facts: [] };
}

/** What was put there and what held then, as far as it speaks of the key. */
interface Held {
  readonly alternative: Alternative;
  readonly rows: ReadonlyMap<string, RowVariable>;
  /** More held than what speaks of the key. */
  readonly isWeaker: boolean;
}

function heldOfKey(machine: Machine, { key, facts }: Access, { value, facts: own }: Alternative): Held | undefined {
  const inKey = new Set(atoms(key).map(termKey));
  const held = addFacts(facts, own).filter(fact => fact.weakness === undefined && fact.each === undefined);
  // Rows of a list are there or not; how they were asked for is known either way.
  const listed = rowsIn(value).flatMap(({ row }) => machine.rows.get(row) ?? []);
  const inListed = listed.flatMap(row => [row, ...rowsInside(row.where)]);
  const rows = new Map([...inListed, ...held.flatMap(rowsOf)].map(row => [row.name, row]));
  const isOfKey = (term: Term): boolean => {
    if (inKey.has(termKey(term)) || term.kind === 'constant' || term.kind === 'environment') return true;
    if (term.kind === 'call') return term.arguments.every(isOfKey);
    return term.kind === 'column' && rows.has(term.row);
  };
  if (!termsIn(value).every(isOfKey) || !rowsAreOfKey(value, rows, isOfKey)) return undefined;
  const known = held.flatMap(fact => weakened(fact, isOfKey));
  const weaker = new Map([...rows].map(([name, row]) => [name, { ...row, where: without(row.where, isOfKey) }]));
  const isWeaker = [...rows.values()].some(row => !termsOf(row.where).every(isOfKey));
  return { alternative: { value, facts: known }, rows: weaker, isWeaker };
}

/** Whole rows are what they were found as: nothing of how may be left out. */
function rowsAreOfKey(value: Value, rows: ReadonlyMap<string, RowVariable>, isOfKey: (term: Term) => boolean): boolean {
  return rowsIn(value).every(({ row, table }) => {
    const found = rows.get(row);
    if (found === undefined) return false;
    return table === undefined || termsOf(found.where).every(isOfKey);
  });
}

/** The rows of that call are not those of this one: they get names of their own. */
function renamedAnswer(
  machine: Machine,
  { alternative, rows }: Held,
): { readonly alternative: Alternative; readonly rows: readonly RowVariable[] } {
  const always: Predicate = { kind: 'true' };
  const names = new Map([...rows].map(([name, { table }]) => [name, machine.newRow(table, always).name]));
  const renamed = [...rows.values()].map(row => renameRow(row, names));
  for (const row of renamed) machine.rows.set(row.name, row);
  const facts = alternative.facts.map(fact => renameFact(fact, names));
  return { alternative: { value: renameValue(alternative.value, names), facts }, rows: renamed };
}

/** `JSON.stringify(value)`: what is looked up is read again. */
function withoutText(value: Value): Value {
  const [only] = value.kind === 'external' && texts.test(value.path) ? value.arguments : [];
  return only ?? value;
}

function rowsOf({ holds }: Fact): readonly RowVariable[] {
  if (holds.kind === 'row') return [holds.row, ...rowsInside(holds.row.where)];
  return holds.kind === 'condition' ? rowsInside(holds.condition) : [];
}

/** Rows that a condition speaks of. */
function rowsInside(predicate: Predicate): readonly RowVariable[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(rowsInside);
    case 'not':
    case 'maybe-absent':
      return rowsInside(predicate.operand);
    case 'exists':
      return [predicate.row, ...rowsInside(predicate.row.where)];
    default:
      return [];
  }
}

function weakened(fact: Fact, isOfKey: (term: Term) => boolean): readonly Fact[] {
  const { holds } = fact;
  switch (holds.kind) {
    case 'row':
      return [{ ...fact, holds: { ...holds, row: { ...holds.row, where: without(holds.row.where, isOfKey) } } }];
    case 'condition': {
      const condition = without(holds.condition, isOfKey);
      return condition.kind === 'true' ? [] : [{ ...fact, holds: { kind: 'condition', condition } }];
    }
    case 'member':
      return isOfKey(holds.tenant) ? [fact] : [];
    default:
      // Who asked then may be somebody else.
      return [];
  }
}

/** The condition without the parts that speak of anything but the key. */
function without(predicate: Predicate, isOfKey: (term: Term) => boolean): Predicate {
  switch (predicate.kind) {
    case 'and':
      return and(predicate.operands.map(operand => without(operand, isOfKey)));
    case 'exists':
      return { kind: 'exists', row: { ...predicate.row, where: without(predicate.row.where, isOfKey) } };
    default:
      return termsOf(predicate).every(isOfKey) ? predicate : { kind: 'true' };
  }
}
