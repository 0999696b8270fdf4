import { rolesOfRole } from '../../../logic/roles.ts';
import { mayUseColumn, requestRoles } from '../../../model/database/roles.ts';
import type { Policy, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { ownerOf } from '../../harm.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { blamedIn, lintFinding, listed, mayEnter, withoutRefusedVisitors } from '../lint.ts';

/** Hashes, keys and tokens in rows that a policy shows to the app's users: with the row comes every column. */
export const check: Check = {
  id: 'database/secret-column-readable',
  title: 'Secret column readable',
  severity: 'medium',
  cwe: 200,
  needs: 'database',
  judge: input => ({ findings: input.database.tables.flatMap(table => findingFor(table, input)), gaps: [] }),
};

function findingFor(table: Table, input: CheckInput): readonly CheckFinding[] {
  const { database, tenancy } = input;
  const secrets = ownerOf(tenancy, table.name)?.secretColumns ?? [];
  if (secrets.length === 0 || !table.rowSecurity || isPlatformTable(table, database)) return [];
  if (blamedIn(input).objects.has(table.name)) return [];
  const shown = withoutRefusedVisitors(requestRoles(database), table.name, input).flatMap(role => {
    const names = rolesOfRole(role, database);
    const policies = mayEnter(role, table.schema, database) ? table.policies.filter(policy => lets(policy, names)) : [];
    const columns = secrets.filter(column => mayUseColumn(role, 'select', table, column, database));
    return policies.length === 0 || columns.length === 0 ? [] : [{ role, policies, columns }];
  });
  const [first] = shown;
  if (first === undefined) return [];
  const columns = secrets.filter(column => shown.some(each => each.columns.includes(column)));
  const own = ownerOf(tenancy, table.name)?.ownership.kind === 'user';
  return [
    lintFinding({
      subject: table.name,
      message: `Whoever may read a row of '${table.name}' under ${listed(shown.map(each => each.role))} reads ${listed(columns)} with it.`,
      harm: own
        ? `${listed(columns)} of '${table.name}' can be read in the browser of the user whose row it is, and by every script that runs there.`
        : `Every member can read ${listed(columns)} of '${table.name}' with the app's public key, whatever the app itself shows.`,
      remarks: [
        {
          object: table.name,
          statement: `grant select (${columns.join(', ')}) on ${table.name} to ${shown.map(each => each.role).join(', ')}, under ${listed([...new Set(first.policies.map(({ name }) => name))])}`,
          place: first.policies[0]?.definedAt ?? table.definedAt,
        },
      ],
      ...(own ? { severity: 'low' as const } : {}),
    }),
  ];
}

function lets(policy: Policy, names: ReadonlySet<string>): boolean {
  return (
    policy.permissive &&
    (policy.command === 'select' || policy.command === 'all') &&
    policy.using !== 'false' &&
    policy.roles.some(name => names.has(name))
  );
}
