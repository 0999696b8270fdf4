import { field, nodesOfCondition, textsOf, type TreeNode } from '../../../logic/condition-tree.ts';
import type { Policy } from '../../../model/database/types.ts';
import type { Check, CheckFinding } from '../../check.ts';
import { conditionsOf, lintFinding, livePolicies, policyKey, policyRemark } from '../lint.ts';

/** A policy with a way in that asks for a setting of the session and not for the row: a switch that opens the table. */
export const check: Check = {
  id: 'database/setting-opens-policy',
  title: 'Setting opens policy',
  severity: 'low',
  cwe: 639,
  needs: 'database',
  judge: ({ database }) => ({ findings: livePolicies(database).flatMap(findingFor), gaps: [] }),
};

function findingFor(policy: Policy): readonly CheckFinding[] {
  if (!policy.permissive) return [];
  const [setting] = conditionsOf(policy).flatMap(switchesIn);
  if (setting === undefined) return [];
  // PostgREST writes the headers and cookies of each request into settings of these names.
  const isClients = /^request\.(headers?|cookies?)\b/.test(setting);
  return [
    lintFinding({
      subject: policyKey(policy),
      message: `The policy '${policy.name}' on '${policy.table}' lets every row through when the setting '${setting}' has a certain value.`,
      harm: isClients
        ? `Whoever sends that value in a request can reach every tenant's rows of '${policy.table}'.`
        : `Whoever can run SQL under a request role can set '${setting}' and reach every tenant's rows of '${policy.table}'.`,
      remarks: [policyRemark(policy)],
      ...(isClients ? { severity: 'high' as const } : {}),
    }),
  ];
}

/** Settings that alone decide one of the alternatives of a condition. */
function switchesIn(condition: string): readonly string[] {
  const nodes = nodesOfCondition(condition) ?? [];
  const [top] = nodes.filter(node => node.kind !== 'SelectStmt' && node.kind !== 'RawStmt' && isTop(node));
  const isEither = top?.kind === 'BoolExpr' && top.body['boolop'] === 'OR_EXPR';
  const alternatives = isEither ? childrenOf(top, nodes) : top === undefined ? [] : [top];
  return alternatives.flatMap(alternative => {
    const inside = nodes.filter(node => node === alternative || node.above.includes(alternative));
    if (inside.some(node => node.kind === 'ColumnRef' || node.kind === 'SubLink')) return [];
    const calls = inside.filter(node => node.kind === 'FuncCall').map(nameOf);
    if (calls.some(name => !/^(current_setting|coalesce|nullif|lower|trim|btrim)$/.test(name))) return [];
    return inside.filter(node => node.kind === 'FuncCall' && nameOf(node) === 'current_setting').flatMap(settingOf);
  });
}

/** A node of the condition itself: right below the select that the parser was given. */
function isTop(node: TreeNode): boolean {
  return (
    node.above.at(-1)?.kind === 'SelectStmt' &&
    node.above.filter(above => above.kind === 'SelectStmt').length === 1 &&
    node.kind !== 'ResTarget'
  );
}

function childrenOf(parent: TreeNode, nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.filter(node => node.above.at(-1) === parent);
}

function nameOf(node: TreeNode): string {
  return textsOf(node.body['funcname']).at(-1) ?? '';
}

/** Settings of the app have a dot in their name; claims of a verified token are not the client's. */
function settingOf(node: TreeNode): readonly string[] {
  const args = node.body['args'];
  const first: unknown = Array.isArray(args) ? args[0] : undefined;
  const bare = field(field(first, 'TypeCast'), 'arg') ?? first;
  const name = field(field(field(bare, 'A_Const'), 'sval'), 'sval');
  return typeof name === 'string' && name.includes('.') && !name.startsWith('request.jwt') ? [name] : [];
}
