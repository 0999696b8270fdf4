import { keptInMap } from './cache-aside.ts';
import { callValue, within } from './calls.ts';
import { awaitValue, compareValues, iterated, mixedList } from './expressions.ts';
import { elementKeys, forEveryElement, rowKey } from './each.ts';
import { isCallable, oneOf } from './dispatch.ts';
import { addFacts, without } from './facts.ts';
import { callTerm, valueKey } from './keys.ts';
import { nativeValue, type Call, type Frame, type Machine, type NativeValue } from './machine.ts';
import {
  alternativesOf,
  assume,
  bottom,
  choose,
  firstOf,
  isBottom,
  lengthOf,
  listFacts,
  termOf,
  truthOf,
} from './operations.ts';
import { ofOneElement, oneElement } from './some-element.ts';
import { renameFact, renameRow, renameValue } from './rename.ts';
import { leave } from './statements.ts';
import type { Fact } from './types.ts';
import { constant, undefinedValue, type Alternative, type Value } from './value.ts';

/** True for values with array methods. */
export function isArrayLike(value: Value): boolean {
  return value.kind === 'array' || value.kind === 'list' || value.kind === 'term';
}

/** An array after `push` or `unshift`. */
export function pushed(value: Value, items: readonly Value[], first: boolean): Value {
  switch (value.kind) {
    case 'array':
      if (value.items.length > 64) return value;
      return { kind: 'array', items: first ? [...items, ...value.items] : [...value.items, ...items] };
    case 'choice':
      return choose(
        value.alternatives.map(alternative => ({ ...alternative, value: pushed(alternative.value, items, first) })),
      );
    case 'list':
      return {
        kind: 'list',
        element: choose([value.element, ...items].map(item => ({ value: item, facts: [] }))),
        rows: undefined,
        facts: [],
      };
    default:
      return { kind: 'array', items: [value, ...items] };
  }
}

const mostUnrolled = 16;
/** A program that loads walks its own files and models by name: there are as many as there are. */
const mostLoaded = 200;

function mostTurns(machine: Machine, items: readonly Value[]): number {
  return machine.loading.length > 0 && items.every(item => item.kind === 'constant') ? mostLoaded : mostUnrolled;
}

/** Longer arrays are tables of data (countries, address ranges): what is asked of one item is asked of any. */
const mostSearched = 48;

/** A method of an array, of rows, or of a list that the caller sent. Absent when the method is not one of arrays. */
export function arrayMethod(
  machine: Machine,
  frame: Frame,
  receiver: Value,
  name: string,
  values: readonly Value[],
  at: number,
): Value | undefined {
  const [first, second] = values;
  switch (name) {
    case 'map':
      return first === undefined ? undefined : mapped(machine, frame, receiver, first, at);
    case 'flatMap':
      return first === undefined
        ? undefined
        : flattened(machine, frame, mapped(machine, frame, receiver, first, at), at);
    case 'forEach':
      if (first !== undefined) forEach(machine, frame, receiver, first, at);
      return undefinedValue;
    case 'filter':
      return first === undefined ? undefined : filtered(machine, frame, receiver, first, at);
    case 'find':
    case 'findLast':
      return first === undefined ? undefined : found(machine, frame, receiver, first, at);
    case 'some':
      return first === undefined
        ? undefined
        : asked(found(machine, frame, receiver, first, at), ofEvery(machine, frame, receiver, first, false, at));
    case 'every':
      if (first !== undefined) mapped(machine, frame, receiver, first, at);
      return {
        kind: 'test',
        whenTrue: first === undefined ? [] : ofEvery(machine, frame, receiver, first, true, at),
        whenFalse: [],
      };
    case 'includes':
      return first === undefined || receiver.kind === 'term'
        ? undefined
        : includes(machine, frame, receiver, first, at);
    case 'at':
    case 'pop':
    case 'shift':
      if (receiver.kind === 'list') return firstOf(receiver, machine.place(frame, at));
      if (receiver.kind === 'array') {
        if (first?.kind === 'constant' && typeof first.value === 'number')
          return receiver.items.at(first.value) ?? undefinedValue;
        return receiver.items.length === 0
          ? undefinedValue
          : choose(receiver.items.map(item => ({ value: item, facts: [] })));
      }
      return undefined;
    case 'slice':
    case 'toSorted':
    case 'sort':
    case 'reverse':
    case 'toReversed':
    case 'values':
    case 'filter(Boolean)':
      if (receiver.kind === 'term' && name === 'slice') return undefined;
      if (first?.kind === 'function' && receiver.kind !== 'term' && !isEmpty(receiver)) {
        const { element } = iterated(machine, frame, receiver, at);
        within(frame, [], () => callValue(machine, frame, first, [element, element], { at, end: at }));
      }
      if (receiver.kind === 'array' && name === 'slice') return slicedArray(receiver.items, values);
      // A part of the list says nothing of the rest.
      return name === 'slice' && receiver.kind === 'list' ? { ...receiver, each: [] } : receiver;
    case 'flat':
      return receiver.kind === 'term' ? receiver : flattened(machine, frame, receiver, at);
    case 'concat':
      return receiver.kind === 'term' ? undefined : joinedLists(machine, frame, [receiver, ...values], at);
    case 'join':
      if (receiver.kind === 'array' && receiver.items.length > 0 && receiver.items.length <= mostUnrolled)
        return joinedText(receiver.items, first);
      return {
        kind: 'term',
        term: callTerm('concat', [termOf(iterated(machine, frame, receiver, at).element)]),
        maybeUndefined: false,
      };
    case 'reduce':
    case 'reduceRight': {
      if (first === undefined) return undefined;
      if (receiver.kind === 'array' && receiver.items.length <= longestFold)
        return folded(
          machine,
          frame,
          name === 'reduce' ? receiver.items : receiver.items.toReversed(),
          first,
          second,
          at,
        );
      const { element, facts } = iterated(machine, frame, receiver, at);
      const start = second ?? element;
      const result = within(frame, facts, () => callValue(machine, frame, first, [start, element], { at, end: at }));
      return isBottom(result)
        ? start
        : choose([
            { value: start, facts: [] },
            { value: result, facts: [] },
          ]);
    }
    case 'indexOf':
    case 'findIndex':
      if (first?.kind === 'function') mapped(machine, frame, receiver, first, at);
      return machine.opaque(frame, at, 'a position');
    case 'entries': {
      const { element } = iterated(machine, frame, receiver, at);
      return {
        kind: 'list',
        element: { kind: 'array', items: [machine.opaque(frame, at, 'a position'), element] },
        rows: receiver.kind === 'list' ? receiver.rows : undefined,
        facts: [],
      };
    }
    case 'keys':
      return machine.opaque(frame, at, 'positions');
    default:
      return undefined;
  }
}

const longestFold = 12;

/** `reduce` over items that are all known: wrappers are composed this way, and each of them counts. */
function folded(
  machine: Machine,
  frame: Frame,
  items: readonly Value[],
  step: Value,
  start: Value | undefined,
  at: number,
): Value {
  const [head, ...tail] = items;
  let result = start ?? head ?? undefinedValue;
  for (const item of start === undefined ? tail : items) {
    result = callValue(machine, frame, step, [result, item], { at, end: at });
    if (frame.dead || isBottom(result)) return bottom;
  }
  return result;
}

/** The items that are left; any of them where the ends are not known. */
function slicedArray(items: readonly Value[], ends: readonly Value[]): Value {
  const known = ends.flatMap(end => (end.kind === 'constant' && typeof end.value === 'number' ? [end.value] : []));
  if (known.length === ends.length) return { kind: 'array', items: items.slice(known[0], known[1]) };
  const element = items.length === 0 ? undefinedValue : choose(items.map(value => ({ value, facts: [] })));
  return { kind: 'list', element, rows: undefined, facts: [] };
}

/** Every part stands in the text, in order: as in a template. What is not there leaves an empty place. */
function joinedText(parts: readonly Value[], separator: Value | undefined): Value {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const between = separator === undefined || separator === undefinedValue ? constant(',') : separator;
  const pieces = parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]));
  const texts = pieces.map(piece => (piece.kind === 'constant' ? String(piece.value ?? '') : undefined));
  if (!texts.includes(undefined)) return constant(texts.join(''));
  const terms = pieces.filter((_, index) => texts[index] !== '').map(termOf);
  return { kind: 'term', term: callTerm('concat', terms), maybeUndefined: false };
}

function mapped(machine: Machine, frame: Frame, receiver: Value, callback: Value, at: number): Value {
  if (receiver.kind === 'array' && receiver.items.length <= mostTurns(machine, receiver.items)) {
    return {
      kind: 'array',
      items: receiver.items.map((item, index) =>
        oneTurn(frame, item, () =>
          callValue(machine, frame, callback, [item, constant(index), receiver], { at, end: at }),
        ),
      ),
    };
  }
  const { element, facts } = iterated(machine, frame, receiver, at);
  const { result, learned } = callFor(machine, frame, callback, element, facts, at);
  if (isBottom(result)) return { kind: 'array', items: [] };
  const list = receiver.kind === 'list' ? receiver : undefined;
  const each = elementKeys(machine, receiver, element);
  return {
    kind: 'list',
    element: result,
    rows: list?.rows,
    facts: addFacts(list?.facts ?? [], learned),
    ...(each.length === 0 ? {} : { each }),
  };
}

/** A callback that throws for one element ends the caller: what it shows holds of every element afterwards. */
function forEach(machine: Machine, frame: Frame, receiver: Value, callback: Value, at: number): void {
  const before = frame.facts;
  const result = mapped(machine, frame, receiver, callback, at);
  if (frame.dead || result.kind !== 'list') return;
  const { element } = iterated(machine, frame, receiver, at);
  const known = receiver.kind === 'list' ? new Set(receiver.facts) : new Set<Fact>();
  const learned = result.facts.filter(fact => !known.has(fact));
  frame.facts = addFacts(before, forEveryElement(learned, elementKeys(machine, receiver, element)));
}

/** A callback for an item that is certainly there: what it changes around it has changed, what it shows holds for its turn. */
function oneTurn(frame: Frame, item: Value, work: () => Value): Value {
  const isThere = !(item.kind === 'choice' && item.alternatives.some(({ value }) => isAbsent(value)));
  if (!isThere) return within(frame, [], work);
  const { facts, dead } = frame;
  const result = work();
  frame.facts = facts;
  frame.dead = dead;
  return result;
}

function isEmpty(value: Value): boolean {
  return value.kind === 'array' && value.items.length === 0;
}

function isAbsent(value: Value): boolean {
  return value.kind === 'constant' && value.value === undefined;
}

/** `flat`, `flatMap`: lists in a list become one, whose elements stand below the rows that the outer list is of. */
function flattened(machine: Machine, frame: Frame, value: Value, at: number): Value {
  if (value.kind === 'array') return joinedLists(machine, frame, value.items, at);
  if (value.kind !== 'list' || !isList(value.element)) return value;
  const inner = value.element;
  if (inner.kind === 'choice') {
    const parts = inner.alternatives.map(({ value: part, facts }): Alternative => {
      const one = isList(part) ? iterated(machine, frame, part, at) : { element: part, facts: [] };
      return { value: one.element, facts: addFacts(facts, one.facts) };
    });
    return { ...value, element: choose(parts), each: [] };
  }
  const outer = listFacts(value, true, machine.place(frame, at), `for each row of '${value.rows?.table ?? ''}'`, true);
  if (inner.kind === 'array')
    return {
      ...value,
      element: choose(inner.items.map(item => ({ value: item, facts: [] }))),
      each: [],
    };
  const { element, facts } = iterated(machine, frame, inner, at);
  if (inner.kind !== 'list') return { ...value, element, facts: addFacts(value.facts, facts), each: [] };
  const above = [...(value.above ?? []), ...(value.rows === undefined ? [] : [value.rows]), ...(inner.above ?? [])];
  return { kind: 'list', element, rows: inner.rows, facts: addFacts(outer, inner.facts), each: [], above };
}

function joinedLists(machine: Machine, frame: Frame, parts: readonly Value[], at: number): Value {
  return parts.some(part => part.kind === 'list' || part.kind === 'choice')
    ? mixedList(machine, frame, parts, isList, at)
    : { kind: 'array', items: parts.flatMap(part => (part.kind === 'array' ? part.items : [part])) };
}

/** What certainly holds elements; a term may be one of a list. */
function isList(value: Value): boolean {
  return (
    value.kind === 'list' ||
    value.kind === 'array' ||
    (value.kind === 'choice' && value.alternatives.some(alternative => isList(alternative.value)))
  );
}

/** Calls a callback for one value out of many, with what holds for it; what the call shows stays with the value. */
function callFor(
  machine: Machine,
  frame: Frame,
  callback: Value,
  element: Value,
  facts: readonly Fact[],
  at: number,
): { readonly result: Value; readonly learned: readonly Fact[] } {
  const before = frame.save();
  frame.learn(facts);
  const known = frame.facts;
  const result = callValue(
    machine,
    frame,
    callback,
    [element, machine.opaque(frame, at, 'a position'), undefinedValue],
    { at, end: at },
  );
  const learned = without(frame.facts, known);
  const dead = frame.dead;
  leave(frame, before);
  return { result: dead ? bottom : result, learned };
}

/** The same rows under a new name: one certain row among them, not whichever. */
function renamed(machine: Machine, list: Extract<Value, { kind: 'list' }>): Extract<Value, { kind: 'list' }> {
  if (list.rows === undefined) return list;
  const fresh = machine.copyRow(list.rows);
  const names = new Map([[list.rows.name, fresh.name]]);
  for (const row of list.above ?? []) names.set(row.name, machine.copyRow(row).name);
  for (const row of list.above ?? []) {
    const other = renameRow(row, names);
    machine.rows.set(other.name, other);
  }
  const rows = ofOneElement(renameRow({ ...list.rows }, names));
  machine.rows.set(rows.name, rows);
  return {
    kind: 'list',
    element: renameValue(list.element, names),
    rows,
    facts: list.facts.map(fact => renameFact(fact, names)),
  };
}

function filtered(machine: Machine, frame: Frame, receiver: Value, callback: Value, at: number): Value {
  if (callback.kind === 'external' && callback.path === 'Boolean') {
    return receiver.kind === 'array' ? { kind: 'array', items: receiver.items } : receiver;
  }
  if (
    receiver.kind === 'array' &&
    receiver.items.length <= Math.max(mostSearched, mostTurns(machine, receiver.items))
  ) {
    const items = receiver.items.flatMap((item): Value[] => {
      const kept = keptBy(machine, frame, callback, item, [], at);
      if (kept === undefined) return [];
      return [
        kept.facts.length === 0 && truthOf(kept.test) === 'true'
          ? item
          : choose([
              { value: item, facts: kept.facts },
              { value: undefinedValue, facts: [] },
            ]),
      ];
    });
    return { kind: 'array', items };
  }
  if (receiver.kind !== 'list') {
    const { element, facts } = iterated(machine, frame, receiver, at);
    const kept = keptBy(machine, frame, callback, element, facts, at);
    return kept === undefined
      ? { kind: 'array', items: [] }
      : { kind: 'list', element, rows: undefined, facts: kept.facts, each: [] };
  }
  const list = renamed(machine, receiver);
  const { element, facts } = iterated(machine, frame, list, at);
  const kept = keptBy(machine, frame, callback, element, facts, at);
  if (kept === undefined) return { kind: 'array', items: [] };
  // Those that were kept are not all of them.
  const each = list.rows === undefined ? [] : [rowKey(list.rows.name)];
  return { ...list, facts: addFacts(list.facts, kept.facts), each };
}

function keptBy(
  machine: Machine,
  frame: Frame,
  callback: Value,
  element: Value,
  facts: readonly Fact[],
  at: number,
): { readonly facts: readonly Fact[]; readonly test: Value } | undefined {
  const { result, learned } = callFor(machine, frame, callback, element, facts, at);
  if (isBottom(result)) return undefined;
  const assumed = assume(result, true, machine.place(frame, at), machine.code(frame, at));
  return assumed === undefined ? undefined : { facts: addFacts(learned, assumed.facts), test: result };
}

function found(machine: Machine, frame: Frame, receiver: Value, callback: Value, at: number): Value {
  if (receiver.kind === 'array' && receiver.items.length <= mostSearched) {
    const alternatives: Alternative[] = [];
    for (const item of receiver.items) {
      const kept = keptBy(machine, frame, callback, item, [], at);
      if (kept === undefined) continue;
      alternatives.push({ value: item, facts: kept.facts });
      // One that is certainly there, and certainly wanted, ends the search.
      if (item.kind !== 'choice' && kept.facts.length === 0 && isTrue(kept.test)) return choose(alternatives);
    }
    return choose([...alternatives, { value: undefinedValue, facts: [] }]);
  }
  if (receiver.kind !== 'list' || receiver.rows === undefined) {
    const { element: any, facts } = iterated(machine, frame, receiver, at);
    const element: Value =
      any.kind === 'term' ? { ...any, term: oneElement(any.term, `${machine.place(frame, at).line}:${at}`) } : any;
    const kept = keptBy(machine, frame, callback, element, facts, at);
    return kept === undefined
      ? undefinedValue
      : choose([
          { value: element, facts: kept.facts },
          { value: undefinedValue, facts: [] },
        ]);
  }
  const list = renamed(machine, receiver);
  const { element, facts } = iterated(machine, frame, list, at);
  const kept = keptBy(machine, frame, callback, element, facts, at);
  if (kept === undefined) return undefinedValue;
  return choose([
    { value: element, facts: addFacts(facts, kept.facts) },
    { value: undefinedValue, facts: [] },
  ]);
}

/** What holds when a callback says the same of every element: `every` is true, or `some` is false. */
function ofEvery(
  machine: Machine,
  frame: Frame,
  receiver: Value,
  callback: Value,
  truthy: boolean,
  at: number,
): readonly Fact[] {
  const { effects } = frame;
  // It ran before, for what it does: this is for what it says.
  frame.effects = [];
  const told = (element: Value, facts: readonly Fact[]): readonly Fact[] => {
    const isBoolean = callback.kind === 'external' && callback.path === 'Boolean';
    const { result, learned } = isBoolean
      ? { result: element, learned: [] }
      : callFor(machine, frame, callback, element, facts, at);
    if (isBottom(result)) return [];
    const assumed = assume(result, truthy, machine.place(frame, at), machine.code(frame, at));
    return assumed === undefined ? [] : [...facts, ...learned, ...assumed.facts];
  };
  const facts = elementsOf(machine, frame, receiver, told, at);
  frame.effects = effects;
  return facts;
}

/** What is told of every element: of each item of an array, or of whichever one of a list stands for all. */
function elementsOf(
  machine: Machine,
  frame: Frame,
  receiver: Value,
  told: (element: Value, facts: readonly Fact[]) => readonly Fact[],
  at: number,
): readonly Fact[] {
  if (receiver.kind === 'array')
    return receiver.items.length > mostUnrolled ? [] : receiver.items.flatMap(item => told(item, []));
  if (receiver.kind !== 'list' && receiver.kind !== 'term') return [];
  const { element, facts } = iterated(machine, frame, receiver, at);
  return forEveryElement(told(element, facts), elementKeys(machine, receiver, element));
}

/** `some` is true exactly when `find` finds. */
function asked(value: Value, otherwise: readonly Fact[]): Value {
  const alternatives = alternativesOf(value);
  const there = alternatives.filter(({ value: inner }) => !(inner.kind === 'constant' && inner.value === undefined));
  const isCertain = there.length > 0 && there.length === alternatives.length;
  return choose([
    ...there.map(({ facts }) => ({ value: constant(true), facts })),
    ...(isCertain ? [] : [{ value: constant(false), facts: otherwise }]),
  ]);
}

function isTrue(value: Value): boolean {
  return value.kind === 'constant' && Boolean(value.value);
}

function includes(machine: Machine, frame: Frame, receiver: Value, needle: Value, at: number): Value {
  if (receiver.kind === 'array') {
    return choose([
      ...receiver.items.flatMap((item): Alternative[] => {
        const same = compareValues(machine, frame, '===', needle, item, at);
        const assumed = assume(same, true, machine.place(frame, at), machine.code(frame, at));
        return assumed === undefined ? [] : [{ value: constant(true), facts: assumed.facts }];
      }),
      { value: constant(false), facts: notIncluded(machine, frame, receiver.items, needle, at) },
    ]);
  }
  if (receiver.kind === 'list') {
    const list = renamed(machine, receiver);
    const same = compareValues(machine, frame, '===', needle, list.element, at);
    const assumed = assume(same, true, machine.place(frame, at), machine.code(frame, at));
    if (assumed === undefined) return constant(false);
    const otherwise = elementsOf(
      machine,
      frame,
      receiver,
      (element, facts) => {
        const other = compareValues(machine, frame, '===', needle, element, at);
        const apart = assume(other, false, machine.place(frame, at), machine.code(frame, at));
        return apart === undefined ? [] : [...facts, ...apart.facts];
      },
      at,
    );
    const facts = addFacts(listFacts(list, true, machine.place(frame, at), machine.code(frame, at)), assumed.facts);
    return choose([
      { value: constant(true), facts },
      { value: constant(false), facts: otherwise },
    ]);
  }
  return { kind: 'test', whenTrue: [], whenFalse: [] };
}

function notIncluded(
  machine: Machine,
  frame: Frame,
  items: readonly Value[],
  needle: Value,
  at: number,
): readonly Fact[] {
  if (needle.kind !== 'term' || items.length > 6) return [];
  return items.flatMap(item => {
    const same = compareValues(machine, frame, '===', needle, item, at);
    return same.kind === 'test' ? same.whenFalse : [];
  });
}

/** All start at once: what one of them shows guards what comes after, not the others. */
function together(machine: Machine, frame: Frame, items: readonly Value[], at: number): readonly Value[] {
  const before = frame.facts;
  const learned: Fact[] = [];
  const results = items.map(item => {
    if (frame.dead) return bottom;
    frame.facts = before;
    const result = awaitValue(machine, frame, item, at);
    learned.push(...without(frame.facts, before));
    return result;
  });
  frame.facts = before;
  frame.learn(learned);
  return results;
}

/** `Promise.all(value)`. */
export function awaitAll(machine: Machine, frame: Frame, value: Value, at: number): Value {
  switch (value.kind) {
    case 'array':
      return { kind: 'array', items: together(machine, frame, value.items, at) };
    case 'list': {
      const before = frame.save();
      frame.learn(listFacts(value, true, machine.place(frame, at), '', true));
      const known = frame.facts;
      const element = awaitValue(machine, frame, value.element, at);
      const learned = without(frame.facts, known);
      const { effects } = frame;
      frame.restore(before);
      frame.effects = effects;
      if (!isBottom(element)) frame.learn(forEveryElement(learned, elementKeys(machine, value, value.element)));
      return isBottom(element)
        ? { kind: 'array', items: [] }
        : { ...value, element, facts: addFacts(value.facts, learned) };
    }
    case 'choice':
      return choose(
        alternativesOf(value).map(({ value: inner, facts }) => ({ value: awaitAll(machine, frame, inner, at), facts })),
      );
    default:
      return awaitValue(machine, frame, value, at);
  }
}

/** A `Map` or `Set`: kept by process when made at the top of a module. */
export function mapValue(
  call: Call,
  kind: 'Map' | 'Set',
  entries: readonly Value[],
  pairs?: Extract<Value, { kind: 'list' }>,
): Value {
  const { machine, frame, at } = call;
  const place = machine.place(frame, at);
  const isModule = frame.code === undefined;
  // What others put into it, before this request or on the way here. A loop that puts something in is followed twice.
  const isKept = isModule || entries.length > 0;
  const make = (
    inside: readonly Value[],
    byKey?: typeof pairs,
    names: readonly Value[] = [],
    named: ReadonlyMap<string, Value> = new Map(),
  ): Value => {
    // Kept by the process, and filled by functions that others call: there may be anything in it.
    const isUnseen = isModule && inside.length === 0 && byKey === undefined && named.size === 0;
    const native: NativeValue & { readonly mutated: (name: string, values: readonly Value[]) => Value } = {
      name: kind,
      key: `${kind} ${place.file}:${place.line} ${[...inside, ...(byKey === undefined ? [] : [byKey]), ...names].map(value => valueKey(value)).join(',')}`,
      inside,
      mutated: (name, values) => {
        const [key, value] = values;
        const added = kind === 'Map' ? value : key;
        const fixed =
          kind === 'Map' && key?.kind === 'constant' && added !== undefined
            ? new Map([...named, [valueKey(key), added]])
            : named;
        if (isModule) return make(inside, byKey, [], fixed);
        if (name === 'delete' || added === undefined) return make(inside, byKey, names, named);
        return make(
          withValue(inside, added),
          undefined,
          kind === 'Map' && key !== undefined ? withValue(names, key) : names,
          fixed,
        );
      },
      member: name => (name === 'size' ? (inside.length === 0 ? constant(0) : lengthOf(listOf(inside))) : undefined),
      method: (name, inner) => {
        const [key, value] = inner.arguments;
        if (
          isModule &&
          key !== undefined &&
          (name === 'get' || name === 'set' || name === 'has' || name === 'delete')
        ) {
          inner.machine.emit(inner.frame, {
            kind: 'module-map',
            access: name,
            name: nameAt(inner),
            declaredAt: place,
            key,
            value: name === 'set' ? value : undefined,
            place: inner.machine.place(inner.frame, inner.at),
          });
        }
        const one = (what: string): Value => inner.machine.opaque(inner.frame, inner.at, what);
        switch (name) {
          case 'get': {
            const before = isModule && key !== undefined ? keptInMap(inner.machine, place, key) : undefined;
            if (before !== undefined) return before;
            if (byKey !== undefined && key !== undefined) return keptUnder(machine, inner.frame, byKey, key, inner.at);
            const own = key?.kind === 'constant' ? named.get(valueKey(key)) : undefined;
            if (own !== undefined) return own;
            const registered = isModule ? registeredIn(named) : undefined;
            if (registered !== undefined) return registered;
            return choose([
              ...(inside.length === 0 && (isKept || inner.frame !== frame)
                ? [machine.opaque(frame, at, 'a kept value')]
                : inside
              ).map(item => ({
                value: item,
                facts: [],
              })),
              { value: undefinedValue, facts: [] },
            ]);
          }
          case 'has':
            if (byKey !== undefined && key !== undefined)
              return asked(keptUnder(machine, inner.frame, byKey, key, inner.at), []);
            if (inside.length > 0 && kind === 'Set' && key !== undefined)
              return includes(
                machine,
                inner.frame,
                inside.length === 1 && inside[0]?.kind === 'list' ? inside[0] : { kind: 'array', items: inside },
                key,
                inner.at,
              );
            return { kind: 'test', whenTrue: [], whenFalse: [] };
          case 'set':
          case 'add':
            return make(inside, byKey, names, named);
          case 'keys':
            if (names.length > 0) return { kind: 'array', items: names };
            if (isUnseen) return listOfOne(one('a key'));
            return byKey === undefined ? all(inside) : pairsAt(byKey, 0);
          case 'values':
            if (isUnseen) return listOfOne(one('a kept value'));
            return byKey === undefined ? all(inside) : pairsAt(byKey, 1);
          case 'entries':
            if (byKey !== undefined) return byKey;
            if (isUnseen && kind === 'Map')
              return listOfOne({ kind: 'array', items: [one('a key'), one('a kept value')] });
            if (isUnseen) return listOfOne(one('a kept value'));
            if (kind === 'Set' || inside.length === 0) return all(inside);
            return eachPair(names.length > 0 ? names : [machine.opaque(inner.frame, inner.at, 'a key')], inside);
          default:
            return undefined;
        }
      },
    };
    return nativeValue(native);
  };
  return make(entries, pairs);
}

/** What a key that is not known finds in a table of things to call, which the module filled while it was loaded. */
function registeredIn(named: ReadonlyMap<string, Value>): Value | undefined {
  const values = [...named.values()];
  if (values.length === 0 || !values.every(isCallable)) return undefined;
  return choose([
    { value: oneOf(values), facts: [] },
    { value: undefinedValue, facts: [] },
  ]);
}

/** Values that were put in, each once. */
function withValue(values: readonly Value[], added: Value): readonly Value[] {
  const key = valueKey(added);
  return values.some(value => valueKey(value) === key) ? values : [...values, added];
}

function all(inside: readonly Value[]): Value {
  return inside.length === 1 && inside[0]?.kind === 'list' ? inside[0] : { kind: 'array', items: inside };
}

function listOfOne(element: Value): Value {
  return { kind: 'list', element, rows: undefined, facts: [] };
}

/** Any of the keys with any of the values: which belong together is not kept. */
function eachPair(names: readonly Value[], inside: readonly Value[]): Value {
  const any = (values: readonly Value[]): Value => choose(values.map(value => ({ value, facts: [] })));
  return { kind: 'array', items: [{ kind: 'array', items: [any(names), any(inside)] }] };
}

function pairsAt(pairs: Extract<Value, { kind: 'list' }>, index: number): Value {
  const { element } = pairs;
  return { ...pairs, element: element.kind === 'array' ? (element.items[index] ?? undefinedValue) : element };
}

/** `new Map(rows.map(row => [row.key, row])).get(key)`: one of the rows, whose key is this one. */
function keptUnder(
  machine: Machine,
  frame: Frame,
  pairs: Extract<Value, { kind: 'list' }>,
  key: Value,
  at: number,
): Value {
  const list = renamed(machine, pairs);
  const { element, facts } = iterated(machine, frame, list, at);
  const pair = element.kind === 'array' ? element.items : [];
  const [name, kept] = pair;
  if (name === undefined || kept === undefined) return machine.opaque(frame, at, 'a kept value');
  const same = compareValues(machine, frame, '===', key, name, at);
  const assumed = assume(same, true, machine.place(frame, at), machine.code(frame, at));
  if (assumed === undefined) return undefinedValue;
  return choose([
    { value: kept, facts: addFacts(facts, assumed.facts) },
    { value: undefinedValue, facts: [] },
  ]);
}

/** What a set or map holds, as one list. */
function listOf(inside: readonly Value[]): Extract<Value, { kind: 'list' }> {
  const [only] = inside;
  if (only?.kind === 'list' && inside.length === 1) return only;
  return { kind: 'list', element: only ?? undefinedValue, rows: undefined, facts: [] };
}

function nameAt(call: Call): string {
  const code = call.machine.code(call.frame, call.at);
  return /([A-Za-z_$][\w$]*)\s*\??\.\s*(?:get|set|has|delete)\b/.exec(code)?.[1] ?? 'a map';
}
