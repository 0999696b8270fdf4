import { relationsOfCondition } from '../../../logic/condition-tree.ts';
import { rolesOfRole } from '../../../logic/roles.ts';
import { requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, Policy, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding } from '../../check.ts';
import { filled, lintFinding, listed, policyRemark } from '../lint.ts';

/** Policies whose sub-queries come back to their own table: Postgres refuses every query on it. */
export const check: Check = {
  id: 'database/policy-recursion',
  title: 'Policy that asks itself',
  severity: 'medium',
  cwe: 674,
  needs: 'database',
  judge: ({ database }) => ({ findings: findings(database), gaps: [] }),
};

function findings(database: DatabaseModel): readonly CheckFinding[] {
  const found = new Map<string, CheckFinding>();
  for (const role of requestRoles(database)) {
    const asked = askedTables(database, role);
    for (const table of asked.keys()) {
      const circle = circleFrom(table, asked);
      const policies = filled(
        circle.flatMap((name, index) => asked.get(name)?.get(circle[(index + 1) % circle.length] ?? '') ?? []),
      );
      if (policies === undefined) continue;
      const names = [...circle].sort();
      const subject = names.join(' ');
      if (!found.has(subject)) found.set(subject, toFinding(subject, names, policies));
    }
  }
  return [...found.values()];
}

function toFinding(subject: string, names: readonly string[], policies: readonly [Policy, ...Policy[]]): CheckFinding {
  const [first, ...rest] = policies;
  const how =
    names.length === 1
      ? `The policy '${first.name}' on '${first.table}' reads '${first.table}' itself`
      : `Policies of ${listed(names)} read each other's tables in a circle`;
  return lintFinding({
    subject,
    message: `${how}, and Postgres refuses every query that comes across it with 'infinite recursion detected in policy'.`,
    harm: `Nobody can use ${listed(names)} under a request role, not even the owners of the rows.`,
    remarks: [policyRemark(first), ...rest.map(policyRemark)],
  });
}

type Asked = ReadonlyMap<string, ReadonlyMap<string, Policy>>;

/** For each table, the tables that its policies for reading read, each with one policy that does. */
function askedTables(database: DatabaseModel, role: string): Asked {
  const names = rolesOfRole(role, database);
  const secured = new Set(database.tables.filter(table => table.rowSecurity).map(table => table.name));
  const reads = (policy: Policy): boolean =>
    (policy.command === 'select' || policy.command === 'all') && policy.roles.some(name => names.has(name));
  const of = (table: Table): ReadonlyMap<string, Policy> =>
    new Map(
      table.policies
        .filter(reads)
        .flatMap(policy => relationsOfCondition(policy.using ?? 'true').map(name => [name, policy] as const))
        .filter(([name]) => secured.has(name)),
    );
  return new Map(database.tables.filter(table => table.rowSecurity).map(table => [table.name, of(table)]));
}

/** The shortest way from a table back to itself; empty where there is none. */
function circleFrom(start: string, asked: Asked): readonly string[] {
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of asked.get(way.at(-1) ?? '')?.keys() ?? []) {
      if (next === start) return way;
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return [];
}
