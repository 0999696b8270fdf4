import {
  always,
  and,
  listHolds,
  or,
  type Operator,
  type Predicate,
  type RowVariable,
  type Term,
} from '../../../core/predicate.ts';
import type { Place } from '../../../core/place.ts';
import { presence, rowFact } from '../facts.ts';
import { predicateKey, predicateText, valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../machine.ts';
import { alternativesOf, choose, compareTerms, firstOf, lengthOf, termOf } from '../operations.ts';
import { renamePredicate, renameTerm } from '../rename.ts';
import { constant, nullValue, objectOf, present, undefinedValue, type RowValue, type Value } from '../value.ts';
import { noteGiven } from './given.ts';
import {
  clientOf,
  columnValue,
  inValues,
  runQuery,
  writtenRow,
  stateText,
  wholeRow,
  type ClientState,
  eachAssigned,
} from './queries.ts';
import { principal, signedIn } from './identity/principal.ts';

/** Stands for the row in filters until the query runs. */
const marker = '@';

type Shape = 'list' | 'single' | 'maybe-single' | 'none';

interface Build {
  readonly state: ClientState;
  readonly table: string;
  readonly operation: 'read' | 'insert' | 'update' | 'delete' | 'upsert';
  readonly selection: string | undefined;
  readonly where: readonly Predicate[];
  readonly values: Value | undefined;
  readonly conflict: string | undefined;
  readonly shape: Shape;
  readonly throws: boolean;
  readonly place: Place;
}

// Clients ------------------------------------------------------------------------------------------------------------

/** The role that a key stands for, by the name of its variable or by the role inside a literal token. */
function roleOfKey(key: Value | undefined, otherwise: ClientState['base']): ClientState['base'] {
  if (key === undefined) return otherwise;
  const names = alternativesOf(key).map(({ value }) =>
    value.kind === 'term' && value.term.kind === 'environment'
      ? value.term.name
      : value.kind === 'constant'
        ? literalRole(String(value.value))
        : '',
  );
  return names.some(name => /SERVICE|SECRET|ADMIN/i.test(name)) ? 'service' : otherwise;
}

function literalRole(token: string): string {
  if (token.startsWith('sb_secret_')) return 'SECRET';
  const payload = token.split('.')[1];
  return payload !== undefined && Buffer.from(payload, 'base64url').toString('utf8').includes('service_role')
    ? 'SERVICE'
    : '';
}

function connect(otherwise: ClientState['base']): Handler {
  return call => {
    const [, key, options] = call.arguments;
    const headers = options?.kind === 'object' ? options.fields.get('global') : undefined;
    const bears = headers !== undefined && valueKey(headers).includes('Authorization');
    const base = roleOfKey(key, bears ? 'authenticated' : otherwise);
    return supabaseClient({ kind: 'supabase', base, sqlRole: undefined, settings: [] });
  };
}

const helperClient: Handler = () =>
  supabaseClient({ kind: 'supabase', base: 'authenticated', sqlRole: undefined, settings: [] });

function supabaseClient(state: ClientState): Value {
  const native: NativeValue = {
    name: 'supabase client',
    key: `supabase ${stateText(state)}`,
    member: name => {
      if (name === 'auth') return authValue(state);
      return name === 'storage' ? storageValue(state) : undefined;
    },
    method: (name, call) => {
      const [first, second] = call.arguments;
      switch (name) {
        case 'from':
          return builderValue(start(call, state, tableName(first, undefined)));
        case 'schema':
          return schemaValue(state, first);
        case 'rpc':
          return callFunction(call, state, textOf(first) ?? 'unknown', second);
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

function schemaValue(state: ClientState, schema: Value | undefined): Value {
  const name = textOf(schema);
  return nativeValue({
    name: 'supabase schema',
    key: `supabase schema ${name ?? ''} ${stateText(state)}`,
    method: (method, call) => {
      if (method === 'from') return builderValue(start(call, state, tableName(call.arguments[0], name)));
      return method === 'rpc'
        ? callFunction(call, state, textOf(call.arguments[0]) ?? 'unknown', call.arguments[1])
        : undefined;
    },
  });
}

function tableName(value: Value | undefined, schema: string | undefined): string {
  const name = textOf(value) ?? 'unknown';
  return schema === undefined || schema === 'public' ? name : `${schema}.${name}`;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

// Authentication -------------------------------------------------------------------------------------------------------

function authValue(state: ClientState): Value {
  return nativeValue({
    name: 'supabase auth',
    key: `supabase auth ${stateText(state)}`,
    method: (name, call) => {
      switch (name) {
        case 'getUser':
          return answered(call, objectOf({ user: verifiedUser() }), objectOf({ user: nullValue }));
        case 'getClaims':
          return answered(call, objectOf({ claims: verifiedClaims() }), nullValue);
        case 'getSession':
          return unverifiedSession(call);
        default: {
          call.machine.emit(call.frame, {
            kind: 'call',
            library: '@supabase/supabase-js',
            callee: `supabase.auth.${name}`,
            arguments: call.arguments,
            place: call.machine.place(call.frame, call.at, call.end),
          });
          const unknown = call.machine.opaque(call.frame, call.at, `the answer of '${name}'`);
          return {
            kind: 'promise',
            value: objectOf({
              data: unknown,
              error: choose([
                { value: nullValue, facts: [] },
                { value: unknown, facts: [] },
              ]),
            }),
            facts: [],
          };
        }
      }
    },
    member: name => ({
      kind: 'external',
      library: '@supabase/supabase-js',
      path: `supabase.auth.${name}`,
      arguments: [],
    }),
  });
}

/** `{ data, error }` of a call that verifies who asks. */
function answered(call: Call, data: Value, nobody: Value): Value {
  const error = call.machine.opaque(call.frame, call.at, 'an error');
  return {
    kind: 'promise',
    value: choose([
      { value: objectOf({ data, error: nullValue }), facts: [signedIn(call)] },
      { value: objectOf({ data: nobody, error: objectOf({ message: error }) }), facts: [] },
    ]),
    facts: [],
  };
}

function verifiedUser(): Value {
  return {
    kind: 'object',
    fields: new Map<string, Value>([
      ['id', principal('user.id')],
      ['email', principal('user.email', true)],
      ['phone', principal('user.phone', true)],
      [
        'app_metadata',
        { kind: 'term', term: { kind: 'principal', attribute: 'claims.app_metadata' }, maybeUndefined: false },
      ],
      // Users write their own metadata: nothing in it is verified.
      ['user_metadata', present({ kind: 'client', path: 'user_metadata' })],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'user' }, maybeUndefined: false }],
  };
}

function verifiedClaims(): Value {
  return {
    kind: 'object',
    fields: new Map<string, Value>([
      ['sub', principal('user.id')],
      ['email', principal('user.email', true)],
      ['role', principal('claims.role', true)],
      [
        'app_metadata',
        { kind: 'term', term: { kind: 'principal', attribute: 'claims.app_metadata' }, maybeUndefined: false },
      ],
      ['user_metadata', present({ kind: 'client', path: 'user_metadata' })],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'claims' }, maybeUndefined: false }],
  };
}

/** What `getSession` found, as the caller sent it. */
const storedSession = 'cookie.session';

/** On the server `getSession` reads the cookie and verifies nothing: what it says is what the caller sent. */
function unverifiedSession(call: Call): Value {
  const term: Term = { kind: 'client', path: storedSession };
  call.machine.noteSource(call.frame, term, call.at);
  const sent = (path: string): Value => present({ kind: 'client', path: `${storedSession}.${path}` });
  const user: Value = {
    kind: 'object',
    fields: new Map([
      ['id', sent('user.id')],
      ['email', sent('user.email')],
    ]),
    spread: [sent('user')],
  };
  const place = call.machine.place(call.frame, call.at, call.end);
  const label = 'a session was in the cookie, which nothing verified';
  const session = choose([
    { value: objectOf({ user, access_token: sent('access_token') }), facts: presence(term, true, place, label) },
    { value: nullValue, facts: presence(term, false, place, label) },
  ]);
  return { kind: 'promise', value: objectOf({ data: objectOf({ session }), error: nullValue }), facts: [] };
}

// Queries ------------------------------------------------------------------------------------------------------------

function start(call: Call, state: ClientState, table: string): Build {
  return {
    state,
    table,
    operation: 'read',
    selection: undefined,
    where: [],
    values: undefined,
    conflict: undefined,
    shape: 'none',
    throws: false,
    place: call.machine.place(call.frame, call.at, call.end),
  };
}

function builderValue(build: Build): Value {
  const native: NativeValue = {
    name: 'supabase query',
    key: `supabase query ${build.place.file}:${build.place.line} ${build.operation} ${build.table} ${build.selection ?? ''} ${build.where.map(predicateKey).join('&')} ${build.values === undefined ? '' : valueKey(build.values)} ${build.shape} ${stateText(build.state)}`,
    method: (name, call) => method(build, name, call),
    settle: call => settle(call, build),
  };
  return nativeValue(native);
}

const comparisons: Readonly<Record<string, Operator>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'like',
};
const neutral: ReadonlySet<string> = new Set([
  'order',
  'limit',
  'range',
  'abortSignal',
  'returns',
  'overrideTypes',
  'explain',
  'rollback',
  'maxAffected',
]);

function method(build: Build, name: string, call: Call): Value | undefined {
  const [first, second, third] = call.arguments;
  const line = call.machine.place(call.frame, call.end).line;
  const place =
    line > (build.place.endLine ?? build.place.line)
      ? { file: build.place.file, line: build.place.line, endLine: line }
      : build.place;
  const grown = (change: Partial<Build>): Value => builderValue({ ...build, place, ...change });
  const filtered = (predicate: Predicate): Value => grown({ where: [...build.where, predicate] });
  const operator = comparisons[name];
  if (operator !== undefined && second !== undefined) return filtered(compare(build, operator, first, second));
  if (neutral.has(name)) return grown({});
  switch (name) {
    case 'select':
      return grown({ selection: textOf(first) ?? '*', shape: 'list' });
    case 'insert':
    case 'update':
      return grown({ operation: name, values: first });
    case 'upsert': {
      const option = second?.kind === 'object' ? second.fields.get('onConflict') : undefined;
      return grown({ operation: 'upsert', values: first, conflict: textOf(option) });
    }
    case 'delete':
      return grown({ operation: 'delete' });
    case 'single':
      return grown({ shape: 'single' });
    case 'maybeSingle':
      return grown({ shape: 'maybe-single' });
    case 'throwOnError':
      return grown({ throws: true });
    case 'is':
      return filtered(
        second?.kind === 'constant' && second.value === null
          ? { kind: 'is-null', term: columnOf(first) }
          : compare(build, '=', first, second ?? undefinedValue),
      );
    case 'in':
      return filtered(inValues(call.machine, columnOf(first), second ?? undefinedValue));
    case 'match':
      return filtered(
        and(
          first?.kind === 'object'
            ? [...first.fields].map(([column, value]) => compare(build, '=', constant(column), value))
            : [],
        ),
      );
    case 'not':
      return filtered({
        kind: 'not',
        operand: named(build, textOf(second) ?? '', first, third ?? undefinedValue, call),
      });
    case 'filter':
      return filtered(named(build, textOf(second) ?? '', first, third ?? undefinedValue, call));
    case 'or':
      return filtered(disjunction(build, first));
    case 'contains':
      return filtered(holdsItems(columnOf(first), second));
    case 'containedBy':
    case 'overlaps':
    case 'textSearch':
      // Narrows the rows further by something that ties nobody.
      return grown({});
    case 'then': {
      const value = settle(call, build);
      return { kind: 'promise', value, facts: [] };
    }
    case 'csv':
      return grown({ shape: 'list' });
    default:
      return undefined;
  }
}

/** `contains('member_ids', [user.id])`; anything else narrows the rows by something that ties nobody. */
function holdsItems(column: Term, items: Value | undefined): Predicate {
  return items?.kind === 'array' ? and(items.items.map(item => listHolds(column, termOf(item)))) : always;
}

function columnOf(value: Value | undefined): Term {
  const name = textOf(value);
  return name === undefined
    ? { kind: 'opaque', id: 'column', reason: 'a column chosen at run time' }
    : columnNamed(name);
}

/** `boats.workspace_id` is a column of an embedded row. */
function columnNamed(name: string): Term {
  const dot = name.indexOf('.');
  return dot < 0
    ? { kind: 'column', row: marker, column: name }
    : { kind: 'column', row: `${marker}${name.slice(0, dot)}`, column: name.slice(dot + 1) };
}

function compare(_build: Build, operator: Operator, column: Value | undefined, value: Value): Predicate {
  return compareTerms(operator, { kind: 'term', term: columnOf(column), maybeUndefined: false }, value);
}

function named(build: Build, operator: string, column: Value | undefined, value: Value, call: Call): Predicate {
  if (operator === 'is') return { kind: 'is-null', term: columnOf(column) };
  if (operator === 'in') return inValues(call.machine, columnOf(column), value);
  const known = comparisons[operator];
  return known === undefined ? { kind: 'true' } : compare(build, known, column, value);
}

const hole = '\u0001';

/** `or('a.eq.1,b.ilike.%x%')`. Text from the caller in it lets the caller write any condition. */
function disjunction(build: Build, value: Value | undefined): Predicate {
  if (value === undefined) return { kind: 'true' };
  const holes: Term[] = [];
  let text = '';
  const parts: readonly Term[] =
    value.kind === 'constant'
      ? [{ kind: 'constant', value: String(value.value) }]
      : value.kind === 'term' && value.term.kind === 'call' && value.term.name === 'concat'
        ? value.term.arguments
        : [termOf(value)];
  for (const part of parts) {
    if (part.kind === 'constant') text += String(part.value);
    else {
      holes.push(part);
      text += `${hole}${holes.length - 1}${hole}`;
    }
  }
  if (holes.some(isChosen)) return { kind: 'true' };
  return or(splitTop(text).map(item => oneOf(build, item, holes)));
}

function isChosen(term: Term): boolean {
  return (
    term.kind === 'client' ||
    term.kind === 'tool-argument' ||
    term.kind === 'opaque' ||
    (term.kind === 'call' && term.arguments.some(isChosen))
  );
}

function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(current);
      current = '';
    } else current += character;
  }
  return [...parts, current].filter(part => part.trim() !== '');
}

function oneOf(build: Build, text: string, holes: readonly Term[]): Predicate {
  const group = /^\s*(and|or)\((.*)\)\s*$/s.exec(text);
  if (group !== null) {
    const inner = splitTop(group[2] ?? '').map(item => oneOf(build, item, holes));
    return group[1] === 'and' ? and(inner) : or(inner);
  }
  const [, column = '', operator = '', value = ''] =
    /^\s*([\w.]+?)\.(eq|neq|gt|gte|lt|lte|like|ilike|is|in)\.(.*)$/s.exec(text) ?? [];
  const filled = new RegExp(`^${hole}(\\d+)${hole}$`).exec(value.trim());
  const term: Term =
    filled === null ? { kind: 'constant', value } : (holes[Number(filled[1])] ?? { kind: 'constant', value });
  if (operator === 'is') return { kind: 'is-null', term: columnNamed(column) };
  const known = comparisons[operator];
  if (known === undefined) return { kind: 'true' };
  return { kind: 'compare', operator: known, left: columnNamed(column), right: term };
}

// Selection ----------------------------------------------------------------------------------------------------------

interface Selected {
  readonly alias: string;
  readonly name: string;
  readonly inner: boolean;
  readonly hint: string | undefined;
  /** Present for an embedded table. */
  readonly of: readonly Selected[] | undefined;
}

/** `id, owner:profiles!owner_id(name), lines(*)` */
function parseSelection(text: string): readonly Selected[] {
  return splitTop(text.replaceAll(/\s+/g, ' ')).map((part): Selected => {
    const item = part.trim();
    const embedded = /^(?:([\w-]+)\s*:\s*)?(?:\.\.\.)?([\w.]+)((?:![\w]+)*)\s*\((.*)\)$/s.exec(item);
    if (embedded !== null) {
      const hints = (embedded[3] ?? '').split('!').filter(hint => hint !== '');
      const name = embedded[2] ?? '';
      return {
        alias: embedded[1] ?? name,
        name,
        inner: hints.includes('inner'),
        hint: hints.find(hint => hint !== 'inner' && hint !== 'left'),
        of: parseSelection(embedded[4] ?? ''),
      };
    }
    const [alias = item, name] = item.split(':');
    const column = (name ?? alias)
      .replace(/::.*$/, '')
      .replace(/->.*$/, '')
      .replace(/\.\w+\(\)$/, '')
      .trim();
    return { alias: alias.trim().replace(/::.*$/, ''), name: column, inner: false, hint: undefined, of: undefined };
  });
}

interface Embedding {
  readonly many: boolean;
  readonly table: string;
  readonly column: string;
  readonly referenced: string;
}

/** How an embedded table hangs together with its parent: by the foreign keys between them. */
function embeddingOf(machine: Machine, table: string, selected: Selected): Embedding | undefined {
  const tables = machine.database?.tables ?? [];
  const nameOf = (known: { readonly schema: string; readonly name: string }): string =>
    known.schema === 'public' ? known.name : `${known.schema}.${known.name}`;
  const own = tables.find(known => nameOf(known) === table);
  // The name may be the referenced table, the key's column, or the constraint.
  const forward = own?.foreignKeys.find(
    key =>
      (key.table === selected.name || key.columns[0] === selected.name || key.name === selected.name) &&
      (selected.hint === undefined || key.name === selected.hint || key.columns[0] === selected.hint),
  );
  if (forward !== undefined)
    return {
      many: false,
      table: forward.table,
      column: forward.columns[0] ?? '',
      referenced: forward.referencedColumns[0] ?? '',
    };
  const other = tables.find(known => nameOf(known) === selected.name);
  const backward = other?.foreignKeys.find(
    key =>
      key.table === table &&
      (selected.hint === undefined || key.name === selected.hint || key.columns[0] === selected.hint),
  );
  if (backward === undefined) return undefined;
  return {
    many: true,
    table: selected.name,
    column: backward.referencedColumns[0] ?? '',
    referenced: backward.columns[0] ?? '',
  };
}

function rowOf(
  machine: Machine,
  row: RowVariable,
  selection: readonly Selected[],
  joined: { readonly row: RowVariable; readonly alias: string; readonly inner: boolean }[],
  place: Place,
  depth = 0,
): RowValue {
  const fields = new Map<string, Value>();
  const columns: string[] = [];
  let all = false;
  for (const selected of selection) {
    if (selected.of === undefined) {
      if (selected.name === '*') {
        all = true;
        const whole = wholeRow(machine, row);
        for (const [name, value] of whole.fields ?? []) fields.set(name, value);
      } else if (selected.name !== 'count') {
        columns.push(selected.name);
        fields.set(selected.alias, columnValue(row.name, selected.name));
      }
      continue;
    }
    const embedding = embeddingOf(machine, row.table, selected);
    const table = embedding?.table ?? selected.name;
    const fresh = machine.newRow(table, { kind: 'true' });
    const where: Predicate =
      embedding === undefined
        ? { kind: 'opaque', reason: `how '${table}' belongs to '${row.table}'` }
        : {
            kind: 'compare',
            operator: '=',
            left: { kind: 'column', row: fresh.name, column: embedding.referenced },
            right: { kind: 'column', row: row.name, column: embedding.column },
          };
    const inner: RowVariable = { ...fresh, where };
    machine.rows.set(inner.name, inner);
    joined.push({ row: inner, alias: selected.alias, inner: selected.inner });
    const value = depth > 4 ? wholeRow(machine, inner) : rowOf(machine, inner, selected.of, joined, place, depth + 1);
    if (embedding?.many === true) fields.set(selected.alias, { kind: 'list', element: value, rows: inner, facts: [] });
    else
      fields.set(
        selected.alias,
        selected.inner
          ? value
          : choose([
              { value, facts: [rowFact(inner, place)] },
              { value: nullValue, facts: [] },
            ]),
      );
  }
  const unknown = all && wholeRow(machine, row).fields === undefined;
  return {
    kind: 'row',
    row,
    fields: unknown && fields.size === 0 ? undefined : fields,
    columns: all ? undefined : columns,
  };
}

// Running ------------------------------------------------------------------------------------------------------------

function settle(call: Call, build: Build): Value {
  const { machine, frame } = call;
  const client = clientOf(build.state, build.place);
  if (build.operation === 'insert' || build.operation === 'upsert') return settleInsert(call, build);
  const fresh = machine.newRow(build.table, { kind: 'true' });
  const joined: { row: RowVariable; alias: string; inner: boolean }[] = [];
  const selection = build.selection === undefined ? [] : parseSelection(build.selection);
  const draftRow = rowOf(machine, fresh, selection, joined, build.place);
  const names = new Map([
    [marker, fresh.name],
    ...joined.map(({ row, alias }): [string, string] => [`${marker}${alias}`, row.name]),
  ]);
  const filters = build.where.map(predicate => renamePredicate(predicate, names));
  const own = filters.filter(predicate => !joined.some(({ row }) => predicateText(predicate).includes(`${row.name}.`)));
  const about = (row: RowVariable): readonly Predicate[] =>
    filters.filter(predicate => predicateText(predicate).includes(`${row.name}.`));
  const embedded = joined.map(({ row, inner }): RowVariable => ({
    ...row,
    where: and([row.where, ...about(row)]),
    ...(inner ? { required: true } : {}),
  }));
  const row: RowVariable = { ...fresh, where: and(own) };
  const { values, open } = assigned(build.operation === 'update' ? build.values : undefined);
  if (build.operation === 'update')
    noteGiven(machine, frame, { part: 'data', table: build.table, value: build.values, place: build.place });
  runQuery(machine, frame, {
    row,
    operation: build.operation,
    values: values.map(({ column, value }) => ({ column, value: renameTerm(value, names) })),
    valuesOpen: open,
    columns: build.operation !== 'read' && build.selection === undefined ? [] : draftRow.columns,
    joined: embedded,
    nested: true,
    calls: undefined,
    client,
    place: build.place,
  });
  return result(call, build, { ...draftRow, row });
}

function assigned(value: Value | undefined): {
  readonly values: { column: string; value: Term }[];
  readonly open: boolean;
} {
  const found = new Map<string, Term>();
  let everything = false;
  const unknown = eachAssigned(value, (column, field, from) => {
    if (from === 'object' && column === '*') everything = true;
    else if (from === 'row' || field.kind !== 'constant' || field.value !== undefined) found.set(column, termOf(field));
  });
  return { values: [...found].map(([column, term]) => ({ column, value: term })), open: everything || unknown };
}

function settleInsert(call: Call, build: Build): Value {
  const { machine, frame } = call;
  const given = build.values;
  const items =
    given === undefined ? [] : given.kind === 'array' ? given.items : given.kind === 'list' ? [given.element] : [given];
  noteGiven(machine, frame, { part: 'data', table: build.table, value: given, place: build.place });
  let last: RowVariable | undefined;
  for (const item of items.slice(0, 8)) {
    const fresh = machine.newRow(build.table, { kind: 'true' });
    const { values, open } = assigned(item);
    const row = writtenRow(fresh, values, build.operation === 'insert');
    last = row;
    const base = {
      valuesOpen: open,
      joined: [],
      calls: undefined,
      client: clientOf(build.state, build.place),
      place: build.place,
    };
    runQuery(machine, frame, {
      ...base,
      row,
      operation: 'insert',
      values,
      columns: build.selection === undefined ? [] : undefined,
    });
    if (build.operation === 'upsert') {
      const key = machine.database?.tables.find(table => table.name === build.table)?.primaryKey ?? ['id'];
      const columns = build.conflict?.split(',').map(column => column.trim()) ?? key;
      const existing = machine.newRow(build.table, { kind: 'true' });
      const keys = columns.flatMap((column): Predicate[] => {
        const value = values.find(candidate => candidate.column === column)?.value;
        return value === undefined
          ? []
          : [{ kind: 'compare', operator: '=', left: { kind: 'column', row: existing.name, column }, right: value }];
      });
      // Without a value for its key the row is always new.
      if (keys.length === columns.length)
        runQuery(machine, frame, {
          ...base,
          row: { ...existing, where: and(keys) },
          operation: 'update',
          values,
          columns: [],
        });
    }
  }
  if (last === undefined) return machine.opaque(frame, call.at, 'the result of an insert');
  const selection = build.selection === undefined ? [] : parseSelection(build.selection);
  const joined: { row: RowVariable; alias: string; inner: boolean }[] = [];
  return result(call, build, { ...rowOf(machine, last, selection, joined, build.place), row: last });
}

/** `{ data, error, count }`. */
function result(call: Call, build: Build, row: RowValue): Value {
  const { machine, frame } = call;
  const list: Extract<Value, { kind: 'list' }> = { kind: 'list', element: row, rows: row.row, facts: [] };
  const failure = objectOf({
    message: machine.opaque(frame, call.at, 'the message of an error'),
    code: machine.opaque(frame, call.at, 'the code of an error'),
  });
  const maybeError = build.throws
    ? nullValue
    : choose([
        { value: nullValue, facts: [] },
        { value: failure, facts: [] },
      ]);
  const count = lengthOf(list);
  switch (build.shape) {
    case 'none':
      return objectOf({ data: nullValue, error: maybeError, count });
    case 'list':
      return objectOf({ data: list, error: maybeError, count });
    case 'maybe-single': {
      const found = alternativesOf(firstOf(list, build.place)).map(({ value, facts }) => ({
        value: value.kind === 'constant' ? nullValue : value,
        facts,
      }));
      return objectOf({ data: choose(found), error: maybeError, count });
    }
    case 'single': {
      const [there, absent] = alternativesOf(firstOf(list, build.place));
      return choose([
        { value: objectOf({ data: there?.value ?? row, error: nullValue, count }), facts: there?.facts ?? [] },
        { value: objectOf({ data: nullValue, error: failure, count }), facts: absent?.facts ?? [] },
      ]);
    }
  }
}

function callFunction(call: Call, state: ClientState, name: string, given: Value | undefined): Value {
  const { machine } = call;
  const place = machine.place(call.frame, call.at, call.end);
  const values =
    given?.kind === 'object'
      ? [...given.fields].map(([argument, value]) => ({ name: argument, value: termOf(value) }))
      : [];
  const run = (inner: Call): Value => {
    const row = machine.newRow(name, { kind: 'true' });
    runQuery(inner.machine, inner.frame, {
      row,
      operation: 'read',
      values: [],
      valuesOpen: false,
      columns: undefined,
      joined: [],
      calls: { function: name, arguments: values },
      client: clientOf(state, place),
      place,
    });
    const element: Value = { kind: 'row', row, fields: undefined, columns: undefined };
    const failure = objectOf({ message: machine.opaque(inner.frame, inner.at, 'the message of an error') });
    const list: Value = { kind: 'list', element, rows: row, facts: [] };
    return objectOf({
      data: list,
      error: choose([
        { value: nullValue, facts: [] },
        { value: failure, facts: [] },
      ]),
      count: lengthOf(list),
    });
  };
  const native: NativeValue = {
    name: 'supabase function call',
    key: `rpc ${place.file}:${place.line} ${name} ${given === undefined ? '' : valueKey(given)} ${stateText(state)}`,
    method: () => nativeValue(native),
    settle: run,
  };
  return nativeValue(native);
}

// Storage ------------------------------------------------------------------------------------------------------------

function storageValue(state: ClientState): Value {
  return nativeValue({
    name: 'supabase storage',
    key: `supabase storage ${stateText(state)}`,
    method: (name, call) => (name === 'from' ? bucketValue(state, call.arguments[0] ?? undefinedValue) : undefined),
  });
}

const storageOperations: Readonly<Record<string, 'read' | 'insert' | 'update' | 'delete'>> = {
  createSignedUrl: 'read',
  createSignedUrls: 'read',
  download: 'read',
  list: 'read',
  info: 'read',
  exists: 'read',
  upload: 'insert',
  createSignedUploadUrl: 'insert',
  uploadToSignedUrl: 'insert',
  update: 'update',
  move: 'update',
  copy: 'read',
  remove: 'delete',
};

function bucketValue(state: ClientState, bucket: Value): Value {
  return nativeValue({
    name: 'supabase bucket',
    key: `bucket ${valueKey(bucket)} ${stateText(state)}`,
    method: (name, call) => {
      if (name === 'getPublicUrl')
        return objectOf({ data: objectOf({ publicUrl: call.arguments[0] ?? undefinedValue }) });
      const operation = storageOperations[name];
      if (operation === undefined) return undefined;
      return { kind: 'promise', value: storageCall(call, state, bucket, operation, name), facts: [] };
    },
  });
}

function storageCall(
  call: Call,
  state: ClientState,
  bucket: Value,
  operation: 'read' | 'insert' | 'update' | 'delete',
  name: string,
): Value {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at, call.end);
  const fresh = machine.newRow('storage.objects', { kind: 'true' });
  const column = (text: string): Term => ({ kind: 'column', row: fresh.name, column: text });
  const [path = undefinedValue] = call.arguments;
  const named_ =
    name === 'list'
      ? compareTerms('like', { kind: 'term', term: column('name'), maybeUndefined: false }, path)
      : inValues(machine, column('name'), path);
  const isBucket: Predicate = { kind: 'compare', operator: '=', left: column('bucket_id'), right: termOf(bucket) };
  const where = and([isBucket, named_]);
  const values =
    operation === 'insert'
      ? [
          { column: 'bucket_id', value: termOf(bucket) },
          { column: 'name', value: termOf(path) },
        ]
      : [];
  const row: RowVariable = { ...fresh, where };
  runQuery(machine, frame, {
    row,
    operation,
    values,
    valuesOpen: false,
    columns: undefined,
    joined: [],
    calls: undefined,
    client: { ...clientOf(state, place), kind: 'storage' },
    place,
  });
  const object: Value = { kind: 'row', row, fields: undefined, columns: undefined };
  const failure = objectOf({ message: machine.opaque(frame, call.at, 'the message of an error') });
  const url: Value = {
    kind: 'term',
    term: { kind: 'call', name: 'url', arguments: [{ kind: 'column', row: row.name, column: 'name' }] },
    maybeUndefined: false,
  };
  const data: Value =
    name === 'list'
      ? { kind: 'list', element: object, rows: row, facts: [] }
      : name.startsWith('createSigned')
        ? objectOf({ signedUrl: url, signedURL: url, path: url, token: url })
        : object;
  return choose([
    { value: objectOf({ data, error: nullValue }), facts: [] },
    { value: objectOf({ data: nullValue, error: failure }), facts: [] },
  ]);
}

/** Supabase's clients: what each may do follows from its key. */
export const supabaseHandlers: Readonly<Record<string, Handler>> = {
  '@supabase/supabase-js#createClient': connect('anon'),
  '@supabase/ssr#createServerClient': connect('authenticated'),
  '@supabase/ssr#createBrowserClient': connect('authenticated'),
  '@supabase/auth-helpers-nextjs#createRouteHandlerClient': helperClient,
  '@supabase/auth-helpers-nextjs#createServerComponentClient': helperClient,
  '@supabase/auth-helpers-nextjs#createServerActionClient': helperClient,
  '@supabase/auth-helpers-nextjs#createMiddlewareClient': helperClient,
};
