import { and, or, type Operator, type Predicate, type RowVariable, type Term } from '../../../core/predicate.ts';
import type { Place } from '../../../core/place.ts';
import { callValue, handlerValue, methodValue } from '../calls.ts';
import { exportNames, exportValue, memberOf } from '../expressions.ts';
import { rowFact } from '../facts.ts';
import { predicateKey, predicateText, valueKey } from '../keys.ts';
import { behaviourOf, nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../machine.ts';
import { alternativesOf, choose, compareTerms, firstOf, lengthOf, negate, termOf } from '../operations.ts';
import { renamePredicate, renameTerm } from '../rename.ts';
import { constant, nullValue, undefinedValue, type RowValue, type Value } from '../value.ts';
import { drizzlePolicyHandlers } from './drizzle-policies.ts';
import { columnDefinitionOf, columnHandlers, columnOfType, type ColumnDefinition } from './drizzle-columns.ts';
import { noteBuiltSql, noteGiven } from './given.ts';
import {
  alternativesAsCondition,
  clientOf,
  copyState,
  inValues,
  lowerCondition,
  runQuery,
  writtenRow,
  runSql,
  startState,
  stateText,
  type ClientState,
  type SqlText,
} from './queries.ts';

/** A table in the program. */
export interface TableNative extends NativeValue {
  readonly kind: 'table';
  /** SQL name. */
  readonly table: string;
  /** Stands for the row in conditions until a query gives it a name. */
  readonly marker: string;
  /** SQL column by property. */
  readonly columns: ReadonlyMap<string, string>;
}

interface ColumnNative extends NativeValue {
  readonly kind: 'column';
  readonly table: TableNative;
  readonly property: string;
  readonly column: string;
}

interface ConditionNative extends NativeValue {
  readonly kind: 'condition';
  readonly predicate: Predicate;
}

interface SqlNative extends NativeValue {
  readonly kind: 'sql';
  readonly sql: SqlText;
  readonly tables: readonly TableNative[];
}

interface BuilderNative extends NativeValue {
  readonly kind: 'builder';
  readonly build: Build;
}

interface AggregateNative extends NativeValue {
  readonly kind: 'aggregate';
  readonly function: string;
  readonly of: readonly Value[];
}

type DrizzleNative = TableNative | ColumnNative | ConditionNative | SqlNative | BuilderNative | AggregateNative;

interface Join {
  readonly table: TableNative;
  readonly on: Value | undefined;
  readonly required: boolean;
}

interface Build {
  readonly operation: 'read' | 'insert' | 'update' | 'delete';
  readonly state: ClientState;
  readonly selection: Value | undefined;
  readonly table: TableNative | undefined;
  readonly source: Build | undefined;
  readonly joins: readonly Join[];
  readonly where: Value | undefined;
  readonly values: Value | undefined;
  readonly returning: Value | true | undefined;
  readonly conflict: Value | undefined;
  readonly grouped: boolean;
  readonly place: Place;
  readonly start: number;
}

/** A relation of two tables. */
export interface Relation {
  readonly many: boolean;
  readonly target: TableNative;
  readonly fields: readonly string[];
  readonly references: readonly string[];
}

function isDrizzle(value: Value): value is Extract<Value, { kind: 'native' }> & { readonly native: DrizzleNative } {
  return value.kind === 'native' && 'kind' in value.native;
}

function asTable(value: Value | undefined): TableNative | undefined {
  if (value === undefined || !isDrizzle(value)) return undefined;
  return value.native.kind === 'table' ? value.native : undefined;
}

function asBuilder(value: Value | undefined): BuilderNative | undefined {
  if (value === undefined || !isDrizzle(value)) return undefined;
  return value.native.kind === 'builder' ? value.native : undefined;
}

// Schema -------------------------------------------------------------------------------------------------------------

function firstText(values: readonly Value[]): string | undefined {
  const [first] = values;
  return first?.kind === 'constant' && typeof first.value === 'string' ? first.value : undefined;
}

function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** A table as the code defines it. */
export interface TableDefinition {
  readonly table: TableNative;
  /** By property. */
  readonly columns: ReadonlyMap<string, ColumnDefinition>;
  /** `(table) => [primaryKey(…), …]`. */
  readonly extra: Value | undefined;
  readonly call: Call;
}

/** Every table that was defined so far, by SQL name. */
export function tableDefinitions(machine: Machine): Map<string, TableDefinition> {
  return machine.remember('drizzle tables', () => new Map<string, TableDefinition>());
}

/** Tables on which the schema turns row security on without a policy beside them. */
export function rowSecurityDeclared(machine: Machine): Set<string> {
  return machine.remember('drizzle row security', () => new Set<string>());
}

/** The text of a value that is SQL. */
export function sqlTextOf(value: Value): SqlText | undefined {
  return isDrizzle(value) && value.native.kind === 'sql' ? value.native.sql : undefined;
}

/** The values of every enum that was defined so far, by SQL name. */
export function enumDefinitions(machine: Machine): Map<string, readonly string[]> {
  return machine.remember('drizzle enums', () => new Map<string, readonly string[]>());
}

/** The table and column that a value names. */
export function columnReference(
  value: Value | undefined,
): { readonly table: string; readonly column: string } | undefined {
  return value !== undefined && isDrizzle(value) && value.native.kind === 'column'
    ? { table: value.native.table.table, column: value.native.column }
    : undefined;
}

function defineTable(call: Call, name: string, definition: Value | undefined): Value {
  const { machine, frame } = call;
  let fields: Value | undefined = definition;
  if (definition?.kind === 'function') {
    fields = callValue(
      machine,
      frame,
      definition,
      [{ kind: 'external', library: 'drizzle-orm/pg-core', path: '', arguments: [] }],
      { at: call.at, end: call.end },
    );
  }
  const known = machine.database?.tables.find(
    table => (table.schema === 'public' ? table.name : `${table.schema}.${table.name}`) === name,
  );
  const columns = new Map<string, string>();
  const definitions = new Map<string, ColumnDefinition>();
  for (const part of fields?.kind === 'object' ? [...fields.spread, fields] : []) {
    if (part.kind !== 'object') continue;
    for (const [property, value] of part.fields) {
      const described = columnDefinitionOf(value);
      if (described !== undefined) definitions.set(property, described);
      const written = described?.name;
      const snake = snakeCase(property);
      columns.set(
        property,
        written ??
          (known?.columns.some(column => column.name === property) === true || known === undefined ? property : snake),
      );
    }
  }
  const native = tableNative(name, `table:${name}`, columns);
  tableDefinitions(machine).set(name, { table: native, columns: definitions, extra: call.arguments[2], call });
  return nativeValue(native);
}

function tableNative(table: string, marker: string, columns: ReadonlyMap<string, string>): TableNative {
  const native: TableNative = {
    name: 'table',
    kind: 'table',
    key: `table ${marker} ${table}`,
    table,
    marker,
    columns,
    member: property => {
      if (property === '_' || property === '$inferSelect' || property === '$inferInsert') return undefined;
      const column = columns.get(property);
      return column === undefined ? undefined : columnNative(native, property, column);
    },
    method: (name, call) => {
      if (name !== 'enableRLS') return undefined;
      rowSecurityDeclared(call.machine).add(table);
      return nativeValue(native);
    },
  };
  return native;
}

function columnNative(table: TableNative, property: string, column: string): Value {
  const native: ColumnNative = {
    name: 'column',
    kind: 'column',
    key: `column ${table.marker}.${column}`,
    table,
    property,
    column,
    member: () => undefined,
    method: () => nativeValue(native),
  };
  return nativeValue(native);
}

/** Relations by table and name, as the code declares them. */
export function relationsOf(
  machine: Machine,
): Map<
  string,
  Map<string, { readonly many: boolean; readonly target: TableNative; readonly config: Value | undefined }>
> {
  return machine.remember('drizzle relations', () => new Map());
}

const defineRelations: Handler = call => {
  const [table, definition] = call.arguments;
  const from = asTable(table);
  if (from === undefined || definition === undefined) return undefinedValue;
  const relation = (many: boolean): Value =>
    handlerValue('relation', `relation ${many}`, inner => {
      const target = asTable(inner.arguments[0]);
      if (target === undefined) return undefinedValue;
      const native: NativeValue & {
        readonly relation: { many: boolean; target: TableNative; config: Value | undefined };
      } = {
        name: 'relation',
        key: `relation ${many} ${target.key}`,
        relation: { many, target, config: inner.arguments[1] },
      };
      return nativeValue(native);
    });
  const helpers: Value = {
    kind: 'object',
    fields: new Map([
      ['one', relation(false)],
      ['many', relation(true)],
    ]),
    spread: [],
  };
  const result = callValue(call.machine, call.frame, definition, [helpers], { at: call.at, end: call.end });
  const known =
    relationsOf(call.machine).get(from.table) ??
    new Map<string, { many: boolean; target: TableNative; config: Value | undefined }>();
  for (const [name, value] of result.kind === 'object' ? result.fields : []) {
    if (value.kind === 'native' && 'relation' in value.native)
      known.set(name, value.native.relation as { many: boolean; target: TableNative; config: Value | undefined });
  }
  relationsOf(call.machine).set(from.table, known);
  return undefinedValue;
};

function columnsIn(value: Value | undefined): string[] {
  if (value?.kind !== 'array') return [];
  return value.items.flatMap(item => (isDrizzle(item) && item.native.kind === 'column' ? [item.native.column] : []));
}

/** A relation with the columns by which rows belong together. */
export function relationNamed(machine: Machine, table: TableNative, name: string): Relation | undefined {
  const found = relationsOf(machine).get(table.table)?.get(name);
  if (found === undefined) return undefined;
  const config = found.config?.kind === 'object' ? found.config.fields : undefined;
  const fields = columnsIn(config?.get('fields'));
  const references = columnsIn(config?.get('references'));
  if (fields.length > 0) return { many: found.many, target: found.target, fields, references };
  // `many` names no columns: the other side's `one`, or the foreign key, says how rows belong together.
  for (const inverse of relationsOf(machine).get(found.target.table)?.values() ?? []) {
    if (inverse.many || inverse.target.table !== table.table || inverse.config?.kind !== 'object') continue;
    return {
      many: found.many,
      target: found.target,
      fields: columnsIn(inverse.config.fields.get('references')),
      references: columnsIn(inverse.config.fields.get('fields')),
    };
  }
  const other = machine.database?.tables.find(candidate => candidate.name === found.target.table);
  const key = other?.foreignKeys.find(candidate => candidate.table === table.table);
  return {
    many: found.many,
    target: found.target,
    fields: key?.referencedColumns ?? [],
    references: key?.columns ?? [],
  };
}

// Conditions ---------------------------------------------------------------------------------------------------------

function conditionValue(predicate: Predicate): Value {
  const native: ConditionNative = {
    name: 'condition',
    kind: 'condition',
    key: `condition ${predicateKey(predicate)}`,
    predicate,
    method: () => nativeValue(native),
  };
  return nativeValue(native);
}

/** A condition as Drizzle reads it; `undefined` is no condition at all. */
function readCondition(
  call: Call,
  value: Value | undefined,
  tables: readonly TableNative[] = [],
): Predicate | undefined {
  if (value === undefined) return undefined;
  const because = call.machine.code(call.frame, call.at);
  return alternativesAsCondition(value, inner => plainCondition(call, inner, tables), because);
}

function plainCondition(call: Call, value: Value, tables: readonly TableNative[]): Predicate | undefined {
  if (value.kind === 'constant')
    return value.value === undefined || value.value === null
      ? undefined
      : { kind: value.value === false ? 'false' : 'true' };
  if (isDrizzle(value)) {
    if (value.native.kind === 'condition') return value.native.predicate;
    if (value.native.kind === 'sql') {
      const known = [...value.native.tables, ...tables];
      const relations = known.flatMap(table => [
        { alias: table.marker, row: table.marker, table: table.table },
        { alias: table.table, row: table.marker, table: table.table },
      ]);
      return lowerCondition(
        call,
        value.native.sql,
        uniqueBy(relations, relation => relation.alias),
      );
    }
    if (value.native.kind === 'column')
      return {
        kind: 'compare',
        operator: '=',
        left: columnTerm(value.native),
        right: { kind: 'constant', value: true },
      };
  }
  if (value.kind === 'term' && value.maybeUndefined && value.term.kind !== 'opaque') return undefined;
  return {
    kind: 'opaque',
    reason:
      value.kind === 'term' && value.term.kind === 'opaque' ? value.term.reason : 'a condition that was not followed',
  };
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map(item => [key(item), item])).values()];
}

function columnTerm(column: ColumnNative): Term {
  return { kind: 'column', row: column.table.marker, column: column.column };
}

/** A value as an operand of a condition: columns and SQL become terms. */
function operand(value: Value): Value {
  if (value.kind === 'choice')
    return choose(alternativesOf(value).map(({ value: inner, facts }) => ({ value: operand(inner), facts })));
  if (!isDrizzle(value)) return value;
  const native = value.native;
  switch (native.kind) {
    case 'column':
      return { kind: 'term', term: columnTerm(native), maybeUndefined: false };
    case 'sql':
      return { kind: 'term', term: sqlTerm(native), maybeUndefined: false };
    case 'aggregate':
      return {
        kind: 'term',
        term: { kind: 'call', name: native.function, arguments: native.of.map(inner => termOf(operand(inner))) },
        maybeUndefined: false,
      };
    default:
      return value;
  }
}

function sqlTerm(native: SqlNative): Term {
  const name = /^\s*(\w+)\s*\(/.exec(native.sql.text)?.[1] ?? 'sql';
  const columns = [...native.sql.text.matchAll(/"(table:[^"]+|alias:[^"]+)"\."([^"]+)"/g)].map(
    ([, row = '', column = '']): Term => ({ kind: 'column', row, column }),
  );
  const values = native.sql.values.map(inner => termOf(operand(inner)));
  return { kind: 'call', name: name.toLowerCase(), arguments: [...columns, ...values] };
}

function comparison(operator: Operator): Handler {
  return call => {
    const [left, right] = call.arguments;
    if (left === undefined || right === undefined)
      return conditionValue({ kind: 'opaque', reason: 'a comparison with a missing operand' });
    const builder = asBuilder(right);
    if (builder !== undefined && operator === '=') return conditionValue(inSubquery(call, left, builder));
    return conditionValue(compareTerms(operator, operand(left), operand(right)));
  };
}

const negated =
  (handler: Handler): Handler =>
  call => {
    const inner = handler(call);
    return isDrizzle(inner) && inner.native.kind === 'condition'
      ? conditionValue({ kind: 'not', operand: inner.native.predicate })
      : inner;
  };

const inArray: Handler = call => {
  const [column, values] = call.arguments;
  if (column === undefined || values === undefined)
    return conditionValue({ kind: 'opaque', reason: 'inArray with a missing operand' });
  const builder = asBuilder(values);
  if (builder !== undefined) return conditionValue(inSubquery(call, column, builder));
  return conditionValue(inValues(call.machine, termOf(operand(column)), operand(values)));
};

function inSubquery(call: Call, column: Value, builder: BuilderNative): Predicate {
  const sub = subquery(call, builder.build);
  if (sub === undefined) return { kind: 'opaque', reason: 'a sub-query that was not followed' };
  const [selected] = sub.selected;
  if (selected === undefined) return { kind: 'opaque', reason: 'a sub-query without a column' };
  const left = termOf(operand(column));
  return {
    kind: 'exists',
    row: { ...sub.row, where: and([sub.row.where, { kind: 'compare', operator: '=', left, right: selected }]) },
  };
}

/** A query inside a condition: its row, correlated with the rows around it by their markers. */
function subquery(
  call: Call,
  build: Build,
): { readonly row: RowVariable; readonly selected: readonly Term[] } | undefined {
  if (build.table === undefined) return undefined;
  const { machine } = call;
  const fresh = machine.newRow(build.table.table, { kind: 'true' });
  const names = new Map([[build.table.marker, fresh.name]]);
  const tables = [build.table, ...build.joins.map(join => join.table)];
  const conditions: Predicate[] = [];
  for (const join of build.joins) {
    const joinedRow = machine.newRow(join.table.table, { kind: 'true' });
    names.set(join.table.marker, joinedRow.name);
    const on = readCondition(call, join.on, tables) ?? { kind: 'true' };
    if (join.required) conditions.push({ kind: 'exists', row: { ...joinedRow, where: on } });
  }
  const where = readCondition(call, build.where, tables) ?? { kind: 'true' };
  const selection = build.selection;
  const fields = selection?.kind === 'object' ? [...selection.fields.values()] : [];
  const selected = fields.map(field => renameTerm(termOf(operand(field)), names));
  return {
    row: { name: fresh.name, table: fresh.table, where: renamePredicate(and([where, ...conditions]), names) },
    selected,
  };
}

const exists: Handler = call => {
  const builder = asBuilder(call.arguments[0]);
  const sub = builder === undefined ? undefined : subquery(call, builder.build);
  if (sub === undefined)
    return conditionValue({ kind: 'opaque', reason: 'exists over something that was not followed' });
  return conditionValue({ kind: 'exists', row: sub.row });
};

/** An operand that may be one of several lists of operands: `and(a, ...(mine ? [b] : []))`. */
function readSpread(
  call: Call,
  value: Value,
  join: (operands: readonly Predicate[]) => Predicate,
): Predicate | undefined {
  const read = (inner: Value): Predicate | undefined => {
    if (inner.kind !== 'array') return plainCondition(call, inner, []);
    const operands = inner.items.map(item => readSpread(call, item, join)).filter(item => item !== undefined);
    return operands.length === 0 ? undefined : join(operands);
  };
  return alternativesAsCondition(value, read, call.machine.code(call.frame, call.at));
}

function operandsOf(call: Call): readonly Value[] {
  return call.arguments.flatMap(value =>
    value.kind === 'array' ? value.items : value.kind === 'list' ? [value.element] : [value],
  );
}

const conjunction: Handler = call => {
  const operands = operandsOf(call)
    .map(value => readSpread(call, value, and))
    .filter(predicate => predicate !== undefined);
  return operands.length === 0 ? undefinedValue : conditionValue(and(operands));
};

const disjunction: Handler = call => {
  const operands = operandsOf(call)
    .map(value => readSpread(call, value, or))
    .filter(predicate => predicate !== undefined);
  if (operands.length === 0) return undefinedValue;
  // A disjunct that may be missing makes the whole narrower, one that stays keeps its meaning.
  return conditionValue(
    or(operands.map(predicate => (predicate.kind === 'maybe-absent' ? predicate.operand : predicate))),
  );
};

const negation: Handler = call => {
  const predicate = readCondition(call, call.arguments[0]);
  return predicate === undefined ? undefinedValue : conditionValue({ kind: 'not', operand: predicate });
};

const isNull: Handler = call =>
  conditionValue({ kind: 'is-null', term: termOf(operand(call.arguments[0] ?? undefinedValue)) });

const between: Handler = call => {
  const [column = undefinedValue, low = undefinedValue, high = undefinedValue] = call.arguments;
  return conditionValue(
    and([compareTerms('>=', operand(column), operand(low)), compareTerms('<=', operand(column), operand(high))]),
  );
};

// SQL text -----------------------------------------------------------------------------------------------------------

function sqlNative(sql: SqlText, tables: readonly TableNative[]): Value {
  const native: SqlNative = {
    name: 'sql',
    kind: 'sql',
    key: `sql ${sql.text} ${sql.values.map(value => valueKey(value)).join(',')}`,
    sql,
    tables,
    inside: sql.values,
    method: (name, call) => {
      if (name === 'append') {
        const other = call.arguments[0];
        if (other !== undefined && isDrizzle(other) && other.native.kind === 'sql')
          return joinSql([native, other.native], '');
      }
      return nativeValue(native);
    },
  };
  return nativeValue(native);
}

function joinSql(parts: readonly SqlNative[], separator: string): Value {
  let text = '';
  const values: Value[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) text += separator;
    text += renumber(part.sql.text, values.length);
    values.push(...part.sql.values);
  }
  return sqlNative(
    { text, values },
    parts.flatMap(part => part.tables),
  );
}

function renumber(text: string, offset: number): string {
  return offset === 0 ? text : text.replaceAll(/\$(\d+)/g, (_, digits: string) => `$${Number(digits) + offset}`);
}

/** The text of a tagged template: columns and tables by name, other templates spliced in, the rest as parameters. */
const sqlTemplate: Handler = call => {
  const [texts, ...values] = call.arguments;
  const parts =
    texts?.kind === 'array' ? texts.items.map(item => (item.kind === 'constant' ? String(item.value) : '')) : [];
  let text = '';
  const inputs: Value[] = [];
  const tables: TableNative[] = [];
  for (const [index, part] of parts.entries()) {
    text += part;
    const value = values[index];
    if (value === undefined) continue;
    for (const piece of value.kind === 'choice' ? [only(value)] : [value]) {
      if (isDrizzle(piece)) {
        const native = piece.native;
        if (native.kind === 'column') {
          text += `"${native.table.marker}"."${native.column}"`;
          tables.push(native.table);
          continue;
        }
        if (native.kind === 'table') {
          text += native.table
            .split('.')
            .map(name => `"${name}"`)
            .join('.');
          tables.push(native);
          continue;
        }
        if (native.kind === 'sql') {
          text += renumber(native.sql.text, inputs.length);
          inputs.push(...native.sql.values);
          tables.push(...native.tables);
          continue;
        }
        if (native.kind === 'condition') {
          // A reader of the text alone sees that something else stood here.
          text += 'true /* condition */';
          continue;
        }
      }
      inputs.push(piece);
      text += `$${inputs.length}`;
    }
  }
  return sqlNative(
    { text, values: inputs },
    uniqueBy(tables, table => table.marker),
  );
};

/** The one alternative of a choice that is SQL, when only one is; else the choice as a parameter. */
function only(value: Value): Value {
  const natives = alternativesOf(value).filter(({ value: inner }) => isDrizzle(inner));
  return natives[0]?.value ?? value;
}

const sqlRaw: Handler = call => {
  const [text] = call.arguments;
  if (text?.kind === 'constant') return sqlNative({ text: String(text.value), values: [] }, []);
  noteBuiltSql(call, text);
  return sqlNative({ text: '$1', values: text === undefined ? [] : [text] }, []);
};

const sqlJoin: Handler = call => {
  const [chunks, separator] = call.arguments;
  const items = chunks?.kind === 'array' ? chunks.items : chunks?.kind === 'list' ? [chunks.element] : [];
  const parts = items.flatMap(item => (isDrizzle(item) && item.native.kind === 'sql' ? [item.native] : []));
  const between_ =
    separator !== undefined && isDrizzle(separator) && separator.native.kind === 'sql'
      ? separator.native.sql.text
      : ', ';
  return joinSql(parts, between_);
};

function aggregate(name: string): Handler {
  return call => {
    const native: AggregateNative = {
      name: 'aggregate',
      kind: 'aggregate',
      key: `aggregate ${name} ${call.arguments.map(value => valueKey(value)).join(',')}`,
      function: name,
      of: call.arguments,
      method: () => nativeValue(native),
    };
    return nativeValue(native);
  };
}

// Clients ------------------------------------------------------------------------------------------------------------

let nextTransaction = 1;

/** A Drizzle client, or a transaction of one. `listResult`: `execute` gives the rows themselves. */
export function drizzleClient(
  schema: () => ReadonlyMap<string, TableNative>,
  state: ClientState,
  id: number,
  listResult: boolean,
): Value {
  const client: NativeValue = {
    name: 'drizzle client',
    get key() {
      return `drizzle ${id} ${stateText(state)}`;
    },
    member: (name, call) =>
      name === 'query'
        ? queryNamespace(schema, state)
        : name === '$client'
          ? call.machine.opaque(call.frame, call.at, 'the driver')
          : clientMethods.has(name)
            ? methodValue(client, name)
            : undefined,
    method: (name, call) => clientMethod(name, call, schema, state, listResult),
  };
  return nativeValue(client);
}

const clientMethods: ReadonlySet<string> = new Set([
  'select',
  'selectDistinct',
  'selectDistinctOn',
  'insert',
  'update',
  'delete',
  'with',
  '$with',
  '$count',
  'transaction',
  'batch',
  'execute',
]);

function start(call: Call, state: ClientState, operation: Build['operation']): Build {
  return {
    operation,
    state,
    selection: undefined,
    table: undefined,
    source: undefined,
    joins: [],
    where: undefined,
    values: undefined,
    returning: undefined,
    conflict: undefined,
    grouped: false,
    place: call.machine.place(call.frame, call.at, call.end),
    start: call.at,
  };
}

function clientMethod(
  name: string,
  call: Call,
  schema: () => ReadonlyMap<string, TableNative>,
  state: ClientState,
  listResult: boolean,
): Value | undefined {
  const [first, second] = call.arguments;
  switch (name) {
    case 'select':
    case 'selectDistinct':
      return builderValue({ ...start(call, state, 'read'), selection: first });
    case 'selectDistinctOn':
      return builderValue({ ...start(call, state, 'read'), selection: second });
    case 'insert':
    case 'update':
    case 'delete':
      return builderValue({ ...start(call, state, name), table: asTable(first) });
    case 'with':
      return drizzleClient(schema, state, 0, listResult);
    case '$with':
      return handlerValue('with', 'with', inner => inner.arguments[0] ?? undefinedValue);
    case '$count': {
      const result = settleBuild(call, { ...start(call, state, 'read'), table: asTable(first), where: second });
      return { kind: 'promise', value: result.kind === 'list' ? lengthOf(result) : result, facts: [] };
    }
    case 'transaction': {
      if (first === undefined) return undefined;
      const inner = copyState(state);
      return callValue(call.machine, call.frame, first, [drizzleClient(schema, inner, nextTransaction++, listResult)], {
        at: call.at,
        end: call.end,
      });
    }
    case 'batch':
      return first === undefined
        ? undefined
        : {
            kind: 'promise',
            value:
              first.kind === 'array'
                ? {
                    kind: 'array',
                    items: first.items.map(item =>
                      item.kind === 'native' ? (behaviourOf(item).settle?.(call) ?? item) : item,
                    ),
                  }
                : first,
            facts: [],
          };
    case 'execute': {
      const native = first !== undefined && isDrizzle(first) ? first.native : undefined;
      if (native?.kind === 'builder') return { kind: 'promise', value: settleBuild(call, native.build), facts: [] };
      const sql: SqlText | undefined =
        native?.kind === 'sql'
          ? native.sql
          : first?.kind === 'constant'
            ? { text: String(first.value), values: [] }
            : undefined;
      if (sql === undefined) {
        noteBuiltSql(call, first);
        call.machine.gap(
          'A statement in SQL is put together at run time.',
          call.machine.place(call.frame, call.at, call.end),
        );
        return call.machine.opaque(call.frame, call.at, 'a statement put together at run time');
      }
      const text = sql.text.replaceAll(/"table:([^"]+)"/g, '"$1"');
      const result = runSql(call, { text, values: sql.values.map(operand) }, state);
      if (listResult) return { kind: 'promise', value: result, facts: [] };
      const count: Value = result.kind === 'list' ? lengthOf(result) : constant(0);
      return {
        kind: 'promise',
        value: {
          kind: 'object',
          fields: new Map([
            ['rows', result],
            ['rowCount', count],
          ]),
          spread: [],
        },
        facts: [],
      };
    }
    case 'refreshMaterializedView':
      return undefinedValue;
    default:
      return undefined;
  }
}

function builderValue(build: Build): Value {
  const native: BuilderNative = {
    name: 'drizzle query',
    kind: 'builder',
    get key() {
      return `query ${build.place.file}:${build.place.line} ${build.operation} ${build.table?.key ?? ''} ${[build.where, build.values, build.selection, ...build.joins.map(join => join.on)].map(value => (value === undefined ? '' : valueKey(value))).join('|')} ${stateText(build.state)}`;
    },
    build,
    method: (name, call) => builderMethod(native, name, call),
    member: name => derivedColumn(build, name),
    settle: call => settleBuild(call, build),
  };
  return nativeValue(native);
}

function derivedColumn(build: Build, name: string): Value | undefined {
  if (build.selection?.kind === 'object') return build.selection.fields.get(name);
  return build.table === undefined
    ? undefined
    : behaviourOf(nativeValue(build.table) as Extract<Value, { kind: 'native' }>).member?.(name, undefined as never);
}

function builderMethod(native: BuilderNative, name: string, call: Call): Value | undefined {
  const { build } = native;
  const [first, second] = call.arguments;
  const place = {
    ...build.place,
    endLine: Math.max(call.machine.place(call.frame, call.end).line, build.place.endLine ?? build.place.line),
  };
  const grown = (change: Partial<Build>): Value =>
    builderValue({
      ...build,
      place: place.endLine > place.line ? place : { file: place.file, line: place.line },
      ...change,
    });
  switch (name) {
    case 'from': {
      const table = asTable(first);
      if (table !== undefined) return grown({ table });
      const source = asBuilder(first);
      if (source !== undefined)
        return grown({
          table: source.build.table,
          joins: source.build.joins,
          where: source.build.where,
          source: source.build,
        });
      return grown({});
    }
    case 'innerJoin':
    case 'leftJoin':
    case 'rightJoin':
    case 'fullJoin':
    case 'crossJoin': {
      const table = asTable(first) ?? asBuilder(first)?.build.table;
      return table === undefined
        ? grown({})
        : grown({
            joins: [...build.joins, { table, on: second, required: name === 'innerJoin' || name === 'crossJoin' }],
          });
    }
    case 'where':
      // A sub-query's own condition stays; a second `where` of one query replaces the first.
      return grown({
        where:
          build.source?.where === undefined || build.source.where !== build.where
            ? first
            : both(call, build.source.where, first),
      });
    case 'set':
    case 'values':
      return grown({ values: first });
    case 'returning':
      return grown({ returning: first ?? true });
    case 'onConflictDoUpdate':
      return grown({ conflict: first });
    case 'groupBy':
      return grown({ grouped: true });
    case 'as':
    case 'orderBy':
    case 'limit':
    case 'offset':
    case 'having':
    case '$dynamic':
    case 'for':
    case 'prepare':
    case 'onConflictDoNothing':
    case 'onDuplicateKeyUpdate':
    case '$returningId':
    case '$withCache':
    case 'overridingSystemValue':
      return grown({});
    case 'union':
    case 'unionAll':
    case 'intersect':
    case 'except': {
      const other = asBuilder(first);
      if (other !== undefined) settleBuild(call, other.build);
      return grown({});
    }
    case 'execute':
      return { kind: 'promise', value: settleBuild(call, build), facts: [] };
    // Drivers of SQLite answer at once; awaiting that changes nothing.
    case 'all':
    case 'run':
      return settleBuild(call, build);
    case 'get': {
      const found = settleBuild(call, build);
      return found.kind === 'list' ? firstOf(found, build.place) : found;
    }
    case 'then':
    case 'catch':
    case 'finally': {
      const result: Value = { kind: 'promise', value: settleBuild(call, build), facts: [] };
      if (name !== 'then' || first === undefined) return result;
      return {
        kind: 'promise',
        value: callValue(call.machine, call.frame, first, [result.value], { at: call.at, end: call.end }),
        facts: [],
      };
    }
    default:
      return undefined;
  }
}

function both(call: Call, one: Value | undefined, other: Value | undefined): Value | undefined {
  const operands = [one, other].map(value => readCondition(call, value)).filter(predicate => predicate !== undefined);
  return operands.length === 0 ? undefined : conditionValue(and(operands));
}

// Running ------------------------------------------------------------------------------------------------------------

function settleBuild(call: Call, build: Build): Value {
  const { machine, frame } = call;
  const { table } = build;
  if (table === undefined) {
    machine.gap('The table of a query was not found.', build.place);
    return machine.opaque(frame, call.at, 'the result of a query on an unknown table');
  }
  if (build.operation === 'insert') return settleInsert(call, build, table);
  const tables = [table, ...build.joins.map(join => join.table)];
  const names = new Map<string, string>();
  const row = machine.newRow(table.table, { kind: 'true' });
  names.set(table.marker, row.name);
  const joinedRows = build.joins.map(join => {
    const inner = machine.newRow(join.table.table, { kind: 'true' });
    names.set(join.table.marker, inner.name);
    return inner;
  });
  if (build.operation === 'update')
    noteGiven(machine, frame, { part: 'data', table: table.table, value: build.values, place: build.place });
  const where = renamePredicate(readCondition(call, build.where, tables) ?? { kind: 'true' }, names);
  const joined = build.joins.map((join, index): RowVariable => {
    const inner = joinedRows[index] ?? row;
    const on = renamePredicate(readCondition(call, join.on, tables) ?? { kind: 'true' }, names);
    // An outer join whose row the filter compares returns nothing without that row.
    return { ...inner, where: on, required: join.required || mentions(where, inner.name) };
  });
  const self: RowVariable = { ...row, where };
  machine.rows.set(self.name, self);
  for (const inner of joined) machine.rows.set(inner.name, inner);
  const { values, open } = assigned(build.operation === 'update' ? build.values : undefined, table, names);
  const joinFacts = build.joins.flatMap((_, index) => {
    const inner = joined[index];
    return inner?.required === true ? [rowFact(inner, build.place, `joined '${inner.table}'`)] : [];
  });
  const rowsByMarker = new Map<
    string,
    { readonly row: RowVariable; readonly required: boolean; readonly table: TableNative }
  >([[table.marker, { row: self, required: true, table }]]);
  for (const [index, join] of build.joins.entries()) {
    const inner = joined[index];
    if (inner !== undefined)
      rowsByMarker.set(join.table.marker, { row: inner, required: join.required, table: join.table });
  }
  const selection =
    build.operation === 'read' ? build.selection : build.returning === true ? undefined : build.returning;
  const list: Extract<Value, { kind: 'list' }> = {
    kind: 'list',
    element: undefinedValue,
    rows: self,
    facts: joinFacts,
  };
  const counted: Extract<Value, { kind: 'list' }> = { ...list, element: wholeTableRow(table, self) };
  const element = selectedElement(selection, rowsByMarker, counted, build);
  runQuery(machine, frame, {
    row: self,
    operation: build.operation,
    values,
    valuesOpen: open,
    columns: selectedColumns(selection, self.name, element),
    joined,
    calls: undefined,
    client: clientOf(build.state, build.place),
    place: build.place,
  });
  if (build.operation !== 'read' && build.returning === undefined) {
    return {
      kind: 'object',
      fields: new Map([
        ['rowCount', lengthOf(counted)],
        ['length', lengthOf(counted)],
      ]),
      spread: [],
    };
  }
  if (build.operation === 'read' && !build.grouped && selection?.kind === 'object' && isAggregate(selection))
    return { kind: 'array', items: [element] };
  return { ...list, element };
}

function mentions(predicate: Predicate, row: string): boolean {
  return predicateText(predicate).includes(`${row}.`);
}

function isAggregate(selection: Extract<Value, { kind: 'object' }>): boolean {
  const values = [...selection.fields.values()];
  return (
    values.length > 0 &&
    values.every(
      value =>
        isDrizzle(value) &&
        (value.native.kind === 'aggregate' ||
          (value.native.kind === 'sql' &&
            /^\s*(?:coalesce\s*\(\s*)?(?:count|sum|avg|min|max|bool_or|array_agg|json_agg)\s*\(/i.test(
              value.native.sql.text,
            ))),
    )
  );
}

type RowsByMarker = ReadonlyMap<
  string,
  { readonly row: RowVariable; readonly required: boolean; readonly table: TableNative }
>;

function selectedElement(
  selection: Value | undefined,
  rows: RowsByMarker,
  list: Extract<Value, { kind: 'list' }>,
  build: Build,
): Value {
  const names = new Map([...rows].map(([marker, { row }]) => [marker, row.name]));
  if (selection === undefined) {
    const [main] = rows.values();
    if (main !== undefined && rows.size === 1) return wholeTableRow(main.table, main.row);
    const fields = new Map<string, Value>();
    for (const { table, row, required } of rows.values()) {
      const value = wholeTableRow(table, row);
      const name = table.marker.startsWith('alias:')
        ? table.marker.slice(6)
        : (table.table.split('.').at(-1) ?? table.table);
      fields.set(
        name,
        required
          ? value
          : choose([
              { value, facts: [rowFact(row, build.place)] },
              { value: nullValue, facts: [] },
            ]),
      );
    }
    return { kind: 'object', fields, spread: [] };
  }
  const selected = (value: Value): Value => {
    if (value.kind === 'object')
      return {
        kind: 'object',
        fields: new Map([...value.fields].map(([name, field]) => [name, selected(field)])),
        spread: value.spread.map(selected),
      };
    if (value.kind === 'choice')
      return choose(value.alternatives.map(alternative => ({ ...alternative, value: selected(alternative.value) })));
    if (!isDrizzle(value)) return value;
    const native = value.native;
    switch (native.kind) {
      case 'column': {
        const holder = rows.get(native.table.marker);
        const term = renameTerm(columnTerm(native), names);
        if (holder === undefined || holder.required) return { kind: 'term', term, maybeUndefined: false };
        // A value out of an outer join is there only when its row is.
        return choose([
          { value: { kind: 'term', term, maybeUndefined: false }, facts: [rowFact(holder.row, build.place)] },
          { value: nullValue, facts: [] },
        ]);
      }
      case 'table': {
        const holder = rows.get(native.marker);
        return holder === undefined ? value : wholeTableRow(native, holder.row);
      }
      case 'aggregate':
        if (native.function === 'count') return lengthOf(list);
        return {
          kind: 'term',
          term: {
            kind: 'call',
            name: native.function,
            arguments: native.of.map(inner => renameTerm(termOf(operand(inner)), names)),
          },
          maybeUndefined: false,
        };
      case 'sql':
        if (/^\s*count\s*\(/i.test(native.sql.text)) return lengthOf(list);
        return { kind: 'term', term: renameTerm(sqlTerm(native), names), maybeUndefined: false };
      default:
        return { kind: 'term', term: { kind: 'call', name: native.kind, arguments: [] }, maybeUndefined: false };
    }
  };
  return selected(selection);
}

function wholeTableRow(table: TableNative, row: RowVariable, only_?: ReadonlySet<string>): RowValue {
  const fields = new Map<string, Value>();
  const columns: string[] = [];
  for (const [property, column] of table.columns) {
    if (only_ !== undefined && !only_.has(property)) continue;
    columns.push(column);
    fields.set(property, { kind: 'term', term: { kind: 'column', row: row.name, column }, maybeUndefined: false });
  }
  return { kind: 'row', row, fields, columns: only_ === undefined ? undefined : columns };
}

function selectedColumns(selection: Value | undefined, row: string, element: Value): readonly string[] | undefined {
  if (selection === undefined) return undefined;
  const found = new Set<string>();
  const walk = (value: Value): void => {
    if (value.kind === 'term') for (const column of columnsOfTerm(value.term, row)) found.add(column);
    if (value.kind === 'object') {
      for (const field of value.fields.values()) walk(field);
      for (const part of value.spread) walk(part);
    }
    if (value.kind === 'row') for (const column of value.columns ?? []) found.add(column);
  };
  walk(element);
  return [...found];
}

function columnsOfTerm(term: Term, row: string): string[] {
  if (term.kind === 'column') return term.row === row ? [term.column] : [];
  return term.kind === 'call' ? term.arguments.flatMap(argument => columnsOfTerm(argument, row)) : [];
}

/** Assigned columns of `set` or `values`; open when something unknown is spread in. */
function assigned(
  value: Value | undefined,
  table: TableNative,
  names: ReadonlyMap<string, string>,
): { readonly values: { column: string; value: Term }[]; readonly open: boolean } {
  const found = new Map<string, Term>();
  let open = false;
  const walk = (part: Value): void => {
    switch (part.kind) {
      case 'object':
        for (const spread of part.spread) walk(spread);
        for (const [property, field] of part.fields) {
          const column = table.columns.get(property);
          if (column === undefined) {
            if (property === '*') open = true;
            continue;
          }
          if (field.kind === 'constant' && field.value === undefined) continue;
          found.set(column, renameTerm(termOf(operand(field)), names));
        }
        return;
      case 'choice':
        for (const alternative of part.alternatives) walk(alternative.value);
        return;
      case 'row':
        for (const [property, field] of part.fields ?? []) {
          const column = table.columns.get(property);
          if (column !== undefined) found.set(column, renameTerm(termOf(field), names));
        }
        return;
      case 'constant':
        return;
      default:
        open = true;
    }
  };
  if (value !== undefined) walk(value);
  return { values: [...found].map(([column, term]) => ({ column, value: term })), open };
}

function settleInsert(call: Call, build: Build, table: TableNative): Value {
  const { machine, frame } = call;
  const given = build.values;
  const items =
    given === undefined ? [] : given.kind === 'array' ? given.items : given.kind === 'list' ? [given.element] : [given];
  noteGiven(machine, frame, { part: 'data', table: table.table, value: given, place: build.place });
  let last: RowVariable | undefined;
  for (const item of items.slice(0, 8)) {
    const fresh = machine.newRow(table.table, { kind: 'true' });
    const names = new Map([[table.marker, fresh.name]]);
    const { values, open } = assigned(item, table, names);
    const isNew = build.conflict?.kind !== 'object';
    const row = writtenRow(fresh, values, isNew);
    last = row;
    const source = given?.kind === 'list' ? given : undefined;
    const before = frame.facts;
    if (source?.rows !== undefined) frame.learn([rowFact(source.rows, build.place), ...source.facts]);
    runQuery(machine, frame, {
      row,
      operation: 'insert',
      values,
      valuesOpen: open,
      columns: build.returning === undefined ? [] : undefined,
      joined: [],
      calls: undefined,
      client: clientOf(build.state, build.place),
      place: build.place,
    });
    frame.facts = before;
    if (isNew) frame.learn([rowFact(row, build.place, `a row of '${row.table}' was made`)]);
    settleConflict(call, build, table, values);
  }
  if (last === undefined) return machine.opaque(frame, call.at, 'the result of an insert');
  const rows = new Map([[table.marker, { row: last, required: true, table }]]);
  const counted: Extract<Value, { kind: 'list' }> = {
    kind: 'list',
    element: wholeTableRow(table, last),
    rows: last,
    facts: [],
  };
  const selection = build.returning === true ? undefined : build.returning;
  return { ...counted, element: selectedElement(selection, rows, counted, build) };
}

/** `on conflict (target) do update`: the row that is there already is changed, whoever owns it. */
function settleConflict(
  call: Call,
  build: Build,
  table: TableNative,
  inserted: readonly { readonly column: string; readonly value: Term }[],
): void {
  if (build.conflict?.kind !== 'object') return;
  const { machine, frame } = call;
  const target = build.conflict.fields.get('target');
  const columns =
    target === undefined
      ? []
      : target.kind === 'array'
        ? columnsIn(target)
        : columnsIn({ kind: 'array', items: [target] });
  const row = machine.newRow(table.table, { kind: 'true' });
  const names = new Map([[table.marker, row.name]]);
  const keys = columns.map((column): Predicate => {
    const value = inserted.find(candidate => candidate.column === column)?.value ?? {
      kind: 'opaque' as const,
      id: `${row.name}.${column}`,
      reason: 'a generated key',
    };
    return { kind: 'compare', operator: '=', left: { kind: 'column', row: row.name, column }, right: value };
  });
  const condition = readCondition(call, build.conflict.fields.get('setWhere') ?? build.conflict.fields.get('where'), [
    table,
  ]);
  const where = and([...keys, ...(condition === undefined ? [] : [renamePredicate(condition, names)])]);
  const { values, open } = assigned(build.conflict.fields.get('set'), table, names);
  runQuery(machine, frame, {
    row: { ...row, where },
    operation: 'update',
    values,
    valuesOpen: open,
    columns: [],
    joined: [],
    calls: undefined,
    client: clientOf(build.state, build.place),
    place: build.place,
  });
}

// Relational queries -------------------------------------------------------------------------------------------------

function queryNamespace(schema: () => ReadonlyMap<string, TableNative>, state: ClientState): Value {
  return nativeValue({
    name: 'drizzle relational',
    key: `relational ${stateText(state)}`,
    member: name => {
      const table = schema().get(name);
      return table === undefined ? undefined : relationalTable(table, state);
    },
  });
}

function relationalTable(table: TableNative, state: ClientState): Value {
  return nativeValue({
    name: 'drizzle relational table',
    key: `relational ${table.key} ${stateText(state)}`,
    method: (name, call) => {
      if (name !== 'findMany' && name !== 'findFirst') return undefined;
      const place = call.machine.place(call.frame, call.at, call.end);
      const options = call.arguments[0];
      const list = relationalQuery(call, table, state, options, place, name === 'findFirst');
      const value = name === 'findMany' ? list : firstOf(list, place);
      return { kind: 'promise', value, facts: [] };
    },
  });
}

const operatorsNamespace: Value = { kind: 'external', library: 'drizzle-orm', path: '', arguments: [] };

function optionOf(call: Call, options: Value | undefined, name: string): Value | undefined {
  if (options === undefined || options.kind === 'constant') return undefined;
  const value = memberOf(call.machine, call.frame, options, name, call.at, true);
  return value.kind === 'constant' && value.value === undefined ? undefined : value;
}

function relationalWhere(call: Call, table: TableNative, where: Value | undefined): Predicate {
  if (where === undefined) return { kind: 'true' };
  if (where.kind === 'function') {
    const result = callValue(call.machine, call.frame, where, [nativeValue(table), operatorsNamespace], {
      at: call.at,
      end: call.end,
    });
    return readCondition(call, result, [table]) ?? { kind: 'true' };
  }
  if (where.kind === 'object') return objectWhere(call, table, where);
  return readCondition(call, where, [table]) ?? { kind: 'true' };
}

/** `where: { organizationId, status: { in: [...] }, OR: [...] }` of the newer relational queries. */
function objectWhere(call: Call, table: TableNative, where: Extract<Value, { kind: 'object' }>): Predicate {
  const operands: Predicate[] = [];
  for (const [name, value] of where.fields) {
    if (name === 'AND' || name === 'OR') {
      const inner = (value.kind === 'array' ? value.items : [value]).flatMap(item =>
        item.kind === 'object' ? [objectWhere(call, table, item)] : [],
      );
      operands.push(name === 'AND' ? and(inner) : or(inner));
    } else if (name === 'NOT' && value.kind === 'object')
      operands.push({ kind: 'not', operand: objectWhere(call, table, value) });
    else {
      const column = table.columns.get(name);
      if (column === undefined) continue;
      const term: Term = { kind: 'column', row: table.marker, column };
      operands.push(...fieldConditions(call, term, value));
    }
  }
  return and(operands);
}

function fieldConditions(call: Call, column: Term, value: Value): Predicate[] {
  const self: Value = { kind: 'term', term: column, maybeUndefined: false };
  if (value.kind !== 'object') {
    const terms = alternativesOf(value);
    const gone = terms.some(
      ({ value: inner }) =>
        (inner.kind === 'constant' && inner.value === undefined) || (inner.kind === 'term' && inner.maybeUndefined),
    );
    const compare = compareTerms('=', self, operand(value));
    return [
      gone ? { kind: 'maybe-absent', operand: compare, because: call.machine.code(call.frame, call.at) } : compare,
    ];
  }
  return [...value.fields].map(([name, field]): Predicate => {
    const operator = (
      { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=', like: 'like', ilike: 'like' } as const
    )[name];
    if (operator !== undefined) return compareTerms(operator, self, operand(field));
    if (name === 'in') return inValues(call.machine, column, field);
    if (name === 'isNull') return { kind: 'is-null', term: column };
    return name === 'isNotNull'
      ? negate({ kind: 'is-null', term: column })
      : { kind: 'opaque', reason: `the operator '${name}'` };
  });
}

function relationalQuery(
  call: Call,
  table: TableNative,
  state: ClientState,
  options: Value | undefined,
  place: Place,
  first: boolean,
): Extract<Value, { kind: 'list' }> {
  const { machine, frame } = call;
  const fresh = machine.newRow(table.table, { kind: 'true' });
  const names = new Map([[table.marker, fresh.name]]);
  const where = renamePredicate(relationalWhere(call, table, optionOf(call, options, 'where')), names);
  const row: RowVariable = { ...fresh, where };
  const joined: RowVariable[] = [];
  const element = relationalRow(call, table, row, options, joined, place, 0);
  runQuery(machine, frame, {
    row,
    operation: 'read',
    values: [],
    valuesOpen: false,
    columns: element.columns,
    joined,
    nested: true,
    calls: undefined,
    ...(first ? { first: true } : {}),
    client: clientOf(state, place),
    place,
  });
  return { kind: 'list', element, rows: row, facts: [] };
}

function relationalRow(
  call: Call,
  table: TableNative,
  row: RowVariable,
  options: Value | undefined,
  joined: RowVariable[],
  place: Place,
  depth: number,
): RowValue {
  const { machine } = call;
  const whole = wholeTableRow(table, row, chosenColumns(table, optionOf(call, options, 'columns')));
  const fields = new Map(whole.fields);
  const related = optionOf(call, options, 'with');
  for (const [name, inner] of related?.kind === 'object' && depth < 5 ? related.fields : []) {
    const relation = relationNamed(machine, table, name);
    if (relation === undefined) {
      machine.gap(`The relation '${name}' of '${table.table}' was not found.`, place);
      continue;
    }
    const innerOptions = inner.kind === 'object' ? inner : undefined;
    const fresh = machine.newRow(relation.target.table, { kind: 'true' });
    const keys = relation.fields.map((field, index): Predicate => ({
      kind: 'compare',
      operator: '=',
      left: { kind: 'column', row: fresh.name, column: relation.references[index] ?? field },
      right: { kind: 'column', row: row.name, column: field },
    }));
    const own = renamePredicate(
      relationalWhere(call, relation.target, optionOf(call, innerOptions, 'where')),
      new Map([[relation.target.marker, fresh.name]]),
    );
    const innerRow: RowVariable = { ...fresh, where: and([...keys, own]) };
    machine.rows.set(innerRow.name, innerRow);
    joined.push(innerRow);
    const element = relationalRow(call, relation.target, innerRow, innerOptions, joined, place, depth + 1);
    const list: Extract<Value, { kind: 'list' }> = { kind: 'list', element, rows: innerRow, facts: [] };
    fields.set(
      name,
      relation.many
        ? list
        : choose([
            { value: element, facts: [rowFact(innerRow, place)] },
            { value: nullValue, facts: [] },
          ]),
    );
  }
  const extras = optionOf(call, options, 'extras');
  for (const [name] of extras?.kind === 'object' ? extras.fields : [])
    fields.set(name, {
      kind: 'term',
      term: { kind: 'call', name: 'sql', arguments: [{ kind: 'column', row: row.name, column: '*' }] },
      maybeUndefined: false,
    });
  return { ...whole, fields };
}

function chosenColumns(table: TableNative, columns: Value | undefined): ReadonlySet<string> | undefined {
  if (columns?.kind !== 'object') return undefined;
  const wanted = [...columns.fields]
    .filter(([, value]) => value.kind === 'constant' && value.value === true)
    .map(([name]) => name);
  if (wanted.length > 0) return new Set(wanted);
  const unwanted = new Set(
    [...columns.fields].filter(([, value]) => value.kind === 'constant' && value.value === false).map(([name]) => name),
  );
  return unwanted.size === 0 ? undefined : new Set([...table.columns.keys()].filter(name => !unwanted.has(name)));
}

// Set-up -------------------------------------------------------------------------------------------------------------

/** The tables (and relations) in a schema object or namespace, by the name they are exported under. */
function tablesIn(machine: Machine, value: Value | undefined): ReadonlyMap<string, TableNative> {
  const found = new Map<string, TableNative>();
  const note = (name: string, part: Value): void => {
    const table = asTable(part);
    if (table !== undefined) found.set(name, table);
  };
  const walk = (part: Value | undefined): void => {
    if (part === undefined) return;
    if (part.kind === 'object') {
      for (const spread of part.spread) walk(spread);
      for (const [name, field] of part.fields) note(name, field);
      return;
    }
    if (part.kind !== 'native' || part.native.name !== 'namespace') return;
    const file = part.native.key.slice('namespace '.length);
    const module = machine.source.module(file);
    if (module === undefined) return;
    for (const name of exportNames(machine, module)) note(name, exportValue(machine, module, name));
  };
  walk(value);
  return found;
}

function connect(listResult: boolean): Handler {
  return call => {
    const options = call.arguments.findLast(argument => argument.kind === 'object');
    const schema = options?.kind === 'object' ? options.fields.get('schema') : undefined;
    const { machine } = call;
    let tables: ReadonlyMap<string, TableNative> | undefined;
    const state = startState('drizzle', call.arguments);
    return drizzleClient(() => (tables ??= tablesIn(machine, schema)), state, 0, listResult);
  };
}

const alias: Handler = call => {
  const [table, name] = call.arguments;
  const native = asTable(table);
  const text = name?.kind === 'constant' ? String(name.value) : 'alias';
  return native === undefined
    ? undefinedValue
    : nativeValue(tableNative(native.table, `alias:${text}`, native.columns));
};

const tableColumns: Handler = call => {
  const table = asTable(call.arguments[0]);
  if (table === undefined) return undefinedValue;
  return {
    kind: 'object',
    fields: new Map([...table.columns].map(([property, column]) => [property, columnNative(table, property, column)])),
    spread: [],
  };
};

const table: Handler = call => defineTable(call, firstText(call.arguments) ?? 'unknown', call.arguments[1]);

const schemaOf: Handler = call => {
  const name = firstText(call.arguments) ?? 'public';
  return nativeValue({
    name: 'schema',
    key: `schema ${name}`,
    method: (method, inner) => {
      if (method !== 'table' && method !== 'view' && method !== 'materializedView')
        return method === 'enum' ? enumOf(inner) : columnOfType('text')(inner);
      const own = firstText(inner.arguments) ?? 'unknown';
      return defineTable(inner, name === 'public' ? own : `${name}.${own}`, inner.arguments[1]);
    },
  });
};

const enumOf: Handler = call => {
  const [, values] = call.arguments;
  const name = firstText(call.arguments) ?? '';
  const texts = (values?.kind === 'array' ? values.items : []).flatMap(item =>
    item.kind === 'constant' && typeof item.value === 'string' ? [item.value] : [],
  );
  enumDefinitions(call.machine).set(name, texts);
  return nativeValue({
    name: 'enum',
    key: `enum ${name}`,
    inside: call.arguments,
    member: member => (member === 'enumValues' ? values : undefined),
    invoke: columnOfType(name),
  });
};

const view: Handler = call => {
  const name = firstText(call.arguments) ?? 'unknown';
  const defined = defineTable(call, name, call.arguments[1]);
  const native = asTable(defined);
  if (native === undefined) return defined;
  return nativeValue({ ...native, method: () => nativeValue(native) });
};

const ordering: Handler = call => call.arguments[0] ?? undefinedValue;

/** `pgTableCreator(name => `app_${name}`)`: what the function makes of a name is the table's. */
const tableCreator: Handler = creator => {
  const [rename] = creator.arguments;
  return handlerValue('table', `table creator ${rename === undefined ? '' : valueKey(rename)}`, call => {
    const [given, ...rest] = call.arguments;
    const named =
      rename === undefined || given === undefined
        ? given
        : callValue(call.machine, call.frame, rename, [given], { at: call.at, end: call.end });
    return table({ ...call, arguments: [named?.kind === 'constant' ? named : (given ?? undefinedValue), ...rest] });
  });
};

function coreHandlers(core: string, prefix: string): Readonly<Record<string, Handler>> {
  return {
    ...columnHandlers(core),
    [`${core}#${prefix}Table`]: table,
    [`${core}#${prefix}TableCreator`]: tableCreator,
    [`${core}#${prefix}Schema`]: schemaOf,
    [`${core}#${prefix}Enum`]: prefix === 'mysql' ? columnOfType('text') : enumOf,
    [`${core}#${prefix}View`]: view,
    [`${core}#${prefix}MaterializedView`]: view,
    [`${core}#alias`]: alias,
  };
}

/** Drizzle's functions, by package and name. */
export const drizzleHandlers: Readonly<Record<string, Handler>> = {
  ...coreHandlers('drizzle-orm/pg-core', 'pg'),
  ...drizzlePolicyHandlers,
  ...coreHandlers('drizzle-orm/mysql-core', 'mysql'),
  ...coreHandlers('drizzle-orm/singlestore-core', 'singlestore'),
  ...coreHandlers('drizzle-orm/sqlite-core', 'sqlite'),
  'drizzle-orm/*#relations': defineRelations,
  'drizzle-orm/*#eq': comparison('='),
  'drizzle-orm/*#ne': comparison('<>'),
  'drizzle-orm/*#gt': comparison('>'),
  'drizzle-orm/*#gte': comparison('>='),
  'drizzle-orm/*#lt': comparison('<'),
  'drizzle-orm/*#lte': comparison('<='),
  'drizzle-orm/*#like': comparison('like'),
  'drizzle-orm/*#ilike': comparison('like'),
  'drizzle-orm/*#notLike': negated(comparison('like')),
  'drizzle-orm/*#notIlike': negated(comparison('like')),
  'drizzle-orm/*#and': conjunction,
  'drizzle-orm/*#or': disjunction,
  'drizzle-orm/*#not': negation,
  'drizzle-orm/*#inArray': inArray,
  'drizzle-orm/*#notInArray': negated(inArray),
  'drizzle-orm/*#exists': exists,
  'drizzle-orm/*#notExists': negated(exists),
  'drizzle-orm/*#isNull': isNull,
  'drizzle-orm/*#isNotNull': negated(isNull),
  'drizzle-orm/*#between': between,
  'drizzle-orm/*#sql': sqlTemplate,
  'drizzle-orm/*#sql.raw': sqlRaw,
  'drizzle-orm/*#sql.join': sqlJoin,
  'drizzle-orm/*#sql.empty': () => sqlNative({ text: '', values: [] }, []),
  'drizzle-orm/*#asc': ordering,
  'drizzle-orm/*#desc': ordering,
  'drizzle-orm/*#count': aggregate('count'),
  'drizzle-orm/*#countDistinct': aggregate('count'),
  'drizzle-orm/*#sum': aggregate('sum'),
  'drizzle-orm/*#avg': aggregate('avg'),
  'drizzle-orm/*#min': aggregate('min'),
  'drizzle-orm/*#max': aggregate('max'),
  'drizzle-orm/*#getTableColumns': tableColumns,
  // Whatever the driver: only this one answers raw SQL with the rows themselves.
  'drizzle-orm/*#drizzle': connect(false),
  'drizzle-orm/postgres-js#drizzle': connect(true),
};
