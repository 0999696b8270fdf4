import type { Place } from '../../../../core/place.ts';
import { always, and, or, type Predicate, type RowVariable } from '../../../../core/predicate.ts';
import { callValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import { noteGiven } from '../given.ts';
import { primaryKeyOf, type OrmModel } from '../orm/model.ts';
import {
  anyOf,
  countOf,
  firstOrFail,
  firstOrNull,
  OrmQuery,
  type Rows,
  type Wanted,
  type WantedRelation,
} from '../orm/query.ts';
import { textsOf } from '../query-builder.ts';
import { stateText, type ClientState } from '../queries.ts';
import { Conditions } from './conditions.ts';
import { entityOf } from './entities.ts';
import { namedCondition, withColumns, type NamedRow } from './named-sql.ts';

/** The rows of a query that runs, by alias, and its parameters. */
interface Scope {
  readonly call: Call;
  readonly place: Place;
  readonly rows: readonly NamedRow[];
  readonly parameters: ReadonlyMap<string, Value>;
}

/** A condition that is read when the query runs: parameters of a name are one, and the last given counts. */
type Condition = (scope: Scope) => Predicate;

interface Join {
  readonly alias: string;
  readonly parent: string;
  readonly property: string;
  readonly model: OrmModel;
  readonly on: Condition | undefined;
  readonly inner: boolean;
  /** The name under which it is loaded; `null` when it is not. */
  readonly as: string | null;
}

interface Build {
  readonly operation: 'read' | 'insert' | 'update' | 'delete';
  readonly state: ClientState;
  readonly model: OrmModel | undefined;
  readonly alias: string;
  readonly joins: readonly Join[];
  readonly where: readonly { readonly how: 'and' | 'or'; readonly condition: Condition }[];
  readonly parameters: ReadonlyMap<string, Value>;
  readonly values: Value | undefined;
  readonly properties: ReadonlySet<string> | undefined;
  readonly place: Place;
  /** What is selected and asked for as it is written, for a query inside another; absent where that is no text. */
  readonly written: Written | undefined;
  /** Parameters that its sub-queries were given: they are parameters of the whole. */
  readonly shared: Map<string, Value>;
  readonly isInside: boolean;
  /** What it is made of, as a text. */
  readonly said: string;
}

interface BuilderNative extends NativeValue {
  readonly typeormBuild: Build;
}

/** `createQueryBuilder`. https://typeorm.io/docs/query-builder/select-query-builder */
export function startBuilder(
  call: Call,
  state: ClientState,
  model: OrmModel | undefined,
  alias: string | undefined,
): Value {
  return builder({
    operation: 'read',
    state,
    model,
    alias: alias ?? model?.name ?? '',
    joins: [],
    where: [],
    parameters: new Map(),
    values: undefined,
    properties: undefined,
    place: call.machine.place(call.frame, call.at, call.end),
    written: { select: [], where: [] },
    shared: new Map(),
    isInside: false,
    said: `${model?.key ?? ''} ${alias ?? ''}`,
  });
}

/** A query inside another, whose parameters are those of the whole. */
function startInside(call: Call, outer: Build): Value {
  const started = asBuild(startBuilder(call, outer.state, undefined, undefined));
  return started === undefined ? undefinedValue : builder({ ...started, shared: outer.shared, isInside: true });
}

function builder(build: Build): Value {
  const native: BuilderNative = {
    name: 'typeorm query',
    get key() {
      return `typeorm query ${build.place.file}:${build.place.line} ${build.said} ${stateText(build.state)}`;
    },
    typeormBuild: build,
    method: (name, call) => builderMethod(build, name, call),
  };
  return nativeValue(native);
}

function asBuild(value: Value | undefined): Build | undefined {
  return value?.kind === 'native' && 'typeormBuild' in value.native
    ? (value.native as BuilderNative).typeormBuild
    : undefined;
}

function grown(call: Call, build: Build, name: string, change: Partial<Build>): Build {
  const { file, line } = build.place;
  const endLine = Math.max(call.machine.place(call.frame, call.end).line, build.place.endLine ?? line);
  const said = `${build.said}.${name}(${call.arguments.map(argument => valueKey(argument)).join()})`;
  return { ...build, place: endLine > line ? { file, line, endLine } : { file, line }, said, ...change };
}

function parametersIn(value: Value | undefined): readonly (readonly [string, Value])[] {
  return value?.kind === 'object' ? [...value.spread.flatMap(parametersIn), ...value.fields] : [];
}

function builderMethod(build: Build, name: string, call: Call): Value | undefined {
  const [first, second] = call.arguments;
  const more = (change: Partial<Build>): Value => builder(grown(call, build, name, change));
  const join = /^(left|inner)Join(AndSelect|AndMapOne|AndMapMany)?$/.exec(name);
  if (join !== null) return joined(call, build, name, join[1] === 'inner', join[2]);
  const filter = /^(and|or)?[wW]here(InIds|Exists)?$/.exec(name);
  if (filter !== null) {
    const condition = conditionOf(call, build, filter[2]);
    const kept = filter[1] === undefined && filter[2] === undefined ? [] : build.where;
    const how = filter[1] === 'or' ? 'or' : 'and';
    return more({
      where: [...kept, { how, condition }],
      written: withCondition(build.written, kept.length === 0, how, filter[2] === undefined ? first : undefined),
      parameters: withParameters(build, [...parametersIn(second), ...parametersOf(asBuild(first))]),
    });
  }
  switch (name) {
    case 'select':
      return more({ properties: selected(build, first), written: withSelected(build.written, [], first) });
    case 'addSelect': {
      const added = selected(build, first);
      const written = withSelected(build.written, build.written?.select ?? [], first);
      return more(
        build.properties === undefined || added === undefined
          ? { written }
          : { written, properties: new Set([...build.properties, ...added]) },
      );
    }
    case 'from':
    case 'into':
    case 'update':
    case 'insert':
    case 'delete':
    case 'softDelete':
    case 'restore':
      return more(started(call, build, name));
    case 'set':
      noteGiven(call.machine, call.frame, {
        part: 'data',
        table: build.model?.table,
        value: first,
        place: build.place,
      });
      return more({ values: first });
    case 'values':
      noteGiven(call.machine, call.frame, {
        part: 'data',
        table: build.model?.table,
        value: first,
        place: build.place,
      });
      return more({ values: first });
    case 'setParameter':
      return more(
        second === undefined ? {} : { parameters: withParameters(build, [[textsOf(first)[0] ?? '', second]]) },
      );
    case 'setParameters':
      return more({ parameters: withParameters(build, parametersIn(first)) });
    case 'getParameters':
      return objectOf(Object.fromEntries(parametersOf(build)));
    case 'clone':
      return more({});
    case 'subQuery':
      return startInside(call, build);
    case 'getQuery':
    case 'getSql': {
      const text = sqlOf(build);
      if (text === undefined) return call.machine.opaque(call.frame, call.at, 'the text of a query');
      return constant(build.isInside ? `(${text})` : text);
    }
    default:
      return /^(?:get|execute|stream)/.test(name)
        ? { kind: 'promise', value: run(call, build, name), facts: [] }
        : more({});
  }
}

// Queries inside others ------------------------------------------------------------------------------------------------

/** A query as it is written: names of properties, parameters by name. */
interface Written {
  readonly select: readonly string[];
  readonly where: readonly { readonly how: 'and' | 'or'; readonly text: string }[];
}

function withCondition(
  written: Written | undefined,
  isFirst: boolean,
  how: 'and' | 'or',
  condition: Value | undefined,
): Written | undefined {
  const [text, ...others] = condition?.kind === 'constant' ? textsOf(condition) : [];
  if (written === undefined || text === undefined || others.length > 0) return undefined;
  return { ...written, where: [...(isFirst ? [] : written.where), { how, text }] };
}

function withSelected(
  written: Written | undefined,
  before: readonly string[],
  given: Value | undefined,
): Written | undefined {
  return written === undefined ? undefined : { ...written, select: [...before, ...textsOf(given)] };
}

function withParameters(build: Build, more: readonly (readonly [string, Value])[]): ReadonlyMap<string, Value> {
  if (build.isInside) for (const [name, value] of more) build.shared.set(name, value);
  return new Map([...build.parameters, ...more]);
}

function parametersOf(build: Build | undefined): readonly (readonly [string, Value])[] {
  return build === undefined ? [] : [...build.shared, ...build.parameters];
}

/** The text of a query that selects, with columns in place of properties; absent where some of it is not known as text. */
function sqlOf({ operation, model, alias, joins, written }: Build): string | undefined {
  if (operation !== 'read' || model === undefined || written === undefined) return undefined;
  const rows: readonly NamedRow[] = [
    { alias, row: alias, table: model.table, model },
    ...joins.map(join => ({ alias: join.alias, row: join.alias, table: join.model.table, model: join.model })),
  ];
  const joined = joins.map(join => joinText(join, rows));
  if (joined.some(text => text === undefined)) return undefined;
  const where = written.where.reduce(
    (before, { how, text }) => (before === '' ? `(${text})` : `(${before} ${how} (${text}))`),
    '',
  );
  const select = written.select.length === 0 || written.select.includes(alias) ? '*' : written.select.join(', ');
  const from = `${tableText(model.table)} "${alias}" ${joined.join(' ')}`;
  return `select ${withColumns(select, rows)} from ${from}${where === '' ? '' : ` where ${withColumns(where, rows)}`}`;
}

function tableText(table: string): string {
  return table
    .split('.')
    .map(part => `"${part}"`)
    .join('.');
}

function joinText(join: Join, rows: readonly NamedRow[]): string | undefined {
  const relation = rows.find(row => row.alias === join.parent)?.model?.relations.get(join.property);
  if (relation === undefined || relation.through !== undefined || join.on !== undefined) return undefined;
  const on = relation.keys
    .map(({ own, other }) => `"${join.parent}"."${own}" = "${join.alias}"."${other}"`)
    .join(' and ');
  return `${join.inner ? 'inner' : 'left'} join ${tableText(join.model.table)} "${join.alias}" on ${on}`;
}

/** `.update(Bill)`, `.delete().from(Bill)`, `.insert().into(Bill)`, `.from(Bill, 'bill')`. */
function started(call: Call, build: Build, name: string): Partial<Build> {
  const [first, second] = call.arguments;
  const model = entityOf(call, first) ?? build.model;
  const alias = textsOf(second)[0] ?? (build.alias === '' ? (model?.name ?? '') : build.alias);
  const operation =
    name === 'from' || name === 'into'
      ? build.operation
      : name === 'insert'
        ? 'insert'
        : name === 'delete'
          ? 'delete'
          : 'update';
  const values = name === 'update' ? (second ?? (first?.kind === 'object' ? first : undefined)) : undefined;
  return { model, alias, operation, ...(values === undefined ? {} : { values }) };
}

/** Properties of the main row that are selected; absent means all. */
function selected(build: Build, value: Value | undefined): ReadonlySet<string> | undefined {
  const names = textsOf(value);
  if (names.length === 0 || names.includes(build.alias)) return build.properties;
  const own = names.flatMap(name => (name.startsWith(`${build.alias}.`) ? [name.slice(build.alias.length + 1)] : []));
  return own.length === 0 ? build.properties : new Set(own);
}

function joined(call: Call, build: Build, name: string, inner: boolean, how: string | undefined): Value {
  const given = how?.startsWith('AndMap') === true ? call.arguments.slice(1) : call.arguments;
  const [target, aliasValue, on, parameters] = given;
  const [path] = textsOf(target);
  const [alias] = textsOf(aliasValue);
  const [parent = '', property = ''] = path?.split('.') ?? [];
  const holder = parent === build.alias ? build.model : build.joins.find(join => join.alias === parent)?.model;
  const model = holder?.relations.get(property)?.target ?? entityOf(call, target);
  const change: Partial<Build> = { parameters: new Map([...build.parameters, ...parametersIn(parameters)]) };
  if (model === undefined || alias === undefined) return builder(grown(call, build, name, change));
  const mapped = how?.startsWith('AndMap') === true ? textsOf(call.arguments[0])[0]?.split('.')[1] : undefined;
  const join: Join = {
    alias,
    parent: path?.includes('.') === true ? parent : '',
    property,
    model,
    on: on === undefined ? undefined : textCondition(on),
    inner,
    as: how === undefined ? null : (mapped ?? property),
  };
  return builder(grown(call, build, name, { ...change, joins: [...build.joins, join] }));
}

// Conditions ----------------------------------------------------------------------------------------------------------

function textCondition(written: Value): Condition {
  return ({ call, rows, parameters }) => namedCondition(call, written, parameters, rows);
}

interface BracketsNative extends NativeValue {
  readonly brackets: Value;
  readonly negated: boolean;
}

/** `new Brackets(query => query.where(…).orWhere(…))`. */
export const brackets =
  (negated: boolean): Handler =>
  call => {
    const [inner = undefinedValue] = call.arguments;
    const native: BracketsNative = {
      name: 'brackets',
      key: `brackets ${negated} ${valueKey(inner)}`,
      brackets: inner,
      negated,
    };
    return nativeValue(native);
  };

function asBrackets(value: Value | undefined): BracketsNative | undefined {
  return value?.kind === 'native' && 'brackets' in value.native ? (value.native as BracketsNative) : undefined;
}

function conditionOf(call: Call, build: Build, kind: string | undefined): Condition {
  const [first] = call.arguments;
  const { model, alias } = build;
  if (kind === 'Exists') {
    const inside = asBuild(first);
    const text = inside === undefined ? undefined : sqlOf(inside);
    return text === undefined
      ? () => ({ kind: 'opaque', reason: 'a sub-query' })
      : textCondition(constant(`exists (${text})`));
  }
  const known = asBrackets(first);
  if (known !== undefined) {
    const inside = grouped(call, build, known.brackets);
    return scope => {
      const found = inside(scope);
      return known.negated ? { kind: 'not', operand: found } : found;
    };
  }
  if (first?.kind === 'function') {
    const text = callValue(
      call.machine,
      call.frame,
      first,
      [builder({ ...build, where: [], written: { select: [], where: [] } })],
      {
        at: call.at,
        end: call.end,
      },
    );
    return textCondition(text);
  }
  const isText =
    textsOf(first).length > 0 || (first?.kind === 'term' && first.term.kind === 'call' && first.term.name === 'concat');
  if (first !== undefined && isText && kind === undefined) return textCondition(first);
  return scope => {
    const row = scope.rows.find(each => each.alias === alias);
    if (row === undefined || model === undefined) return { kind: 'opaque', reason: 'a filter that was not followed' };
    const conditions = new Conditions(scope.call, scope.place);
    if (kind === undefined) return conditions.where(model, row.row, first);
    const [key = 'id'] = primaryKeyOf(model);
    const items = first?.kind === 'array' ? first.items : first === undefined ? [] : [first];
    return or(items.map(item => conditions.scalar({ kind: 'column', row: row.row, column: key }, item)));
  };
}

/** Conditions that a callback adds one by one. */
function grouped(call: Call, build: Build, callback: Value): Condition {
  let current: Build = { ...build, where: [] };
  const self: NativeValue = {
    name: 'where expression',
    key: `where expression ${build.place.file}:${build.place.line}`,
    method: (name, inner) => {
      const next = asBuild(builderMethod(current, name, inner));
      if (next !== undefined) current = next;
      return nativeValue(self);
    },
  };
  callValue(call.machine, call.frame, callback, [nativeValue(self)], { at: call.at, end: call.end });
  const { where, parameters } = current;
  return scope => whereOf(where, { ...scope, parameters: new Map([...scope.parameters, ...parameters]) });
}

function whereOf(where: Build['where'], scope: Scope): Predicate {
  return (
    where.reduce<Predicate | undefined>((before, { how, condition }) => {
      const found = condition(scope);
      return before === undefined ? found : how === 'or' ? or([before, found]) : and([before, found]);
    }, undefined) ?? always
  );
}

// Running -------------------------------------------------------------------------------------------------------------

function run(call: Call, build: Build, how: string): Value {
  const { machine, frame } = call;
  const { model, place, alias } = build;
  if (model === undefined) {
    machine.gap('The table of a query was not found.', place);
    return machine.opaque(frame, call.at, 'the result of a query on an unknown table');
  }
  const query = new OrmQuery(call, build.state, place);
  if (build.operation === 'insert') return objectOf({ identifiers: query.insert(model, build.values, true) });
  const names: NamedRow[] = [];
  const variables = build.joins.map(join => machine.newRow(join.model.table, always));
  for (const [index, join] of build.joins.entries()) {
    const variable = variables[index];
    if (variable !== undefined)
      names.push({ alias: join.alias, row: variable.name, table: join.model.table, model: join.model });
  }
  const scopeFor = (row: string): Scope => ({
    call,
    place,
    parameters: new Map(parametersOf(build)),
    rows: [{ alias, row, table: model.table, model }, ...names],
  });
  let scope: Scope | undefined;
  const row = query.row(model, self => {
    scope = scopeFor(self);
    return whereOf(build.where, scope);
  });
  if (build.operation !== 'read') {
    const rows = query.change(model, build.operation, row, build.values);
    return objectOf({ affected: countOf(rows), raw: countOf(rows) });
  }
  const own = scope ?? scopeFor(row.name);
  joinOthers(query, build, variables, own);
  const relations = relationsUnder(build, alias, variables, own);
  const wanted: Wanted = {
    ...(build.properties === undefined ? {} : { properties: build.properties }),
    ...(relations === undefined ? {} : { relations }),
  };
  const isCounted = how === 'getCount' || how === 'getExists';
  return resultOf(call, query.read(model, row, wanted, isCounted ? 'none' : 'read'), how, place);
}

function relationsUnder(
  build: Build,
  parent: string,
  variables: readonly RowVariable[],
  scope: Scope,
): ReadonlyMap<string, WantedRelation> | undefined {
  const found = new Map<string, WantedRelation>();
  for (const [index, join] of build.joins.entries()) {
    const row = variables[index];
    if (join.parent !== parent || join.property === '' || row === undefined) continue;
    const { on } = join;
    const relations = relationsUnder(build, join.alias, variables, scope);
    found.set(join.property, {
      row,
      required: join.inner,
      as: join.as,
      ...(on === undefined ? {} : { where: () => on(scope) }),
      ...(relations === undefined ? {} : { relations }),
    });
  }
  return found.size === 0 ? undefined : found;
}

/** Tables that are joined by a condition, and no relation. */
function joinOthers(query: OrmQuery, build: Build, variables: readonly RowVariable[], scope: Scope): void {
  for (const [index, join] of build.joins.entries()) {
    const row = variables[index];
    if (join.parent !== '' || row === undefined) continue;
    query.join({ ...row, where: join.on?.(scope) ?? always, required: join.inner });
  }
}

function resultOf(call: Call, rows: Rows, how: string, place: Place): Value {
  const raw: Value =
    rows.rows === undefined ? rows.element : { kind: 'row', row: rows.rows, fields: undefined, columns: undefined };
  switch (how) {
    case 'getOne':
      return firstOrNull(rows, place);
    case 'getOneOrFail':
      return firstOrFail(call, rows, place);
    case 'getManyAndCount':
      return { kind: 'array', items: [rows, countOf(rows)] };
    case 'getCount':
      return countOf(rows);
    case 'getExists':
      return anyOf(rows, place);
    case 'getRawOne':
      return firstOrNull({ ...rows, element: raw }, place);
    case 'getRawMany':
      return { ...rows, element: raw };
    case 'getRawAndEntities':
      return objectOf({ entities: rows, raw: { ...rows, element: raw } });
    default:
      return rows;
  }
}
