import type { SourceFiles } from '../../../../collect/source/read-source.ts';
import type { Place } from '../../../../core/place.ts';
import { always, and, type Predicate, type RowVariable } from '../../../../core/predicate.ts';
import type { DatabaseModel } from '../../../database/types.ts';
import { callValue } from '../../calls.ts';
import { asClass } from '../../classes.ts';
import { valueKey } from '../../keys.ts';
import { Machine, nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import { constant, nullValue, objectOf, undefinedValue, type Value } from '../../value.ts';
import { noteBuiltSql, noteGiven } from '../given.ts';
import { nodeFileHandlers } from '../node-files.ts';
import { platformHandlers } from '../platform.ts';
import { databaseOfModels, primaryKeyOf, propertyOf, type OrmModel } from '../orm/model.ts';
import {
  countOf,
  firstOrFail,
  firstOrNull,
  itemsOf,
  OrmQuery,
  sameRow,
  type Wanted,
  type WantedRelation,
} from '../orm/query.ts';
import { noteRowMembers, noteRowMethods, ownGetter, ownMethod } from '../orm/rows.ts';
import { textsOf } from '../query-builder.ts';
import { copyState, runSql, startState, stateText, type ClientState } from '../queries.ts';
import { fromMysql, itemsIn, textOf } from '../sql-fragments.ts';
import { Conditions, type LiteralNative } from './conditions.ts';
import {
  aliasOf,
  associate,
  defineModel,
  everyModel,
  fieldIn,
  isFalse,
  modelOf,
  packages,
  type Association,
  type SequelizeModel,
} from './models.ts';

/** The tables that Sequelize's models describe. */
export function databaseOfSequelize(source: SourceFiles): DatabaseModel | undefined {
  if (!packages.some(name => source.dependencies.has(name))) return undefined;
  const handlers = new Map(Object.entries({ ...platformHandlers, ...nodeFileHandlers, ...sequelizeHandlers }));
  return databaseOfModels(everyModel(new Machine(source, undefined, handlers)));
}

const state = startState('sequelize');
const unknownRow: Predicate = { kind: 'opaque', reason: 'which row is meant' };

function promise(value: Value): Value {
  return { kind: 'promise', value, facts: [] };
}

// The instance -------------------------------------------------------------------------------------------------------

/** `new Sequelize(…)`. Options of its `define` count for every model. */
function sequelizeValue(given: Value | undefined, own: ClientState): Value {
  const native: NativeValue & { readonly defines: Value | undefined } = {
    name: 'sequelize',
    key: `sequelize ${stateText(own)} ${given === undefined ? '' : valueKey(given)}`,
    defines: given,
    member: (name, call) => {
      if (name !== 'models') return undefined;
      const models: NativeValue = {
        name: 'models',
        key: 'sequelize models',
        member: inner => valueOfModel(call.machine, inner),
      };
      return nativeValue(models);
    },
    method: (name, call) => {
      const [first, second, third] = call.arguments;
      switch (name) {
        case 'define':
          return defined(call, given, textsOf(first)[0] ?? '', second, third);
        case 'model':
          return valueOfModel(call.machine, textsOf(first)[0] ?? '');
        case 'query':
          return promise(runText(call, own));
        case 'transaction': {
          const work = call.arguments.find(argument => argument.kind === 'function');
          const inner = nativeValue({
            name: 'transaction',
            key: 'sequelize transaction',
            method: () => promise(undefinedValue),
          });
          return work === undefined
            ? promise(inner)
            : callValue(call.machine, call.frame, work, [inner], { at: call.at, end: call.end });
        }
        case 'literal':
          return literal(call);
        case 'authenticate':
        case 'sync':
        case 'close':
        case 'addModels':
          return promise(undefinedValue);
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

function valueOfModel(machine: Machine, name: string): Value | undefined {
  const model = modelOf(machine, constant(name));
  return model === undefined ? undefined : modelValue(model);
}

/** Options of the instance, of the definition on top. */
function withDefaults(instance: Value | undefined, options: Value | undefined): Value {
  const native =
    instance?.kind === 'native' && 'defines' in instance.native
      ? (instance.native as { readonly defines?: Value }).defines
      : instance;
  const shared = fieldIn(native, 'define');
  const base = shared?.kind === 'object' ? [...shared.fields] : [];
  const own = options?.kind === 'object' ? [...options.fields] : [];
  return { kind: 'object', fields: new Map([...base, ...own]), spread: [] };
}

function defined(
  call: Call,
  instance: Value | undefined,
  name: string,
  attributes: Value | undefined,
  options: Value | undefined,
): Value {
  const place = call.machine.place(call.frame, call.at, call.end);
  const model = defineModel(call.machine, {
    key: `sequelize model ${place.file}:${call.at} ${name}`,
    name,
    attributes: attributes ?? objectOf({}),
    options: withDefaults(instance, options),
    place,
  });
  return modelValue(model);
}

interface ModelNative extends NativeValue {
  readonly sequelizeModel: SequelizeModel;
}

function modelValue(model: SequelizeModel, scopes: Scopes = 'default'): Value {
  const native: ModelNative = {
    name: 'sequelize model',
    key: `${model.key} ${typeof scopes === 'string' ? scopes : scopes.map(scope => valueKey(scope)).join(' ')}`,
    sequelizeModel: model,
    method: (name, call) =>
      model.statics.has(name) ? undefined : modelMethod(model, scopes, name, call, nativeValue(native)),
    member: name => {
      if (name === 'name') return constant(model.name);
      return name === 'prototype' ? { kind: 'object', fields: model.rowMethods, spread: [] } : model.statics.get(name);
    },
    assigned: (name, value) => {
      if (name !== 'prototype') model.statics.set(name, value);
      else if (value.kind === 'object')
        for (const [method, code] of value.fields) if (code.kind === 'function') model.rowMethods.set(method, code);
      return nativeValue(native);
    },
  };
  return nativeValue(native);
}

function runText(call: Call, own: ClientState): Value {
  const { machine } = call;
  const [first, options] = call.arguments;
  const written = first?.kind === 'object' ? fieldIn(first, 'query') : first;
  noteBuiltSql(call, written);
  const text = textOf(written);
  if (text === undefined) {
    machine.gap('A SQL text is put together at run time.', machine.place(call.frame, call.at, call.end));
    return machine.opaque(call.frame, call.at, 'the result of SQL that was put together at run time');
  }
  const given = fieldIn(options, 'replacements') ?? fieldIn(options, 'bind');
  const named = given?.kind === 'object' ? given.fields : new Map<string, Value>();
  const values = [...text.values];
  const lowered = text.text.replaceAll(/'(?:[^']|'')*'|(?<!:)[:$]([A-Za-z_]\w*)\b/g, (all, name?: string) => {
    if (name === undefined) return all;
    values.push(named.get(name) ?? undefinedValue);
    return `$${values.length}`;
  });
  const listed = given?.kind === 'object' ? [] : itemsIn(given);
  const rows = runSql(call, { text: fromMysql(lowered), values: [...values, ...listed] }, own);
  // A statement whose type is told gives the rows alone.
  const isTyped = fieldIn(options, 'type') !== undefined;
  return isTyped
    ? rows
    : { kind: 'array', items: [rows, machine.opaque(call.frame, call.at, 'what the driver tells')] };
}

const literal: Handler = call => {
  const [text] = call.arguments;
  const native: LiteralNative = {
    name: 'literal',
    key: `literal ${text === undefined ? '' : valueKey(text)}`,
    literal: text,
  };
  return nativeValue(native);
};

// Models -------------------------------------------------------------------------------------------------------------

type Scopes = 'default' | 'none' | readonly Value[];

const reads: ReadonlySet<string> = new Set([
  'findAll',
  'findOne',
  'findByPk',
  'findById',
  'findAndCountAll',
  'findAndCount',
  'count',
  'sum',
  'min',
  'max',
  'aggregate',
]);

function modelMethod(model: SequelizeModel, scopes: Scopes, name: string, call: Call, self: Value): Value | undefined {
  const [first, second] = call.arguments;
  // Other files may tie the model to others, or give it a scope.
  everyModel(call.machine);
  noteInstances(call.machine, model);
  if (reads.has(name)) return promise(read(call, model, scopes, name));
  switch (name) {
    case 'belongsTo':
    case 'hasOne':
    case 'hasMany':
    case 'belongsToMany':
      tie(call, model, name);
      return undefinedValue;
    case 'scope':
      return modelValue(
        model,
        call.arguments.flatMap(argument => itemsOf(argument)),
      );
    case 'unscoped':
      return modelValue(model, 'none');
    case 'schema':
    case 'withScope':
      return modelValue(model, scopes);
    case 'addScope':
      if (textsOf(first)[0] === 'defaultScope') model.defaultScope = second;
      else if (second !== undefined) model.scopes.set(textsOf(first)[0] ?? '', second);
      return undefinedValue;
    case 'build':
      return built(self, first);
    case 'sync':
    case 'drop':
      return promise(undefinedValue);
    default:
      return change(call, model, scopes, name);
  }
}

function tie(call: Call, model: SequelizeModel, kind: Association['kind']): void {
  const [target, options = objectOf({})] = call.arguments;
  const as = fieldIn(options, 'as');
  associate(call.machine, model, {
    kind,
    options,
    as: textsOf(as)[0] ?? textsOf(fieldIn(as, 'plural'))[0],
    target: () => modelOf(call.machine, target),
    through: undefined,
  });
}

/** An instance that was not saved yet, which knows its model. */
function built(self: Value, values: Value | undefined): Value {
  const fields = new Map<string, Value>([['constructor', self]]);
  if (values?.kind === 'object' && values.spread.length === 0)
    return { kind: 'object', fields: new Map([...values.fields, ...fields]), spread: [] };
  return { kind: 'object', fields, spread: values === undefined ? [] : [values] };
}

// Reading ------------------------------------------------------------------------------------------------------------

function read(call: Call, model: SequelizeModel, scopes: Scopes, name: string): Value {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at, call.end);
  const query = new OrmQuery(call, state, place);
  const isByKey = name === 'findByPk' || name === 'findById';
  const isAggregate = /^(?:sum|min|max|aggregate)$/.test(name);
  const options = call.arguments[isByKey || isAggregate ? (name === 'aggregate' ? 2 : 1) : 0];
  noteGiven(machine, frame, { part: 'orderBy', table: model.table, value: fieldIn(options, 'order'), place });
  noteGiven(machine, frame, { part: 'select', table: model.table, value: fieldIn(options, 'include'), place });
  const key = isByKey ? call.arguments[0] : undefined;
  const row = rowOf(call, query, model, scopes, options, place, key);
  const isCounted = name === 'count' || isAggregate;
  const rows = query.read(
    model,
    row,
    isCounted ? {} : wantedBy(call, model, scopes, options, place),
    isCounted ? 'none' : 'read',
  );
  if (name === 'findAll') return rows;
  if (name.startsWith('findAndCount')) return objectOf({ rows, count: countOf(rows) });
  if (name === 'count') return countOf(rows);
  if (isAggregate)
    return {
      kind: 'term',
      term: { kind: 'call', name: 'aggregate', arguments: [{ kind: 'column', row: row.name, column: '*' }] },
      maybeUndefined: false,
    };
  const mustBe = fieldIn(options, 'rejectOnEmpty');
  const throws = mustBe !== undefined && !(mustBe.kind === 'constant' && mustBe.value !== true);
  return throws ? firstOrFail(call, rows, place) : firstOrNull(rows, place);
}

/** The rows that options ask for, within the scopes of the model. */
function rowOf(
  call: Call,
  query: OrmQuery,
  model: SequelizeModel,
  scopes: Scopes,
  options: Value | undefined,
  place: Place,
  key?: Value,
): RowVariable {
  const conditions = new Conditions(call, place);
  const where = options?.kind === 'term' ? options : optionOf(options, 'where');
  return query.row(model, row => {
    const [primary = 'id'] = primaryKeyOf(model);
    const byKey = key === undefined ? always : conditions.scalar({ kind: 'column', row, column: primary }, key);
    const scoped = scopesOf(call, model, scopes).map(scope => replacedBy(optionOf(scope, 'where'), where));
    return and([
      byKey,
      ...scoped.map(inner => conditions.where(model, row, inner)),
      conditions.where(model, row, where),
    ]);
  });
}

/** A condition on the same attribute replaces that of a scope. https://sequelize.org/docs/v6/other-topics/scopes#merging */
function replacedBy(scope: Value | undefined, where: Value | undefined): Value | undefined {
  if (scope?.kind !== 'object' || where?.kind !== 'object') return scope;
  const fields = [...scope.fields].filter(([name]) => fieldIn(where, name) === undefined);
  return { ...scope, fields: new Map(fields) };
}

/** What the scopes of a query say. */
function scopesOf(call: Call, model: SequelizeModel, scopes: Scopes): readonly Value[] {
  const called = (scope: Value | undefined, given: readonly Value[]): readonly Value[] => {
    if (scope === undefined) return [];
    if (scope.kind !== 'function') return [scope];
    return [callValue(call.machine, call.frame, scope, given, { at: call.at, end: call.end })];
  };
  if (scopes === 'none') return [];
  if (scopes === 'default') return called(model.defaultScope, []);
  return scopes.flatMap(scope => {
    const method = fieldIn(scope, 'method');
    const [name, ...given] = method?.kind === 'array' ? method.items : [scope];
    const [text] = textsOf(name);
    if (text === 'defaultScope') return called(model.defaultScope, []);
    const known = model.scopes.get(text ?? '');
    return known === undefined
      ? [objectOf({ where: call.machine.opaque(call.frame, call.at, 'a scope that was not found') })]
      : called(known, given);
  });
}

function optionOf(options: Value | undefined, name: string): Value | undefined {
  if (options?.kind !== 'choice') return fieldIn(options, name);
  const parts = alternativesOf(options).flatMap(({ value, facts }) => {
    const part = optionOf(value, name);
    return part === undefined ? [{ value: undefinedValue, facts }] : [{ value: part, facts }];
  });
  return choose(parts);
}

/** `attributes` and `include`. */
function wantedBy(call: Call, model: SequelizeModel, scopes: Scopes, options: Value | undefined, place: Place): Wanted {
  const all = [...scopesOf(call, model, scopes), ...(options === undefined ? [] : [options])];
  const attributes = all.map(each => optionOf(each, 'attributes')).findLast(each => each !== undefined);
  const relations = new Map(all.flatMap(each => includesOf(call, model, optionOf(each, 'include'), place)));
  const properties = attributes === undefined ? undefined : propertiesOf(model, attributes);
  return {
    ...(properties === undefined ? {} : { properties }),
    ...(relations.size === 0 ? {} : { relations }),
  };
}

function propertiesOf(model: OrmModel, attributes: Value): ReadonlySet<string> | undefined {
  if (attributes.kind === 'array')
    return new Set(attributes.items.flatMap(item => textsOf(item.kind === 'array' ? item.items[0] : item)));
  const excluded = new Set(textsOf(fieldIn(attributes, 'exclude')));
  return excluded.size === 0 ? undefined : new Set([...model.columns.keys()].filter(name => !excluded.has(name)));
}

/** `include: [Line, { model: Firm, as: 'firm', where }]`. */
function includesOf(
  call: Call,
  model: SequelizeModel,
  value: Value | undefined,
  place: Place,
): readonly (readonly [string, WantedRelation])[] {
  const items = value === undefined ? [] : value.kind === 'array' ? value.items : [value];
  return items.flatMap((item): readonly (readonly [string, WantedRelation])[] => {
    const [text] = textsOf(item);
    const named = text ?? textsOf(fieldIn(item, 'as'))[0] ?? textsOf(fieldIn(item, 'association'))[0];
    const target = modelOf(call.machine, fieldIn(item, 'model') ?? item);
    if (named === undefined && fieldIn(item, 'all') !== undefined)
      return [...model.relations.keys()].map(name => [name, { required: false }] as const);
    const found = model.associations.find(association => {
      const other = association.target();
      return other !== undefined && (named === undefined ? other === target : aliasOf(association, other) === named);
    });
    const other = found?.target();
    if (found === undefined || other === undefined) return [];
    return [[aliasOf(found, other), included(call, other, item, place)] as const];
  });
}

function included(call: Call, target: SequelizeModel, item: Value, place: Place): WantedRelation {
  const where = optionOf(item, 'where');
  const isRequired =
    where !== undefined
      ? !isFalse(item, 'required')
      : fieldIn(item, 'required')?.kind === 'constant' && !isFalse(item, 'required');
  const scoped = scopesOf(call, target, 'default').map(scope => optionOf(scope, 'where'));
  return {
    ...wantedBy(call, target, 'default', item.kind === 'object' ? item : undefined, place),
    required: isRequired,
    where: (_machine, model, row) => {
      const conditions = new Conditions(call, place);
      return and([...scoped, where].map(inner => conditions.where(model, row, inner)));
    },
  };
}

// Changing -----------------------------------------------------------------------------------------------------------

function change(call: Call, model: SequelizeModel, scopes: Scopes, name: string): Value | undefined {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at, call.end);
  const query = new OrmQuery(call, state, place);
  const [first, second] = call.arguments;
  const note = (value: Value | undefined): void =>
    noteGiven(machine, frame, { part: 'data', table: model.table, value, place });
  const matching = (options: Value | undefined): RowVariable => rowOf(call, query, model, scopes, options, place);
  switch (name) {
    case 'create':
      note(first);
      return promise(query.insert(model, first, true));
    case 'bulkCreate': {
      note(first);
      const replaces = fieldIn(second, 'updateOnDuplicate') !== undefined;
      if (replaces) for (const item of first === undefined ? [] : itemsOf(first)) changeExisting(query, model, item);
      return promise(query.insert(model, first, !replaces));
    }
    case 'upsert':
      note(first);
      if (first !== undefined) changeExisting(query, model, first);
      return promise({
        kind: 'array',
        items: [query.insert(model, first, false), machine.opaque(frame, call.at, 'whether a row was made')],
      });
    case 'findOrCreate':
    case 'findCreateFind':
    case 'findOrBuild': {
      const found = query.read(model, matching(first), wantedBy(call, model, scopes, first, place));
      const values = objectSpread(optionOf(first, 'where'), optionOf(first, 'defaults'));
      note(values);
      const made = name === 'findOrBuild' ? values : query.insert(model, values, false);
      const one = firstOrNull(found, place);
      const either = choose([
        ...alternativesOf(one).filter(({ value }) => value !== nullValue),
        ...alternativesOf(made),
      ]);
      return promise({ kind: 'array', items: [either, machine.opaque(frame, call.at, 'whether a row was made')] });
    }
    case 'update': {
      note(first);
      const rows = query.change(model, 'update', matching(second), first);
      return promise({ kind: 'array', items: [countOf(rows), rows] });
    }
    case 'increment':
    case 'decrement': {
      const values = new Map(textsOf(first).map(field => [field, machine.opaque(frame, call.at, 'a sum')]));
      return promise(query.change(model, 'update', matching(second), { kind: 'object', fields: values, spread: [] }));
    }
    case 'destroy':
    case 'truncate':
      return promise(
        countOf(query.change(model, 'delete', name === 'truncate' ? query.row(model, () => always) : matching(first))),
      );
    case 'restore':
      return promise(countOf(query.change(model, 'update', matching(first))));
    default:
      return undefined;
  }
}

function objectSpread(first: Value | undefined, second: Value | undefined): Value {
  const fields = [first, second].flatMap(part => (part?.kind === 'object' ? [...part.fields] : []));
  const spread = [first, second].filter(part => part !== undefined).filter(part => part.kind !== 'object');
  return { kind: 'object', fields: new Map(fields), spread };
}

/** A row with the same key is changed, whoever owns it. */
function changeExisting(query: OrmQuery, model: OrmModel, item: Value): void {
  const row = query.row(model, self => sameRow(model, self, item) ?? { kind: 'false' });
  if (row.where.kind !== 'false') query.change(model, 'update', row, item);
}

// Instances ----------------------------------------------------------------------------------------------------------

/** Says what rows of a model do. */
function noteInstances(machine: Machine, model: SequelizeModel): void {
  const noted = machine.remember('sequelize instances', () => new Set<string>());
  if (noted.has(model.key)) return;
  noted.add(model.key);
  const methods = (self: Value, name: string, call: Call): Value | undefined =>
    ownMethod(model.made, self, name, call) ??
    laterMethod(model, self, name, call) ??
    instanceMethod(model, self, name, call);
  noteRowMethods(machine, model.table, methods);
  noteRowMembers(machine, model.table, (self, name, call) =>
    name === 'dataValues' ? self : ownGetter(model.made, self, name, call),
  );
  noteRowMethods(machine, model.key, methods);
  noteRowMethods(machine, `${model.key} default`, methods);
}

/** A method that was put on the model's prototype. */
function laterMethod(model: SequelizeModel, self: Value, name: string, call: Call): Value | undefined {
  const code = model.rowMethods.get(name);
  const site = { at: call.at, end: call.end, self };
  return code === undefined ? undefined : callValue(call.machine, call.frame, code, call.arguments, site);
}

function instanceMethod(model: SequelizeModel, self: Value, name: string, call: Call): Value | undefined {
  const place = call.machine.place(call.frame, call.at, call.end);
  const [first] = call.arguments;
  const query = new OrmQuery(call, state, place);
  const own = (): RowVariable => query.row(model, row => sameRow(model, row, self) ?? unknownRow);
  switch (name) {
    case 'save':
      if (self.kind === 'row') {
        query.change(model, 'update', own(), changedFields(model, self));
        return promise(self);
      }
      return promise(query.insert(model, self, true));
    case 'update':
      noteGiven(call.machine, call.frame, { part: 'data', table: model.table, value: first, place });
      query.change(model, 'update', own(), first);
      return promise(self);
    case 'increment':
    case 'decrement':
    case 'restore':
      query.change(model, 'update', own());
      return promise(self);
    case 'destroy':
      query.change(model, 'delete', own());
      return promise(undefinedValue);
    case 'reload':
      return promise(self);
    case 'toJSON':
      return self;
    case 'get':
    case 'getDataValue': {
      const [field] = textsOf(first);
      return field === undefined
        ? self
        : self.kind === 'row' || self.kind === 'object'
          ? (self.fields?.get(field) ?? undefinedValue)
          : undefined;
    }
    case 'set':
    case 'setDataValue':
      return self;
    default:
      return associated(call, model, self, name, place);
  }
}

/** `firm.getBills()`, `firm.countBills()`, `firm.createBill({ … })`. */
function associated(call: Call, model: SequelizeModel, self: Value, name: string, place: Place): Value | undefined {
  const [, verb = '', noun = ''] = /^(get|count|create)([A-Z]\w*)$/.exec(name) ?? [];
  if (verb === '') return undefined;
  const association = model.associations.find(each => {
    const other = each.target();
    const alias = other === undefined ? '' : aliasOf(each, other);
    return alias.toLowerCase() === noun.toLowerCase() || alias.replace(/s$/, '').toLowerCase() === noun.toLowerCase();
  });
  const target = association?.target();
  if (association === undefined || target === undefined) return undefined;
  const relation = model.relations.get(aliasOf(association, target));
  if (relation === undefined) return undefined;
  const query = new OrmQuery(call, state, place);
  const keys = relation.keys.map(key => ({ ...key, value: columnIn(model, self, key.own) }));
  const [first] = call.arguments;
  if (verb === 'create') {
    const given = keys.map(({ other, value }): [string, Value] => [propertyOf(target, other) ?? other, value]);
    const fields = first?.kind === 'object' ? [...first.fields] : [];
    return promise(query.insert(target, { kind: 'object', fields: new Map([...fields, ...given]), spread: [] }, true));
  }
  const conditions = new Conditions(call, place);
  const row = query.row(target, inner =>
    and([
      ...keys.map(({ other, value }) => conditions.scalar({ kind: 'column', row: inner, column: other }, value)),
      conditions.where(target, inner, optionOf(first, 'where')),
    ]),
  );
  const rows = query.read(
    target,
    row,
    verb === 'count' ? {} : wantedBy(call, target, 'default', first, place),
    verb === 'count' ? 'none' : 'read',
  );
  if (verb === 'count') return promise(countOf(rows));
  return promise(relation.many ? rows : firstOrNull(rows, place));
}

function columnIn(model: OrmModel, self: Value, column: string): Value {
  const property = propertyOf(model, column) ?? column;
  const known = self.kind === 'row' || self.kind === 'object' ? self.fields?.get(property) : undefined;
  if (known !== undefined) return known;
  if (self.kind === 'row')
    return { kind: 'term', term: { kind: 'column', row: self.row.name, column }, maybeUndefined: false };
  return undefinedValue;
}

/** Fields that the program gave the object after it was loaded. */
function changedFields(model: OrmModel, item: Extract<Value, { kind: 'row' }>): Value {
  const changed = [...(item.fields ?? [])].filter(([name, value]) => {
    const column = model.columns.get(name)?.name;
    if (column === undefined) return false;
    return !(
      value.kind === 'term' &&
      value.term.kind === 'column' &&
      value.term.row === item.row.name &&
      value.term.column === column
    );
  });
  return { kind: 'object', fields: new Map(changed), spread: [] };
}

// Handlers -----------------------------------------------------------------------------------------------------------

/** A static method of a class that extends `Model`. */
const staticMethod: Handler = call => {
  const [self = undefinedValue, method, ...rest] = call.arguments;
  const [name = ''] = textsOf(method);
  const own: Call = { ...call, arguments: rest };
  const native = asClass(self);
  if (name === 'init' && native !== undefined) {
    const [attributes = objectOf({}), options] = rest;
    const modelName = textsOf(fieldIn(options, 'modelName'))[0] ?? native.classCode.name;
    native.assigned?.('name', constant(modelName));
    defineModel(call.machine, {
      key: native.key,
      name: modelName,
      attributes,
      options: withDefaults(fieldIn(options, 'sequelize'), options),
      made: native,
      place: call.machine.place(native.frame, native.classCode.at),
    });
    return self;
  }
  const model = modelOf(call.machine, self);
  return (
    (model === undefined ? undefined : modelMethod(model, 'default', name, own, self)) ??
    call.machine.opaque(call.frame, call.at, `'${name}' of a model`)
  );
};

const instanceOfModel: Handler = call => {
  const model = modelOf(call.machine, call.arguments[0]);
  if (model !== undefined) noteInstances(call.machine, model);
  return undefinedValue;
};

const connect: Handler = call =>
  sequelizeValue(
    call.arguments.findLast(argument => argument.kind === 'object'),
    copyState(state),
  );

/** Sequelize's classes, by package. */
export const sequelizeHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  packages.flatMap((library): [string, Handler][] => [
    [`${library}#new Sequelize`, connect],
    [`${library}#new sequelize`, connect],
    [`${library}#static Model`, staticMethod],
    [`${library}#instance Model`, instanceOfModel],
    [`${library}#literal`, literal],
    [`${library}#Sequelize.literal`, literal],
    [`${library}#sequelize.literal`, literal],
  ]),
);
