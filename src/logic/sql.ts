import { createHash } from 'node:crypto';

import libpg from 'libpg-query';

import { and, always, equals, never, or } from '../core/predicate.ts';
import type { Operator, Predicate, RowVariable, Term } from '../core/predicate.ts';
import {
  aliasOf,
  columnFields,
  functionName,
  list,
  record,
  relationName,
  text,
  unwrap,
  type SqlNode,
} from './sql-tree.ts';

/**
 * SQL to `Predicate`, over the parse tree of PostgreSQL's own parser (libpg-query).
 * https://www.postgresql.org/docs/18/sql-expressions.html
 */

/** What a condition or statement is read in. */
export interface SqlScope {
  /** Relations by alias, innermost last. */
  readonly relations: readonly ScopeRelation[];
  /** Column names of a table (`schema.table`, or `table` for public); undefined when unknown. */
  readonly columnsOf: (table: string) => readonly string[] | undefined;
  /** The value of `$n`, from 1. */
  readonly parameter?: (position: number) => Term | undefined;
  /** A function whose body is one `select`, for inlining. Names as called, with schema when written. */
  readonly functionBody?: (
    name: string,
  ) => { readonly argumentNames: readonly string[]; readonly select: string } | undefined;
  /** Names that stand for values: arguments of an inlined function. */
  readonly named?: ReadonlyMap<string, Term>;
  /** Makes row names unique. */
  readonly prefix?: string;
  readonly depth?: number;
  /** Counts the rows named so far: two sub-queries that use one alias range over different rows. */
  readonly rows?: { count: number };
  /** Queries named by `with`, to read where their names stand in `from`. */
  readonly queries?: ReadonlyMap<string, SqlNode>;
}

/** A relation in scope: its alias in the text, the row variable it stands for, its table. */
export interface ScopeRelation {
  readonly alias: string;
  readonly row: string;
  readonly table: string;
  /** On the nullable side of an outer join. */
  readonly optional?: boolean;
  /** Of a sub-query: what its columns are. Other names are those of its table, where it selects them all. */
  readonly columns?: { readonly named: ReadonlyMap<string, Term>; readonly all: boolean };
}

/** What one statement of the app's raw SQL does. */
export type LoweredStatement =
  | {
      readonly kind: 'query';
      readonly operation: 'read' | 'insert' | 'update' | 'delete';
      readonly table: string;
      readonly where: Predicate;
      readonly values: readonly { readonly column: string; readonly value: Term }[];
      readonly columns: readonly string[] | undefined;
      readonly joined: readonly RowVariable[];
    }
  | { readonly kind: 'set-role'; readonly role: string; readonly local: boolean }
  | { readonly kind: 'set-config'; readonly name: string; readonly value: Term; readonly local: boolean }
  | { readonly kind: 'call'; readonly function: string; readonly arguments: readonly Term[] }
  | { readonly kind: 'other'; readonly statement: string };

const maximumDepth = 6;

/** Loads the parser; must have settled before anything here is called. Safe to call often. */
export function loadSqlParser(): Promise<void> {
  return libpg.loadModule();
}

/** The statements of a text, each with its parse tree. Throws the parser's error, which names the position. */
export function parseSql(text: string): readonly SqlNode[] {
  return list(record(libpg.parseSync(text))['stmts']).map(entry => record(record(entry)['stmt']));
}

/** Lowers a condition (`pg_get_expr` of a policy, a `where` of the app). What it cannot follow becomes `opaque`. */
export function lowerSqlCondition(text: string, scope: SqlScope): Predicate {
  const [statement] = parseSql(`select 1 where ${text}`);
  const where = record(statement?.['SelectStmt'])['whereClause'];
  if (where === undefined) return { kind: 'opaque', reason: 'empty condition' };
  return condition(record(where), { ...scope, rows: { count: 0 } });
}

/** Lowers each statement of a text. `parameter` of the scope gives the values of `$1…`. */
export function lowerSqlStatement(text: string, scope: Omit<SqlScope, 'relations'>): readonly LoweredStatement[] {
  const whole: SqlScope = { ...scope, relations: [], rows: { count: 0 } };
  return parseSql(text).flatMap(node => statement(node, whole));
}

function statement(node: SqlNode, scope: SqlScope): readonly LoweredStatement[] {
  const [kind, body] = unwrap(node);
  switch (kind) {
    case 'SelectStmt':
      return selectStatement(body, scope);
    case 'InsertStmt':
      return insertStatement(body, scope);
    case 'UpdateStmt':
    case 'DeleteStmt':
      return changeStatement(kind, body, scope);
    case 'VariableSetStmt':
      return [variableSet(body)];
    default:
      return [{ kind: 'other', statement: kind }];
  }
}

interface NamedQuery {
  readonly name: string;
  readonly query: SqlNode;
}

function namedQueries(body: SqlNode): readonly NamedQuery[] {
  return list(record(body['withClause'])['ctes']).map(cte => {
    const named = record(record(cte)['CommonTableExpr']);
    return { name: text(named['ctename']), query: record(named['ctequery']) };
  });
}

/** The scope in which the names of `with` stand for their queries. */
function withNamed(scope: SqlScope, named: readonly NamedQuery[]): SqlScope {
  if (named.length === 0) return scope;
  const selects = named.flatMap(({ name, query }) =>
    query['SelectStmt'] === undefined ? [] : [[name, record(query['SelectStmt'])] as const],
  );
  return { ...scope, queries: new Map([...(scope.queries ?? []), ...selects]) };
}

function selectStatement(body: SqlNode, outerScope: SqlScope): readonly LoweredStatement[] {
  const [left, right] = [body['larg'], body['rarg']];
  const named = namedQueries(body);
  const scope = withNamed(outerScope, named);
  const nested = named.flatMap(({ query }) => statement(query, scope));
  if (left !== undefined && right !== undefined) {
    return [...nested, ...selectStatement(record(left), scope), ...selectStatement(record(right), scope)];
  }
  const defined = new Set(named.map(({ name }) => name));
  const from = readFrom(list(body['fromClause']), scope, 'self');
  const [main, ...others] = from.relations;
  if (main === undefined) return [...nested, ...callsOf(body, scope)];
  const inner = { ...scope, relations: [...scope.relations, ...from.relations] };
  const where = and([from.condition(inner), whereOf(body, inner)]);
  // Rows of a query that `with` names were judged as its own.
  if (defined.has(main.table) || isNamed(list(body['fromClause'])[0], defined)) return nested;
  return [
    ...nested,
    {
      kind: 'query',
      operation: 'read',
      table: main.table,
      where,
      values: [],
      columns: targetColumns(list(body['targetList'])),
      joined: others
        .filter(other => !defined.has(other.table))
        .map(other => ({
          name: other.row,
          table: other.table,
          where: and([where, from.outer(other, inner)]),
          required: other.optional !== true,
        })),
    },
  ];
}

function isNamed(item: unknown, names: ReadonlySet<string>): boolean {
  const [kind, range] = unwrap(record(item));
  return kind === 'RangeVar' && names.has(text(range['relname']));
}

function callsOf(body: SqlNode, scope: SqlScope): readonly LoweredStatement[] {
  return list(body['targetList']).flatMap((target): readonly LoweredStatement[] => {
    const call = record(record(record(record(target)['ResTarget'])['val'])['FuncCall']);
    const name = functionName(call);
    if (name === '') return [];
    const values = list(call['args']).map(argument => term(record(argument), scope));
    const [first, second, third] = values;
    if (name === 'set_config' && first?.kind === 'constant' && second !== undefined) {
      const local = third?.kind === 'constant' && third.value === true;
      return [{ kind: 'set-config', name: String(first.value), value: second, local }];
    }
    return [{ kind: 'call', function: name, arguments: values }];
  });
}

function insertStatement(body: SqlNode, scope: SqlScope): readonly LoweredStatement[] {
  const table = relationName(record(body['relation']));
  const names = list(body['cols']).map(column => text(record(record(column)['ResTarget'])['name']));
  const columns = names.length > 0 ? names : (scope.columnsOf(table) ?? []);
  const source = record(record(body['selectStmt'])['SelectStmt']);
  const [firstRow] = list(source['valuesLists']);
  const values = list(record(record(firstRow)['List'])['items']).map(item => term(record(item), scope));
  const assigned = columns.flatMap((column, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ column, value }];
  });
  const read = firstRow === undefined && source['fromClause'] !== undefined ? selectStatement(source, scope) : [];
  return [
    ...read,
    {
      kind: 'query',
      operation: 'insert',
      table,
      where: always,
      values: assigned,
      columns: returning(body),
      joined: [],
    },
  ];
}

function changeStatement(
  kind: 'UpdateStmt' | 'DeleteStmt',
  body: SqlNode,
  outerScope: SqlScope,
): readonly LoweredStatement[] {
  const named = namedQueries(body);
  const scope = withNamed(outerScope, named);
  // What such a query reads is judged where its rows are used; what it changes is a change of its own.
  const changes = named.flatMap(({ query }) => (query['SelectStmt'] === undefined ? statement(query, scope) : []));
  const relation = record(body['relation']);
  const table = relationName(relation);
  const self: ScopeRelation = { alias: aliasOf(relation), row: 'self', table };
  const from = readFrom(list(body[kind === 'UpdateStmt' ? 'fromClause' : 'usingClause']), scope, 'joined');
  const inner = { ...scope, relations: [...scope.relations, ...from.relations, self] };
  const own = and([from.condition(inner), whereOf(body, inner)]);
  const where = from.relations.reduceRight<Predicate>(
    (current, other) => ({ kind: 'exists', row: { name: other.row, table: other.table, where: current } }),
    own,
  );
  const values = list(body['targetList']).map(target => {
    const result = record(record(target)['ResTarget']);
    return { column: text(result['name']), value: term(record(result['val']), inner) };
  });
  return [
    ...changes,
    {
      kind: 'query',
      operation: kind === 'UpdateStmt' ? 'update' : 'delete',
      table,
      where,
      values: kind === 'UpdateStmt' ? values : [],
      columns: returning(body),
      joined: [],
    },
  ];
}

function variableSet(body: SqlNode): LoweredStatement {
  const [argument] = list(body['args']);
  const constant = constantOf(record(record(argument)['A_Const']));
  const value = constant?.kind === 'constant' ? String(constant.value) : '';
  const local = body['is_local'] === true;
  const name = text(body['name']);
  if (name === 'role') return { kind: 'set-role', role: value, local };
  return { kind: 'set-config', name, value: { kind: 'constant', value }, local };
}

function returning(body: SqlNode): readonly string[] | undefined {
  const targets = list(body['returningList'] ?? record(body['returningClause'])['exprs']);
  return targets.length === 0 ? [] : targetColumns(targets);
}

/** Columns that a target list reads; undefined when it reads them all. */
function targetColumns(targets: readonly unknown[]): readonly string[] | undefined {
  const columns: string[] = [];
  for (const target of targets) {
    const fields = columnFields(record(record(record(target)['ResTarget'])['val']));
    if (fields === 'all') return undefined;
    const last = fields?.at(-1);
    if (last !== undefined) columns.push(last);
  }
  return columns;
}

interface From {
  readonly relations: readonly ScopeRelation[];
  /** What stands for an element of a claim. */
  readonly named: ReadonlyMap<string, Term>;
  /** The conditions of inner joins, read when every relation is in scope. */
  readonly condition: (scope: SqlScope) => Predicate;
  /** What the outer join says of a row on its nullable side; it says nothing of the other side. */
  readonly outer: (relation: ScopeRelation, scope: SqlScope) => Predicate;
}

function readFrom(items: readonly unknown[], scope: SqlScope, firstRow: 'self' | 'joined'): From {
  const relations: ScopeRelation[] = [];
  const conditions: ((scope: SqlScope) => Predicate)[] = [];
  const outer = new Map<string, ((scope: SqlScope) => Predicate)[]>();
  const named = new Map<string, Term>();
  const visit = (item: SqlNode): void => {
    const [kind, body] = unwrap(item);
    const derived = derivedFrom(item, scope, relations.length === 0 ? firstRow : 'joined');
    if (derived !== undefined) {
      relations.push(...derived.relations);
      conditions.push(() => derived.condition);
    } else if (kind === 'RangeVar') {
      const alias = aliasOf(body);
      const isSelf = firstRow === 'self' && relations.length === 0 && scope.relations.length === 0;
      relations.push({
        alias,
        row: isSelf ? 'self' : rowName(scope, alias),
        table: relationName(body),
      });
    } else if (kind === 'JoinExpr') {
      visit(record(body['larg']));
      const before = relations.length;
      const told = conditions.length;
      visit(record(body['rarg']));
      const read = joinCondition(body, relations);
      if (body['jointype'] === 'JOIN_LEFT') {
        // What is said of the rows on the nullable side does not hold where there are none.
        const within = conditions.splice(told);
        for (const [index, relation] of relations.entries()) {
          if (index < before) continue;
          relations[index] = { ...relation, optional: true };
          outer.set(relation.row, [...(outer.get(relation.row) ?? []), ...within, read]);
        }
      } else {
        conditions.push(read);
      }
    } else {
      const element = kind === 'RangeFunction' ? elementFrom(body, scope) : undefined;
      for (const [name, value] of element ?? []) named.set(name, value);
      if (element === undefined)
        conditions.push(() => ({ kind: 'opaque', reason: `a ${kind} in FROM is not followed` }));
    }
  };
  for (const item of items) visit(record(item));
  return {
    relations,
    named,
    condition: inner => and(conditions.map(read => read(inner))),
    outer: (relation, inner) => and((outer.get(relation.row) ?? []).map(read => read(inner))),
  };
}

/** `from jsonb_array_elements(claims -> 'memberships') m`: what stands for one of them, by its names. */
function elementFrom(body: SqlNode, scope: SqlScope): readonly (readonly [string, Term])[] | undefined {
  const [first, second] = list(body['functions']);
  const call = record(record(record(list(record(record(first)['List'])['items'])[0])['FuncCall']));
  const element = second === undefined && Object.keys(call).length > 0 ? callTerm(call, scope) : undefined;
  if (element === undefined || !takingApart.test(functionName(call)) || within(element, '') === undefined)
    return undefined;
  const alias = record(body['alias']);
  const columns = list(alias['colnames']).map(name => text(record(record(name)['String'])['sval']));
  return [text(alias['aliasname']), 'value', ...columns].map(name => [name, element] as const);
}

interface Derived {
  readonly relations: readonly ScopeRelation[];
  readonly condition: Predicate;
}

/**
 * `from (select … from t where …) x`, `from x` where `with` named it, and `from f()` where `f` is such a query: rows of `t`
 * for which the condition holds.
 */
function derivedFrom(item: SqlNode, scope: SqlScope, firstRow: 'self' | 'joined'): Derived | undefined {
  const found = queryOf(item, scope);
  const depth = (scope.depth ?? 0) + 1;
  if (found === undefined || depth > maximumDepth || found.select['larg'] !== undefined) return undefined;
  const { select } = found;
  const nested = withNamed({ ...found.scope, depth }, namedQueries(select));
  const from = readFrom(list(select['fromClause']), nested, firstRow);
  const [main, ...others] = from.relations;
  if (main === undefined || from.relations.some(relation => relation.optional === true)) return undefined;
  const inner = { ...nested, relations: [...nested.relations, ...from.relations] };
  const hidden = { named: new Map<string, Term>(), all: false };
  const [, range] = unwrap(item);
  return {
    relations: [
      { ...main, alias: found.alias ?? aliasOf(range), columns: found.columns(columnsOfSelect(select, inner)) },
      ...others.map(other => ({ ...other, alias: '', columns: hidden })),
    ],
    condition: and([from.condition(inner), whereOf(select, inner)]),
  };
}

type Columns = NonNullable<ScopeRelation['columns']>;

interface FoundQuery {
  readonly select: SqlNode;
  /** What the query sees. */
  readonly scope: SqlScope;
  /** What rows are called that were given no name. */
  readonly alias?: string;
  /** The columns by the names that are used outside. */
  readonly columns: (own: Columns) => Columns;
}

function queryOf(item: SqlNode, scope: SqlScope): FoundQuery | undefined {
  const [kind, range] = unwrap(item);
  if (kind === 'RangeFunction') return queryOfFunction(range, scope);
  const name = kind === 'RangeVar' && range['schemaname'] === undefined ? text(range['relname']) : '';
  const select = kind === 'RangeSubselect' ? record(record(range['subquery'])['SelectStmt']) : scope.queries?.get(name);
  // A name does not mean itself inside its own query.
  const queries = new Map([...(scope.queries ?? [])].filter(([known]) => known !== name));
  return select === undefined ? undefined : { select, scope: { ...scope, queries }, columns: own => own };
}

/** A function that gives whole rows of a table, or one value for each, which is then called as the rows are. */
function queryOfFunction(range: SqlNode, scope: SqlScope): FoundQuery | undefined {
  const [only, ...more] = list(range['functions']);
  const call = record(record(list(record(record(only)['List'])['items'])[0])['FuncCall']);
  const inlined = more.length > 0 || range['ordinality'] === true ? undefined : inlinedSelect(call, scope);
  if (inlined === undefined) return undefined;
  const { body: select, scope: inside } = inlined;
  const alias = record(range['alias']);
  const plain = functionName(call).split('.').at(-1) ?? '';
  const given = text(alias['aliasname']) || plain;
  const [called] = list(alias['colnames']).map(name => text(record(record(name)['String'])['sval']));
  const columns = (own: Columns): Columns => {
    const [value, ...others] = own.named.values();
    if (own.all || value === undefined || others.length > 0) return own;
    return { named: new Map([[called ?? given, value]]), all: false };
  };
  return { select, scope: inside, alias: given, columns };
}

function columnsOfSelect(select: SqlNode, scope: SqlScope): NonNullable<ScopeRelation['columns']> {
  const named = new Map<string, Term>();
  let all = false;
  for (const target of list(select['targetList'])) {
    const result = record(record(target)['ResTarget']);
    const value = record(result['val']);
    const fields = columnFields(value);
    if (fields === 'all') all = true;
    else named.set(text(result['name']) || (fields?.at(-1) ?? ''), term(value, scope));
  }
  return { named, all };
}

function joinCondition(body: SqlNode, relations: readonly ScopeRelation[]): (scope: SqlScope) => Predicate {
  const quals = body['quals'];
  const kind = body['jointype'];
  if (kind !== undefined && kind !== 'JOIN_INNER' && kind !== 'JOIN_LEFT')
    return () => ({ kind: 'opaque', reason: 'a right or full join is not followed' });
  if (quals !== undefined) return inner => condition(record(quals), inner);
  const using = list(body['usingClause']).map(name => text(record(record(name)['String'])['sval']));
  const [left, right] = relations.slice(-2);
  return () =>
    left === undefined || right === undefined
      ? always
      : and(using.map(column => equals(columnOf(left, column), columnOf(right, column))));
}

function columnOf(relation: ScopeRelation, column: string): Term {
  const { columns, row } = relation;
  const own: Term = { kind: 'column', row, column };
  if (columns === undefined) return own;
  return columns.named.get(column) ?? (columns.all ? own : opaqueTerm(`column ${column}`, { relation: row, column }));
}

/** Whether a name without a table is one of the relation's columns; absent when its columns are not known. */
function hasColumn({ columns, table }: ScopeRelation, column: string, scope: SqlScope): boolean | undefined {
  if (columns?.named.has(column) === true) return true;
  return columns?.all === false ? false : scope.columnsOf(table)?.includes(column);
}

function rowName(scope: SqlScope, alias: string): string {
  const counter = scope.rows ?? { count: 0 };
  counter.count += 1;
  return `${scope.prefix ?? ''}${alias}${counter.count === 1 ? '' : `~${counter.count}`}`;
}

function whereOf(body: SqlNode, scope: SqlScope): Predicate {
  const where = body['whereClause'];
  return where === undefined ? always : condition(record(where), scope);
}

function condition(node: SqlNode, scope: SqlScope): Predicate {
  const [kind, body] = unwrap(node);
  switch (kind) {
    case 'BoolExpr':
      return booleanExpression(body, scope);
    case 'A_Expr':
      return operatorExpression(body, scope);
    case 'NullTest': {
      const found = columnOfCall(record(body['arg']), scope);
      if (found !== undefined && body['nulltesttype'] === 'IS_NOT_NULL')
        return found(value => ({ kind: 'not', operand: { kind: 'is-null', term: value } }));
      const tested = term(record(body['arg']), scope);
      const test: Predicate = { kind: 'is-null', term: tested };
      return body['nulltesttype'] === 'IS_NOT_NULL' ? and([foundIn(tested), { kind: 'not', operand: test }]) : test;
    }
    case 'BooleanTest':
      return booleanTest(body, scope);
    case 'SubLink':
      return subLink(body, scope);
    case 'A_Const': {
      const constant = constantOf(body);
      return constant?.kind === 'constant' && constant.value === true ? always : never;
    }
    case 'FuncCall':
      return callAsCondition(body, scope);
    case 'TypeCast':
      return condition(record(body['arg']), scope);
    case 'CoalesceExpr': {
      // coalesce(x, false) is true exactly when x is; with true as the fallback it is not followed.
      const [first, second] = list(body['args']);
      const fallback = constantOf(record(record(second)['A_Const']));
      if (first !== undefined && fallback?.kind === 'constant' && fallback.value === false)
        return condition(record(first), scope);
      return opaquePredicate('coalesce', node);
    }
    case 'ColumnRef':
      return equals(term(node, scope), { kind: 'constant', value: true });
    case 'CaseExpr':
      return caseCondition(body, scope);
    default:
      return opaquePredicate(kind, node);
  }
}

/** `case kind when 'a' then … else … end`: one of its branches, where none before it is met. */
function caseCondition(body: SqlNode, scope: SqlScope): Predicate {
  const subject = body['arg'] === undefined ? undefined : term(record(body['arg']), scope);
  const branches: Predicate[] = [];
  const before: Predicate[] = [];
  for (const each of list(body['args'])) {
    const when = record(record(each)['CaseWhen']);
    const asked =
      subject === undefined
        ? condition(record(when['expr']), scope)
        : equals(subject, term(record(when['expr']), scope));
    branches.push(and([...before, asked, condition(record(when['result']), scope)]));
    before.push(notMet(asked));
  }
  const otherwise = body['defresult'];
  if (otherwise !== undefined) branches.push(and([...before, condition(record(otherwise), scope)]));
  return or(branches);
}

/** That a condition is not met, be it for want of a value. */
function notMet(asked: Predicate): Predicate {
  switch (asked.kind) {
    case 'and':
      return or(asked.operands.map(notMet));
    case 'or':
      return and(asked.operands.map(notMet));
    case 'true':
      return never;
    case 'false':
      return always;
    case 'is-null':
    case 'exists':
      return { kind: 'not', operand: asked };
    case 'not':
      if (asked.operand.kind === 'is-null' || asked.operand.kind === 'exists') return asked.operand;
      return { kind: 'opaque', reason: 'that a condition is not met' };
    case 'compare':
      if (asked.operator === '=' && asked.among === undefined) return { ...asked, operator: 'is-distinct-from' };
      return { kind: 'opaque', reason: 'that a comparison is not met' };
    default:
      return { kind: 'opaque', reason: 'that a condition is not met' };
  }
}

function booleanExpression(body: SqlNode, scope: SqlScope): Predicate {
  const operands = list(body['args']).map(operand => condition(record(operand), scope));
  switch (body['boolop']) {
    case 'AND_EXPR':
      return and(operands);
    case 'OR_EXPR':
      return or(operands);
    default: {
      const [operand] = operands;
      return operand === undefined ? opaquePredicate('not', body) : { kind: 'not', operand };
    }
  }
}

function booleanTest(body: SqlNode, scope: SqlScope): Predicate {
  const operand = condition(record(body['arg']), scope);
  switch (body['booltesttype']) {
    case 'IS_TRUE':
      return operand;
    case 'IS_FALSE':
      return { kind: 'not', operand };
    default:
      return opaquePredicate('boolean test', body);
  }
}

/** Operators of full-text, pattern and similarity search. */
const searching: ReadonlySet<string> = new Set(['@@', '@@@', '~', '~*', '!~', '!~*', '%', '<%', '%>', '^@']);

const operators: ReadonlyMap<string, Operator> = new Map([
  ['=', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['~~', 'like'],
  ['~~*', 'like'],
]);

function operatorExpression(body: SqlNode, scope: SqlScope): Predicate {
  const name = text(record(record(list(body['name'])[0])['String'])['sval']);
  const [left, right] = [record(body['lexpr']), record(body['rexpr'])];
  if (body['kind'] === 'AEXPR_OP') {
    const held = heldInClaim(name, node => term(node, scope), left, right);
    if (held !== undefined) return held;
  }
  switch (body['kind']) {
    case 'AEXPR_OP':
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      // What a text is searched by ties a row to nobody, whatever it is searched with.
      return comparison(searching.has(name) ? 'like' : operators.get(name), left, right, scope);
    case 'AEXPR_DISTINCT':
      return comparison('is-distinct-from', left, right, scope);
    case 'AEXPR_NOT_DISTINCT':
      return comparison('is-not-distinct-from', left, right, scope);
    case 'AEXPR_IN': {
      const items = list(record(right['List'])['items']).map(item => term(record(item), scope));
      const any = oneOf(left, items, scope);
      return name === '<>' ? { kind: 'not', operand: any } : any;
    }
    case 'AEXPR_OP_ANY':
      return name === '=' ? anyOf(left, right, scope) : opaquePredicate('any', body);
    case 'AEXPR_BETWEEN':
      return always; // a range never ties a row to its owner
    default:
      return opaquePredicate(String(body['kind']), body);
  }
}

function oneOf(value: SqlNode, items: readonly Term[], scope: SqlScope): Predicate {
  const among = (found: Term): Predicate => and([foundIn(found), or(items.map(item => equals(found, item)))]);
  return columnOfCall(value, scope)?.(among) ?? among(term(value, scope));
}

/**
 * `role_in(id)` where the function answers with a column of a row that it finds: to compare the answer is to say that there
 * is such a row. Absent where it answers with something else.
 */
function columnOfCall(node: SqlNode, scope: SqlScope): ((test: (value: Term) => Predicate) => Predicate) | undefined {
  const [kind, body] = unwrap(node);
  if (kind === 'TypeCast') return columnOfCall(record(body['arg']), scope);
  if (kind === 'SubLink' && body['subLinkType'] === 'EXPR_SUBLINK') {
    const inner = record(record(body['subselect'])['SelectStmt']);
    return list(inner['fromClause']).length > 0 ? undefined : columnOfCall(onlyTarget(inner), scope);
  }
  const select = kind === 'FuncCall' ? inlinedSelect(body, scope) : undefined;
  if (select === undefined || list(select.body['fromClause']).length === 0) return undefined;
  const target = withoutCasts(onlyTarget(select.body));
  if (target['ColumnRef'] === undefined) return undefined;
  return test => existsIn(select.body, select.scope, inner => test(term(target, inner)));
}

/** `claims -> 'orgs' ? org_id`, `claims -> 'org_ids' @> to_jsonb(org_id)`: the claim holds the value. */
function heldInClaim(
  operator: string,
  read: (node: SqlNode) => Term,
  left: SqlNode,
  right: SqlNode,
): Predicate | undefined {
  if (operator !== '?' && operator !== '@>') return undefined;
  const [claim, value] = [read(left), read(right)];
  const wrapped = value.kind === 'call' && /^(to_jsonb?|jsonb?_build_array)$/.test(value.name);
  const found = and([foundIn(claim), elementOf(claim, wrapped ? value.arguments[0] : value)]);
  return found.kind === 'true' ? undefined : found;
}

/** What a value that stands in a claim under a key says: that the claim has the key. */
function foundIn(value: Term): Predicate {
  if (value.kind !== 'call' || value.name !== 'field') return always;
  const [whole, key] = value.arguments;
  return whole === undefined ? always : and([foundIn(whole), elementOf(whole, key)]);
}

/** That a column is one of what a claim holds. Another column may be another one of it. */
function elementOf(claim: Term, value: Term | undefined): Predicate {
  if (value?.kind !== 'column') return always;
  const element = within(claim, `[${value.row}.${value.column}]`);
  return element === undefined ? always : equals(value, element);
}

/** A part of what the token says; undefined of other values. */
function within(claim: Term, part: string): Term | undefined {
  if (claim.kind === 'principal' && claim.attribute.startsWith('claims'))
    return { ...claim, attribute: `${claim.attribute}${part}` };
  return claim.kind === 'client' && claim.path.startsWith('claims')
    ? { ...claim, path: `${claim.path}${part}` }
    : undefined;
}

/** Functions of Postgres that take a list or an object apart. */
const takingApart = /^(?:pg_catalog\.)?(?:jsonb?_array_elements(?:_text)?|jsonb?_object_keys|unnest)$/;

function withoutCasts(node: SqlNode): SqlNode {
  const [kind, body] = unwrap(node);
  return kind === 'TypeCast' ? withoutCasts(record(body['arg'])) : node;
}

/** `coalesce(x, '') <> ''` asks for an `x`: with the value that stands for none it is not met. */
function withoutFallback(operator: Operator, node: SqlNode, other: SqlNode): SqlNode {
  const [kind, body] = unwrap(node);
  const [first, fallback, ...more] = list(body['args']).map(argument => record(argument));
  if (kind !== 'CoalesceExpr' || first === undefined || fallback === undefined || more.length > 0) return node;
  const [none, asked] = [fallback, other].map(each => constantOf(record(withoutCasts(each)['A_Const'])));
  if (none?.kind !== 'constant' || asked?.kind !== 'constant') return node;
  const isMetByNone = operator === '=' ? none.value === asked.value : operator !== '<>' || none.value !== asked.value;
  return isMetByNone ? node : first;
}

function comparison(operator: Operator | undefined, left: SqlNode, right: SqlNode, scope: SqlScope): Predicate {
  if (operator === undefined) return opaquePredicate('operator', left);
  const [first, second] = [withoutFallback(operator, left, right), withoutFallback(operator, right, left)];
  const found =
    columnOfCall(first, scope)?.(value => ({ kind: 'compare', operator, left: value, right: term(second, scope) })) ??
    columnOfCall(second, scope)?.(value => ({ kind: 'compare', operator, left: term(first, scope), right: value }));
  if (found !== undefined) return found;
  if (operator === '=') {
    const scalar = scalarSelect(right) ?? scalarSelect(left);
    if (scalar !== undefined) return membershipIn(scalarSelect(right) === undefined ? right : left, scalar, scope);
  }
  const [one, other] = [term(left, scope), term(right, scope)];
  const compared: Predicate = { kind: 'compare', operator, left: one, right: other };
  return operator.startsWith('is-') ? compared : and([foundIn(one), foundIn(other), compared]);
}

/** `(select c from t …)` used as a value; `(select f())` without FROM is left to `term`. */
function scalarSelect(node: SqlNode): SqlNode | undefined {
  const [kind, body] = unwrap(node);
  if (kind === 'TypeCast') return scalarSelect(record(body['arg']));
  if (kind !== 'SubLink' || body['subLinkType'] !== 'EXPR_SUBLINK') return undefined;
  const select = record(record(body['subselect'])['SelectStmt']);
  return list(select['fromClause']).length > 0 ? select : undefined;
}

/** `x = any(array[…])`, `x = any(array(select …))`, `x = any((select array…))`, `x = any(f())`. */
function anyOf(left: SqlNode, right: SqlNode, scope: SqlScope): Predicate {
  const [kind, body] = unwrap(right);
  if (kind === 'A_ArrayExpr') {
    return oneOf(
      left,
      list(body['elements']).map(element => term(record(element), scope)),
      scope,
    );
  }
  if (kind === 'TypeCast') return anyOf(left, record(body['arg']), scope);
  if (kind === 'SubLink' && body['subLinkType'] === 'ARRAY_SUBLINK')
    return membershipIn(left, record(record(body['subselect'])['SelectStmt']), scope);
  if (kind === 'FuncCall' && functionName(body) === 'array_append') {
    const [before, last] = list(body['args']).map(argument => record(argument));
    if (before !== undefined && last !== undefined)
      return or([anyOf(left, before, scope), comparison('=', left, last, scope)]);
  }
  if (kind === 'ParamRef')
    return { kind: 'compare', operator: '=', left: term(left, scope), right: term(right, scope) };
  const call =
    kind === 'FuncCall'
      ? body
      : kind === 'SubLink'
        ? record(onlyTarget(record(record(body['subselect'])['SelectStmt']))['FuncCall'])
        : {};
  const select = inlinedSelect(call, scope);
  if (select !== undefined)
    return membershipIn(left, select.body, { ...select.scope, relations: [...scope.relations] }, scope);
  if (kind === 'SubLink' && body['subLinkType'] === 'EXPR_SUBLINK') {
    const inner = record(record(body['subselect'])['SelectStmt']);
    const aggregate = record(onlyTarget(inner)['FuncCall']);
    if (functionName(aggregate) === 'array_agg') {
      const [argument] = list(aggregate['args']);
      if (argument !== undefined)
        return membershipIn(left, { ...inner, targetList: [{ ResTarget: { val: argument } }] }, scope);
    }
  }
  return opaquePredicate('any', right);
}

function subLink(body: SqlNode, scope: SqlScope): Predicate {
  const select = record(record(body['subselect'])['SelectStmt']);
  switch (body['subLinkType']) {
    case 'EXISTS_SUBLINK':
      return existsIn(select, scope, () => always);
    case 'ANY_SUBLINK': {
      const test = record(body['testexpr']);
      const call = record(onlyTarget(select)['FuncCall']);
      const inlined = list(select['fromClause']).length === 0 ? inlinedSelect(call, scope) : undefined;
      if (inlined !== undefined) return membershipIn(test, inlined.body, inlined.scope, scope);
      return membershipIn(test, select, scope);
    }
    case 'EXPR_SUBLINK':
      return list(select['fromClause']).length === 0
        ? condition(onlyTarget(select), scope)
        : scalarCondition(select, scope);
    default:
      return opaquePredicate(String(body['subLinkType']), body);
  }
}

/** `(select flag from t where …)` as a condition: some row with a true flag. */
function scalarCondition(select: SqlNode, scope: SqlScope): Predicate {
  return existsIn(select, scope, inner => condition(onlyTarget(select), inner));
}

/** `value in (select target from …)`: a row whose target equals the value. `valueScope` is where `value` stands. */
function membershipIn(value: SqlNode, select: SqlNode, scope: SqlScope, valueScope: SqlScope = scope): Predicate {
  const left = term(value, valueScope);
  return existsIn(select, scope, inner => equals(left, term(onlyTarget(select), inner)));
}

function existsIn(select: SqlNode, scope: SqlScope, extra: (scope: SqlScope) => Predicate): Predicate {
  const depth = (scope.depth ?? 0) + 1;
  if (depth > maximumDepth) return opaquePredicate('nesting', select);
  if (select['op'] !== undefined && select['op'] !== 'SETOP_NONE') {
    if (select['op'] !== 'SETOP_UNION') return opaquePredicate('set operation', select);
    return or([existsIn(record(select['larg']), scope, extra), existsIn(record(select['rarg']), scope, extra)]);
  }
  const nested = { ...scope, depth };
  const from = readFrom(list(select['fromClause']), nested, 'joined');
  const named = from.named.size === 0 ? nested.named : new Map([...(nested.named ?? []), ...from.named]);
  const inner = {
    ...nested,
    ...(named === undefined ? {} : { named }),
    relations: [...scope.relations, ...from.relations],
  };
  const where = and([from.condition(inner), whereOf(select, inner), extra(inner)]);
  if (from.relations.some(relation => relation.optional === true)) return opaquePredicate('outer join', select);
  return from.relations.reduceRight<Predicate>(
    (current, relation) => ({ kind: 'exists', row: { name: relation.row, table: relation.table, where: current } }),
    where,
  );
}

function onlyTarget(select: SqlNode): SqlNode {
  return record(record(record(list(select['targetList'])[0])['ResTarget'])['val']);
}

function callAsCondition(call: SqlNode, scope: SqlScope): Predicate {
  const select = inlinedSelect(call, scope);
  if (select === undefined) return { kind: 'opaque', reason: `the function '${functionName(call)}' is not followed` };
  if (list(select.body['fromClause']).length === 0)
    return and([whereOf(select.body, select.scope), condition(onlyTarget(select.body), select.scope)]);
  return scalarCondition(select.body, select.scope);
}

function inlinedSelect(
  call: SqlNode,
  scope: SqlScope,
): { readonly body: SqlNode; readonly scope: SqlScope } | undefined {
  const depth = (scope.depth ?? 0) + 1;
  const name = functionName(call);
  const found = name === '' || depth > maximumDepth ? undefined : scope.functionBody?.(name);
  if (found === undefined) return undefined;
  const [node] = parseSql(found.select);
  const body = record(node?.['SelectStmt']);
  const values = list(call['args']).map(argument => term(record(argument), scope));
  const named = new Map(
    found.argumentNames.flatMap((argument, index) => {
      const value = values[index];
      return value === undefined ? [] : [[argument, value] as const];
    }),
  );
  const parameter = (position: number): Term | undefined => values[position - 1];
  const prefix = `${scope.prefix ?? ''}${name.replaceAll('.', '_')}:`;
  return { body, scope: { ...scope, relations: [], named, parameter, prefix, depth } };
}

function term(node: SqlNode, scope: SqlScope): Term {
  const [kind, body] = unwrap(node);
  switch (kind) {
    case 'ColumnRef':
      return columnTerm(node, scope);
    case 'ParamRef':
      return scope.parameter?.(Number(body['number'] ?? 0)) ?? opaqueTerm('parameter', node);
    case 'A_Const':
      return constantOf(body) ?? opaqueTerm('constant', node);
    case 'TypeCast':
    case 'CollateClause':
      return term(record(body['arg']), scope);
    case 'FuncCall':
      return callTerm(body, scope);
    case 'SubLink': {
      const select = record(record(body['subselect'])['SelectStmt']);
      return list(select['fromClause']).length === 0 ? term(onlyTarget(select), scope) : opaqueTerm('sub-query', node);
    }
    case 'A_Expr':
      // nullif(x, y) is x wherever it is anything.
      if (body['kind'] === 'AEXPR_NULLIF') return term(record(body['lexpr']), scope);
      return jsonAccess(body, scope) ?? opaqueTerm('expression', node);
    case 'A_Indirection': {
      // (storage.foldername(name))[1]: kept as a function of its arguments.
      const value = term(record(body['arg']), scope);
      const [index] = list(body['indirection']);
      const position = constantOf(record(record(record(record(index)['A_Indices'])['uidx'])['A_Const']));
      return { kind: 'call', name: 'element', arguments: position === undefined ? [value] : [value, position] };
    }
    case 'CoalesceExpr':
      return {
        kind: 'call',
        name: 'coalesce',
        arguments: list(body['args']).map(argument => term(record(argument), scope)),
      };
    case 'SQLValueFunction':
      return { kind: 'principal', attribute: 'database.user' };
    default:
      return opaqueTerm(kind, node);
  }
}

function columnTerm(node: SqlNode, scope: SqlScope): Term {
  const fields = columnFields(node);
  if (fields === undefined || fields === 'all') return opaqueTerm('row', node);
  const column = fields.at(-1) ?? '';
  const qualifier = fields.at(-2);
  const candidates = scope.relations.toReversed();
  if (qualifier !== undefined) {
    const relation = candidates.find(
      entry => entry.alias === qualifier || (entry.columns === undefined && lastName(entry.table) === qualifier),
    );
    const argument = relation === undefined ? scope.named?.get(column) : undefined;
    return relation === undefined
      ? (argument ?? opaqueTerm(`column ${qualifier}.${column}`, node))
      : columnOf(relation, column);
  }
  const known = candidates.find(entry => hasColumn(entry, column, scope) === true);
  if (known !== undefined) return columnOf(known, column);
  const argument = scope.named?.get(column);
  if (argument !== undefined) return argument;
  const unknown = candidates.find(entry => hasColumn(entry, column, scope) === undefined);
  return unknown === undefined ? opaqueTerm(`column ${column}`, node) : columnOf(unknown, column);
}

function callTerm(call: SqlNode, scope: SqlScope): Term {
  const name = functionName(call);
  const values = list(call['args']).map(argument => term(record(argument), scope));
  const [first] = values;
  // An app without the platform may have a function of such a name.
  if (scope.functionBody?.(name) !== undefined)
    return inlinedTerm(call, scope) ?? { kind: 'call', name, arguments: values };
  const element =
    first !== undefined && takingApart.test(name) ? within(first, `[${rowName(scope, 'each')}]`) : undefined;
  if (element !== undefined) return element;
  switch (name) {
    case 'auth.uid':
    case 'auth.user_id': // Neon's, as text
      return { kind: 'principal', attribute: 'user.id' };
    case 'auth.email':
      return { kind: 'principal', attribute: 'user.email' };
    case 'auth.role':
      return { kind: 'principal', attribute: 'database.role' };
    case 'auth.jwt':
      return { kind: 'principal', attribute: 'claims' };
    case 'current_setting':
      return settingTerm(first) ?? opaqueTerm('setting', call);
    case 'lower':
    case 'btrim':
    case 'trim':
      return first ?? opaqueTerm(name, call);
    default:
      return { kind: 'call', name, arguments: values };
  }
}

function settingTerm(name: Term | undefined): Term | undefined {
  if (name?.kind !== 'constant' || typeof name.value !== 'string') return undefined;
  if (name.value === 'request.jwt.claims') return { kind: 'principal', attribute: 'claims' };
  if (name.value === 'request.jwt.claim.sub') return { kind: 'principal', attribute: 'user.id' };
  return { kind: 'setting', name: name.value };
}

function inlinedTerm(call: SqlNode, scope: SqlScope): Term | undefined {
  const select = inlinedSelect(call, scope);
  if (select === undefined || list(select.body['fromClause']).length > 0) return undefined;
  return term(onlyTarget(select.body), select.scope);
}

/** `auth.jwt() -> 'app_metadata' ->> 'org'`: an attribute of the principal; `user_metadata` is the caller's own choice. */
function jsonAccess(body: SqlNode, scope: SqlScope): Term | undefined {
  const name = text(record(record(list(body['name'])[0])['String'])['sval']);
  if (name !== '->' && name !== '->>' && name !== '#>>' && name !== '#>') return undefined;
  const value = term(record(body['lexpr']), scope);
  const path = record(body['rexpr']);
  if (path['A_ArrayExpr'] !== undefined)
    return list(record(path['A_ArrayExpr'])['elements'])
      .map(element => term(record(element), scope))
      .reduce<Term | undefined>((whole, part) => (whole === undefined ? undefined : fieldOf(whole, part)), value);
  return fieldOf(value, term(path, scope));
}

function fieldOf(value: Term, key: Term): Term | undefined {
  if (key.kind !== 'constant')
    return within(value, '') === undefined ? undefined : { kind: 'call', name: 'field', arguments: [value, key] };
  const field = String(key.value).replaceAll(/[{}]/g, '').replaceAll(',', '.');
  if (value.kind === 'client') return { kind: 'client', path: `${value.path}.${field}` };
  if (value.kind === 'principal' && value.attribute.startsWith('claims')) return claim(`${value.attribute}.${field}`);
  return { kind: 'call', name: 'field', arguments: [value, key] };
}

function claim(path: string): Term {
  if (path === 'claims.sub') return { kind: 'principal', attribute: 'user.id' };
  if (path === 'claims.email') return { kind: 'principal', attribute: 'user.email' };
  if (path === 'claims.role') return { kind: 'principal', attribute: 'database.role' };
  // Users write their own user_metadata: https://supabase.com/docs/guides/auth/users
  return path.startsWith('claims.user_metadata') ? { kind: 'client', path } : { kind: 'principal', attribute: path };
}

function constantOf(body: SqlNode): Term | undefined {
  if (body['isnull'] === true) return { kind: 'constant', value: null };
  if (body['boolval'] !== undefined) return { kind: 'constant', value: record(body['boolval'])['boolval'] === true };
  if (body['ival'] !== undefined) return { kind: 'constant', value: Number(record(body['ival'])['ival'] ?? 0) };
  if (body['fval'] !== undefined) return { kind: 'constant', value: Number(record(body['fval'])['fval'] ?? 0) };
  if (body['sval'] !== undefined) return { kind: 'constant', value: text(record(body['sval'])['sval']) };
  return undefined;
}

function lastName(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1);
}

function opaquePredicate(what: string, node: unknown): Predicate {
  return { kind: 'opaque', reason: `the SQL expression (${what}) is not followed: ${digest(node)}` };
}

function opaqueTerm(what: string, node: unknown): Term {
  return { kind: 'opaque', id: digest(node), reason: `the SQL value (${what}) is not followed` };
}

function digest(node: unknown): string {
  return createHash('sha1')
    .update(JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value)))
    .digest('hex')
    .slice(0, 8);
}
