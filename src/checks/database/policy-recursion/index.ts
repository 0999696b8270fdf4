import { objectName, type Cell } from '../../../core/cell.ts';
import { callsOfCondition, nodesOfSql, relationName, relationsOfCondition } from '../../../logic/condition-tree.ts';
import { rolesOfRole } from '../../../logic/roles.ts';
import { requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, Policy, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding } from '../../check.ts';
import { filled, lintFinding, listed, policyRemark } from '../lint.ts';

/** Policies whose sub-queries, or the functions that they call, come back to their own table: Postgres refuses every query on it. */
export const check: Check = {
  id: 'database/policy-recursion',
  title: 'Policy that asks itself',
  severity: 'medium',
  cwe: 674,
  needs: 'database',
  judge: ({ database, cells }) => ({ findings: findings(database, cells), gaps: [] }),
};

function findings(database: DatabaseModel, cells: readonly Cell[]): readonly CheckFinding[] {
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
      if (!found.has(subject))
        found.set(subject, toFinding(subject, names, policies, behindWords(names, asked, cells)));
    }
  }
  return [...found.values()];
}

function toFinding(
  subject: string,
  names: readonly string[],
  policies: readonly [Policy, ...Policy[]],
  behind: string,
): CheckFinding {
  const [first, ...rest] = policies;
  const isDirect = policies.every(({ using = 'true' }) =>
    relationsOfCondition(using).some(name => names.includes(name)),
  );
  const how =
    names.length === 1
      ? `The policy '${first.name}' on '${first.table}' ${isDirect ? '' : 'calls a function that '}reads '${first.table}' itself`
      : `Policies of ${listed(names)} read each other's tables in a circle`;
  return lintFinding({
    subject,
    message: `${how}, and Postgres refuses every query that comes across it with '${isDirect ? 'infinite recursion detected in policy' : 'stack depth limit exceeded'}'.${behind === '' ? '' : ` ${behind}.`}`,
    harm: `Nobody can use ${listed(names)} under a request role, not even the owners of the rows.${/another/.test(behind) ? ` ${behind}.` : ''}`,
    remarks: [policyRemark(first), ...rest.map(policyRemark)],
  });
}

/** What was seen behind the circle once it was mended, of the tables that it breaks. */
function behindWords(names: readonly string[], asked: Asked, cells: readonly Cell[]): string {
  // Whoever belongs to both tenants is nobody's attacker.
  const broken = cells.filter(
    cell =>
      cell.verdict === 'broken' &&
      cell.objectKind === 'table' &&
      cell.actor !== 'member-of-both' &&
      comesTo(objectName(cell), names, asked),
  );
  const tables = (of: readonly Cell[]): readonly string[] => [...new Set(of.map(objectName))].sort();
  const open = tables(broken.filter(({ behind }) => behind?.verdict === 'leaks'));
  const untried = tables(broken.filter(({ behind }) => behind === undefined));
  if (open.length > 0)
    return `Once a function that looks past policies mends that, ${listed(open)} ${open.length === 1 ? 'lets' : 'let'} another tenant in, as was tried on a copy`;
  if (untried.length > 0) return `What ${listed(untried)} would let through once that is mended was not tried`;
  return broken.length === 0 ? '' : 'With that mended on a copy, no attempt on what it breaks got through';
}

function comesTo(start: string, names: readonly string[], asked: Asked): boolean {
  const found = new Set([start]);
  for (const name of found) for (const next of asked.get(name)?.keys() ?? []) found.add(next);
  return names.some(name => found.has(name));
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
        .flatMap(policy => relationsBehind(policy.using ?? 'true', database).map(name => [name, policy] as const))
        .filter(([name]) => secured.has(name)),
    );
  return new Map(database.tables.filter(table => table.rowSecurity).map(table => [table.name, of(table)]));
}

/** Tables that a condition reads with the caller's rights: in sub-queries of its own, and in the functions that it calls. */
function relationsBehind(condition: string, database: DatabaseModel): readonly string[] {
  const called = callsOfCondition(condition).flatMap(({ name }) =>
    database.functions.filter(
      definition =>
        definition.name === name.replace(/^public\./, '') &&
        definition.language === 'sql' &&
        !definition.securityDefiner,
    ),
  );
  return [...relationsOfCondition(condition), ...called.flatMap(({ body }) => relationsOfQuery(body))];
}

function relationsOfQuery(body: string): readonly string[] {
  const nodes = nodesOfSql(body) ?? [];
  return nodes.flatMap(node => (node.kind === 'RangeVar' ? [relationName(node.body)] : []));
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
