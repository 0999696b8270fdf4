import { always, and, or, type Predicate, type Term } from '../../../core/predicate.ts';
import { callValue, methodValue } from '../calls.ts';
import { predicateKey, valueKey } from '../keys.ts';
import { behaviourOf, nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, choose, firstOf, listFacts } from '../operations.ts';
import { renamePredicate } from '../rename.ts';
import { constant, undefinedValue, type Value } from '../value.ts';
import { noteBuiltSql } from './given.ts';
import {
  copyState,
  lowerCondition,
  startState,
  stateOf,
  stateText,
  type ClientState,
  type DriverNative,
} from './queries.ts';
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
  type Source,
} from './query-builder.ts';
import { composeTemplate, fragmentValue, joinFragments, runVariants, textOf, variantsOf } from './sql-fragments.ts';

interface BuilderNative extends NativeValue {
  readonly kysely: Build;
  /** The name that the query has as a table of another one. */
  readonly alias: string | undefined;
}

interface ExpressionNative extends NativeValue {
  readonly condition: Predicate;
}

interface TermNative extends NativeValue {
  readonly reads: Term;
  readonly as: string | undefined;
}

function asBuilder(value: Value | undefined): BuilderNative | undefined {
  return value?.kind === 'native' && 'kysely' in value.native ? (value.native as BuilderNative) : undefined;
}

function asTerm(value: Value | undefined): TermNative | undefined {
  return value?.kind === 'native' && 'reads' in value.native ? (value.native as TermNative) : undefined;
}

// The client ----------------------------------------------------------------------------------------------------------

function client(state: ClientState): Value {
  const native: DriverNative = {
    name: 'kysely client',
    driver: state,
    get key() {
      return `kysely ${stateText(state)}`;
    },
    method: (name, call) => clientMethod(native, name, call, state),
  };
  return nativeValue(native);
}

function clientMethod(native: NativeValue, name: string, call: Call, state: ClientState): Value | undefined {
  const [first] = call.arguments;
  switch (name) {
    case 'selectFrom':
      return builder({ ...startBuild(call, state, 'read'), ...from(call, first) });
    case 'insertInto':
    case 'replaceInto':
      return builder({ ...startBuild(call, state, 'insert'), ...from(call, first) });
    case 'updateTable':
      return builder({ ...startBuild(call, state, 'update'), ...from(call, first) });
    case 'deleteFrom':
      return builder({ ...startBuild(call, state, 'delete'), ...from(call, first) });
    case 'transaction':
    case 'connection':
    case 'startTransaction':
      return transaction(state);
    case 'executeQuery':
      return first;
    case 'with':
    case 'withRecursive':
    case 'withSchema':
    case 'withPlugin':
    case 'withoutPlugins':
    case 'withTables':
      return nativeValue(native);
    case 'destroy':
    case 'commit':
    case 'rollback':
      return undefinedValue;
    default:
      return undefined;
  }
}

function transaction(state: ClientState): Value {
  const native: NativeValue = {
    name: 'kysely transaction',
    key: `kysely transaction ${stateText(state)}`,
    method: (name, call) => {
      const [callback] = call.arguments;
      if (name !== 'execute') return nativeValue(native);
      if (callback === undefined) return { kind: 'promise', value: client(copyState(state)), facts: [] };
      return callValue(call.machine, call.frame, callback, [client(copyState(state))], { at: call.at, end: call.end });
    },
  };
  return nativeValue(native);
}

/** The tables after `from`: names, or queries under a name of their own. */
function from(call: Call, value: Value | undefined): Pick<Build, 'sources' | 'where' | 'joins'> {
  const parts = value === undefined ? [] : value.kind === 'array' ? value.items : [value];
  const sources: Source[] = [];
  const conditions: Predicate[] = [];
  const joins: Build['joins'][number][] = [];
  for (const part of parts) {
    const inner = tableOf(call, part);
    if (inner === undefined) continue;
    sources.push(inner.source);
    conditions.push(inner.where);
    joins.push(...inner.joins);
  }
  return { sources, where: and(conditions), joins };
}

function tableOf(
  call: Call,
  value: Value | undefined,
): { readonly source: Source; readonly where: Predicate; readonly joins: Build['joins'] } | undefined {
  const found =
    value?.kind === 'function'
      ? callValue(call.machine, call.frame, value, [expressionBuilder([])], { at: call.at, end: call.end })
      : value;
  const inner = asBuilder(found);
  const [main] = inner?.kysely.sources ?? [];
  if (inner !== undefined && main !== undefined) {
    // The query around it speaks of its rows by the alias.
    const alias = inner.alias ?? main.alias;
    const where = rename(inner.kysely.where, main.alias, alias);
    return { source: { alias, table: main.table }, where, joins: inner.kysely.joins };
  }
  const [text] = textsOf(found);
  return text === undefined ? undefined : { source: sourceOf(call.machine, text), where: always, joins: [] };
}

function rename(predicate: Predicate, before: string, after: string): Predicate {
  return before === after ? predicate : renamePredicate(predicate, new Map([[markerOf(before), markerOf(after)]]));
}

// A query ---------------------------------------------------------------------------------------------------------------

function builder(build: Build, alias?: string): Value {
  const native: BuilderNative = {
    name: 'kysely query',
    kysely: build,
    alias,
    get key() {
      const { place, operation, sources, where, joins, values, selection } = build;
      return `kysely ${place.file}:${place.line} ${operation} ${sources.map(source => `${source.table} ${source.alias}`).join()} ${predicateKey(where)} ${joins.map(join => `${join.table} ${predicateKey(join.on)}`).join()} ${values === undefined ? '' : valueKey(values)} ${(selection ?? []).map(({ name }) => name).join()} ${stateText(build.state)}`;
    },
    method: (name, call) => builderMethod(native, name, call),
  };
  return nativeValue(native);
}

function builderMethod(native: BuilderNative, name: string, call: Call): Value | undefined {
  const build = native.kysely;
  const [first, second, third] = call.arguments;
  const more = (change: Partial<Build>): Value => builder(grown(call, build, change), native.alias);
  switch (name) {
    case 'where':
      return more({ where: and([build.where, condition(call, build, call.arguments)]) });
    case 'whereRef':
      return more({ where: and([build.where, references(call, scopeOf(build), first, second, third)]) });
    case 'from':
    case 'using': {
      const found = from(call, first);
      return more({
        sources: [...build.sources, ...found.sources],
        where: and([build.where, found.where]),
        joins: [...build.joins, ...found.joins],
      });
    }
    case 'innerJoin':
    case 'leftJoin':
    case 'rightJoin':
    case 'fullJoin':
    case 'crossJoin':
    case 'innerJoinLateral':
    case 'leftJoinLateral':
    case 'crossJoinLateral':
      return more({ joins: [...build.joins, ...joined(call, build, name)] });
    case 'select':
      return more({ selection: [...(build.selection ?? []), ...selected(call, build, first)] });
    case 'selectAll':
      // Columns of the other tables, too, or a second selection: every column may be read.
      return more({ selection: undefined });
    case 'values':
    case 'expression':
      return more({ values: written(call, build, first) });
    case 'set':
      return more({ values: written(call, build, second === undefined ? first : pair(first, second)) });
    case 'returning':
      return more({ returning: true, selection: [...(build.selection ?? []), ...selected(call, build, first)] });
    case 'returningAll':
      return more({ returning: true, selection: undefined });
    case 'onConflict': {
      const kind = first?.kind === 'function' ? conflictOf(call, first) : 'update';
      return more({ conflict: kind === 'update' });
    }
    case 'onDuplicateKeyUpdate':
      return more({ conflict: true });
    case '$if':
      return maybe(call, native, first, second);
    case '$call':
      return second === undefined && first !== undefined
        ? callValue(call.machine, call.frame, first, [nativeValue(native)], { at: call.at, end: call.end })
        : undefined;
    case 'as':
      return builder(build, textsOf(first)[0]);
    case 'execute':
      return { kind: 'promise', value: result(settleBuild(call, build), build), facts: [] };
    case 'stream':
      return settleBuild(call, build);
    case 'executeTakeFirst':
      return { kind: 'promise', value: takeFirst(call, build), facts: [] };
    case 'executeTakeFirstOrThrow': {
      const rows = settleBuild(call, build);
      if (rows.kind !== 'list') return { kind: 'promise', value: rows, facts: [] };
      // It throws when there is no such row.
      const facts = listFacts(rows, true, build.place, `a row of '${build.sources[0]?.table ?? ''}' was found`);
      const returns = build.operation === 'read' || build.returning;
      return { kind: 'promise', value: returns ? rows.element : changedRows(rows), facts: returns ? facts : [] };
    }
    case 'union':
    case 'unionAll':
    case 'intersect':
    case 'except': {
      const other = asBuilder(first);
      if (other !== undefined) settleBuild(call, other.kysely);
      return more({});
    }
    default:
      return /^(?:\$|distinct|order|limit|offset|group|having|for|skip|no|top|fetch|ignore|clear|modify|with|columns|default|output|compile|explain)/.test(
        name,
      )
        ? more({})
        : undefined;
  }
}

function result(rows: Value, build: Build): Value {
  return build.operation === 'read' || build.returning ? rows : { kind: 'array', items: [changedRows(rows)] };
}

function takeFirst(call: Call, build: Build): Value {
  const rows = settleBuild(call, build);
  if (rows.kind !== 'list') return rows;
  return build.operation === 'read' || build.returning ? firstOf(rows, build.place) : changedRows(rows);
}

/** `.$if(condition, query => query.where(…))`: the query with it, or without. */
function maybe(call: Call, native: BuilderNative, test: Value | undefined, change: Value | undefined): Value {
  const self = nativeValue(native);
  if (change === undefined) return self;
  if (test?.kind === 'constant' && test.value === false) return self;
  const site = { at: call.at, end: call.end };
  const applied = callValue(call.machine, call.frame, change, [self], site);
  if (test?.kind === 'constant' && test.value === true) return applied;
  const [whenTrue, whenFalse] = test?.kind === 'test' ? [test.whenTrue, test.whenFalse] : [[], []];
  return choose([
    { value: applied, facts: whenTrue },
    { value: self, facts: whenFalse },
  ]);
}

function conflictOf(call: Call, callback: Value): 'update' | 'nothing' {
  let found: 'update' | 'nothing' = 'update';
  const native: NativeValue = {
    name: 'on conflict',
    key: 'on conflict',
    method: name => {
      if (name === 'doNothing') found = 'nothing';
      return nativeValue(native);
    },
  };
  callValue(call.machine, call.frame, callback, [nativeValue(native)], { at: call.at, end: call.end });
  return found;
}

function pair(name: Value | undefined, value: Value): Value {
  const [text] = textsOf(name);
  return { kind: 'object', fields: new Map(text === undefined ? [] : [[text, value]]), spread: [] };
}

/** `set(eb => ({ … }))`, `set({ total: eb('total', '+', 1) })`. */
function written(call: Call, build: Build, value: Value | undefined): Value | undefined {
  return value?.kind === 'function'
    ? callValue(call.machine, call.frame, value, [expressionBuilder(scopeOf(build))], { at: call.at, end: call.end })
    : value;
}

function joined(call: Call, build: Build, how: string): Build['joins'] {
  const [first, second, third] = call.arguments;
  const found = tableOf(call, first);
  if (found === undefined) return [];
  const scope = [...scopeOf(build), found.source];
  const on =
    second?.kind === 'function'
      ? joinCondition(call, scope, second)
      : second === undefined
        ? always
        : references(call, scope, second, constant('='), third);
  const required = /^(?:inner|cross|right)/.test(how);
  return [...found.joins, { ...found.source, on: and([found.where, on]), required }];
}

function joinCondition(call: Call, scope: readonly Source[], callback: Value): Predicate {
  const make = (on: Predicate): Value => {
    const native: ExpressionNative = {
      name: 'join',
      key: `join ${predicateKey(on)}`,
      condition: on,
      method: (name, inner) => {
        const [first, second, third] = inner.arguments;
        if (name === 'onRef') return make(and([on, references(inner, scope, first, second, third)]));
        if (name === 'on') return make(and([on, conditionIn(inner, scope, inner.arguments)]));
        return make(on);
      },
    };
    return nativeValue(native);
  };
  const site = { at: call.at, end: call.end };
  const found = callValue(call.machine, call.frame, callback, [make(always)], site);
  return conditionsOf(found) ?? { kind: 'opaque', reason: 'the condition of a join' };
}

function references(
  call: Call,
  scope: readonly Source[],
  left: Value | undefined,
  operator: Value | undefined,
  right: Value | undefined,
): Predicate {
  const [one] = textsOf(left);
  const [other] = textsOf(right);
  if (one === undefined || other === undefined) return { kind: 'opaque', reason: 'a comparison of columns' };
  const term: Value = { kind: 'term', term: columnNamed(call.machine, scope, other), maybeUndefined: false };
  return comparison(call.machine, columnNamed(call.machine, scope, one), textsOf(operator)[0] ?? '=', term);
}

function selected(call: Call, build: Build, value: Value | undefined): readonly Selected[] {
  const scope = scopeOf(build);
  const given =
    value?.kind === 'function'
      ? callValue(call.machine, call.frame, value, [expressionBuilder(scope)], { at: call.at, end: call.end })
      : value;
  const parts = given === undefined ? [] : given.kind === 'array' ? given.items : [given];
  return parts.flatMap((part): readonly Selected[] => {
    if (part.kind === 'function') return selected(call, build, part);
    const texts = textsOf(part);
    if (texts.length > 0) {
      return texts.map(text => {
        const [, column = text, alias] = /^\s*(\S+)(?:\s+as\s+(\S+))?\s*$/i.exec(text) ?? [];
        const name = alias ?? column.slice(column.lastIndexOf('.') + 1);
        return { name, value: { kind: 'term', term: columnNamed(call.machine, scope, column), maybeUndefined: false } };
      });
    }
    const read = asTerm(part);
    if (read !== undefined)
      return [{ name: read.as ?? 'value', value: { kind: 'term', term: read.reads, maybeUndefined: false } }];
    const inner = asBuilder(part);
    // A query in the select list reads rows of its own.
    if (inner !== undefined) return [{ name: inner.alias ?? 'value', value: settleBuild(call, inner.kysely) }];
    return [];
  });
}

// Conditions --------------------------------------------------------------------------------------------------------------

function condition(call: Call, build: Build, given: readonly Value[]): Predicate {
  return conditionIn(call, scopeOf(build), given);
}

/** `('column', '=', value)`, `(eb => …)`, or a condition itself. */
function conditionIn(call: Call, scope: readonly Source[], given: readonly Value[]): Predicate {
  const [first, operator, value] = given;
  if (first === undefined) return always;
  if (operator === undefined || value === undefined) {
    const found =
      first.kind === 'function'
        ? callValue(call.machine, call.frame, first, [expressionBuilder(scope)], { at: call.at, end: call.end })
        : first;
    return readCondition(call, scope, found);
  }
  const left = termIn(call, scope, first);
  if (left === undefined) return { kind: 'opaque', reason: 'a comparison of something that was not followed' };
  const name = textsOf(operator)[0] ?? '';
  return compared(call, scope, left, name, value);
}

function compared(call: Call, scope: readonly Source[], left: Term, operator: string, value: Value): Predicate {
  const right =
    value.kind === 'function'
      ? callValue(call.machine, call.frame, value, [expressionBuilder(scope)], { at: call.at, end: call.end })
      : value;
  const query = asBuilder(right);
  if (query !== undefined) {
    const equal = (selected_: Term | undefined): Predicate =>
      selected_ === undefined
        ? { kind: 'opaque', reason: 'what a sub-query selects' }
        : { kind: 'compare', operator: '=', left, right: selected_ };
    if (operator !== '=' && !/^(?:not )?in$/i.test(operator)) return always;
    const inside = existsIn(call.machine, query.kysely, equal);
    return /^not/i.test(operator) ? { kind: 'not', operand: inside } : inside;
  }
  const read = asTerm(right);
  const other: Value = read === undefined ? right : { kind: 'term', term: read.reads, maybeUndefined: false };
  return comparison(call.machine, left, operator, other);
}

function termIn(call: Call, scope: readonly Source[], value: Value): Term | undefined {
  const [text] = textsOf(value);
  if (text !== undefined) return columnNamed(call.machine, scope, text);
  return asTerm(value)?.reads;
}

function readCondition(call: Call, scope: readonly Source[], value: Value): Predicate {
  const parts = alternativesOf(value).map(({ value: inner }) => plainCondition(call, scope, inner));
  return or(parts);
}

function plainCondition(call: Call, scope: readonly Source[], value: Value): Predicate {
  if (value.kind === 'constant') return value.value === false ? { kind: 'false' } : always;
  const own = conditionsOf(value);
  if (own !== undefined) return own;
  const fragments = variantsOf(value);
  if (fragments !== undefined) {
    const relations = scope.map(source => ({ alias: source.alias, row: markerOf(source.alias), table: source.table }));
    return or(fragments.map(sql => lowerCondition(call, sql, relations)));
  }
  return { kind: 'opaque', reason: 'a condition that was not followed' };
}

function conditionsOf(value: Value): Predicate | undefined {
  return value.kind === 'native' && 'condition' in value.native
    ? (value.native as ExpressionNative).condition
    : undefined;
}

function expression(scope: readonly Source[], predicate: Predicate): Value {
  const native: ExpressionNative = {
    name: 'expression',
    key: `expression ${predicateKey(predicate)}`,
    condition: predicate,
    method: (name, inner) => {
      if (name === 'and') return expression(scope, and([predicate, conditionIn(inner, scope, inner.arguments)]));
      if (name === 'or') return expression(scope, or([predicate, conditionIn(inner, scope, inner.arguments)]));
      return nativeValue(native);
    },
  };
  return nativeValue(native);
}

function read(term: Term, as?: string): Value {
  const native: TermNative = {
    name: 'column',
    key: `column ${JSON.stringify(term)}`,
    reads: term,
    as,
    method: (name, call) => (name === 'as' ? read(term, textsOf(call.arguments[0])[0]) : nativeValue(native)),
  };
  return nativeValue(native);
}

const builderMethods: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'exists',
  'between',
  'ref',
  'val',
  'lit',
  'selectFrom',
  'parens',
  'cast',
  'case',
]);

/** What a callback gets: `eb('column', '=', value)`, `eb.or([…])`, and the same by destructuring. */
function expressionBuilder(scope: readonly Source[]): Value {
  const native: NativeValue = {
    name: 'expression builder',
    key: `expression builder ${scope.map(source => source.alias).join()}`,
    invoke: call => expression(scope, conditionIn(call, scope, call.arguments)),
    member: name => {
      if (name === 'eb') return nativeValue(native);
      if (name === 'fn') return aggregates(scope);
      return builderMethods.has(name) ? methodValue(native, name) : undefined;
    },
    method: (name, call) => {
      const [first] = call.arguments;
      const items = first === undefined ? [] : first.kind === 'array' ? first.items : [first];
      switch (name) {
        case 'and':
        case 'or': {
          const fields = first?.kind === 'object' ? [...first.fields] : undefined;
          const parts =
            fields === undefined
              ? listed(call, scope, first, items)
              : fields.map(([column, value]) =>
                  compared(call, scope, columnNamed(call.machine, scope, column), '=', value),
                );
          return expression(scope, name === 'and' ? and(parts) : or(parts));
        }
        case 'not':
          return expression(scope, { kind: 'not', operand: readCondition(call, scope, first ?? undefinedValue) });
        case 'exists': {
          const query = asBuilder(first);
          return expression(
            scope,
            query === undefined
              ? { kind: 'opaque', reason: 'a sub-query' }
              : existsIn(call.machine, query.kysely, () => always),
          );
        }
        case 'between':
          return expression(scope, always);
        case 'parens':
          return expression(scope, conditionIn(call, scope, call.arguments));
        case 'ref': {
          const [text] = textsOf(first);
          return text === undefined ? undefined : read(columnNamed(call.machine, scope, text));
        }
        case 'val':
        case 'lit':
        case 'cast':
          return first;
        case 'case':
          return read({ kind: 'call', name: 'case', arguments: [] });
        case 'selectFrom':
          return builder({
            ...startBuild(call, startState('kysely'), 'read'),
            ...from(call, first),
          });
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

/** Conditions in an array; of a list whose length is not known, none may be there. */
function listed(
  call: Call,
  scope: readonly Source[],
  value: Value | undefined,
  items: readonly Value[],
): readonly Predicate[] {
  if (value?.kind === 'list') {
    const operand = readCondition(call, scope, value.element);
    return [{ kind: 'maybe-absent', operand, because: 'the list of conditions may be empty' }];
  }
  return items.map(item => readCondition(call, scope, item));
}

function aggregates(scope: readonly Source[]): Value {
  const native: NativeValue = {
    name: 'aggregate functions',
    key: 'kysely fn',
    invoke: () => read({ kind: 'call', name: 'function', arguments: [] }),
    method: (name, call) => {
      const arguments_ = textsOf(call.arguments[0]).map(text => columnNamed(call.machine, scope, text));
      return read({ kind: 'call', name, arguments: arguments_ });
    },
  };
  return nativeValue(native);
}

// SQL -----------------------------------------------------------------------------------------------------------------------

/** `` sql`…` ``: a condition, a column, or with `.execute(db)` a statement. */
const sqlTemplate: Handler = call => {
  const [texts, ...values] = call.arguments;
  const variants = composeTemplate(texts, values, value => variantsOf(value) ?? columnText(value));
  if (variants === undefined) return call.machine.opaque(call.frame, call.at, 'SQL that was put together at run time');
  const fragment = behaviourOf(fragmentValue(variants) as Extract<Value, { kind: 'native' }>);
  const native: NativeValue & Partial<TermNative> = {
    ...fragment,
    method: (name, inner) => {
      if (name === 'as') return read({ kind: 'call', name: 'sql', arguments: [] }, textsOf(inner.arguments[0])[0]);
      if (name !== 'execute') return nativeValue(native);
      const rows = runVariants(inner, variants, {
        state: stateOf('kysely', inner.arguments[0]),
        result: found => ({ kind: 'object', fields: new Map([['rows', found]]), spread: [] }),
      });
      return { kind: 'promise', value: rows, facts: [] };
    },
  };
  return nativeValue(native);
};

function columnText(value: Value): readonly { readonly text: string; readonly values: readonly Value[] }[] | undefined {
  const term = asTerm(value)?.reads;
  if (term?.kind !== 'column') return undefined;
  const alias = term.row.replace(/^alias:/, '');
  return [{ text: `"${alias}"."${term.column}"`, values: [] }];
}

const sqlName: Handler = ({ arguments: [first] }) => {
  const [text = ''] = textsOf(first);
  const quoted = text
    .split('.')
    .map(part => `"${part}"`)
    .join('.');
  return fragmentValue([{ text: quoted, values: [] }]);
};

const sqlRaw: Handler = call => {
  noteBuiltSql(call, call.arguments[0]);
  const text = textOf(call.arguments[0]) ?? rawConstant(call.arguments[0]);
  return text === undefined
    ? call.machine.opaque(call.frame, call.at, 'SQL that was put together at run time')
    : fragmentValue([text]);
};

function rawConstant(
  value: Value | undefined,
): { readonly text: string; readonly values: readonly Value[] } | undefined {
  return value?.kind === 'constant' ? { text: String(value.value), values: [] } : undefined;
}

const sqlJoin: Handler = ({ arguments: [items] }) =>
  fragmentValue(
    items?.kind === 'array'
      ? joinFragments(items.items, ', ')
      : [{ text: '$1', values: items === undefined ? [] : [items] }],
  );

const connect: Handler = call => client(startState('kysely', call.arguments));

/** Kysely's functions, by package and name. */
export const kyselyHandlers: Readonly<Record<string, Handler>> = {
  'kysely#new Kysely': connect,
  '@vercel/postgres-kysely#createKysely': connect,
  'kysely#sql': sqlTemplate,
  'kysely#sql.ref': sqlName,
  'kysely#sql.table': sqlName,
  'kysely#sql.id': sqlName,
  'kysely#sql.raw': sqlRaw,
  'kysely#sql.lit': sqlRaw,
  'kysely#sql.val': ({ arguments: [first = undefinedValue] }) => first,
  'kysely#sql.value': ({ arguments: [first = undefinedValue] }) => first,
  'kysely#sql.join': sqlJoin,
  'kysely#expressionBuilder': () => expressionBuilder([]),
};
