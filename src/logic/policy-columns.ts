import type { DatabaseModel, Policy, Table } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { field, nodesOfCondition, relationName, textsOf, type TreeNode } from './condition-tree.ts';
import { tableNamed } from './named.ts';

/** A column by which policies find rows. */
export interface PolicyColumn {
  readonly table: Table;
  readonly column: string;
}

/** Columns by which the policies find rows, where no index begins with them; in the order of their names. */
export function columnsWithoutIndex(
  policies: readonly Policy[],
  database: DatabaseModel,
  tenancy: TenancyModel,
): readonly PolicyColumn[] {
  const wanted = new Map<string, PolicyColumn>();
  const listed = new Set(policies.map(policy => policy.table));
  const compared = [...tenantColumns(database, tenancy, listed), ...policies.flatMap(comparedColumns)];
  for (const { table: name, columns } of compared) {
    const table = tableNamed(database, name);
    if (table === undefined || columns.some(column => isIndexed(column, table))) continue;
    // An index that is ordered by whole lists finds no element of one.
    const [column] = columns.filter(known =>
      table.columns.some(own => own.name === known && !/\[\]$|^jsonb?$/.test(own.type)),
    );
    if (column !== undefined) wanted.set(`${name}.${column}`, { table, column });
  }
  return [...wanted.keys()].toSorted().flatMap(key => wanted.get(key) ?? []);
}

/** Columns of one table of which one index is enough. */
interface Compared {
  readonly table: string;
  readonly columns: readonly string[];
}

/** The column that says whose a row is, of tables with policies. */
function tenantColumns(
  { tables }: DatabaseModel,
  { owners }: TenancyModel,
  listed: ReadonlySet<string>,
): readonly Compared[] {
  return tables
    .filter(table => table.rowSecurity && listed.has(table.name))
    .flatMap(table => {
      const ownership = owners.find(owner => owner.table === table.name)?.ownership;
      return ownership?.kind === 'tenant' || ownership?.kind === 'user'
        ? [{ table: table.name, columns: [ownership.path[0].column] }]
        : [];
    });
}

/** Columns that the policy's conditions compare with the caller, with a list or with another table's column. */
function comparedColumns(policy: Policy): readonly Compared[] {
  if (policy.using === undefined) return [];
  const nodes = nodesOfCondition(policy.using) ?? [];
  const found = new Map<TreeNode, Compared>();
  const own: Compared[] = [];
  const add = (node: TreeNode, reference: Reference | undefined): void => {
    const select = node.above.findLast(above => above.kind === 'SelectStmt');
    if (reference === undefined || select === undefined) return;
    if (node.above.filter(above => above.kind === 'SelectStmt').length === 1) {
      own.push({ table: policy.table, columns: [reference.column] });
      return;
    }
    const table = tableOf(reference.alias, select);
    if (table === undefined) return;
    const known = found.get(select);
    if (known === undefined || known.table === table)
      found.set(select, { table, columns: [...(known?.columns ?? []), reference.column] });
  };
  for (const node of nodes) {
    if (node.kind === 'SubLink' && node.body['subLinkType'] === 'ANY_SUBLINK')
      add(node, referenceIn(node.body['testexpr']));
    if (node.kind !== 'A_Expr' || textsOf(node.body['name']).join('') !== '=') continue;
    const [left, right] = [node.body['lexpr'], node.body['rexpr']];
    if (!isConstant(right)) add(node, referenceIn(left));
    if (!isConstant(left)) add(node, referenceIn(right));
  }
  return [...own, ...found.values()];
}

interface Reference {
  readonly alias: string | undefined;
  readonly column: string;
}

/** A plain column: one inside a cast or a function has no use for an index on it. */
function referenceIn(node: unknown): Reference | undefined {
  const parts = textsOf(field(field(node, 'ColumnRef'), 'fields'));
  const column = parts.at(-1);
  return column === undefined ? undefined : { alias: parts.at(-2), column };
}

function isConstant(node: unknown): boolean {
  return field(node, 'A_Const') !== undefined || isCastOfConstant(field(node, 'TypeCast'));
}

function isCastOfConstant(cast: unknown): boolean {
  return cast !== undefined && isConstant(field(cast, 'arg'));
}

/** The table behind an alias in the `from` of a select. */
function tableOf(alias: string | undefined, select: TreeNode): string | undefined {
  const from = select.body['fromClause'];
  const ranges = rangesIn(from);
  const range =
    ranges.find(each => each.alias === alias) ?? (alias === undefined && ranges.length === 1 ? ranges[0] : undefined);
  return range?.table;
}

function rangesIn(from: unknown): readonly { readonly alias: string; readonly table: string }[] {
  if (Array.isArray(from)) return from.flatMap(rangesIn);
  const join = field(from, 'JoinExpr');
  if (join !== undefined) return [...rangesIn(field(join, 'larg')), ...rangesIn(field(join, 'rarg'))];
  const range = field(from, 'RangeVar');
  if (typeof range !== 'object' || range === null) return [];
  const table = relationName({ ...range });
  const alias = field(field(range, 'alias'), 'aliasname');
  return [{ alias: typeof alias === 'string' ? alias : (table.split('.').at(-1) ?? table), table }];
}

function isIndexed(column: string, table: Table): boolean {
  return table.indexes.some(index => index.columns[0] === column);
}
