import {
  field,
  nodesOfCondition,
  nodesOfSql,
  relationName,
  textsOf,
  type TreeNode,
} from '../../../logic/condition-tree.ts';
import type { DatabaseModel, Policy } from '../../../model/database/types.ts';
import type { Check, CheckInput } from '../../check.ts';
import { blamedIn, conditionsOf, lintFinding, livePolicies, policyKey, policyRemark } from '../lint.ts';

/** A sub-query of a policy that compares a table with itself instead of with the row: its answer is the same for every row. */
export const check: Check = {
  id: 'database/policy-subquery-not-correlated',
  title: 'Sub-query not tied to the row',
  severity: 'high',
  cwe: 697,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const { policies } = blamedIn(input);
  return livePolicies(input.database).flatMap(policy => {
    if (policies.has(policyKey(policy))) return [];
    const mix = conditionsOf(policy).flatMap(condition => mixUps(condition, policy, input.database))[0];
    if (mix === undefined) return [];
    return [
      lintFinding({
        subject: policyKey(policy),
        message: `In the policy '${policy.name}' on '${policy.table}', ${mix.words}.`,
        harm: `The policy does not compare the row of '${policy.table}' with what it reads: who gets in for one row gets in for all of them, or nobody does.`,
        remarks: [policyRemark(policy)],
        ...(mix.meant === undefined
          ? {}
          : { repair: { kind: 'correlate-policy', table: policy.table, policy: policy.name, ...mix.meant } }),
      }),
    ];
  });
}

/** What is compared with itself, or named by the wrong table, and which side was meant for the row. */
interface MixUp {
  readonly words: string;
  readonly meant?: { readonly other: string; readonly column: string };
}

function mixUps(condition: string, policy: Policy, database: DatabaseModel): readonly MixUp[] {
  const nodes = nodesOfCondition(condition) ?? [];
  const bare = policy.table.split('.').at(-1) ?? policy.table;
  const own = database.tables.find(table => table.name === policy.table)?.columns.map(column => column.name) ?? [];
  const written = bareColumns(policy);
  return [
    ...nodes.flatMap(node => selfComparison(node, { bare, own, written })),
    ...nodes.flatMap(node => misnamedFile(node, policy)),
  ];
}

interface Names {
  readonly bare: string;
  readonly own: readonly string[];
  /** Columns that the migration names without a table, inside sub-queries. */
  readonly written: ReadonlySet<string>;
}

/** `m.organization_id = m.organization_id`, or `m.id = m.organization_id` where a bare name was meant for the row. */
function selfComparison(node: TreeNode, { bare, own, written }: Names): readonly MixUp[] {
  if (node.kind !== 'A_Expr' || textsOf(node.body['name']).join('') !== '=') return [];
  const inner = node.above.findLast(above => above.kind === 'SelectStmt');
  const [left, right] = [columnOf(node.body['lexpr']), columnOf(node.body['rexpr'])];
  // The outermost select is the parser's own wrapping of the condition.
  const isInside = node.above.filter(above => above.kind === 'SelectStmt').length > 1;
  if (inner === undefined || !isInside || left === undefined || right === undefined) return [];
  if (left.table === undefined || left.table !== right.table || left.table === bare) return [];
  if (left.column === right.column)
    return [
      {
        words: `'${left.table}.${left.column}' is compared with itself, and not with the row's`,
        ...(own.includes(left.column) ? { meant: { other: left.table, column: left.column } } : {}),
      },
    ];
  const meant = [left.column, right.column].find(column => own.includes(column) && written.has(column));
  return meant === undefined
    ? []
    : [
        {
          words: `'${meant}' is written without its table, and Postgres reads it as that of '${left.table}', not the row's`,
          meant: { other: left.table, column: meant },
        },
      ];
}

/** The path of a file taken from another table's column of the same name. */
function misnamedFile(node: TreeNode, policy: Policy): readonly MixUp[] {
  if (policy.table !== 'storage.objects' || node.kind !== 'FuncCall') return [];
  if (!/^storage\.(foldername|filename|extension)$/.test(textsOf(node.body['funcname']).join('.'))) return [];
  const args = node.body['args'];
  const column = columnOf(Array.isArray(args) ? args[0] : undefined);
  const select = node.above.findLast(above => above.kind === 'SelectStmt');
  const reads = Array.isArray(select?.body['fromClause']) ? select.body['fromClause'] : [];
  const isOther = reads.some(
    item => aliasOf(item) === column?.table && relationName(record(field(item, 'RangeVar'))) !== 'storage.objects',
  );
  return column?.table === undefined || !isOther
    ? []
    : [{ words: `the path is taken from '${column.table}.${column.column}', and not from the file's name` }];
}

/** Columns named without a table in sub-queries of the statement that made the policy. */
function bareColumns({ written }: Policy): ReadonlySet<string> {
  const nodes = written === undefined ? [] : (nodesOfSql(written) ?? []);
  return new Set(
    nodes.flatMap(node => {
      const parts = textsOf(node.body['fields']);
      const isInside = node.above.some(above => above.kind === 'SelectStmt');
      return node.kind === 'ColumnRef' && isInside && parts.length === 1 ? parts : [];
    }),
  );
}

function columnOf(node: unknown): { readonly table: string | undefined; readonly column: string } | undefined {
  const cast = field(node, 'TypeCast');
  if (cast !== undefined) return columnOf(field(cast, 'arg'));
  const parts = textsOf(field(field(node, 'ColumnRef'), 'fields'));
  const column = parts.at(-1);
  return column === undefined ? undefined : { table: parts.at(-2), column };
}

function aliasOf(item: unknown): string | undefined {
  const range = field(item, 'RangeVar');
  const name = field(field(range, 'alias'), 'aliasname') ?? field(range, 'relname');
  return typeof name === 'string' ? name : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
