import type { Check, CheckFinding, CheckInput, JudgedPath } from '../../check.ts';
import { humanizeTable, isOwned, tenantNoun } from '../../harm.ts';
import type { Repair } from '../../repair.ts';
import { guardsOf, hasStaffName, isAdministrative, siblingsWithRole } from '../administration.ts';
import { leakCheck } from '../leak-check.ts';
import { siteOf } from '../rows.ts';

const title = 'Administration without a role check';

/** What only administrators may see or do is guarded by a hidden link or a redirect in the browser: any signed-in user who knows the address gets it. */
export const check: Check = {
  id: 'path/admin-without-role',
  title,
  severity: 'high',
  cwe: 862,
  needs: 'app',
  judge: input => {
    const leaking = acrossTenants.judge(input).findings;
    return {
      findings: [...leaking, ...withinTenant(input, new Set(leaking.flatMap(finding => finding.entryPoint ?? [])))],
      gaps: [],
    };
  },
};

/** Any member reaches every tenant's rows. */
const acrossTenants = leakCheck({
  id: 'path/admin-without-role',
  title,
  severity: 'high',
  cwe: 862,
  reasons: ['cross-role', 'unscoped', 'client-id'],
  applies: path => path.reason === 'cross-role' || isAdministrative(path),
  message: (path, input) =>
    `'${path.entryPoint.name}' reaches every tenant's rows of '${path.sink.table}' and asks its caller for no role${beside(path, input)}.`,
  repair: requireRole,
});

/** Any member reaches what their own administrators keep to themselves everywhere else. */
function withinTenant(input: CheckInput, reported: ReadonlySet<string>): readonly CheckFinding[] {
  const candidates = input.paths.filter(
    path =>
      path.verdict === 'isolated' &&
      path.principal === 'member' &&
      isOwned(input.tenancy, path.sink.table) &&
      !reported.has(path.entryPoint.name) &&
      lacksRole(path, input),
  );
  const byEntry = new Map(
    candidates.toSorted((left, right) => left.sink.line - right.sink.line).map(path => [path.entryPoint.name, path]),
  );
  return [...byEntry.values()].map(path => ({
    subject: `${path.entryPoint.name} within the tenant`,
    severity: path.sink.operation === 'read' ? 'medium' : 'high',
    harm: `Any member of one ${tenantNoun(input.tenancy)} can ${path.sink.operation === 'read' ? 'see' : 'change'} its ${humanizeTable(path.sink.table)} where only its administrators may.`,
    message: `'${path.entryPoint.name}' asks its caller for no role${beside(path, input)}.`,
    file: path.entryPoint.file,
    line: path.entryPoint.line,
    entryPoint: path.entryPoint.name,
    object: path.sink.table,
    pathIds: candidates.filter(other => other.entryPoint.name === path.entryPoint.name).map(other => other.id),
    evidence: [{ kind: 'path', pathId: path.id }],
    repair: requireRole(path, input),
  }));
}

function lacksRole(path: JudgedPath, input: CheckInput): boolean {
  const guards = guardsOf(path.entryPoint, input);
  return (
    guards !== undefined &&
    guards.roles.length === 0 &&
    !guards.system &&
    hasStaffName(path.entryPoint) &&
    siblingsWithRole(path.entryPoint, input).length > 0
  );
}

function requireRole(path: JudgedPath, input: CheckInput): Repair {
  const [sibling] = siblingsWithRole(path.entryPoint, input);
  return {
    kind: 'require-role',
    ...siteOf(path, path.entryPoint),
    roles: sibling?.roles ?? [],
    ...(sibling === undefined ? {} : { sibling: sibling.entryPoint }),
  };
}

function beside(path: JudgedPath, input: CheckInput): string {
  const [sibling] = siblingsWithRole(path.entryPoint, input);
  return sibling === undefined ? '' : `, while '${sibling.entryPoint}' asks for '${sibling.roles.join("' or '")}'`;
}
