import { field, nodesOfCondition, textsOf, type TreeNode } from '../../../logic/condition-tree.ts';
import type { Policy, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { ownerOf } from '../../harm.ts';
import { blamedIn, lintFinding, policyKey, policyRemark } from '../lint.ts';

/** Policies that show rows without a tenant to everybody, where a tenant's row can become one without a tenant. */
export const check: Check = {
  id: 'database/rows-without-tenant-shared',
  title: 'Rows without a tenant are shown to all',
  severity: 'medium',
  cwe: 863,
  needs: 'database',
  judge: input => ({ findings: input.database.tables.flatMap(table => findingsFor(table, input)), gaps: [] }),
};

function findingsFor(table: Table, input: CheckInput): readonly CheckFinding[] {
  const ownership = ownerOf(input.tenancy, table.name)?.ownership;
  if (!table.rowSecurity || (ownership?.kind !== 'tenant' && ownership?.kind !== 'user')) return [];
  const [{ column }] = ownership.path;
  if (table.columns.some(own => own.name === column && own.notNull)) return [];
  const showing = table.policies.find(
    policy =>
      policy.permissive &&
      (policy.command === 'select' || policy.command === 'all') &&
      !blamedIn(input).policies.has(policyKey(policy)) &&
      admitsNull(policy.using, column),
  );
  const how = showing === undefined ? undefined : wayToNull(table, column, input);
  if (showing === undefined || how === undefined) return [];
  return [
    lintFinding({
      subject: policyKey(showing),
      message: `The policy '${showing.name}' shows rows of '${table.name}' whose '${column}' is null to everybody it holds for, and ${how}.`,
      harm: `Rows of '${table.name}' that were one tenant's can end up in front of all of them.`,
      remarks: [policyRemark(showing)],
    }),
  ];
}

/** How a row comes to have no tenant. */
function wayToNull(table: Table, column: string, input: CheckInput): string | undefined {
  const key = table.foreignKeys.find(
    foreign => foreign.columns.length === 1 && foreign.columns[0] === column && foreign.onDelete === 'set null',
  );
  if (key !== undefined) return `rows lose theirs when the row of '${key.table}' is deleted`;
  const writing = table.policies.find(
    policy => letsWriteNull(policy, column) && !blamedIn(input).policies.has(policyKey(policy)),
  );
  return writing === undefined ? undefined : `the policy '${writing.name}' lets users write such rows`;
}

function letsWriteNull(policy: Policy, column: string): boolean {
  if (!policy.permissive || policy.command === 'select' || policy.command === 'delete') return false;
  const condition = policy.check ?? (policy.command === 'insert' ? undefined : policy.using);
  return admitsNull(condition, column);
}

/** Whether one of the alternatives asks for nothing but that the column is null. */
function admitsNull(condition: string | undefined, column: string): boolean {
  const nodes = condition === undefined ? [] : (nodesOfCondition(condition) ?? []);
  return nodes.some(node => {
    if (node.kind !== 'NullTest' || node.body['nulltesttype'] !== 'IS_NULL') return false;
    const parts = textsOf(field(field(node.body['arg'], 'ColumnRef'), 'fields'));
    return parts.at(-1) === column && isAlternative(node);
  });
}

/** Below `or` alone, in the condition itself. */
function isAlternative({ above }: TreeNode): boolean {
  const start = above.findIndex(node => node.kind === 'SelectStmt');
  const inside = above.slice(start + 1);
  return inside.length > 0 && inside.every(node => node.kind === 'BoolExpr' && node.body['boolop'] === 'OR_EXPR');
}
