import { opensFor } from '../../core/rules.ts';
import { withoutComments } from '../../core/sql-text.ts';
import { field, nodesOfCondition, nodesOfSql, textsOf, type TreeNode } from '../../logic/condition-tree.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table } from '../../model/database/types.ts';

/** What a function counts up. */
export interface Counter {
  readonly table: string;
  readonly columns: readonly string[];
}

/**
 * What a function counts up by one, where it does nothing else and everybody who may call it may read such rows: views of a
 * published post. Whoever calls it can falsify a number, and no more.
 */
export function counterOf(definition: DatabaseFunction, database: DatabaseModel): Counter | undefined {
  const body = withoutComments(definition.body);
  const [statement, ...more] = [...body.matchAll(writing)].map(([text]) => text);
  if (statement === undefined || more.length > 0 || callsOthers(body, definition, database)) return undefined;
  const nodes = nodesOfSql(statement.replace(/\bend\s*$/i, ''));
  const [update] = nodes?.filter(node => node.kind === 'UpdateStmt') ?? [];
  const table = update === undefined ? undefined : tableOf(update, database);
  if (nodes === undefined || update === undefined || table === undefined || !isForAll(table, definition))
    return undefined;
  const sets = nodes.filter(node => node.kind === 'ResTarget' && isSet(node, update));
  const counted = sets.filter(isCountedUp);
  const isAlone = counted.length > 0 && sets.every(set => isCountedUp(set) || isMoment(set));
  return isAlone ? { table: table.name, columns: counted.map(nameOf) } : undefined;
}

/** Statements that write, or that run what is not seen here. */
export const writing =
  /\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate|execute|perform|call|copy)\b[^;]*/gi;

/** Whether a body calls another function of the database. */
export function callsOthers(body: string, own: DatabaseFunction, { functions }: DatabaseModel): boolean {
  return functions.some(
    ({ name }) => name !== own.name && new RegExp(`\\b${name.split('.').at(-1) ?? ''}"?\\s*\\(`).test(body),
  );
}

function tableOf(update: TreeNode, { tables }: DatabaseModel): Table | undefined {
  const relation = update.body['relation'];
  const [schema, name] = [field(relation, 'schemaname'), field(relation, 'relname')];
  return tables.find(
    table => table.name === name || (typeof schema === 'string' && table.name === `${schema}.${String(name)}`),
  );
}

/** Whether a policy shows rows to everybody who may call, whoever he is. */
function isForAll({ policies, rowSecurity }: Table, { grants }: DatabaseFunction): boolean {
  const role = grants.some(grant => /^(anon|public)$/.test(grant.role)) ? 'anon' : 'authenticated';
  return (
    rowSecurity &&
    policies.some(policy => policy.permissive && opensFor(policy, 'select', [role]) && !asksWhoReads(policy))
  );
}

function asksWhoReads({ using = 'true' }: Policy): boolean {
  const nodes = nodesOfCondition(using);
  return (
    nodes === undefined ||
    nodes.some(
      node =>
        node.kind === 'SubLink' ||
        node.kind === 'SQLValueFunction' ||
        (node.kind === 'FuncCall' && textsOf(node.body['funcname']).at(-1) !== 'now'),
    )
  );
}

/** `views = …`, and not what the statement returns. */
function isSet(node: TreeNode, update: TreeNode): boolean {
  const targets = update.body['targetList'];
  return Array.isArray(targets) && targets.some(target => field(target, 'ResTarget') === node.body);
}

function nameOf({ body }: TreeNode): string {
  return typeof body['name'] === 'string' ? body['name'] : '';
}

/** `views = views + 1`, `views = coalesce(views, 0) + 1`. */
function isCountedUp(node: TreeNode): boolean {
  const sum = field(node.body['val'], 'A_Expr');
  const isPlus = textsOf(field(sum, 'name')).join() === '+';
  const [left, right] = [field(sum, 'lexpr'), field(sum, 'rexpr')];
  return isPlus && ((isColumn(left, nameOf(node)) && isOne(right)) || (isOne(left) && isColumn(right, nameOf(node))));
}

function isColumn(value: unknown, column: string): boolean {
  const args = field(field(value, 'CoalesceExpr'), 'args');
  const bare: unknown = Array.isArray(args) ? args[0] : value;
  return textsOf(field(field(bare, 'ColumnRef'), 'fields')).at(-1) === column;
}

function isOne(value: unknown): boolean {
  return field(field(field(value, 'A_Const'), 'ival'), 'ival') === 1;
}

/** `updated_at = now()`. */
function isMoment(node: TreeNode): boolean {
  const value = node.body['val'];
  return (
    field(value, 'SQLValueFunction') !== undefined ||
    textsOf(field(field(value, 'FuncCall'), 'funcname')).at(-1) === 'now'
  );
}
