import type { Table, View } from '../../model/database/types.ts';
import { aliasOf, columnFields, functionName, list, record, text, unwrap, type SqlNode } from '../sql-tree.ts';
import { findFunction } from './calls.ts';
import { bindTable, type Arm, type Binding, type Encoder, type Scope } from './encoder.ts';
import { elementOf, equal, unknown, unknownTruth } from './expression.ts';
import {
  alternativesOf,
  asTruth,
  both,
  choice,
  exists,
  negate,
  nothing,
  within,
  yes,
  type Truth,
  type Value,
} from './value.ts';
import type { Variable } from './formula.ts';
import { parseSql } from '../sql.ts';
import { tableNamed, viewNamed } from '../named.ts';

const maximumArms = 16;
const aggregateNames =
  /^(count|sum|avg|max|min|bool_or|bool_and|every|array_agg|json_agg|jsonb_agg|string_agg|json_object_agg|jsonb_object_agg|any_value)$/;

/** The rows of a query, one arm for each of the ways in which a row comes about. */
export function selectArms(encoder: Encoder, body: SqlNode, outer: Scope): readonly Arm[] {
  const scope = withNamedQueries(encoder, body, outer);
  const [left, right] = [body['larg'], body['rarg']];
  if (left !== undefined && right !== undefined) {
    const arms = [...encoder.select(record(left), scope), ...encoder.select(record(right), scope)];
    // Without EXCEPT there are more rows; which of them are left is not followed.
    return body['op'] === 'SETOP_UNION'
      ? arms
      : encoder.select(record(left), scope).map(arm => doubtful(encoder, arm, scope, 'a set operation'));
  }
  const values = list(body['valuesLists']);
  if (values.length > 0) return values.map(row => valuesArm(encoder, record(row), scope));
  const sources = list(body['fromClause']).reduce<readonly Source[]>(
    (sofar, item) =>
      sofar
        .flatMap(before => extend(before, fromItem(encoder, record(item), scoped(scope, before))))
        .slice(0, maximumArms),
    [{ variables: [], condition: yes, bindings: [], rows: [] }],
  );
  const limited = isCut(body);
  return sources.map(source => {
    const arm = finish(encoder, body, scope, source);
    return limited ? doubtful(encoder, arm, scope, 'a limit') : arm;
  });
}

/** OFFSET, HAVING and LIMIT 0 leave rows out. */
function isCut(body: SqlNode): boolean {
  const limit = record(record(record(body['limitCount'])['A_Const'])['ival'])['ival'];
  const hasLimit = body['limitCount'] !== undefined && record(body['limitCount'])['A_Const'] === undefined;
  const none =
    body['limitCount'] !== undefined &&
    !hasLimit &&
    limit === undefined &&
    record(record(body['limitCount'])['A_Const'])['isnull'] !== true;
  return body['limitOffset'] !== undefined || body['havingClause'] !== undefined || hasLimit || none;
}

/** The row may be there or not. */
function doubtful(encoder: Encoder, arm: Arm, scope: Scope, reason: string): Arm {
  const inner = { ...scope, variables: [...scope.variables, ...arm.variables] };
  return { ...arm, condition: both([arm.condition, unknownTruth(encoder, reason, inner)]) };
}

interface Source {
  readonly variables: readonly Variable[];
  readonly condition: Truth;
  readonly bindings: readonly Binding[];
  readonly rows: Arm['rows'];
}

function extend(before: Source, next: readonly Source[]): readonly Source[] {
  return next.map(source => ({
    variables: [...before.variables, ...source.variables],
    condition: both([before.condition, source.condition]),
    bindings: [...before.bindings, ...source.bindings],
    rows: [...before.rows, ...source.rows],
  }));
}

function scoped(scope: Scope, source: Pick<Source, 'bindings' | 'variables'>): Scope {
  return {
    ...scope,
    bindings: [...scope.bindings, ...source.bindings],
    variables: [...scope.variables, ...source.variables],
  };
}

function finish(encoder: Encoder, body: SqlNode, scope: Scope, source: Source): Arm {
  const inner = scoped(scope, source);
  const where =
    body['whereClause'] === undefined ? yes : asTruth(encoder.expression(record(body['whereClause']), inner));
  const condition = both([source.condition, where]);
  const targets = list(body['targetList']).map(target => record(record(target)['ResTarget']));
  const aggregate =
    list(body['groupClause']).length === 0 && targets.some(target => isAggregate(record(target['val'])));
  const shown = targets.flatMap(target => shownBy(encoder, target, inner, source, condition));
  const below = { variables: source.variables, condition, rows: source.rows };
  if (!aggregate) {
    // Of a group one row's values are not the aggregate's.
    const grouped = shown.map((target, index) =>
      isAggregate(record(targets[index]?.['val']))
        ? { ...target, value: unknown(encoder, 'an aggregate of a group', inner) }
        : target,
    );
    return { variables: source.variables, condition, targets: grouped, rows: source.rows, below };
  }
  // One row, whatever there is.
  const closed = shown.map(({ name, value }, index) => ({
    name,
    value: aggregated(encoder, record(targets[index]?.['val']), value, source.variables, condition, scope),
  }));
  return { variables: [], condition: yes, targets: closed, rows: [], below };
}

/** An aggregate's value: of `max` and the like one of the rows', null where there are none. */
function aggregated(
  encoder: Encoder,
  node: SqlNode,
  value: Value,
  variables: readonly Variable[],
  condition: Truth,
  scope: Scope,
): Value {
  const name = functionName(record(node['FuncCall']));
  if (name === 'count' && value.kind === 'choice' && value.alternatives[0]?.scalar.counts !== undefined) return value;
  if (record(node['FuncCall'])['agg_filter'] !== undefined || !/^(max|min|any_value)$/.test(name))
    return unknown(encoder, `the aggregate ${name}`, scope);
  const none = exists(variables, condition).f;
  return {
    kind: 'choice',
    alternatives: [
      ...within(alternativesOf(value), variables, condition.t),
      ...(none === 'false'
        ? []
        : [{ variables: [], when: none, scalar: nothing(alternativesOf(value)[0]?.scalar.type) }]),
    ],
  };
}

/** Whether an aggregate of this query stands in the expression: those of its sub-queries are their own. */
function isAggregate(node: SqlNode): boolean {
  return Object.entries(node).some(([kind, value]) => {
    if (kind === 'SubLink') return false;
    const body = record(value);
    if (
      kind === 'FuncCall' &&
      body['over'] === undefined &&
      (body['agg_star'] === true || aggregateNames.test(functionName(body)))
    )
      return true;
    return Array.isArray(value) ? value.some(part => isAggregate(record(part))) : isAggregate(body);
  });
}

function shownBy(encoder: Encoder, target: SqlNode, scope: Scope, source: Source, condition: Truth): Arm['targets'] {
  const value = record(target['val']);
  const fields = columnFields(value);
  const qualifier = record(value['ColumnRef'])['fields'];
  if (fields === 'all') {
    const alias = text(record(record(list(qualifier)[0])['String'])['sval']);
    return source.bindings
      .filter(binding => list(qualifier).length < 2 || binding.alias === alias)
      .flatMap(binding => binding.columns.map(name => ({ name, value: binding.get(name) ?? choice(nothing()) })));
  }
  const name =
    text(target['name']) || (fields?.at(-1) ?? functionName(record(value['FuncCall'])).split('.').at(-1) ?? '');
  const call = record(value['FuncCall']);
  if (functionName(call) === 'count' && call['over'] === undefined && call['agg_filter'] === undefined)
    return [{ name, value: countOf(encoder, scope, source, condition) }];
  return [{ name, value: encoder.expression(value, scope) }];
}

/** How many rows there are: never null. */
function countOf(encoder: Encoder, scope: Scope, source: Source, condition: Truth): Value {
  const outer = scope.variables.slice(0, scope.variables.length - source.variables.length);
  const term = encoder.vocabulary.opaque('a count', outer);
  return choice({ term, isNull: 'false', type: 'integer', counts: exists(source.variables, condition) });
}

function valuesArm(encoder: Encoder, row: SqlNode, scope: Scope): Arm {
  const items = list(record(row['List'])['items']);
  return {
    variables: [],
    condition: yes,
    targets: items.map((item, index) => ({
      name: `column${index + 1}`,
      value: encoder.expression(record(item), scope),
    })),
    rows: [],
    below: { variables: [], condition: yes, rows: [] },
  };
}

function withNamedQueries(encoder: Encoder, body: SqlNode, scope: Scope): Scope {
  const named = record(body['withClause']);
  if (named['ctes'] === undefined) return scope;
  return list(named['ctes']).reduce<Scope>((inner, entry) => {
    const cte = record(record(entry)['CommonTableExpr']);
    const query = record(record(cte['ctequery'])['SelectStmt']);
    if (named['recursive'] === true || Object.keys(query).length === 0) return inner;
    const names = list(cte['aliascolnames']).map(name => text(record(record(name)['String'])['sval']));
    const rows = (): readonly Arm[] => renamed(encoder.select(query, inner), names);
    return { ...inner, queries: new Map([...inner.queries, [text(cte['ctename']), rows]]) };
  }, scope);
}

function renamed(arms: readonly Arm[], names: readonly string[]): readonly Arm[] {
  if (names.length === 0) return arms;
  return arms.map(arm => ({
    ...arm,
    targets: arm.targets.map((target, index) => ({ ...target, name: names[index] ?? target.name })),
  }));
}

function fromItem(encoder: Encoder, item: SqlNode, scope: Scope): readonly Source[] {
  const [kind, body] = unwrap(item);
  switch (kind) {
    case 'RangeVar':
      return relation(encoder, body, scope);
    case 'RangeSubselect': {
      const select = record(record(body['subquery'])['SelectStmt']);
      return derived(renamed(encoder.select(select, scope), aliasColumns(body)), aliasOf(body));
    }
    case 'RangeFunction':
      return fromFunction(encoder, body, scope);
    case 'JoinExpr':
      return join(encoder, body, scope);
    default:
      return doubtfulSource(encoder, `a ${kind} in FROM`, scope);
  }
}

function aliasColumns(body: SqlNode): readonly string[] {
  return list(record(body['alias'])['colnames']).map(name => text(record(record(name)['String'])['sval']));
}

function doubtfulSource(encoder: Encoder, reason: string, scope: Scope): readonly Source[] {
  const binding: Binding = { alias: '', columns: [], get: () => undefined };
  return [{ variables: [], condition: unknownTruth(encoder, reason, scope), bindings: [binding], rows: [] }];
}

/** The rows of a query under a name. */
function derived(arms: readonly Arm[], alias: string): readonly Source[] {
  return arms.map(arm => ({
    variables: arm.variables,
    condition: arm.condition,
    rows: arm.rows,
    bindings: [
      {
        alias,
        columns: arm.targets.map(target => target.name),
        get: name => arm.targets.find(target => target.name === name)?.value,
      },
    ],
  }));
}

function relation(encoder: Encoder, range: SqlNode, scope: Scope): readonly Source[] {
  const alias = aliasOf(range);
  const schema = text(range['schemaname']);
  const name = text(range['relname']);
  const query = schema === '' ? scope.queries.get(name) : undefined;
  // Named twice, it ranges over different rows.
  if (query !== undefined) return derived(query(), alias);
  const found = findRelation(encoder, schema, name, scope);
  if (found?.table !== undefined) return tableSource(encoder, found.table, alias, scope);
  if (found?.view !== undefined) return viewSource(encoder, found.view, alias, scope);
  return doubtfulSource(encoder, `the relation '${name}'`, scope);
}

function tableSource(encoder: Encoder, table: Table, alias: string, scope: Scope): readonly Source[] {
  const row = encoder.vocabulary.row(table.name);
  const inner = { ...scope, variables: [...scope.variables, row] };
  return [
    {
      variables: [row],
      condition: encoder.visible(table, row.name, inner),
      bindings: [bindTable(encoder, table, row.name, alias)],
      rows: [{ table: table.name, row: row.name }],
    },
  ];
}

function findRelation(
  { vocabulary: { database } }: Encoder,
  schema: string,
  name: string,
  scope: Scope,
): { readonly table?: Table; readonly view?: View } | undefined {
  const schemas = schema === '' ? scope.searchPath : [schema];
  for (const candidate of schemas.map(prefix => (prefix === 'public' ? name : `${prefix}.${name}`))) {
    const table = tableNamed(database, candidate);
    if (table !== undefined) return { table };
    const view = viewNamed(database, candidate);
    if (view !== undefined) return { view };
  }
  return undefined;
}

/** A view reads with its owner's rights, or with the caller's. https://www.postgresql.org/docs/18/sql-createview.html */
function viewSource(encoder: Encoder, view: View, alias: string, scope: Scope): readonly Source[] {
  const trail = [...scope.trail, view.name];
  if (scope.trail.includes(view.name) || trail.length > 8)
    return doubtfulSource(encoder, `the view '${view.name}'`, scope);
  return derived(encoder.select(viewQuery(view), viewScope(encoder, view, { ...scope, trail })), alias);
}

/** The query of a view. */
export function viewQuery(view: View): SqlNode {
  return record(record(parseSql(view.definition)[0])['SelectStmt']);
}

/** The scope of a view's query: nothing of the query around it. */
export function viewScope(encoder: Encoder, view: View, scope: Scope): Scope {
  const role = view.securityInvoker ? scope.role : rightsOf(encoder, view.owner);
  return {
    ...scope,
    bindings: [],
    named: new Map(),
    positional: [],
    queries: new Map(),
    role,
    searchPath: ['public', view.schema],
  };
}

/** The role whose policies bind code that runs as this role; undefined where none do. */
export function rightsOf({ vocabulary: { database } }: Encoder, role: string): string | undefined {
  const definition = database.roles.find(candidate => candidate.name === role);
  return definition?.superuser === true || definition?.bypassRowSecurity === true || /^pg_|^postgres$/.test(role)
    ? undefined
    : role;
}

function fromFunction(encoder: Encoder, body: SqlNode, scope: Scope): readonly Source[] {
  const [item] = list(body['functions']);
  const call = record(record(list(record(record(item)['List'])['items'])[0])['FuncCall']);
  const name = functionName(call);
  const alias = aliasOf(body) || (name.split('.').at(-1) ?? '');
  const [column = alias] = aliasColumns(body);
  const values = list(call['args']).map(argument => ({ name: '', value: encoder.expression(record(argument), scope) }));
  const [array] = values;
  if (/^(unnest|jsonb?_array_elements(_text)?)$/.test(name) && array !== undefined) {
    if (name.endsWith('elements'))
      for (const { scalar } of alternativesOf(array.value)) encoder.session.lookInto(scalar.term, 'list');
    const { variable, condition, value } = elementOf(encoder, array.value);
    return [
      {
        variables: [variable],
        condition,
        rows: [],
        bindings: [
          { alias, columns: [column], get: wanted => (wanted === column || wanted === 'value' ? value : undefined) },
        ],
      },
    ];
  }
  const definition = findFunction(encoder, call, values, scope);
  const rows = definition === undefined ? undefined : encoder.rows(definition, values, scope);
  // What Postgres' own functions give comes from their arguments.
  if (rows === undefined)
    return doubtfulSource(
      encoder,
      definition === undefined ? `rows of ${name}` : `the function '${name}' in FROM`,
      scope,
    );
  const names = aliasColumns(body);
  const [only] = rows[0]?.targets.length === 1 ? [alias] : [];
  return derived(
    renamed(rows, names.length > 0 ? names : only === undefined ? tableColumns(definition?.returns ?? '') : [only]),
    alias,
  );
}

/** The names in `TABLE(a uuid, b text)`. */
function tableColumns(returns: string): readonly string[] {
  const inside = /^TABLE\((.*)\)$/i.exec(returns)?.[1] ?? '';
  return inside === '' ? [] : inside.split(/,(?![^(]*\))/).map(part => part.trim().split(/\s+/)[0] ?? '');
}

function join(encoder: Encoder, body: SqlNode, scope: Scope): readonly Source[] {
  const kind = String(body['jointype']);
  const lefts = fromItem(encoder, record(body['larg']), scope);
  return lefts
    .flatMap(left => {
      const rights = fromItem(encoder, record(body['rarg']), scoped(scope, left));
      const matched = extend(left, rights).map(source => ({
        ...source,
        condition: both([source.condition, joinCondition(encoder, body, scope, source, left)]),
      }));
      if (kind === 'JOIN_INNER' || kind === 'undefined') return matched;
      if (kind !== 'JOIN_LEFT')
        return matched
          .map(source => ({ ...source, condition: { ...source.condition, f: 'true' } }))
          .concat(unmatchedAnyway(encoder, kind, scope));
      return [...matched, unmatched(encoder, body, scope, left, rights)];
    })
    .slice(0, maximumArms);
}

/** Of a right or full join: rows with nothing on the left are not followed. */
function unmatchedAnyway(encoder: Encoder, kind: string, scope: Scope): readonly Source[] {
  return doubtfulSource(encoder, `a ${kind}`, scope);
}

/** A row of the left side for which the right side has none: nulls stand there. */
function unmatched(encoder: Encoder, body: SqlNode, scope: Scope, left: Source, rights: readonly Source[]): Source {
  const none = rights.map(right => {
    const [source] = extend({ ...left, condition: yes, variables: [] }, [right]);
    const joined =
      source === undefined
        ? yes
        : both([
            source.condition,
            joinCondition(
              encoder,
              body,
              scope,
              { ...source, variables: [...left.variables, ...right.variables] },
              left,
            ),
          ]);
    return negate(exists(right.variables, joined));
  });
  return {
    ...left,
    condition: both([left.condition, ...none]),
    bindings: [
      ...left.bindings,
      ...(rights[0]?.bindings ?? []).map(binding => ({
        ...binding,
        get: (name: string): Value | undefined => (binding.columns.includes(name) ? choice(nothing()) : undefined),
      })),
    ],
  };
}

function joinCondition(encoder: Encoder, body: SqlNode, scope: Scope, source: Source, left: Source): Truth {
  const inner = scoped(scope, source);
  const using = list(body['usingClause']).map(name => text(record(record(name)['String'])['sval']));
  if (using.length > 0) {
    const right = source.bindings.slice(left.bindings.length);
    return both(
      using.map(name => {
        const [one, other] = [valueIn(left.bindings, name), valueIn(right, name)];
        return one === undefined || other === undefined
          ? unknownTruth(encoder, `the column ${name}`, inner)
          : equal(encoder, one, other);
      }),
    );
  }
  if (body['isNatural'] === true) return unknownTruth(encoder, 'a natural join', inner);
  return body['quals'] === undefined ? yes : asTruth(encoder.expression(record(body['quals']), inner));
}

function valueIn(bindings: readonly Binding[], name: string): Value | undefined {
  return bindings.map(binding => binding.get(name)).find(value => value !== undefined);
}
