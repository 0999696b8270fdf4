import type { SourceFiles } from '../../../../collect/source/read-source.ts';
import type { Place } from '../../../../core/place.ts';
import { and, or, type Predicate, type RowVariable } from '../../../../core/predicate.ts';
import type { DatabaseModel } from '../../../database/types.ts';
import { callValue } from '../../calls.ts';
import { asClass } from '../../classes.ts';
import { valueKey } from '../../keys.ts';
import { Machine, nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import { noteBuiltSql, noteGiven } from '../given.ts';
import {
  anyOf,
  countOf,
  firstOrFail,
  firstOrNull,
  itemsOf,
  OrmQuery,
  sameRow,
  type Wanted,
  type WantedRelation,
} from '../orm/query.ts';
import { databaseOfModels, primaryKeyOf, propertyOf, type OrmModel } from '../orm/model.ts';
import { textsOf } from '../query-builder.ts';
import { copyState, startState, stateText, type ClientState } from '../queries.ts';
import { fromMysql, itemsIn, runVariants, textOf } from '../sql-fragments.ts';
import { Conditions, operatorHandlers } from './conditions.ts';
import { columnsNamed, entityOf, entitySchema, everyEntity, noteEntityBehaviour } from './entities.ts';
import { brackets, startBuilder } from './builder.ts';

/** The tables that TypeORM's entities describe. */
export function databaseOfTypeorm(source: SourceFiles): DatabaseModel | undefined {
  if (!source.dependencies.has('typeorm')) return undefined;
  return databaseOfModels(everyEntity(new Machine(source, undefined, new Map(Object.entries(typeormHandlers)))));
}

/** The connection of whatever does not name one. */
const ownState = startState('typeorm');

function promise(value: Value): Value {
  return { kind: 'promise', value, facts: [] };
}

// Data sources and managers -------------------------------------------------------------------------------------------

/** A data source, a manager of one, or a runner of queries: all hand out repositories and run queries. */
function managerValue(state: ClientState): Value {
  const native: NativeValue = {
    name: 'typeorm manager',
    get key() {
      return `typeorm ${stateText(state)}`;
    },
    member: name =>
      name === 'manager' || name === 'connection' || name === 'dataSource' ? nativeValue(native) : undefined,
    method: (name, call) => managerMethod(native, state, name, call),
  };
  return nativeValue(native);
}

function managerMethod(native: NativeValue, state: ClientState, name: string, call: Call): Value | undefined {
  const [first] = call.arguments;
  switch (name) {
    case 'getRepository':
    case 'getTreeRepository':
      return repositoryFor(call, state, first);
    case 'withRepository':
      return first;
    case 'getCustomRepository':
      return madeBy(call, first);
    case 'initialize':
    case 'connect':
      return promise(nativeValue(native));
    case 'createEntityManager':
    case 'createQueryRunner':
      return managerValue(copyState(state));
    case 'query':
      return promise(runText(call, state));
    case 'transaction': {
      const work = call.arguments.find(argument => argument.kind === 'function');
      if (work === undefined) return undefined;
      return callValue(call.machine, call.frame, work, [managerValue(copyState(state))], {
        at: call.at,
        end: call.end,
      });
    }
    case 'createQueryBuilder': {
      const model = entityOf(call, first);
      return startBuilder(call, state, model, textsOf(call.arguments[1])[0]);
    }
    case 'startTransaction':
    case 'commitTransaction':
    case 'rollbackTransaction':
    case 'release':
    case 'destroy':
    case 'close':
    case 'synchronize':
    case 'runMigrations':
      return promise(undefinedValue);
    default:
      return operations.has(name) ? managerOperation(call, state, name) : undefined;
  }
}

/** `manager.find(Bill, options)`; `manager.save(bill)` names its class itself. */
function managerOperation(call: Call, state: ClientState, name: string): Value | undefined {
  const [first, ...rest] = call.arguments;
  const model = entityOf(call, first);
  if (model !== undefined) return runOperation({ ...call, arguments: rest }, state, model, name);
  const own = first === undefined ? undefined : modelOfInstance(call, first);
  return own === undefined ? undefined : runOperation(call, state, own, name);
}

function modelOfInstance(call: Call, value: Value): OrmModel | undefined {
  const [item] = itemsOf(value);
  if (item?.kind === 'object') return entityOf(call, item.fields.get('constructor'));
  return item?.kind === 'row' ? everyEntity(call.machine).find(model => model.table === item.row.table) : undefined;
}

function runText(call: Call, state: ClientState): Value {
  const [first, second] = call.arguments;
  noteBuiltSql(call, first);
  const text = textOf(first, itemsIn(second));
  if (text === undefined) {
    call.machine.gap('A SQL text is put together at run time.', call.machine.place(call.frame, call.at, call.end));
    return call.machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time');
  }
  return runVariants(call, [{ text: fromMysql(text.text), values: text.values }], { state, result: rows => rows });
}

// Repositories --------------------------------------------------------------------------------------------------------

function repositoryFor(call: Call, state: ClientState, target: Value | undefined): Value {
  const model = entityOf(call, target);
  if (model !== undefined) return repositoryValue(state, model, undefined);
  call.machine.gap('The entity of a repository was not found.', call.machine.place(call.frame, call.at, call.end));
  return call.machine.opaque(call.frame, call.at, 'a repository of an entity that was not found');
}

/** A class of the program that extends `Repository`, as the library makes it. */
function madeBy(call: Call, target: Value | undefined): Value | undefined {
  return asClass(target)?.method?.('new', { ...call, arguments: [] });
}

function repositoryValue(state: ClientState, model: OrmModel, extension: Value | undefined): Value {
  const native: NativeValue = {
    name: 'typeorm repository',
    get key() {
      return `typeorm ${model.key} ${stateText(state)} ${extension === undefined ? '' : valueKey(extension)}`;
    },
    member: name =>
      name === 'manager' ? managerValue(state) : name === 'repository' ? nativeValue(native) : undefined,
    method: (name, call) => {
      const added = extension?.kind === 'object' ? extension.fields.get(name) : undefined;
      if (added !== undefined)
        return callValue(call.machine, call.frame, added, call.arguments, {
          at: call.at,
          end: call.end,
          self: nativeValue(native),
        });
      switch (name) {
        case 'extend':
          return repositoryValue(state, model, call.arguments[0]);
        case 'createQueryBuilder':
          return startBuilder(call, state, model, textsOf(call.arguments[0])[0] ?? model.name);
        case 'query':
          return promise(runText(call, state));
        default:
          return operations.has(name) ? runOperation(call, state, model, name) : undefined;
      }
    },
  };
  return nativeValue(native);
}

const operations: ReadonlySet<string> = new Set([
  'find',
  'findBy',
  'findAndCount',
  'findAndCountBy',
  'findByIds',
  'findOne',
  'findOneBy',
  'findOneById',
  'findOneOrFail',
  'findOneByOrFail',
  'count',
  'countBy',
  'exist',
  'exists',
  'existsBy',
  'sum',
  'average',
  'minimum',
  'maximum',
  'save',
  'insert',
  'create',
  'merge',
  'preload',
  'update',
  'updateAll',
  'upsert',
  'delete',
  'deleteAll',
  'softDelete',
  'restore',
  'remove',
  'softRemove',
  'recover',
  'increment',
  'decrement',
  'clear',
]);

/** Runs an operation of a repository. https://typeorm.io/docs/working-with-entity-manager/repository-api */
function runOperation(call: Call, state: ClientState, model: OrmModel, name: string): Value {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at, call.end);
  const query = new OrmQuery(call, state, place);
  const [first, second] = call.arguments;
  const criteria = (): RowVariable => query.row(model, row => criteriaOf(call, place, model, row, first));
  switch (name) {
    case 'create':
      return created(model, first);
    case 'merge':
      return mergedOf(call.arguments);
    case 'preload': {
      const found = query.read(
        model,
        query.row(model, row => (first === undefined ? undefined : sameRow(model, row, first)) ?? unknownRow),
      );
      return promise(
        found.element.kind === 'row' && first !== undefined ? withFields(found.element, first) : found.element,
      );
    }
    case 'save':
      return promise(save(call, query, model, place));
    case 'insert':
      noteGiven(machine, frame, { part: 'data', table: model.table, value: first, place });
      return promise(objectOf({ identifiers: query.insert(model, first, true), generatedMaps: constant(null) }));
    case 'upsert':
      return promise(upsert(call, query, model, place));
    case 'update':
      noteGiven(machine, frame, { part: 'data', table: model.table, value: second, place });
      return promise(affected(query.change(model, 'update', criteria(), second)));
    case 'updateAll':
      return promise(
        affected(
          query.change(
            model,
            'update',
            query.row(model, () => ({ kind: 'true' })),
            first,
          ),
        ),
      );
    case 'softDelete':
    case 'restore':
      return promise(affected(query.change(model, 'update', criteria())));
    case 'increment':
    case 'decrement':
      return promise(
        affected(
          query.change(
            model,
            'update',
            criteria(),
            objectOf({ [textsOf(second)[0] ?? '']: machine.opaque(frame, call.at, 'a sum') }),
          ),
        ),
      );
    case 'delete':
      return promise(affected(query.change(model, 'delete', criteria())));
    case 'clear':
    case 'deleteAll':
      return promise(
        affected(
          query.change(
            model,
            'delete',
            query.row(model, () => ({ kind: 'true' })),
          ),
        ),
      );
    case 'remove':
    case 'softRemove':
    case 'recover': {
      for (const item of first === undefined ? [] : itemsOf(first))
        query.change(
          model,
          name === 'remove' ? 'delete' : 'update',
          query.row(model, row => sameRow(model, row, item) ?? unknownRow),
        );
      return promise(first ?? undefinedValue);
    }
    default:
      return promise(read(call, query, model, name, place));
  }
}

const unknownRow: Predicate = { kind: 'opaque', reason: 'which row is meant' };

function read(call: Call, query: OrmQuery, model: OrmModel, name: string, place: Place): Value {
  const asked = askedBy(call, model, name);
  const conditions = new Conditions(call, place);
  const row = query.row(model, self => {
    const ids = asked.ids === undefined ? [] : [criteriaOf(call, place, model, self, asked.ids)];
    return and([...ids, conditions.where(model, self, asked.where)]);
  });
  noteGiven(call.machine, call.frame, {
    part: 'orderBy',
    table: model.table,
    value: optionOf(asked.options, 'order'),
    place,
  });
  noteGiven(call.machine, call.frame, {
    part: 'select',
    table: model.table,
    value: optionOf(asked.options, 'relations'),
    place,
  });
  const isCounted = /^(?:count|exist|sum|average|minimum|maximum)/.test(name);
  const rows = query.read(model, row, isCounted ? {} : wantedBy(asked.options), isCounted ? 'none' : 'read');
  if (name.startsWith('findAndCount')) return { kind: 'array', items: [rows, countOf(rows)] };
  if (name.endsWith('OrFail')) return firstOrFail(call, rows, place);
  if (name.startsWith('findOne')) return firstOrNull(rows, place);
  if (name.startsWith('find')) return rows;
  if (name.startsWith('exist')) return anyOf(rows, place);
  if (name.startsWith('count')) return countOf(rows);
  return {
    kind: 'term',
    term: { kind: 'call', name: 'aggregate', arguments: [{ kind: 'column', row: row.name, column: '*' }] },
    maybeUndefined: false,
  };
}

interface Asked {
  readonly where: Value | undefined;
  readonly ids: Value | undefined;
  readonly options: Value | undefined;
}

const optionNames: ReadonlySet<string> = new Set(
  'where relations relationLoadStrategy select order skip take join cache lock withDeleted loadEagerRelations loadRelationIds comment transaction'.split(
    ' ',
  ),
);

/** What a read asks for, in the forms of all versions: options, a condition, ids before options. */
function askedBy(call: Call, model: OrmModel, name: string): Asked {
  const [first, second] = call.arguments;
  const nothing: Asked = { where: undefined, ids: undefined, options: undefined };
  if (/^(?:sum|average|minimum|maximum)$/.test(name)) return { ...nothing, where: second };
  if (/By(?:OrFail)?$/.test(name)) return { ...nothing, where: first };
  if (/Ids?$/.test(name)) return { ...nothing, ids: first, options: second };
  if (first === undefined) return nothing;
  const isOptions = alternativesOf(first).every(({ value }) => value.kind !== 'object' || isFindOptions(value, model));
  const isObject = alternativesOf(first).some(({ value }) => value.kind === 'object');
  if (isObject)
    return isOptions
      ? { ...nothing, where: optionOf(first, 'where'), options: first }
      : { ...nothing, where: first, options: second };
  // `findOne(id)` of version 0.2; a whole object of the caller's is options.
  const isId =
    name.startsWith('findOne') &&
    first.kind === 'term' &&
    /^(?:client|column|principal|tool-argument|call)$/.test(first.term.kind);
  if (isId) return { ...nothing, ids: first, options: second, where: optionOf(second, 'where') };
  return first.kind === 'term' ? { ...nothing, where: first } : nothing;
}

function isFindOptions(value: Extract<Value, { kind: 'object' }>, model: OrmModel): boolean {
  const names = [...value.fields.keys()];
  return names.length === 0 || names.some(name => optionNames.has(name) && !model.columns.has(name));
}

/** An option in an object, or in what it spreads. */
function optionOf(options: Value | undefined, name: string): Value | undefined {
  if (options === undefined) return undefined;
  if (options.kind === 'choice') {
    const parts = alternativesOf(options).flatMap(({ value, facts }) => {
      const part = optionOf(value, name);
      return part === undefined ? [] : [{ value: part, facts }];
    });
    return parts.length === 0
      ? undefined
      : parts.length === 1
        ? parts[0]?.value
        : { kind: 'choice', alternatives: parts };
  }
  if (options.kind !== 'object') return options.kind === 'term' && name === 'where' ? options : undefined;
  const own = options.fields.get(name);
  if (own !== undefined) return own.kind === 'constant' && own.value === undefined ? undefined : own;
  for (const part of options.spread.toReversed()) {
    const inner = optionOf(part, name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** `{ select, relations }`: lists of names with dots, or objects. */
function wantedBy(options: Value | undefined): Wanted {
  const relations = wantedRelations(optionOf(options, 'relations'));
  const select = optionOf(options, 'select');
  const properties =
    select?.kind === 'object'
      ? [...select.fields].filter(([, value]) => isWanted(value)).map(([name]) => name)
      : select?.kind === 'array'
        ? textsOf(select)
        : undefined;
  return {
    ...(properties === undefined ? {} : { properties: new Set(properties) }),
    ...(relations === undefined ? {} : { relations }),
  };
}

function wantedRelations(value: Value | undefined): ReadonlyMap<string, WantedRelation> | undefined {
  if (value?.kind === 'object')
    return new Map(
      [...value.fields]
        .filter(([, inner]) => isWanted(inner))
        .map(([name, inner]): [string, WantedRelation] => {
          const relations = wantedRelations(inner);
          return [name, { required: false, ...(relations === undefined ? {} : { relations }) }];
        }),
    );
  const paths = textsOf(value);
  return paths.length === 0 ? undefined : relationsByPath(paths);
}

function relationsByPath(paths: readonly string[]): ReadonlyMap<string, WantedRelation> {
  const below = new Map<string, string[]>();
  for (const path of paths) {
    const [name = '', ...rest] = path.split('.');
    const inner = below.get(name) ?? [];
    below.set(name, rest.length === 0 ? inner : [...inner, rest.join('.')]);
  }
  return new Map(
    [...below].map(([name, inner]): [string, WantedRelation] => [
      name,
      inner.length === 0 ? { required: false } : { required: false, relations: relationsByPath(inner) },
    ]),
  );
}

function isWanted(value: Value): boolean {
  return !(value.kind === 'constant' && !value.value);
}

/** Which rows a change is about: an id, several, or a condition. */
function criteriaOf(call: Call, place: Place, model: OrmModel, row: string, value: Value | undefined): Predicate {
  const conditions = new Conditions(call, place);
  const [key] = primaryKeyOf(model);
  const byId = (id: Value): Predicate =>
    key === undefined ? unknownRow : conditions.scalar({ kind: 'column', row, column: key }, id);
  const one = (item: Value): Predicate => {
    switch (item.kind) {
      case 'object':
      case 'row':
        return conditions.where(model, row, item);
      case 'array':
        return or(item.items.map(one));
      case 'list':
        return item.element.kind === 'row' ? conditions.where(model, row, item.element) : byIds(item);
      case 'choice':
        return or(alternativesOf(item).map(({ value: inner }) => one(inner)));
      default:
        return byId(item);
    }
  };
  const byIds = (list: Value): Predicate => {
    const inside = operatorHandlers['typeorm#In']?.({ ...call, arguments: [list] });
    return inside === undefined ? unknownRow : byId(inside);
  };
  return value === undefined ? unknownRow : one(value);
}

function affected(rows: ReturnType<OrmQuery['change']>): Value {
  return objectOf({ affected: countOf(rows), raw: countOf(rows) });
}

// Objects -------------------------------------------------------------------------------------------------------------

/** `repository.create({ … })` makes an object, and no row yet. */
function created(model: OrmModel, value: Value | undefined): Value {
  if (value?.kind === 'array') return { kind: 'array', items: value.items.map(item => created(model, item)) };
  if (value?.kind === 'list') return { ...value, element: created(model, value.element) };
  return value ?? objectOf({});
}

function mergedOf([target, ...others]: readonly Value[]): Value {
  return others.reduce<Value>((merged, other) => withFields(merged, other), target ?? objectOf({}));
}

function withFields(target: Value, more: Value): Value {
  if (target.kind === 'row' && more.kind === 'object' && more.spread.length === 0)
    return { ...target, fields: new Map([...(target.fields ?? []), ...more.fields]) };
  if (target.kind === 'object') return { kind: 'object', fields: new Map(), spread: [target, more] };
  return target.kind === 'row'
    ? {
        kind: 'object',
        fields: new Map(),
        spread: [{ kind: 'object', fields: target.fields ?? new Map(), spread: [] }, more],
      }
    : target;
}

/** `save` changes the row that has the object's key, and makes one where there is none. */
function save(call: Call, query: OrmQuery, model: OrmModel, place: Place): Value {
  const [first = undefinedValue] = call.arguments;
  const saved = itemsOf(first).map((item): Value => {
    noteGiven(call.machine, call.frame, { part: 'data', table: model.table, value: item, place });
    if (item.kind === 'row') {
      query.change(
        model,
        'update',
        query.row(model, row => sameRow(model, row, item) ?? unknownRow),
        changedFields(model, item),
      );
      return item;
    }
    const flat = flattened(model, item);
    const key = query.row(model, row => sameRow(model, row, flat) ?? { kind: 'false' });
    const mayChange = key.where.kind !== 'false' && !isGenerated(flat, model);
    if (mayChange) query.change(model, 'update', key, item);
    return query.insert(model, item, !mayChange);
  });
  const [only, ...others] = saved;
  return only !== undefined && others.length === 0 && first.kind !== 'array' ? only : { kind: 'array', items: saved };
}

/** Fields that the program gave the object after it was loaded. */
function changedFields(model: OrmModel, item: Extract<Value, { kind: 'row' }>): Value {
  const changed = [...(item.fields ?? [])].filter(([name, value]) => {
    const column = model.columns.get(name)?.name;
    if (column === undefined) return model.relations.get(name)?.isOwner === true && value.kind !== 'choice';
    return !(
      value.kind === 'term' &&
      value.term.kind === 'column' &&
      value.term.row === item.row.name &&
      value.term.column === column
    );
  });
  return { kind: 'object', fields: new Map(changed), spread: [] };
}

/** The fields of an object and of what it spreads. */
function flattened(model: OrmModel, value: Value): Value {
  if (value.kind !== 'object' || value.spread.length === 0) return value;
  const fields = new Map<string, Value>();
  for (const part of value.spread) {
    const inner = flattened(model, part);
    if (inner.kind === 'object' || inner.kind === 'row')
      for (const [name, field] of inner.fields ?? []) fields.set(name, field);
    // A whole object of the caller's may name the row.
    if (part.kind === 'term')
      for (const column of primaryKeyOf(model)) {
        const property = propertyOf(model, column) ?? column;
        const { term } = part;
        if (term.kind === 'client' || term.kind === 'tool-argument')
          fields.set(property, {
            kind: 'term',
            term: { ...term, path: `${term.path}.${property}` },
            maybeUndefined: true,
          });
      }
  }
  for (const [name, field] of value.fields) fields.set(name, field);
  return { kind: 'object', fields, spread: [] };
}

/** A key that the program makes up names no row that is there. */
function isGenerated(value: Value, model: OrmModel): boolean {
  if (value.kind !== 'object') return false;
  return primaryKeyOf(model).every(column => {
    const given = value.fields.get(propertyOf(model, column) ?? column);
    return (
      given?.kind === 'external' ||
      (given?.kind === 'term' && given.term.kind === 'call' && /uuid|nanoid|cuid|ulid|random/i.test(given.term.name))
    );
  });
}

/** A row with the same conflicting columns is changed, whoever owns it. */
function upsert(call: Call, query: OrmQuery, model: OrmModel, place: Place): Value {
  const [first, paths] = call.arguments;
  noteGiven(call.machine, call.frame, { part: 'data', table: model.table, value: first, place });
  const properties = textsOf(paths?.kind === 'object' ? paths.fields.get('conflictPaths') : paths);
  const named =
    properties.length > 0
      ? properties
      : paths?.kind === 'object'
        ? [
            ...(paths.fields.get('conflictPaths')?.kind === 'object'
              ? fieldNames(paths.fields.get('conflictPaths'))
              : []),
          ]
        : [];
  const conditions = new Conditions(call, place);
  for (const item of first === undefined ? [] : itemsOf(first)) {
    const flat = flattened(model, item);
    const fields =
      flat.kind === 'object' || flat.kind === 'row'
        ? (flat.fields ?? new Map<string, Value>())
        : new Map<string, Value>();
    const key = named.flatMap(property => {
      const value = fields.get(property);
      const [column] = columnsNamed(model, property);
      return value === undefined || column === undefined ? [] : [{ column, value }];
    });
    if (key.length === 0) continue;
    const row = query.row(model, self =>
      and(key.map(({ column, value }) => conditions.scalar({ kind: 'column', row: self, column }, value))),
    );
    query.change(model, 'update', row, item);
  }
  return objectOf({ identifiers: query.insert(model, first, false) });
}

function fieldNames(value: Value | undefined): readonly string[] {
  return value?.kind === 'object' ? [...value.fields.keys()] : [];
}

// Active Record -------------------------------------------------------------------------------------------------------

/** `Bill.find()`, `Bill.createQueryBuilder()`: static methods of an entity that extends `BaseEntity`. */
const baseStatic: Handler = call => {
  const [self, method, ...rest] = call.arguments;
  const model = entityOf(call, self);
  const [name] = textsOf(method);
  if (model === undefined || name === undefined)
    return call.machine.opaque(call.frame, call.at, 'a method of an entity');
  const own: Call = { ...call, arguments: rest };
  if (name === 'getRepository') return repositoryValue(ownState, model, undefined);
  if (name === 'createQueryBuilder') return startBuilder(own, ownState, model, textsOf(rest[0])[0] ?? model.name);
  return operations.has(name)
    ? runOperation(own, ownState, model, name)
    : call.machine.opaque(call.frame, call.at, `'${name}' of an entity`);
};

const instanceMethods: ReadonlySet<string> = new Set(['save', 'remove', 'softRemove', 'recover']);

function instanceMethod(model: OrmModel, self: Value, name: string, call: Call): Value | undefined {
  if (name === 'reload') return promise(undefinedValue);
  return instanceMethods.has(name) ? runOperation({ ...call, arguments: [self] }, ownState, model, name) : undefined;
}

// Handlers ------------------------------------------------------------------------------------------------------------

function withBehaviour(handler: Handler): Handler {
  return call => {
    noteBehaviour(call.machine);
    return handler(call);
  };
}

function noteBehaviour(machine: Machine): void {
  noteEntityBehaviour(machine, { ofInstance: model => (self, name, call) => instanceMethod(model, self, name, call) });
}

const manager: Handler = call => managerValue(startState('typeorm', call.arguments));
const repository: Handler = call => repositoryFor(call, ownState, call.arguments[0]);

/** An instance of an entity that no repository was asked for yet: from here on its class is known. */
const baseInstance: Handler = call => {
  entityOf(call, call.arguments[0]);
  return undefinedValue;
};

/** TypeORM's functions and classes, and those of Nest that hand them out. */
export const typeormHandlers: Readonly<Record<string, Handler>> = {
  ...operatorHandlers,
  'typeorm#new Brackets': brackets(false),
  'typeorm#new NotBrackets': brackets(true),
  ...Object.fromEntries(
    Object.entries({
      'typeorm#new EntitySchema': entitySchema,
      'typeorm#new DataSource': manager,
      'typeorm#new Connection': manager,
      'typeorm#createConnection': call => promise(manager(call)),
      'typeorm#getConnection': manager,
      'typeorm#getManager': manager,
      'typeorm#getRepository': repository,
      'typeorm#getTreeRepository': repository,
      // Of a class that extends one: its type says of which entity.
      'typeorm#new Repository': repository,
      'typeorm#new TreeRepository': repository,
      'typeorm#new AbstractRepository': repository,
      'typeorm#getCustomRepository': call => madeBy(call, call.arguments[0]) ?? repository(call),
      'typeorm#static BaseEntity': baseStatic,
      'typeorm#instance BaseEntity': baseInstance,
      '@nestjs/typeorm#InjectRepository': repository,
      '@nestjs/typeorm#InjectDataSource': manager,
      '@nestjs/typeorm#InjectEntityManager': manager,
      '@nestjs/typeorm#InjectConnection': manager,
    } satisfies Record<string, Handler>).map(([name, handler]) => [name, withBehaviour(handler)]),
  ),
};
