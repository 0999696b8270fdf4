import { always, and, type Operator, type Predicate, type RowVariable, type Term } from '../../../core/predicate.ts';
import type { Operation } from '../../../core/path.ts';
import type { Place } from '../../../core/place.ts';
import { rowFact } from '../facts.ts';
import type { Call, Machine } from '../machine.ts';
import { alternativesOf, choose, compareTerms, lengthOf, termOf } from '../operations.ts';
import { renamePredicate, renameTerm } from '../rename.ts';
import { nullValue, objectOf, type Value } from '../value.ts';
import { clientOf, columnsOf, eachAssigned, eachOfSeveral, inValues, runQuery, type ClientState } from './queries.ts';

/** A table as a query that names tables and columns by text (Kysely, Knex) calls it. */
export interface Source {
  readonly alias: string;
  readonly table: string;
}

/** A joined table; a left join's row may be missing. */
export interface JoinedSource extends Source {
  readonly on: Predicate;
  readonly required: boolean;
}

/** A column that the result has, under a name. */
export interface Selected {
  readonly name: string;
  readonly value: Value;
}

/** A query that is being built. Columns in its predicates belong to markers until it runs: see `markerOf`. */
export interface Build {
  readonly operation: Operation;
  readonly state: ClientState;
  readonly sources: readonly Source[];
  readonly joins: readonly JoinedSource[];
  readonly where: Predicate;
  /** Absent means every column. */
  readonly selection: readonly Selected[] | undefined;
  readonly values: Value | undefined;
  /** A row that is there already is changed: `on conflict … do update`, `merge`. */
  readonly conflict: boolean;
  readonly returning: boolean;
  readonly place: Place;
}

/** A build that nothing was said of yet. */
export function startBuild(call: Call, state: ClientState, operation: Operation): Build {
  return {
    operation,
    state,
    sources: [],
    joins: [],
    where: always,
    selection: undefined,
    values: undefined,
    conflict: false,
    returning: false,
    place: call.machine.place(call.frame, call.at, call.end),
  };
}

/** The build with more of it, and the lines up to here. */
export function grown(call: Call, build: Build, change: Partial<Build>): Build {
  const endLine = Math.max(call.machine.place(call.frame, call.end).line, build.place.endLine ?? build.place.line);
  const { file, line } = build.place;
  return { ...build, place: endLine > line ? { file, line, endLine } : { file, line }, ...change };
}

/** Stands for the row of an alias until a query gives it a name. */
export function markerOf(alias: string): string {
  return `alias:${alias}`;
}

/** `person`, `person as p`, `"app"."person"`: the table with the name that the database has for it. */
export function sourceOf(machine: Machine, text: string): Source {
  const [, name = text, alias] = /^\s*(\S+)(?:\s+(?:as\s+)?(\S+))?\s*$/i.exec(text) ?? [];
  const bare = name.replaceAll(/["`]/g, '');
  const table = tableNamed(machine, bare.replace(/^public\./, ''));
  return { alias: (alias ?? bare).replaceAll(/["`]/g, ''), table };
}

/** Plugins write `teamMember` for `team_member`: the one of both that is there. */
function tableNamed(machine: Machine, name: string): string {
  if (columnsOf(machine, name) !== undefined) return name;
  const snake = snakeCase(name);
  return columnsOf(machine, snake) === undefined ? name : snake;
}

function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** The column that a text names: `id`, `p.id`, `app.person.id`. */
export function columnNamed(machine: Machine, sources: readonly Source[], text: string): Term {
  const bare = text.replaceAll(/["`]/g, '').trim();
  const dot = bare.lastIndexOf('.');
  const [alias, name] = dot === -1 ? [undefined, bare] : [bare.slice(0, dot), bare.slice(dot + 1)];
  const named =
    alias === undefined
      ? sources.find(source => hasColumn(machine, source.table, name))
      : sources.find(source => source.alias === alias || source.alias.endsWith(`.${alias}`) || source.table === alias);
  // An alias that is not here belongs to a query around this one.
  const holder = named?.alias ?? alias ?? sources[0]?.alias ?? '';
  return { kind: 'column', row: markerOf(holder), column: spelled(machine, named ?? sources[0], name) };
}

function hasColumn(machine: Machine, table: string, name: string): boolean {
  const columns = columnsOf(machine, table);
  return columns !== undefined && (columns.includes(name) || columns.includes(snakeCase(name)));
}

function spelled(machine: Machine, source: Source | undefined, name: string): string {
  const columns = source === undefined ? undefined : columnsOf(machine, source.table);
  if (columns === undefined || columns.includes(name)) return name;
  const snake = snakeCase(name);
  return columns.includes(snake) ? snake : name;
}

/** Every table that columns of a build can belong to. */
export function scopeOf(build: Build): readonly Source[] {
  return [...build.sources, ...build.joins];
}

const operators: Readonly<Record<string, Operator>> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  like: 'like',
  ilike: 'like',
  'is not distinct from': 'is-not-distinct-from',
  'is distinct from': 'is-distinct-from',
};

/** `column operator value`, as a query builder's `where` says it. */
export function comparison(machine: Machine, left: Term, operator: string, value: Value): Predicate {
  const name = operator.toLowerCase().trim();
  if (name === 'in' || name === 'not in') {
    const inside = inValues(machine, left, value);
    return name === 'in' ? inside : { kind: 'not', operand: inside };
  }
  if (name === 'is' || name === 'is not') {
    const isNull = value.kind === 'constant' && value.value === null;
    const same: Predicate = isNull
      ? { kind: 'is-null', term: left }
      : { kind: 'compare', operator: 'is-not-distinct-from', left, right: termOf(value) };
    return name === 'is' ? same : { kind: 'not', operand: same };
  }
  const known = operators[name];
  if (known === undefined) return always;
  return compareTerms(known, { kind: 'term', term: left, maybeUndefined: false }, value);
}

interface Placed {
  readonly row: RowVariable;
  readonly joined: readonly RowVariable[];
  readonly names: ReadonlyMap<string, string>;
}

/** Gives the rows of a build their names. */
function place(machine: Machine, build: Build, main: Source): Placed {
  const names = new Map<string, string>();
  const fresh = machine.newRow(main.table, always);
  names.set(markerOf(main.alias), fresh.name);
  const others = [...build.sources.slice(1).map(source => ({ ...source, on: always, required: true })), ...build.joins];
  const rows = others.map(source => {
    const row = machine.newRow(source.table, always);
    names.set(markerOf(source.alias), row.name);
    return row;
  });
  const row: RowVariable = { ...fresh, where: renamePredicate(build.where, names) };
  const joined = others.map((source, index): RowVariable => ({
    ...(rows[index] ?? fresh),
    where: renamePredicate(source.on, names),
    required: source.required,
  }));
  machine.rows.set(row.name, row);
  for (const inner of joined) machine.rows.set(inner.name, inner);
  return { row, joined, names };
}

/** A sub-query as a condition: there is such a row, and `extra` of what it selects holds. */
export function existsIn(machine: Machine, build: Build, extra: (selected: Term | undefined) => Predicate): Predicate {
  const [main] = build.sources;
  if (main === undefined) return { kind: 'opaque', reason: 'a sub-query without a table' };
  const { row, joined, names } = place(machine, build, main);
  const [first] = build.selection ?? [];
  const selected = first === undefined ? undefined : renameTerm(termOf(first.value), names);
  const others = joined
    .filter(inner => inner.required === true)
    .map((inner): Predicate => ({ kind: 'exists', row: inner }));
  return { kind: 'exists', row: { ...row, where: and([row.where, extra(selected), ...others]) } };
}

/** Runs a build. Gives the rows that it returns. */
export function settleBuild(call: Call, build: Build): Value {
  const { machine, frame } = call;
  const [main] = build.sources;
  if (main === undefined) {
    machine.gap('The table of a query was not found.', build.place);
    return machine.opaque(frame, call.at, 'the result of a query on an unknown table');
  }
  if (build.operation === 'insert') return settleInsert(call, build, main);
  const { row, joined, names } = place(machine, build, main);
  const { values, open } = assigned(machine, main, build.operation === 'update' ? build.values : undefined, names);
  const returns = build.operation === 'read' || build.returning;
  const element = elementOf(machine, build, main, row, joined, names);
  runQuery(machine, frame, {
    row,
    operation: build.operation,
    values,
    valuesOpen: open,
    columns: returns ? columnsRead(element, row.name) : [],
    joined,
    calls: undefined,
    client: clientOf(build.state, build.place),
    place: build.place,
  });
  const facts = joined
    .filter(inner => inner.required === true)
    .map(inner => rowFact(inner, build.place, `joined '${inner.table}'`));
  return { kind: 'list', element, rows: row, facts };
}

function settleInsert(call: Call, build: Build, main: Source): Value {
  const { machine, frame } = call;
  const given = build.values;
  const items =
    given === undefined ? [] : given.kind === 'array' ? given.items : given.kind === 'list' ? [given.element] : [given];
  let last: Value | undefined;
  for (const item of items.slice(0, 8)) {
    const fresh = machine.newRow(main.table, always);
    const names = new Map([[markerOf(main.alias), fresh.name]]);
    const { values, open } = assigned(machine, main, item, names);
    const where = and(
      values.flatMap(({ column, value }): readonly Predicate[] => {
        const left: Term = { kind: 'column', row: fresh.name, column };
        return [{ kind: 'compare', operator: '=', left, right: value }, ...eachOfSeveral('=', left, value)];
      }),
    );
    const row: RowVariable = { ...fresh, where };
    runQuery(machine, frame, {
      row,
      operation: 'insert',
      values,
      valuesOpen: open,
      columns: build.returning ? undefined : [],
      joined: [],
      calls: undefined,
      client: clientOf(build.state, build.place),
      place: build.place,
    });
    last = { kind: 'list', element: elementOf(machine, build, main, row, [], names), rows: row, facts: [] };
    if (build.conflict) changeExisting(call, build, main, values);
  }
  return last ?? machine.opaque(frame, call.at, 'the result of an insert');
}

/** The row that is there already is changed, whoever owns it: it has the key that was given. */
function changeExisting(
  call: Call,
  build: Build,
  main: Source,
  values: readonly { readonly column: string; readonly value: Term }[],
): void {
  const { machine, frame } = call;
  const keys = machine.database?.tables.find(table => table.name === main.table)?.uniqueKeys ?? [];
  const given = new Map(values.map(({ column, value }) => [column, value]));
  const key = keys.find(columns => columns.every(column => given.has(column)));
  if (key === undefined) return;
  const fresh = machine.newRow(main.table, always);
  const where = and(
    key.map((column): Predicate => ({
      kind: 'compare',
      operator: '=',
      left: { kind: 'column', row: fresh.name, column },
      right: given.get(column) ?? { kind: 'constant', value: null },
    })),
  );
  runQuery(machine, frame, {
    row: { ...fresh, where },
    operation: 'update',
    values,
    valuesOpen: false,
    columns: [],
    joined: [],
    calls: undefined,
    client: clientOf(build.state, build.place),
    place: build.place,
  });
}

function assigned(
  machine: Machine,
  main: Source,
  given: Value | undefined,
  names: ReadonlyMap<string, string>,
): { readonly values: readonly { readonly column: string; readonly value: Term }[]; readonly open: boolean } {
  const found = new Map<string, Term>();
  const open = eachAssigned(given, (name, value, from) => {
    if (from === 'row') found.set(spelled(machine, main, name), termOf(value));
    else if (value.kind !== 'constant' || value.value !== undefined)
      found.set(spelled(machine, main, name.slice(name.lastIndexOf('.') + 1)), renameTerm(termOf(value), names));
  });
  return { values: [...found].map(([column, value]) => ({ column, value })), open };
}

function elementOf(
  machine: Machine,
  build: Build,
  main: Source,
  row: RowVariable,
  joined: readonly RowVariable[],
  names: ReadonlyMap<string, string>,
): Value {
  const whole = (source: Source, holder: RowVariable): readonly (readonly [string, Value])[] =>
    (columnsOf(machine, source.table) ?? []).map(column => [
      column,
      { kind: 'term', term: { kind: 'column', row: holder.name, column }, maybeUndefined: false },
    ]);
  if (build.selection === undefined) {
    const others = build.operation === 'read' ? build.joins : [];
    const fields = [
      ...others.flatMap((source, index) => whole(source, joined[build.sources.length - 1 + index] ?? row)),
      ...whole(main, row),
    ];
    return fields.length === 0
      ? { kind: 'row', row, fields: undefined, columns: undefined }
      : { kind: 'row', row, fields: withSpellings(fields), columns: undefined };
  }
  const optional = new Map(joined.filter(inner => inner.required !== true).map(inner => [inner.name, inner]));
  const fields = build.selection.map(({ name, value }): readonly [string, Value] => {
    if (value.kind !== 'term') return [name, value];
    const term = renameTerm(value.term, names);
    const holder = term.kind === 'column' ? optional.get(term.row) : undefined;
    const read: Value = { kind: 'term', term, maybeUndefined: false };
    if (holder === undefined) return [name, read];
    return [
      name,
      choose([
        { value: read, facts: [rowFact(holder, build.place)] },
        { value: nullValue, facts: [] },
      ]),
    ];
  });
  const own = fields.flatMap(([, value]) =>
    value.kind === 'term' && value.term.kind === 'column' && value.term.row === row.name ? [value.term.column] : [],
  );
  return { kind: 'row', row, fields: withSpellings(fields), columns: own };
}

/** Plugins hand `team_id` out as `teamId`: either name reads the column. */
function withSpellings(fields: readonly (readonly [string, Value])[]): ReadonlyMap<string, Value> {
  const found = new Map(fields);
  for (const [name, value] of fields) {
    const camel = name.replaceAll(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
    if (!found.has(camel)) found.set(camel, value);
  }
  return found;
}

function columnsRead(element: Value, row: string): readonly string[] | undefined {
  if (element.kind !== 'row') return undefined;
  return element.row.name === row ? element.columns : undefined;
}

/** How many rows a change touched, or the rows it returns. */
export function changedRows(rows: Value): Value {
  if (rows.kind !== 'list') return rows;
  const count = lengthOf(rows);
  return objectOf({
    numUpdatedRows: count,
    numDeletedRows: count,
    numInsertedOrUpdatedRows: count,
    numChangedRows: count,
  });
}

/** The alternatives of a text: a table or column may be one of several constants. */
export function textsOf(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  const parts = value.kind === 'array' ? value.items : [value];
  return parts.flatMap(part =>
    alternativesOf(part).flatMap(({ value: inner }) =>
      inner.kind === 'constant' && typeof inner.value === 'string' ? [inner.value] : [],
    ),
  );
}
