import { callsPerRow } from '../../../logic/condition-tree.ts';
import { steadyFunctions } from '../../../model/database/steady.ts';
import type { DatabaseModel } from '../../../model/database/types.ts';
import type { Check } from '../../check.ts';
import { conditionsOf, filled, lintFinding, listed, livePolicies, policyRemark } from '../lint.ts';

/** Policies that ask who is calling once for every row of the table instead of once for the query. */
export const check: Check = {
  id: 'database/policy-evaluated-per-row',
  title: 'Policy evaluated per row',
  severity: 'low',
  cwe: 400,
  needs: 'database',
  judge: ({ database }) => ({ findings: findings(database), gaps: [] }),
};

function findings(database: DatabaseModel) {
  const isSteady = steadyFunctions(database);
  const slow = livePolicies(database).flatMap(policy => {
    const calls = conditionsOf(policy).flatMap(condition => callsPerRow(condition, isSteady));
    return calls.length === 0 ? [] : [{ policy, names: calls.map(call => call.name) }];
  });
  const remarks = filled(slow.map(({ policy }) => policyRemark(policy)));
  if (remarks === undefined) return [];
  const names = listed([...new Set(slow.flatMap(each => each.names))].toSorted());
  const tables = [...new Set(slow.map(({ policy }) => policy.table))];
  return [
    lintFinding({
      subject: 'policies',
      message: `${slow.length === 1 ? `The policy '${slow[0]?.policy.name ?? ''}'` : `${slow.length} policies`} on ${listed(tables)} ${slow.length === 1 ? 'calls' : 'call'} ${names} once for every row.`,
      harm: `Queries on ${listed(tables)} get slower with every row of every tenant, long before anybody sees a wrong row.`,
      remarks,
      repair: { kind: 'call-once' },
    }),
  ];
}
