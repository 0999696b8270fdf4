import { and, or, type Operator, type Predicate, type RowVariable, type Term } from '../../../core/predicate.ts';
import {
  loadSqlParser,
  lowerSqlCondition,
  lowerSqlStatement,
  parseSql,
  type LoweredStatement,
  type ScopeRelation,
} from '../../../logic/sql.ts';
import { messageOf } from '../../../core/error.ts';
import type { Place } from '../../../core/place.ts';
import { mixedList } from '../expressions.ts';
import { addFacts, asPredicate, isTelling } from '../facts.ts';
import { predicateSize, termKey } from '../keys.ts';
import type { Call, Frame, Machine, NativeValue, QueryDraft } from '../machine.ts';
import { alternativesOf, compareTerms, severalOf, termOf } from '../operations.ts';
import { renamePredicate } from '../rename.ts';
import type { DatabaseClient, Fact } from '../types.ts';
import { partsOf, type RowValue, type Value } from '../value.ts';
import { sentBy, type Guard } from './guard/statement.ts';

// The parser is WebAssembly; whoever imports this has it ready.
await loadSqlParser();

/** What a transaction or connection was told: its role and settings. Changes as statements run. */
export interface ClientState {
  readonly kind: string;
  readonly base: DatabaseClient['role'];
  sqlRole: string | undefined;
  settings: { readonly name: string; readonly value: Term }[];
  /** The guarded pool that it runs on. */
  readonly guard?: Guard;
}

/** A value through which clients of libraries reach the database: a pool, a driver. */
export interface DriverNative extends NativeValue {
  readonly driver: ClientState;
  /** The same behind a guard that the program puts before it. */
  guardedBy?(guard: Guard): Value;
}

/** The state of a new client: as the connection's own role, or guarded by the pool among what it is made with. */
export function startState(kind: string, made: readonly Value[] = []): ClientState {
  const state: ClientState = { kind, base: 'owner', sqlRole: undefined, settings: [] };
  const [guard, ...others] = made.flatMap(value => driversIn(value, 4)).map(driver => driver.guard);
  return guard === undefined || others.some(other => other?.key !== guard.key) ? state : { ...state, guard };
}

/** The state of a client that is handed to what runs on it; of a new one where it is not known. */
export function stateOf(kind: string, client: Value | undefined): ClientState {
  return asDriver(client)?.driver ?? startState(kind);
}

/** The pool, driver or client that a value is. */
export function asDriver(value: Value | undefined): DriverNative | undefined {
  return value?.kind === 'native' && 'driver' in value.native ? (value.native as DriverNative) : undefined;
}

/** Pools and drivers inside of what a client is made with: `{ adapter: new PrismaPg(pool) }`. */
function driversIn(value: Value, depth: number): readonly ClientState[] {
  const driver = asDriver(value);
  if (driver !== undefined) return [driver.driver];
  if (depth === 0 || (value.kind !== 'object' && value.kind !== 'external' && value.kind !== 'choice')) return [];
  return partsOf(value).flatMap(part => driversIn(part.value, depth - 1));
}

/** The state of a new transaction of a client. */
export function copyState(state: ClientState): ClientState {
  return { ...state, settings: [...state.settings] };
}

/** A text for the state of a client. */
export function stateText(state: ClientState): string {
  return `${state.kind}/${state.base}/${state.sqlRole ?? ''}/${state.settings.map(setting => `${setting.name}=${termKey(setting.value)}`).join(',')}${state.guard === undefined ? '' : ` guarded ${state.guard.key}`}`;
}

/** The credential of a query. */
export function clientOf(state: ClientState, place: Place): QueryDraft['client'] {
  if (state.guard !== undefined)
    return { kind: state.kind, role: 'guarded', settings: [...state.settings], place, guard: state.guard };
  const role = state.sqlRole === undefined || state.base !== 'owner' ? state.base : 'guarded';
  return state.sqlRole === undefined
    ? { kind: state.kind, role, settings: [...state.settings], place }
    : { kind: state.kind, role, sqlRole: state.sqlRole, settings: [...state.settings], place };
}

/** Records that a query runs here. */
export function runQuery(machine: Machine, frame: Frame, draft: QueryDraft): void {
  machine.reachedSites.add(`${draft.place.file}:${draft.place.line}`);
  machine.rows.set(draft.row.name, draft.row);
  for (const row of draft.joined) machine.rows.set(row.name, row);
  const { guard, ...client } = draft.client;
  if (guard === undefined) {
    frame.effects.push({ kind: 'query', facts: frame.facts, draft });
    return;
  }
  // What a function reads is not told by its name.
  const tables = [draft.row, ...draft.joined].map(({ table }) => table);
  for (const way of sentBy({ machine, frame, at: 0, end: 0 }, guard, client, tables)) {
    const facts = addFacts(frame.facts, way.facts);
    frame.effects.push({ kind: 'query', facts, draft: { ...draft, client: way.client } });
    frame.learn(way.after);
  }
}

/** The row that an insert writes. `isNew` unless it may change one that is there already. */
export function writtenRow(
  fresh: RowVariable,
  values: readonly { readonly column: string; readonly value: Term }[],
  isNew: boolean,
): RowVariable {
  // An assignment, not a filter: the value may be NULL.
  const operator = 'is-not-distinct-from';
  const where = and(
    values.flatMap(({ column, value }): readonly Predicate[] => {
      const left: Term = { kind: 'column', row: fresh.name, column };
      return [{ kind: 'compare', operator, left, right: value }, ...eachOfSeveral(operator, left, value)];
    }),
  );
  return { ...fresh, where, ...(isNew ? { created: true } : {}) };
}

/** What is assigned is one of several (the owner of a session or of a key, whichever was there): each with what holds then. */
export function eachOfSeveral(operator: Operator, column: Term, value: Term): readonly Predicate[] {
  const several = severalOf(value);
  return several === undefined
    ? []
    : [compareTerms(operator, { kind: 'term', term: column, maybeUndefined: false }, several)];
}

/** Columns of a table by SQL name, when the schema is known. */
export function columnsOf(machine: Machine, table: string): readonly string[] | undefined {
  const index = machine.remember('columns by table', () => {
    const found = new Map<string, readonly string[]>();
    for (const known of [...(machine.database?.tables ?? []), ...(machine.database?.views ?? [])]) {
      const name = known.schema === 'public' ? known.name : `${known.schema}.${known.name}`;
      found.set(
        name,
        known.columns.map(column => column.name),
      );
    }
    return found;
  });
  return index.get(table);
}

/** A row as a query returns it whole: every column by its own name. */
export function wholeRow(machine: Machine, row: RowVariable): RowValue {
  const columns = columnsOf(machine, row.table);
  if (columns === undefined) return { kind: 'row', row, fields: undefined, columns: undefined };
  return {
    kind: 'row',
    row,
    fields: new Map(columns.map(column => [column, columnValue(row.name, column)])),
    columns: undefined,
  };
}

/** A column of a row. */
export function columnValue(row: string, column: string): Value {
  return { kind: 'term', term: { kind: 'column', row, column }, maybeUndefined: false };
}

/** `column = value` where the value may be several things, or the rows of an earlier query. */
export function equalsValue(column: Term, value: Value): Predicate {
  return compareTerms('=', { kind: 'term', term: column, maybeUndefined: false }, value);
}

/** `column in (values)`: a list of rows' columns becomes "there is such a row". */
export function inValues(machine: Machine, column: Term, value: Value): Predicate {
  const operands = alternativesOf(value).map(({ value: inner, facts }): Predicate => {
    const known = telling(facts);
    switch (inner.kind) {
      case 'array':
        return and([or(inner.items.map(item => equalsItem(column, item))), ...known]);
      case 'list': {
        if (inner.rows === undefined)
          return and([amongElements(equalsValue(column, inner.element)), ...telling(inner.facts), ...known]);
        const fresh = machine.newRow(inner.rows.table, inner.rows.where);
        const names = new Map([[inner.rows.name, fresh.name]]);
        const element = compareTerms('=', { kind: 'term', term: column, maybeUndefined: false }, inner.element);
        const where = and([inner.rows.where, element, ...telling(inner.facts)]);
        const row: RowVariable = { name: fresh.name, table: inner.rows.table, where: renamePredicate(where, names) };
        return and([{ kind: 'exists', row }, ...known]);
      }
      case 'term':
        return amongElements(equalsValue(column, { kind: 'term', term: eachOf(inner.term), maybeUndefined: false }));
      default:
        return equalsValue(column, inner);
    }
  });
  return or(operands);
}

/** An item that was collected under a condition: it is there only where that holds. */
function equalsItem(column: Term, item: Value): Predicate {
  const [only, ...others] = alternativesOf(item).filter(
    ({ value }) => !(value.kind === 'constant' && value.value === undefined),
  );
  return only === undefined || others.length > 0
    ? equalsValue(column, item)
    : and([equalsValue(column, only.value), ...telling(only.facts)]);
}

function amongElements(predicate: Predicate): Predicate {
  return predicate.kind === 'compare' && predicate.operator === '=' ? { ...predicate, among: true } : predicate;
}

/** One of the values of a list that came as a whole. */
function eachOf(term: Term): Term {
  if (term.kind === 'client' || term.kind === 'tool-argument' || term.kind === 'event')
    return { ...term, path: `${term.path}[]` };
  return term;
}

/** What facts say, as conditions; big ones are left out. */
export function telling(facts: readonly Fact[]): readonly Predicate[] {
  return facts
    .filter(isTelling)
    .map(asPredicate)
    .filter(predicate => predicate !== undefined)
    .filter(predicate => predicateSize(predicate) <= 20);
}

/** A condition out of the alternatives of a value: each with what holds then; gone when one of them is no condition at all. */
export function alternativesAsCondition(
  value: Value,
  read: (value: Value) => Predicate | undefined,
  because: string,
): Predicate | undefined {
  const found: Predicate[] = [];
  let absent = false;
  for (const { value: inner, facts } of alternativesOf(value)) {
    const predicate = read(inner);
    if (predicate === undefined) absent = true;
    else found.push(and([predicate, ...telling(facts)]));
  }
  if (found.length === 0) return undefined;
  const operand = or(found);
  return absent ? { kind: 'maybe-absent', operand, because } : operand;
}

/** SQL text with places for values. */
export interface SqlText {
  readonly text: string;
  readonly values: readonly Value[];
}

/** A condition in SQL text, with the rows it can speak of. */
export function lowerCondition(
  call: Pick<Call, 'machine' | 'frame' | 'at'>,
  sql: SqlText,
  relations: readonly ScopeRelation[],
): Predicate {
  try {
    const lowered = lowerSqlCondition(sql.text, {
      relations,
      columnsOf: table => columnsOf(call.machine, table),
      parameter: position => parameterOf(sql, position),
      prefix: `sql${call.machine.rows.size}_`,
    });
    return withLists(call.machine, lowered, sql);
  } catch (error) {
    call.machine.gap(
      `A condition in SQL could not be read: ${messageOf(error)}.`,
      call.machine.place(call.frame, call.at),
    );
    return { kind: 'opaque', reason: 'a condition in SQL that could not be read' };
  }
}

function parameterOf(sql: SqlText, position: number): Term | undefined {
  const value = sql.values[position - 1];
  if (value === undefined) return undefined;
  return isList(value) ? { kind: 'opaque', id: `${listMark}${position}`, reason: 'a list of values' } : termOf(value);
}

const listMark = 'values of $';

function isList(value: Value): boolean {
  return alternativesOf(value).some(({ value: inner }) => inner.kind === 'list' || inner.kind === 'array');
}

/** `column = any($1)` and `column in ($1)`, where the parameter is a list: its values, or the rows they come from. */
function withLists(machine: Machine, predicate: Predicate, sql: SqlText): Predicate {
  const inner = (part: Predicate): Predicate => withLists(machine, part, sql);
  switch (predicate.kind) {
    case 'compare': {
      if (predicate.operator !== '=') return predicate;
      const [list, other] =
        listIn(predicate.left) === undefined ? [predicate.right, predicate.left] : [predicate.left, predicate.right];
      const value = sql.values[(listIn(list) ?? 0) - 1];
      return value === undefined ? predicate : inValues(machine, other, value);
    }
    case 'and':
      return and(predicate.operands.map(inner));
    case 'or':
      return or(predicate.operands.map(inner));
    case 'not':
    case 'maybe-absent':
      return { ...predicate, operand: inner(predicate.operand) };
    case 'exists':
      return { kind: 'exists', row: { ...predicate.row, where: inner(predicate.row.where) } };
    default:
      return predicate;
  }
}

function listIn(term: Term): number | undefined {
  return term.kind === 'opaque' && term.id.startsWith(listMark) ? Number(term.id.slice(listMark.length)) : undefined;
}

/** Runs the statements of a SQL text on a client. Gives the rows of the last query. */
export function runSql(call: Call, sql: SqlText, state: ClientState): Value {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at, call.end);
  machine.reachedSites.add(`${place.file}:${place.line}`);
  let statements: readonly LoweredStatement[];
  try {
    statements = lowerSqlStatement(sql.text, {
      columnsOf: table => columnsOf(machine, table),
      parameter: position => parameterOf(sql, position),
      prefix: `sql${machine.rows.size}_`,
    });
  } catch (error) {
    machine.gap(`A statement in SQL could not be read: ${messageOf(error)}.`, place);
    return machine.opaque(frame, call.at, 'the result of SQL that could not be read');
  }
  const results: Value[] = [];
  statements = [...statements, ...functionsInFrom(sql)];
  for (const statement of statements) {
    switch (statement.kind) {
      case 'set-role':
        // The guard refuses statements that would change the role.
        if (state.guard !== undefined) break;
        state.sqlRole = statement.role === 'none' || statement.role === 'default' ? undefined : statement.role;
        break;
      case 'set-config':
        if (!statement.local)
          machine.emit(frame, { kind: 'session-setting', name: statement.name, value: statement.value, place });
        state.settings = [
          ...state.settings.filter(setting => setting.name !== statement.name),
          { name: statement.name, value: statement.value },
        ];
        break;
      case 'query':
        results.push(
          runStatement(
            call,
            {
              ...statement,
              where: withLists(machine, statement.where, sql),
              joined: statement.joined.map(row => ({ ...row, where: withLists(machine, row.where, sql) })),
            },
            state,
            place,
            sql.text,
          ),
        );
        break;
      case 'call': {
        const row = machine.newRow(statement.function, { kind: 'true' });
        const names = argumentNames(machine, statement.function);
        runQuery(machine, frame, {
          row,
          operation: 'read',
          values: [],
          valuesOpen: false,
          columns: undefined,
          joined: [],
          calls: {
            function: statement.function,
            arguments: statement.arguments.map((value, index) => ({ name: names[index] ?? `$${index + 1}`, value })),
          },
          client: clientOf(state, place),
          place,
        });
        results.push({
          kind: 'list',
          element: { kind: 'row', row, fields: undefined, columns: undefined },
          rows: row,
          facts: [],
        });
        break;
      }
      case 'other':
    }
  }
  const [only] = results;
  // The parts of a union come as one list.
  if (results.length > 1) return mixedList(machine, frame, results, () => true, call.at);
  return only ?? { kind: 'array', items: [] };
}

/** `select … from a_function($1)`: a call, whatever else the statement reads. */
function functionsInFrom(sql: SqlText): readonly LoweredStatement[] {
  const found: LoweredStatement[] = [];
  walkNodes(parseSql(sql.text), (kind, body) => {
    if (kind !== 'RangeFunction') return;
    walkNodes(body, (inner, call) => {
      if (inner !== 'FuncCall' || !isRecord(call)) return;
      const names = textsIn(call['funcname']);
      const name = names.length === 2 && names[0] === 'public' ? (names[1] ?? '') : names.join('.');
      if (names[0] === 'pg_catalog' || builtIn.has(name)) return;
      const list = Array.isArray(call['args']) ? call['args'] : [];
      found.push({ kind: 'call', function: name, arguments: list.map(argument => argumentTerm(sql, argument)) });
    });
  });
  return found;
}

const builtIn: ReadonlySet<string> = new Set([
  'unnest',
  'generate_series',
  'jsonb_array_elements',
  'jsonb_each',
  'json_array_elements',
  'jsonb_to_recordset',
  'regexp_split_to_table',
  'string_to_table',
]);

function argumentTerm(sql: SqlText, argument: unknown): Term {
  let term: Term | undefined;
  walkNodes(argument, (kind, body) => {
    if (term !== undefined || !isRecord(body)) return;
    if (kind === 'ParamRef' && typeof body['number'] === 'number') term = parameterOf(sql, body['number']);
    const text = kind === 'A_Const' && isRecord(body['sval']) ? body['sval']['sval'] : undefined;
    if (typeof text === 'string') term = { kind: 'constant', value: text };
  });
  return (
    term ?? { kind: 'opaque', id: `argument ${JSON.stringify(argument)}`, reason: 'an argument of a database function' }
  );
}

function walkNodes(node: unknown, see: (kind: string, body: unknown) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walkNodes(item, see);
    return;
  }
  if (!isRecord(node)) return;
  for (const [kind, body] of Object.entries(node)) {
    see(kind, body);
    walkNodes(body, see);
  }
}

function textsIn(node: unknown): readonly string[] {
  const found: string[] = [];
  walkNodes(node, (kind, body) => {
    if (kind === 'sval' && typeof body === 'string') found.push(body);
  });
  return found;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of a database function's arguments. */
export function argumentNames(machine: Machine, name: string): readonly string[] {
  const found = machine.database?.functions.find(
    candidate => candidate.name === name || `${candidate.schema}.${candidate.name}` === name,
  );
  return found?.arguments.map(argument => argument.name) ?? [];
}

function runStatement(
  call: Call,
  statement: Extract<LoweredStatement, { kind: 'query' }>,
  state: ClientState,
  place: Place,
  text: string,
): Value {
  const { machine, frame } = call;
  const fresh = machine.newRow(statement.table, { kind: 'true' });
  const names = new Map([['self', fresh.name]]);
  const row: RowVariable = { ...fresh, where: renamePredicate(statement.where, names) };
  const joined = statement.joined.map(inner => ({ ...inner, where: renamePredicate(inner.where, names) }));
  runQuery(machine, frame, {
    row,
    operation: statement.operation,
    values: statement.values,
    valuesOpen: false,
    columns: statement.columns,
    joined,
    calls: undefined,
    client: clientOf(state, place),
    place,
  });
  const whole = wholeRow(machine, row);
  const facts = joined.map((inner): Fact => ({
    holds: { kind: 'row', row: inner },
    place,
    label: `joined '${inner.table}'`,
  }));
  // Any name of the select list may be a column or an expression over the rows.
  const element: Value = /^\s*(?:select|with)\b/i.test(text) ? { ...whole, fields: undefined } : whole;
  return { kind: 'list', element, rows: row, facts };
}

/**
 * Goes through what an object of values assigns, in its spreads and alternatives. True when the caller chooses what is
 * assigned: a part of it is no object that is known.
 */
export function eachAssigned(
  given: Value | undefined,
  see: (name: string, value: Value, from: 'object' | 'row') => void,
): boolean {
  let open = false;
  const walk = (part: Value): void => {
    switch (part.kind) {
      case 'object':
        for (const spread of part.spread) walk(spread);
        for (const [name, value] of part.fields) see(name, value, 'object');
        return;
      case 'row':
        for (const [name, value] of part.fields ?? []) see(name, value, 'row');
        return;
      case 'choice':
        for (const alternative of part.alternatives) walk(alternative.value);
        return;
      case 'constant':
        return;
      default:
        open = true;
    }
  };
  if (given !== undefined) walk(given);
  return open;
}
