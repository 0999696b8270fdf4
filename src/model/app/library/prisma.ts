import {
  always,
  and,
  equals,
  or,
  type Operator,
  type Predicate,
  type RowVariable,
  type Term,
} from '../../../core/predicate.ts';
import type { Place } from '../../../core/place.ts';
import { callValue, handlerValue } from '../calls.ts';
import { awaitAll } from '../collections.ts';
import { awaitValue } from '../expressions.ts';
import { rowFact } from '../facts.ts';
import { callTerm, valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../machine.ts';
import {
  alternativesOf,
  choose,
  isKeptForCaller,
  compareTerms,
  firstOf,
  lengthOf,
  mayBeUndefined,
  termOf,
} from '../operations.ts';
import type { Fact } from '../types.ts';
import { atoms, constant, nullValue, objectOf, undefinedValue, type RowValue, type Value } from '../value.ts';
import { noteGiven } from './given.ts';
import { readPrismaSchemas, type PrismaModel, type PrismaRelation } from '../../database/prisma-schema.ts';
import { implicitJoin } from '../../database/prisma-tables.ts';
import { clientExtension, interceptorOf, modelExtension, type Extensions } from './prisma-extensions.ts';
import { runRaw } from './prisma-raw.ts';
import {
  clientOf,
  copyState,
  eachAssigned,
  inValues,
  runQuery,
  startState,
  stateText,
  telling,
  writtenRow,
  type ClientState,
} from './queries.ts';

interface Key {
  readonly own: string;
  readonly other: string;
}

function modelsOf(machine: Machine): ReadonlyMap<string, PrismaModel> {
  return machine.remember('prisma models', () => readPrismaSchemas(machine.source.prismaSchemas()).models);
}

const connect: Handler = call => prismaClient(startState('prisma', call.arguments), 0);

let nextTransaction = 1;

interface PrismaNative extends NativeValue {
  readonly prisma: { readonly state: ClientState; readonly extensions: Extensions };
}

function prismaClient(state: ClientState, id: number, extensions: Extensions = []): Value {
  const native: PrismaNative = {
    name: 'prisma client',
    prisma: { state, extensions },
    get key() {
      return `prisma ${id} ${stateText(state)} ${extensions.map(extension => valueKey(extension)).join(' ')}`;
    },
    member: (name, call) => {
      const model = modelNamed(call.machine, name);
      if (model !== undefined) return delegate(model, state, extensions);
      const added = clientExtension(extensions, name);
      if (added === undefined && /^[a-z]\w*$/.test(name) && name !== 'then')
        call.machine.gap(
          `The model '${name}' is in no Prisma schema that was read; its queries are not judged.`,
          call.machine.place(call.frame, call.at),
        );
      return added;
    },
    method: (name, call) => {
      const added = clientExtension(extensions, name);
      if (added === undefined) return clientMethod(name, call, native);
      return callValue(call.machine, call.frame, added, call.arguments, {
        at: call.at,
        end: call.end,
        self: nativeValue(native),
      });
    },
  };
  return nativeValue(native);
}

function asClient(value: Value | undefined): PrismaNative | undefined {
  return value?.kind === 'native' && 'prisma' in value.native ? (value.native as PrismaNative) : undefined;
}

/** ZenStack reads policies of its own from the schema, for the user that it is given. */
const enhance: Handler = call => {
  const [client] = call.arguments;
  const known = asClient(client);
  if (known === undefined) return call.machine.opaque(call.frame, call.at, 'a client with access policies');
  const { state, extensions } = known.prisma;
  return prismaClient({ ...copyState(state), kind: enhanced }, 0, extensions);
};

const enhanced = 'prisma with access policies';

function modelNamed(machine: Machine, accessor: string): PrismaModel | undefined {
  const models = modelsOf(machine);
  return (
    models.get(accessor.charAt(0).toUpperCase() + accessor.slice(1)) ??
    [...models.values()].find(model => model.name.toLowerCase() === accessor.toLowerCase())
  );
}

function clientMethod(name: string, call: Call, client: PrismaNative): Value | undefined {
  const [first] = call.arguments;
  const { state, extensions } = client.prisma;
  switch (name) {
    case '$transaction': {
      if (first?.kind === 'function')
        return callValue(
          call.machine,
          call.frame,
          first,
          [prismaClient(copyState(state), nextTransaction++, extensions)],
          {
            at: call.at,
            end: call.end,
          },
        );
      return first === undefined
        ? undefined
        : { kind: 'promise', value: awaitAll(call.machine, call.frame, first, call.at), facts: [] };
    }
    case '$extends':
      if (first?.kind === 'function')
        return callValue(call.machine, call.frame, first, [nativeValue(client)], { at: call.at, end: call.end });
      return prismaClient(state, 0, first === undefined ? extensions : [...extensions, first]);
    case '$queryRaw':
    case '$executeRaw':
    case '$queryRawUnsafe':
    case '$executeRawUnsafe':
      return { kind: 'promise', value: runRaw(call, state), facts: [] };
    case '$connect':
    case '$disconnect':
    case '$on':
    case '$use':
      return undefinedValue;
    default:
      return undefined;
  }
}

const operations: ReadonlySet<string> = new Set([
  'findMany',
  'findFirst',
  'findUnique',
  'findFirstOrThrow',
  'findUniqueOrThrow',
  'create',
  'createMany',
  'createManyAndReturn',
  'update',
  'updateMany',
  'updateManyAndReturn',
  'upsert',
  'delete',
  'deleteMany',
  'count',
  'aggregate',
  'groupBy',
]);

function delegate(model: PrismaModel, state: ClientState, extensions: Extensions): Value {
  const native: NativeValue = {
    name: 'prisma model',
    key: `prisma ${model.name} ${stateText(state)} ${extensions.map(extension => valueKey(extension)).join(' ')}`,
    method: (name, call) => {
      const added = modelExtension(extensions, accessorOf(model), name);
      if (added !== undefined)
        return callValue(call.machine, call.frame, added, call.arguments, {
          at: call.at,
          end: call.end,
          self: nativeValue(native),
        });
      if (!operations.has(name)) return undefined;
      const place = call.machine.place(call.frame, call.at, call.end);
      const [options = objectOf({})] = call.arguments;
      return pendingQuery({ model, name, options, place, state, extensions });
    },
  };
  return nativeValue(native);
}

/** A number over rows. */
function aggregateOf(row: RowVariable): Value {
  const arguments_ = [{ kind: 'column', row: row.name, column: '*' }] as const;
  return { kind: 'term', term: { kind: 'call', name: 'aggregate', arguments: arguments_ }, maybeUndefined: false };
}

/** A group of rows has what was asked over its columns beside those that it is made by. */
function withAggregates(group: Value): Value {
  if (group.kind !== 'row' || group.fields === undefined) return group;
  const over = ['_count', '_sum', '_avg'].map((name): [string, Value] => [name, aggregateOf(group.row)]);
  return { ...group, fields: new Map([...group.fields, ...over, ['_min', group], ['_max', group]]) };
}

function accessorOf(model: PrismaModel): string {
  return model.name.charAt(0).toLowerCase() + model.name.slice(1);
}

interface Pending {
  readonly model: PrismaModel;
  readonly name: string;
  readonly options: Value;
  readonly place: Place;
  readonly state: ClientState;
  readonly extensions: Extensions;
}

/** A query that runs when it is awaited. */
function pendingQuery(query: Pending): Value {
  const { model, name, options, place, state } = query;
  const pending: NativeValue = {
    name: 'prisma query',
    key: `prisma query ${place.file}:${place.line} ${model.name}.${name} ${valueKey(options)} ${stateText(state)}`,
    settle: inner => runExtended(inner, query),
    method: (method, inner) => {
      const relation = model.relations.get(method);
      if (relation !== undefined) return relatedQuery(query, method, inner);
      if (method !== 'then' && method !== 'catch' && method !== 'finally') return undefined;
      const value: Value = { kind: 'promise', value: runExtended(inner, query), facts: [] };
      const [callback] = inner.arguments;
      if (method !== 'then' || callback === undefined) return value;
      return {
        kind: 'promise',
        value: callValue(inner.machine, inner.frame, callback, [value.value], { at: inner.at, end: inner.end }),
        facts: [],
      };
    },
  };
  return nativeValue(pending);
}

/** Runs a query through the extensions of its client, which may change what it asks for. */
function runExtended(call: Call, query: Pending): Value {
  const { model, name, options, place, state } = query;
  const interceptor = interceptorOf(query.extensions, accessorOf(model), name);
  if (interceptor === undefined) return new Running(call, state, place).run(model, name, options);
  const { machine, frame } = call;
  const proceed = handlerValue('query', `query ${place.file}:${place.line} ${model.name}.${name}`, inner =>
    pendingQuery({ ...query, options: inner.arguments[0] ?? options, extensions: interceptor.rest }),
  );
  const given = objectOf({ model: constant(model.name), operation: constant(name), args: options, query: proceed });
  const result = callValue(machine, frame, interceptor.run, [given], { at: call.at, end: call.end });
  return awaitValue(machine, frame, result, call.at);
}

/** `prisma.team.findUnique({ where }).members({ where })`: the related rows alone. */
function relatedQuery(query: Pending, relation: string, call: Call): Value {
  const [options = constant(true)] = call.arguments;
  const select = objectOf({ [relation]: options });
  const where = optionOf(query.options, 'where');
  const whole = objectOf({ ...(where === undefined ? {} : { where }), select });
  const native: NativeValue = {
    name: 'prisma query',
    key: `${query.place.file}:${query.place.line} ${relation} ${valueKey(whole)}`,
    settle: inner => {
      const found = runExtended(inner, { ...query, options: whole });
      return choose(
        alternativesOf(found).map(({ value, facts }) => ({
          value: value.kind === 'row' ? (value.fields?.get(relation) ?? nullValue) : nullValue,
          facts,
        })),
      );
    },
  };
  return nativeValue(native);
}

const comparisons: Readonly<Record<string, Operator>> = {
  equals: '=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  contains: 'like',
  startsWith: 'like',
  endsWith: 'like',
  search: 'like',
};

function isText(model: PrismaModel, property: string): boolean {
  return model.fields.some(field => field.name === property && field.type === 'String');
}

/** One query while it runs. */
class Running {
  readonly #call: Call;
  readonly #machine: Machine;
  readonly #state: ClientState;
  readonly #place: Place;
  readonly #joined: RowVariable[] = [];
  /** Included rows that are there whenever the query's own row is. */
  readonly #certain: Fact[] = [];

  constructor(call: Call, state: ClientState, place: Place) {
    this.#call = call;
    this.#machine = call.machine;
    this.#state = state;
    this.#place = place;
  }

  run(model: PrismaModel, name: string, options: Value): Value {
    const given = optionOf(options, 'where');
    const where = isUnique(name) && given !== undefined ? certainKey(model, given) : given;
    this.#noteGiven(model, options);
    switch (name) {
      case 'create':
      case 'createMany':
      case 'createManyAndReturn':
        return this.#create(model, optionOf(options, 'data'), options, {
          returns: name !== 'createMany',
          isNew: true,
        });
      case 'upsert': {
        const update = optionOf(options, 'update');
        const create = (): Value =>
          this.#create(model, optionOf(options, 'create'), options, { returns: true, isNew: false });
        if (update?.kind === 'object' && update.fields.size === 0 && update.spread.length === 0) {
          // Nothing is changed: the row is read, or made.
          const found = this.#read(model, 'findUnique', where, options);
          const there = alternativesOf(found).filter(({ value }) => value.kind !== 'constant');
          return choose([...there, { value: create(), facts: [] }]);
        }
        this.#change(model, 'update', where, update, options, true);
        return create();
      }
      case 'update':
      case 'updateMany':
      case 'updateManyAndReturn':
        return this.#change(model, 'update', where, optionOf(options, 'data'), options, name !== 'updateMany');
      case 'delete':
      case 'deleteMany':
        return this.#change(model, 'delete', where, undefined, options, name === 'delete');
      default:
        return this.#read(model, name, where, options);
    }
  }

  #noteGiven(model: PrismaModel, options: Value): void {
    const names = {
      data: 'data',
      create: 'data',
      update: 'data',
      orderBy: 'orderBy',
      select: 'select',
      include: 'select',
    } as const;
    for (const [name, part] of Object.entries(names)) {
      const value = optionOf(options, name);
      noteGiven(this.#machine, this.#call.frame, { part, table: model.table, value, place: this.#place });
    }
  }

  #read(model: PrismaModel, name: string, where: Value | undefined, options: Value): Value {
    const row = this.#row(model, where);
    const element = this.#element(model, row, options, 0);
    this.#emit(row, 'read', {
      columns: name === 'count' || name === 'aggregate' ? [] : element.columns,
      ...(name.startsWith('findFirst') ? { first: true } : {}),
    });
    const list: Extract<Value, { kind: 'list' }> = { kind: 'list', element, rows: row, facts: [] };
    switch (name) {
      case 'findMany':
        return list;
      case 'groupBy':
        return { ...list, element: withAggregates(element) };
      case 'count':
        return lengthOf(list);
      case 'aggregate':
        return aggregateOf(row);
      case 'findFirstOrThrow':
      case 'findUniqueOrThrow':
        this.#call.frame.learn([rowFact(row, this.#place), ...this.#certain]);
        return element;
      default: {
        const found = alternativesOf(firstOf(list, this.#place));
        return choose(
          found.map(({ value, facts }) =>
            value.kind === 'constant' ? { value: nullValue, facts } : { value, facts: [...facts, ...this.#certain] },
          ),
        );
      }
    }
  }

  #change(
    model: PrismaModel,
    operation: 'update' | 'delete',
    where: Value | undefined,
    data: Value | undefined,
    options: Value,
    one: boolean,
  ): Value {
    const row = this.#row(model, where);
    const element = this.#element(model, row, options, 0);
    const { values, open } = this.#assigned(model, data, row.name);
    this.#emit(row, operation, { values, open, columns: one ? element.columns : [] });
    const list: Extract<Value, { kind: 'list' }> = { kind: 'list', element, rows: row, facts: [] };
    if (!one) return objectOf({ count: lengthOf(list) });
    // It throws when there is no such row.
    this.#call.frame.learn([rowFact(row, this.#place), ...this.#certain]);
    return element;
  }

  /** `given`: what a new row gets by being written under another one. */
  #create(model: PrismaModel, data: Value | undefined, options: Value, { returns, isNew, given = [] }: Writing): Value {
    const items = data === undefined ? [] : itemsOf(data).slice(0, mostItems);
    let last: RowValue | undefined;
    for (const item of items) {
      const fresh = this.#machine.newRow(model.table, { kind: 'true' });
      const assigned = this.#assigned(model, item, fresh.name);
      const { open } = assigned;
      const values = [...assigned.values.filter(own => !given.some(({ column }) => column === own.column)), ...given];
      const row = writtenRow(fresh, values, isNew);
      last = this.#element(model, row, options, 0);
      this.#emit(row, 'insert', { values, open, columns: returns ? last.columns : [] });
      if (isNew) this.#call.frame.learn([rowFact(row, this.#place, `a row of '${row.table}' was made`)]);
    }
    return returns && last !== undefined ? last : objectOf({ count: constant(items.length) });
  }

  #emit(
    row: RowVariable,
    operation: 'read' | 'insert' | 'update' | 'delete',
    more: {
      readonly values?: readonly { readonly column: string; readonly value: Term }[];
      readonly open?: boolean;
      readonly columns: readonly string[] | undefined;
      readonly first?: true;
    },
  ): void {
    runQuery(this.#machine, this.#call.frame, {
      row,
      operation,
      values: more.values ?? [],
      valuesOpen: more.open ?? false,
      columns: more.columns,
      joined: [...this.#joined],
      nested: true,
      calls: undefined,
      ...(more.first === true ? { first: true } : {}),
      client: clientOf(this.#state, this.#place),
      place: this.#place,
    });
  }

  #row(model: PrismaModel, where: Value | undefined): RowVariable {
    const fresh = this.#machine.newRow(model.table, { kind: 'true' });
    const own = where === undefined ? always : this.#where(model, fresh.name, where);
    const policies: Predicate =
      this.#state.kind === enhanced
        ? { kind: 'opaque', reason: `the access policies that the schema gives '${model.name}'` }
        : always;
    return { ...fresh, where: and([own, policies]) };
  }

  // Filters ------------------------------------------------------------------------------------------------------------

  #where(model: PrismaModel, row: string, where: Value): Predicate {
    switch (where.kind) {
      case 'object': {
        const operands = where.spread.map((part, index) => {
          const inner = this.#where(model, row, part);
          // What a caller spreads in later may replace it.
          const replaced = where.spread.slice(index + 1).some(later => later.kind === 'term');
          return replaced && inner.kind !== 'true'
            ? ({
                kind: 'maybe-absent',
                operand: inner,
                because: 'an object of the caller is spread over it',
              } satisfies Predicate)
            : inner;
        });
        for (const [name, value] of where.fields) operands.push(this.#field(model, row, name, value));
        return and(operands);
      }
      case 'choice': {
        // Which one it is may depend on who asks.
        return or(
          alternativesOf(where).map(({ value, facts }) => and([this.#where(model, row, value), ...telling(facts)])),
        );
      }
      case 'constant':
        return { kind: 'true' };
      case 'term':
        // The caller writes the whole filter.
        noteGiven(this.#machine, this.#call.frame, {
          part: 'where',
          table: model.table,
          value: where,
          place: this.#place,
        });
        return where.term.kind === 'opaque' ? { kind: 'opaque', reason: where.term.reason } : { kind: 'true' };
      default:
        return { kind: 'opaque', reason: 'a filter that was not followed' };
    }
  }

  #field(model: PrismaModel, row: string, name: string, value: Value): Predicate {
    if (name === 'AND' || name === 'OR' || name === 'NOT') return this.#combined(model, row, name, value);
    const relation = model.relations.get(name);
    if (relation !== undefined) return this.#relation(model, row, relation, value);
    const column = model.columns.get(name);
    if (column === undefined) {
      // A column that is computed: what the caller chose ties nothing, whichever it is.
      if (name === '*')
        return atoms(termOf(value)).every(({ kind }) => kind === 'client' || kind === 'constant')
          ? { kind: 'true' }
          : { kind: 'opaque', reason: 'a filter by a column whose name is computed' };
      // `userId_teamId: { userId, teamId }` names a key of several columns; Prisma refuses one that lacks a part.
      return value.kind === 'object'
        ? and([...value.fields].map(([inner, given]) => present(this.#field(model, row, inner, given))))
        : { kind: 'true' };
    }
    return this.#scalar({ kind: 'column', row, column }, value);
  }

  /** Several filters together; a list that was made in different ways is one of them, and what is undefined in it is not there. */
  #combined(model: PrismaModel, row: string, name: 'AND' | 'OR' | 'NOT', value: Value): Predicate {
    const isAbsent = (item: Value): boolean => item.kind === 'constant' && item.value === undefined;
    if (value.kind === 'choice') {
      const there = alternativesOf(value).filter(({ value: inner }) => !isAbsent(inner));
      const one = or(
        there.map(({ value: inner, facts }) => and([this.#combined(model, row, name, inner), ...telling(facts)])),
      );
      return this.#absent(value, one);
    }
    if (isAbsent(value)) return { kind: 'true' };
    const items = value.kind === 'array' ? value.items : value.kind === 'list' ? [value.element] : [value];
    const inner = items.flatMap((item): Predicate[] => {
      if (isAbsent(item)) return [];
      if (item.kind !== 'choice') return [this.#where(model, row, item)];
      const there = alternativesOf(item).filter(({ value: each }) => !isAbsent(each));
      if (there.length === 0) return [];
      const where = this.#where(model, row, { kind: 'choice', alternatives: there });
      return [name === 'AND' ? this.#absent(item, where) : where];
    });
    if (name === 'NOT') return { kind: 'not', operand: or(inner) };
    return name === 'AND' ? and(inner) : or(inner);
  }

  #scalar(whole: Term, value: Value): Predicate {
    // Inside a JSON column two paths are two values.
    const path = value.kind === 'object' ? value.fields.get('path') : undefined;
    const column = path === undefined ? whole : callTerm('json', [whole, termOf(path)]);
    const self: Value = { kind: 'term', term: column, maybeUndefined: false };
    if (value.kind === 'object' && !isKeptForCaller(value)) {
      return and(
        [...value.fields].map(([name, given]): Predicate => {
          if (name === 'path') return { kind: 'true' };
          if (name === 'in') return this.#absent(given, inValues(this.#machine, column, given));
          if (name === 'notIn') return { kind: 'not', operand: inValues(this.#machine, column, given) };
          if (name === 'not')
            return given.kind === 'object'
              ? { kind: 'not', operand: this.#scalar(column, given) }
              : { kind: 'not', operand: this.#equals(column, given) };
          const operator = comparisons[name];
          return operator === undefined ? { kind: 'true' } : this.#absent(given, compareTerms(operator, self, given));
        }),
      );
    }
    return this.#equals(column, value);
  }

  #equals(column: Term, value: Value): Predicate {
    if (value.kind === 'constant') {
      if (value.value === undefined) return { kind: 'true' };
      if (value.value === null) return { kind: 'is-null', term: column };
    }
    const alternatives = alternativesOf(value).filter(
      ({ value: inner }) => !(inner.kind === 'constant' && inner.value === undefined),
    );
    return this.#absent(
      value,
      compareTerms('=', { kind: 'term', term: column, maybeUndefined: false }, choose(alternatives)),
    );
  }

  /** Prisma drops a filter whose value is undefined. */
  #absent(value: Value, predicate: Predicate): Predicate {
    if (!mayBeUndefined(value)) return predicate;
    const because = this.#machine.code(this.#call.frame, this.#call.at);
    const without = value.kind === 'term' ? { without: value.term } : {};
    return { kind: 'maybe-absent', operand: predicate, because, ...without };
  }

  #relation(model: PrismaModel, row: string, relation: PrismaRelation, value: Value): Predicate {
    const target = modelsOf(this.#machine).get(relation.model);
    if (target === undefined) return { kind: 'opaque', reason: `the relation to '${relation.model}'` };
    if (value.kind === 'constant')
      return value.value === null
        ? and(
            this.#keys(model, target, relation).map(key => ({
              kind: 'is-null',
              term: { kind: 'column', row, column: key.own },
            })),
          )
        : { kind: 'true' };
    const some = (where: Value): Predicate => ({
      kind: 'exists',
      row: this.#related(model, row, target, relation, where),
    });
    if (value.kind === 'object' && relation.many) {
      const operands = [...value.fields].map(([name, given]): Predicate => {
        if (name === 'some') return some(given);
        return name === 'none' ? { kind: 'not', operand: some(given) } : { kind: 'true' };
      });
      return and(operands);
    }
    if (value.kind === 'object') {
      const is = value.fields.get('is');
      if (is !== undefined) return some(is);
      if (value.fields.has('isNot')) return { kind: 'true' };
    }
    return some(value);
  }

  #related(
    model: PrismaModel,
    row: string,
    target: PrismaModel,
    relation: PrismaRelation,
    where: Value | undefined,
  ): RowVariable {
    const fresh = this.#machine.newRow(target.table, { kind: 'true' });
    const keys = this.#keys(model, target, relation).map(key =>
      equals({ kind: 'column', row: fresh.name, column: key.other }, { kind: 'column', row, column: key.own }),
    );
    if (keys.length === 0) keys.push(...this.#throughJoinTable(model, row, target, fresh.name, relation));
    const own = where === undefined ? [] : [this.#where(target, fresh.name, where)];
    return { ...fresh, where: and([...keys, ...own]) };
  }

  /** Lists on both sides: the rows belong together by a row of the table between them. */
  #throughJoinTable(
    model: PrismaModel,
    row: string,
    target: PrismaModel,
    other: string,
    relation: PrismaRelation,
  ): readonly Predicate[] {
    const property = [...model.relations].find(([, candidate]) => candidate === relation)?.[0] ?? '';
    const join = implicitJoin(model, property, modelsOf(this.#machine));
    if (join === undefined) return [];
    const between = this.#machine.newRow(join.table, { kind: 'true' });
    const key = (of: PrismaModel): string => of.columns.get(of.primaryKey[0] ?? 'id') ?? 'id';
    const where = and([
      equals({ kind: 'column', row: between.name, column: join.own }, { kind: 'column', row, column: key(model) }),
      equals(
        { kind: 'column', row: between.name, column: join.other },
        { kind: 'column', row: other, column: key(target) },
      ),
    ]);
    return [{ kind: 'exists', row: { ...between, where } }];
  }

  /** The columns by which rows of two models belong together; only one side of the relation names them. */
  #keys(model: PrismaModel, target: PrismaModel, relation: PrismaRelation): readonly Key[] {
    const column = (of: PrismaModel, field: string): string => of.columns.get(field) ?? field;
    if (relation.fields.length > 0)
      return relation.fields.map((field, index) => ({
        own: column(model, field),
        other: column(target, relation.references[index] ?? 'id'),
      }));
    for (const inverse of target.relations.values()) {
      if (inverse.model !== model.name || inverse.fields.length === 0 || inverse.name !== relation.name) continue;
      return inverse.fields.map((field, index) => ({
        own: column(model, inverse.references[index] ?? 'id'),
        other: column(target, field),
      }));
    }
    return [];
  }

  // Results ------------------------------------------------------------------------------------------------------------

  /** `isCertain`: the row is there whenever the query's own row is. */
  #element(model: PrismaModel, row: RowVariable, options: Value, depth: number, isCertain = true): RowValue {
    this.#machine.rows.set(row.name, row);
    const select = optionOf(options, 'select');
    const include = optionOf(options, 'include');
    const omit = optionOf(options, 'omit');
    const chosen = select?.kind === 'object' ? select : undefined;
    const fields = new Map<string, Value>();
    const columns: string[] = [];
    for (const [property, column] of model.columns) {
      if (chosen !== undefined && !isWanted(chosen.fields.get(property))) continue;
      if (omit?.kind === 'object' && isWanted(omit.fields.get(property))) continue;
      columns.push(column);
      const term: Term = { kind: 'column', row: row.name, column };
      // An id of text is never empty.
      const isId = model.primaryKey.length === 1 && model.primaryKey[0] === property && isText(model, property);
      fields.set(property, { kind: 'term', term, maybeUndefined: false, ...(isId ? { truthy: true } : {}) });
    }
    const nested = chosen ?? (include?.kind === 'object' ? include : undefined);
    for (const [property, given] of nested?.fields ?? []) {
      const relation = model.relations.get(property);
      const target = relation === undefined ? undefined : modelsOf(this.#machine).get(relation.model);
      if (relation === undefined || target === undefined || !isWanted(given) || depth > 6) continue;
      const where = optionOf(given, 'where');
      const isRequired = !relation.many && !relation.optional && where === undefined;
      const inner = { ...this.#related(model, row.name, target, relation, where), required: isCertain && isRequired };
      this.#joined.push(inner);
      const found = rowFact(inner, this.#place);
      if (inner.required) this.#certain.push(found);
      const element = this.#element(target, inner, given, depth + 1, inner.required);
      const list: Value = { kind: 'list', element, rows: inner, facts: [] };
      const orNothing = choose([
        { value: element, facts: [found] },
        { value: nullValue, facts: [] },
      ]);
      fields.set(property, relation.many ? list : inner.required ? element : orNothing);
    }
    if (nested?.fields.has('_count') === true)
      fields.set('_count', this.#machine.opaque(this.#call.frame, this.#call.at, 'a count'));
    const whole = chosen === undefined && omit === undefined;
    return { kind: 'row', row, fields, columns: whole ? undefined : columns };
  }

  // Data ---------------------------------------------------------------------------------------------------------------

  #assigned(
    model: PrismaModel,
    data: Value | undefined,
    row: string,
  ): { readonly values: readonly { readonly column: string; readonly value: Term }[]; readonly open: boolean } {
    const found = new Map<string, Term>();
    const open = eachAssigned(data, (name, value) => this.#assignField(model, name, value, found, row));
    return { values: [...found].map(([column, value]) => ({ column, value })), open };
  }

  #assignField(model: PrismaModel, name: string, value: Value, found: Map<string, Term>, row: string): void {
    if (value.kind === 'constant' && value.value === undefined) return;
    const column = model.columns.get(name);
    if (column !== undefined) {
      const set = value.kind === 'object' ? (value.fields.get('set') ?? value.fields.get('increment') ?? value) : value;
      found.set(column, termOf(set));
      return;
    }
    const relation = model.relations.get(name);
    const target = relation === undefined ? undefined : modelsOf(this.#machine).get(relation.model);
    if (relation === undefined || target === undefined) return;
    for (const { value: nested } of alternativesOf(value)) {
      if (nested.kind !== 'object') continue;
      const connected = optionOf(nested, 'connect');
      if (connected?.kind === 'object' && !relation.many) {
        for (const [index, field] of relation.fields.entries()) {
          const given = connected.fields.get(relation.references[index] ?? 'id');
          const own = model.columns.get(field);
          if (given !== undefined && own !== undefined) found.set(own, termOf(given));
        }
      }
      this.#writeUnder({ model, row, property: name, relation, target }, nested);
    }
  }

  /** Rows that are written under another one refer to it; rows that are connected to it come from wherever they were. */
  #writeUnder(parent: Parent, nested: Value): void {
    const { model, row, relation, target } = parent;
    const keys = relation.many ? this.#keys(model, target, relation) : [];
    const given = keys.map(key => ({ column: key.other, value: { kind: 'column', row, column: key.own } as const }));
    const absent = optionOf(nested, 'connectOrCreate');
    const created = [
      optionOf(nested, 'create'),
      childrenOf(optionOf(nested, 'createMany')),
      ...(absent === undefined ? [] : itemsOf(absent).map(item => optionOf(item, 'create'))),
    ];
    for (const data of created)
      if (data !== undefined) this.#create(target, data, objectOf({}), { returns: false, isNew: false, given });
    if (!relation.many) return;
    for (const name of ['connect', 'set']) {
      const connected = optionOf(nested, name);
      for (const item of connected === undefined ? [] : itemsOf(connected).slice(0, mostItems))
        this.#connect(parent, item, given);
    }
  }

  /** A row is tied to another one: by its own key, or by a row of the table between the two. */
  #connect(
    { model, row, property, target }: Parent,
    item: Value,
    given: readonly { readonly column: string; readonly value: Term }[],
  ): void {
    const other = this.#row(target, item);
    if (given.length > 0) {
      this.#emit(other, 'update', { values: given, columns: [] });
      return;
    }
    const join = implicitJoin(model, property, modelsOf(this.#machine));
    const chosen = join === undefined ? undefined : valueOf(other, primaryColumn(target));
    if (join === undefined || chosen === undefined) return;
    const between = this.#machine.newRow(join.table, { kind: 'true' });
    const own: Term = { kind: 'column', row, column: primaryColumn(model) };
    const values = [
      { column: join.own, value: own },
      { column: join.other, value: chosen },
    ];
    const where = and(values.map(({ column, value }) => equals({ kind: 'column', row: between.name, column }, value)));
    this.#emit({ ...between, where }, 'insert', { values, columns: [] });
  }
}

/** How rows are made. */
interface Writing {
  readonly returns: boolean;
  /** False where it may be another row that is there already, or nothing may be known of it yet. */
  readonly isNew: boolean;
  /** What a new row gets by being written under another one. */
  readonly given?: readonly { readonly column: string; readonly value: Term }[];
}

/** A row whose relation is written together with it. */
interface Parent {
  readonly model: PrismaModel;
  readonly row: string;
  readonly property: string;
  readonly relation: PrismaRelation;
  readonly target: PrismaModel;
}

const mostItems = 8;

/** One or many: what stands for each of them. */
function itemsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'array':
      return value.items;
    case 'list':
      return [value.element];
    case 'choice':
      return alternativesOf(value)
        .map(({ value: inner }) => inner)
        .filter(inner => !(inner.kind === 'constant' && (inner.value ?? undefined) === undefined))
        .flatMap(itemsOf);
    default:
      return [value];
  }
}

function primaryColumn(model: PrismaModel): string {
  const field = model.primaryKey[0] ?? 'id';
  return model.columns.get(field) ?? field;
}

/** What a column of a row is compared with. */
function valueOf(row: RowVariable, column: string): Term | undefined {
  const conjuncts = row.where.kind === 'and' ? row.where.operands : [row.where];
  for (const conjunct of conjuncts.map(present)) {
    if (conjunct.kind !== 'compare' || conjunct.operator !== '=') continue;
    if (conjunct.left.kind === 'column' && conjunct.left.row === row.name && conjunct.left.column === column)
      return conjunct.right;
  }
  return undefined;
}

/** Operations whose filter has to name a unique row: Prisma throws when its only key is undefined. */
function isUnique(operation: string): boolean {
  return /^(findUnique|findUniqueOrThrow|update|delete|upsert)$/.test(operation);
}

function certainKey(model: PrismaModel, where: Value): Value {
  if (where.kind !== 'object' || where.spread.length > 0) return where;
  const names = [...where.fields.keys()].filter(name => model.keys.has(name));
  const name = names.length === 1 ? names[0] : undefined;
  const value = name === undefined ? undefined : where.fields.get(name);
  if (name === undefined || value === undefined) return where;
  return { ...where, fields: new Map([...where.fields, [name, certain(value)]]) };
}

function certain(value: Value): Value {
  if (value.kind === 'term') return value.maybeUndefined ? { ...value, maybeUndefined: false } : value;
  if (value.kind === 'choice') {
    const rest = alternativesOf(value).filter(
      ({ value: one }) => !(one.kind === 'constant' && one.value === undefined),
    );
    return rest.length === 0 ? value : choose(rest.map(one => ({ ...one, value: certain(one.value) })));
  }
  // The parts of a key of several columns.
  if (value.kind !== 'object' || value.spread.length > 0) return value;
  return { ...value, fields: new Map([...value.fields].map(([name, part]) => [name, certain(part)])) };
}

/** The condition without the possibility that it is left out. */
function present(condition: Predicate): Predicate {
  return condition.kind === 'maybe-absent' ? condition.operand : condition;
}

function childrenOf(value: Value | undefined): Value | undefined {
  return value?.kind === 'object' ? value.fields.get('data') : undefined;
}

function isWanted(value: Value | undefined): boolean {
  return value !== undefined && !(value.kind === 'constant' && !value.value);
}

function optionOf(options: Value, name: string): Value | undefined {
  if (options.kind === 'choice') {
    const parts = alternativesOf(options).flatMap(({ value, facts }) => {
      const part = optionOf(value, name);
      return part === undefined ? [] : [{ value: part, facts }];
    });
    return parts.length === 0 ? undefined : choose(parts);
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

/** The class that a generated client is made of: its generator writes `export const PrismaClient = getPrismaClient(config)`. */
const generatedClass: Handler = () => ({
  kind: 'external',
  library: '@prisma/client',
  path: 'PrismaClient',
  arguments: [],
});

/** Prisma's client, wherever it was generated to. */
export const prismaHandlers: Readonly<Record<string, Handler>> = {
  '*#new PrismaClient': connect,
  '@prisma/client/*#getPrismaClient': generatedClass,
  '@zenstackhq/runtime#enhance': enhance,
  '@zenstackhq/runtime#withPolicy': enhance,
  '*#Prisma.getExtensionContext': call => call.arguments[0] ?? undefinedValue,
};
