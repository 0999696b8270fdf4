import { arrayMethod, isArrayLike } from '../collections.ts';
import { compareValues, memberOf } from '../expressions.ts';
import type { Call, Handler } from '../machine.ts';
import { alternativesOf, choose, lengthOf } from '../operations.ts';
import { constant, undefinedValue, type Alternative, type Value } from '../value.ts';

/** Packages whose functions take the list first. */
const packages: readonly string[] = ['remeda', 'lodash', 'lodash-es', 'underscore', 'es-toolkit', 'radash'];

/** Functions that give every element of the list, in another order or once each. */
const same: readonly string[] = [
  'castArray',
  'orderBy',
  'reverse',
  'shuffle',
  'sort',
  'sortBy',
  'sortedUniq',
  'uniq',
  'uniqBy',
  'uniqWith',
  'unique',
  'uniqueBy',
  'uniqueWith',
];

/** Functions that give some elements of the list. */
const fewer: readonly string[] = [
  'compact',
  'difference',
  'differenceBy',
  'differenceWith',
  'drop',
  'dropRight',
  'dropWhile',
  'intersection',
  'intersectionBy',
  'intersectionWith',
  'reject',
  'sampleSize',
  'take',
  'takeLast',
  'takeRight',
  'takeWhile',
  'without',
];

/** Functions that are methods of arrays under the same name. */
const methods: readonly string[] = [
  'every',
  'filter',
  'find',
  'findLast',
  'flatMap',
  'forEach',
  'includes',
  'map',
  'reduce',
  'some',
];

/** Functions that give one element, from an end. */
const ends: readonly string[] = ['first', 'head', 'last'];

function ofList(work: (call: Call, list: Value, rest: readonly Value[]) => Value | undefined, what: string): Handler {
  return call => {
    const [list = undefinedValue, ...rest] = call.arguments;
    const results = alternativesOf(list).map(({ value, facts }) => {
      const result = isArrayLike(value) ? work(call, value, rest) : undefined;
      return { value: result ?? call.machine.opaque(call.frame, call.at, `what '${what}' gives`), facts };
    });
    return choose(results);
  };
}

/** What was left out may be what matters: nothing that is known of every element of the rest is known of them. */
function someOf(list: Value): Value {
  return list.kind === 'list' ? { ...list, each: [] } : list;
}

const isEmpty: Handler = ({ machine, frame, arguments: values, at }) => {
  const [value = undefinedValue] = values;
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => {
      if (inner.kind === 'array') return { value: constant(inner.items.length === 0), facts };
      if (inner.kind !== 'list') return { value: { kind: 'test', whenTrue: [], whenFalse: [] }, facts };
      return { value: compareValues(machine, frame, '===', lengthOf(inner), constant(0), at), facts };
    }),
  );
};

/** The constants of a list of names, or of the arguments themselves. */
function namesOf(values: readonly Value[]): readonly string[] | undefined {
  const names = values.flatMap(value => (value.kind === 'array' ? value.items : [value]));
  const known = names.flatMap(name => (name.kind === 'constant' ? [String(name.value)] : []));
  return known.length === names.length ? known : undefined;
}

const pick: Handler = ({ machine, frame, arguments: [from = undefinedValue, ...rest], at }) => {
  const names = namesOf(rest);
  if (names === undefined) return from;
  const fields = names.map(name => [name, memberOf(machine, frame, from, name, at, true)] as const);
  return { kind: 'object', fields: new Map(fields), spread: [] };
};

/** A field by its path: `get(order, 'owner.id', fallback)`. */
const get: Handler = ({ machine, frame, arguments: [from = undefinedValue, path, fallback], at }) => {
  const names = pathOf(path);
  const found = names?.reduce((value, name) => memberOf(machine, frame, value, name, at, true), from);
  if (found === undefined) return machine.opaque(frame, at, "what 'get' gives");
  if (fallback === undefined) return found;
  const others: Alternative[] = [];
  for (const { value, facts } of alternativesOf(found)) {
    const isMissing = value.kind === 'constant' && value.value === undefined;
    if (!isMissing) others.push({ value: value.kind === 'term' ? { ...value, maybeUndefined: false } : value, facts });
    if (isMissing || mayBeMissing(value)) others.push({ value: fallback, facts });
  }
  return choose(others);
};

function mayBeMissing(value: Value): boolean {
  return value.kind === 'term' && value.maybeUndefined;
}

/** The names of a path in a text (`a.b[0].c`) or in a list. */
function pathOf(path: Value | undefined): readonly string[] | undefined {
  if (path?.kind === 'constant' && typeof path.value === 'string')
    return path.value.split(/[.[\]]+/u).filter(name => name !== '');
  return path?.kind === 'array' ? namesOf([path]) : undefined;
}

const omit: Handler = ({ arguments: [from = undefinedValue, ...rest] }) => {
  const names = namesOf(rest);
  if (names === undefined || from.kind !== 'object') return from;
  return { ...from, fields: new Map([...from.fields].filter(([name]) => !names.includes(name))) };
};

const functions: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...same.map(name => [name, ofList((_call, list) => list, name)] as const),
  ...fewer.map(name => [name, ofList((_call, list) => someOf(list), name)] as const),
  ...methods.map(
    name =>
      [
        name,
        ofList(({ machine, frame, at }, list, rest) => arrayMethod(machine, frame, list, name, rest, at), name),
      ] as const,
  ),
  ...ends.map(
    name =>
      [name, ofList(({ machine, frame, at }, list) => arrayMethod(machine, frame, list, 'at', [], at), name)] as const,
  ),
  ['isEmpty', isEmpty],
  ['get', get],
  ['pick', pick],
  ['omit', omit],
]);

/** Functions of libraries that work on lists: named imports, the whole library, or a file or package for each. */
export const listFunctionHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  packages.flatMap(library =>
    [...functions].flatMap(([name, handler]) => [
      [`${library}/*#${name}`, handler] as const,
      [`${library}/*#${library}.${name}`, handler] as const,
      [`${library}.${name.toLowerCase()}#${library}.${name.toLowerCase()}`, handler] as const,
    ]),
  ),
);
