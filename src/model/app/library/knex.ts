import { always, and, or, type Predicate } from '../../../core/predicate.ts';
import { callMethod, callValue } from '../calls.ts';
import { asClass } from '../classes.ts';
import { construct } from '../expressions.ts';
import { predicateKey, valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { choose, firstOf, mayBeUndefined } from '../operations.ts';
import { fieldOf, objectOf, undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import { copyState, lowerCondition, startState, stateText, type ClientState } from './queries.ts';
import {
  changedRows,
  columnNamed,
  comparison,
  existsIn,
  grown,
  markerOf,
  scopeOf,
  settleBuild,
  sourceOf,
  startBuild,
  textsOf,
  type Build,
  type Selected,
} from './query-builder.ts';
import { fromMysql, itemsIn, runVariants, textOf } from './sql-fragments.ts';

interface KnexNative extends NativeValue {
  readonly knex: Build;
  /** The first row is wanted, not all. */
  readonly one: boolean;
}

interface RawNative extends NativeValue {
  readonly raw: { readonly text: string; readonly values: readonly Value[] };
}

function asBuilder(value: Value | undefined): KnexNative | undefined {
  return value?.kind === 'native' && 'knex' in value.native ? (value.native as KnexNative) : undefined;
}

function asRaw(value: Value | undefined): RawNative['raw'] | undefined {
  return value?.kind === 'native' && 'raw' in value.native ? (value.native as RawNative).raw : undefined;
}

/** Knex's client: called with a table, or asked for one. https://knexjs.org/guide/query-builder.html */
function client(state: ClientState): Value {
  const native: NativeValue = {
    name: 'knex client',
    get key() {
      return `knex ${stateText(state)}`;
    },
    invoke: call => builder(onTable(call, startBuild(call, state, 'read'), call.arguments[0])),
    method: (name, call) => {
      const [first, second] = call.arguments;
      switch (name) {
        case 'raw':
          return rawValue(call, state, first, second);
        case 'transaction':
          return first?.kind === 'function'
            ? callValue(call.machine, call.frame, first, [client(copyState(state))], { at: call.at, end: call.end })
            : { kind: 'promise', value: client(copyState(state)), facts: [] };
        case 'commit':
        case 'rollback':
        case 'destroy':
          return undefinedValue;
        case 'ref':
          return first;
        case 'withSchema':
        case 'with':
          return nativeValue(native);
        case 'queryBuilder':
          return builder(startBuild(call, state, 'read'));
        default: {
          const started = builder(startBuild(call, state, 'read'));
          return started.kind === 'native' ? (started.native as NativeValue).method?.(name, call) : undefined;
        }
      }
    },
    member: name => (name === 'fn' ? nativeValue({ ...native, name: 'knex fn' }) : undefined),
  };
  return nativeValue(native);
}

function rawValue(call: Call, state: ClientState, first: Value | undefined, bindings: Value | undefined): Value {
  noteBuiltSql(call, first);
  const text = textOf(first);
  if (text === undefined) {
    call.machine.gap('A SQL text is put together at run time.', call.machine.place(call.frame, call.at, call.end));
    return call.machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time');
  }
  const raw = { text: fromMysql(text.text), values: [...text.values, ...itemsIn(bindings)] };
  const native: RawNative = {
    name: 'knex raw',
    key: `knex raw ${raw.text} ${raw.values.map(value => valueKey(value)).join()}`,
    raw,
    settle: inner => runVariants(inner, [raw], { state, result: rows => objectOf({ rows }) }),
    method: () => nativeValue(native),
  };
  return nativeValue(native);
}

function onTable(call: Call, build: Build, value: Value | undefined): Build {
  if (value?.kind === 'object') {
    // `knex({ p: 'person' })`.
    const sources = [...value.fields].flatMap(([alias, table]) =>
      textsOf(table).map(text => ({ ...sourceOf(call.machine, text), alias })),
    );
    return grown(call, build, { sources });
  }
  const inner = asBuilder(value);
  if (inner !== undefined) return grown(call, build, { sources: inner.knex.sources, where: inner.knex.where });
  const [text] = textsOf(value);
  return text === undefined ? build : grown(call, build, { sources: [sourceOf(call.machine, text)] });
}

function builder(build: Build, one = false): Value {
  const native: KnexNative = {
    name: 'knex query',
    knex: build,
    one,
    get key() {
      const { place, operation, sources, where, joins, values, selection } = build;
      return `knex ${place.file}:${place.line} ${operation} ${sources.map(source => source.table).join()} ${predicateKey(where)} ${joins.map(join => `${join.table} ${predicateKey(join.on)}`).join()} ${values === undefined ? '' : valueKey(values)} ${(selection ?? []).map(({ name }) => name).join()} ${one ? 'first' : ''} ${stateText(build.state)}`;
    },
    settle: call => run(call, build, one),
    method: (name, call) => builderMethod(native, name, call),
  };
  return nativeValue(native);
}

function run(call: Call, build: Build, one: boolean): Value {
  const rows = settleBuild(call, build);
  if (rows.kind !== 'list') return rows;
  if (build.operation !== 'read' && !build.returning) return changedRows(rows);
  return one ? firstOf(rows, build.place) : rows;
}

function builderMethod(native: KnexNative, name: string, call: Call): Value | undefined {
  const build = native.knex;
  const [first, second, third] = call.arguments;
  const more = (change: Partial<Build>, one = native.one): Value => builder(grown(call, build, change), one);
  const join = /^(inner|left|leftOuter|right|full|cross)?[jJ]oin$/.exec(name);
  if (join !== null) return more({ joins: [...build.joins, ...joined(call, build, join[1])] });
  const filter = /^(and|or)?[wW]here(Not)?(In|Null|NotNull|NotIn|Exists|NotExists|Between|Like|ILike|Raw|Not)?$/.exec(
    name,
  );
  if (filter !== null) {
    const found = condition(call, build, `${filter[2] ?? ''}${filter[3] ?? ''}`);
    return more({ where: filter[1] === 'or' ? either(build.where, found) : and([build.where, found]) });
  }
  switch (name) {
    case 'from':
    case 'table':
    case 'into':
      return builder(onTable(call, build, first), native.one);
    case 'select':
    case 'column':
    case 'columns':
    case 'distinct':
    case 'pluck':
      return more({ selection: withMore(build, selected(call, build)) });
    case 'first':
      return more({ selection: withMore(build, selected(call, build)) }, true);
    case 'insert':
      return more({ operation: 'insert', values: first, returning: second !== undefined });
    case 'update':
      return more({
        operation: 'update',
        values:
          second === undefined || textsOf(first).length === 0 ? first : objectOf({ [textsOf(first)[0] ?? '']: second }),
        returning: textsOf(first).length === 0 ? second !== undefined : third !== undefined,
      });
    case 'increment':
    case 'decrement':
      return more({ operation: 'update' });
    case 'del':
    case 'delete':
      return more({ operation: 'delete', returning: first !== undefined });
    case 'returning':
      return more({ returning: true });
    case 'merge':
      return more({ conflict: true });
    case 'modify':
      return first === undefined ? undefined : modified(call, native, first, call.arguments.slice(1));
    case 'clone':
    case 'as':
      return more({});
    case 'clearWhere':
      return more({ where: always });
    case 'then':
    case 'catch':
    case 'finally': {
      const value: Value = { kind: 'promise', value: run(call, build, native.one), facts: [] };
      if (name !== 'then' || first === undefined) return value;
      const site = { at: call.at, end: call.end };
      return { kind: 'promise', value: callValue(call.machine, call.frame, first, [value.value], site), facts: [] };
    }
    case 'union':
    case 'unionAll': {
      const other = asBuilder(first);
      if (other !== undefined) settleBuild(call, other.knex);
      return more({});
    }
    default:
      return /^(?:order|limit|offset|group|having|count|sum|min|max|avg|for|on|ignore|timeout|debug|with|as|hint|skip|no|clear|columnInfo|transacting|using|connection)/.test(
        name,
      )
        ? more({})
        : undefined;
  }
}

/** `select('*')` and `first()` name nothing: every column is read. */
function withMore(build: Build, more: readonly Selected[]): Build['selection'] {
  return more.length === 0 ? build.selection : [...(build.selection ?? []), ...more];
}

/** `.orWhere(…)` on a query without a filter is its only one. */
function either(before: Predicate, added: Predicate): Predicate {
  return before.kind === 'true' ? added : or([before, added]);
}

/** `.modify(query => { query.where(…) })`: what it calls changes the query itself. */
function modified(call: Call, native: KnexNative, change: Value, rest: readonly Value[]): Value {
  let build = native.knex;
  const self: NativeValue = {
    name: 'knex query',
    key: native.key,
    method: (name, inner) => {
      const next = asBuilder(builderMethod({ ...native, knex: build }, name, inner));
      if (next !== undefined) build = next.knex;
      return nativeValue(self);
    },
  };
  callValue(call.machine, call.frame, change, [nativeValue(self), ...rest], { at: call.at, end: call.end });
  return builder(build, native.one);
}

/** Conditions that a callback adds one by one: `query.where(inner => inner.where(…).orWhere(…))`. */
function grouped(call: Call, build: Build, callback: Value): Predicate {
  const start: KnexNative = {
    name: 'knex group',
    key: 'knex group',
    knex: { ...build, where: always },
    one: false,
  };
  let current = start.knex;
  const self: NativeValue = {
    name: 'knex group',
    key: `knex group ${build.place.file}:${build.place.line}`,
    method: (name, inner) => {
      const next = asBuilder(builderMethod({ ...start, knex: current }, name, inner));
      if (next !== undefined) current = next.knex;
      return nativeValue(self);
    },
  };
  const site = { at: call.at, end: call.end, self: nativeValue(self) };
  callValue(call.machine, call.frame, callback, [nativeValue(self)], site);
  return current.where;
}

function condition(call: Call, build: Build, kind: string): Predicate {
  const { machine } = call;
  const [first, second, third] = call.arguments;
  const scope = scopeOf(build);
  const [text] = textsOf(first);
  const column = text === undefined ? undefined : columnNamed(machine, scope, text);
  const negated = (predicate: Predicate): Predicate => ({ kind: 'not', operand: predicate });
  switch (kind) {
    case 'In':
    case 'NotIn':
    case 'NotNotIn': {
      if (column === undefined || second === undefined) return { kind: 'opaque', reason: 'a filter by a list' };
      const inner = asBuilder(second);
      const inside =
        inner === undefined
          ? comparison(machine, column, 'in', second)
          : existsIn(machine, inner.knex, read =>
              read === undefined
                ? { kind: 'opaque', reason: 'what a sub-query selects' }
                : { kind: 'compare', operator: '=', left: column, right: read },
            );
      return kind === 'In' ? inside : negated(inside);
    }
    case 'Null':
      return column === undefined ? always : { kind: 'is-null', term: column };
    case 'NotNull':
      return column === undefined ? always : negated({ kind: 'is-null', term: column });
    case 'Exists':
    case 'NotExists': {
      const inner = asBuilder(first);
      const found: Predicate =
        inner === undefined ? { kind: 'opaque', reason: 'a sub-query' } : existsIn(machine, inner.knex, () => always);
      return kind === 'Exists' ? found : negated(found);
    }
    case 'Between':
      return always;
    case 'Like':
    case 'ILike':
      return column === undefined || second === undefined ? always : comparison(machine, column, 'like', second);
    case 'Raw': {
      const sql = textOf(first);
      if (sql === undefined) return { kind: 'opaque', reason: 'a condition put together at run time' };
      const values = [...sql.values, ...itemsIn(second)];
      return rawCondition(call, build, { text: fromMysql(sql.text), values });
    }
    default: {
      const plain = plainCondition(call, build, [first, second, third]);
      return kind.startsWith('Not') ? negated(plain) : plain;
    }
  }
}

function rawCondition(call: Call, build: Build, raw: RawNative['raw']): Predicate {
  const relations = scopeOf(build).map(source => ({
    alias: source.alias,
    row: markerOf(source.alias),
    table: source.table,
  }));
  return lowerCondition(call, raw, relations);
}

function plainCondition(call: Call, build: Build, [first, second, third]: readonly (Value | undefined)[]): Predicate {
  const { machine } = call;
  const scope = scopeOf(build);
  if (first === undefined) return always;
  if (first.kind === 'function') return grouped(call, build, first);
  const raw = asRaw(first);
  if (raw !== undefined) return rawCondition(call, build, raw);
  if (first.kind === 'object') {
    return and([...first.fields].map(([name, value]) => equal(call, columnNamed(machine, scope, name), value)));
  }
  const [text] = textsOf(first);
  if (text === undefined)
    return first.kind === 'constant' ? always : { kind: 'opaque', reason: 'a filter that was not followed' };
  const column = columnNamed(machine, scope, text);
  if (second === undefined) return always;
  if (third === undefined) return equal(call, column, second);
  const inner = asBuilder(third);
  if (inner !== undefined)
    return existsIn(machine, inner.knex, read =>
      read === undefined ? always : { kind: 'compare', operator: '=', left: column, right: read },
    );
  return comparison(machine, column, textsOf(second)[0] ?? '=', third);
}

/** Knex refuses `undefined` in a filter, so that a value that may be undefined is never a missing filter. */
function equal(call: Call, column: Parameters<typeof comparison>[1], value: Value): Predicate {
  if (value.kind === 'constant' && value.value === null) return { kind: 'is-null', term: column };
  const given = mayBeUndefined(value) && value.kind === 'term' ? { ...value, maybeUndefined: false } : value;
  return comparison(call.machine, column, '=', given);
}

function joined(call: Call, build: Build, how: string | undefined): Build['joins'] {
  const [first, second, third, fourth] = call.arguments;
  const aliased = first?.kind === 'object' ? [...first.fields][0] : undefined;
  const [text] = textsOf(aliased === undefined ? first : aliased[1]);
  if (text === undefined) return [];
  const named = sourceOf(call.machine, text);
  const source = aliased === undefined ? named : { ...named, alias: aliased[0] };
  const scope = [...scopeOf(build), source];
  const required = how === undefined || /^(?:inner|cross|right)$/.test(how);
  return [{ ...source, on: joinCondition(call, scope, [second, third, fourth]), required }];
}

function joinCondition(
  call: Call,
  scope: Parameters<typeof columnNamed>[1],
  [second, third, fourth]: readonly (Value | undefined)[],
): Predicate {
  if (second?.kind === 'function') {
    let on: Predicate = always;
    const self: NativeValue = {
      name: 'join',
      key: 'knex join',
      method: (name, inner) => {
        const [left, middle, right] = inner.arguments;
        const value = right ?? middle;
        if (left === undefined || value === undefined) return nativeValue(self);
        const [column] = textsOf(left);
        const [other] = textsOf(value);
        if (column === undefined) return nativeValue(self);
        const term = columnNamed(inner.machine, scope, column);
        const operator = right === undefined ? '=' : (textsOf(middle)[0] ?? '=');
        const against: Value =
          other !== undefined && /^(?:and|or)?[oO]n$/.test(name)
            ? { kind: 'term', term: columnNamed(inner.machine, scope, other), maybeUndefined: false }
            : value;
        const found = comparison(inner.machine, term, operator, against);
        on = name.startsWith('or') ? or([on, found]) : and([on, found]);
        return nativeValue(self);
      },
    };
    const site = { at: call.at, end: call.end, self: nativeValue(self) };
    callValue(call.machine, call.frame, second, [nativeValue(self)], site);
    return on;
  }
  const [left] = textsOf(second);
  const [right] = textsOf(fourth ?? third);
  if (left === undefined || right === undefined) return always;
  const other: Value = { kind: 'term', term: columnNamed(call.machine, scope, right), maybeUndefined: false };
  return comparison(call.machine, columnNamed(call.machine, scope, left), '=', other);
}

function selected(call: Call, build: Build): readonly Selected[] {
  return call.arguments
    .flatMap(argument => itemsIn(argument))
    .flatMap(argument => textsOf(argument))
    .filter(text => !text.endsWith('*'))
    .map(text => {
      const [, column = text, alias] = /^\s*(\S+)(?:\s+as\s+(\S+))?\s*$/i.exec(text) ?? [];
      const term = columnNamed(call.machine, scopeOf(build), column);
      return {
        name: alias ?? column.slice(column.lastIndexOf('.') + 1),
        value: choose([{ value: { kind: 'term', term, maybeUndefined: false }, facts: [] }]),
      };
    });
}

const connect: Handler = call => {
  const [options] = call.arguments;
  const dialect = options === undefined ? undefined : fieldOf(options, 'client');
  return client(startState('knex', [...call.arguments, ...driverOf(call, dialect)]));
};

/** What a class of the program for Knex's `client` says to connect with, in the method that libraries of drivers override. */
function driverOf(call: Call, dialect: Value | undefined): readonly Value[] {
  if (asClass(dialect) === undefined || dialect === undefined) return [];
  const { machine, frame, at, end } = call;
  const made = construct(machine, frame, dialect, [], at, end);
  return made.kind === 'object' && made.fields.has('_driver')
    ? [callMethod(machine, frame, made, '_driver', [], { at, end })]
    : [];
}

/** Knex's functions, by package and name. */
export const knexHandlers: Readonly<Record<string, Handler>> = {
  'knex#knex': connect,
  'knex#knex.knex': connect,
  'knex#default': connect,
};
