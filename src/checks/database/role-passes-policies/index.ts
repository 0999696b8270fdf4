import { rolesOfRole } from '../../../logic/roles.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, DatabaseRole, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding } from '../../check.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { lintFinding, listed } from '../lint.ts';

/** A role of the app that no policy binds: it has BYPASSRLS, or may become a role that has, or that owns the tables. */
export const check: Check = {
  id: 'database/role-passes-policies',
  title: 'Role passes policies',
  severity: 'high',
  cwe: 269,
  needs: 'database',
  judge: ({ database }) => ({ findings: findings(database), gaps: [] }),
};

function findings(database: DatabaseModel): readonly CheckFinding[] {
  const secured = database.tables.filter(
    table => table.rowSecurity && table.policies.length > 0 && !isPlatformTable(table, database),
  );
  const ordinary = new Set(requestRoles(database));
  // On Supabase the service role is the platform's, and its key is for servers.
  const free = ordinary.size > 0 ? [] : database.roles.filter(role => role.bypassRowSecurity && !role.superuser);
  const members = database.roles.filter(role => ordinary.has(role.name));
  return [
    ...free.flatMap(role => toFinding(role, undefined, reachedBy(role.name, secured, database))),
    ...members.flatMap(role => {
      const above = [...rolesOfRole(role.name, database)].find(
        name => name !== role.name && isAbove(name, secured, database),
      );
      return above === undefined ? [] : toFinding(role, above, reachedBy(role.name, secured, database));
    }),
  ];
}

function toFinding(role: DatabaseRole, above: string | undefined, tables: readonly Table[]): readonly CheckFinding[] {
  if (tables.length === 0) return [];
  const why = above === undefined ? `'${role.name}' has BYPASSRLS` : `'${role.name}' is a member of '${above}'`;
  const names = listed(tables.map(table => table.name));
  return [
    lintFinding({
      subject: role.name,
      message: `${why}, and no policy of ${names} binds that role.`,
      harm: `Requests that run as '${role.name}' can reach every tenant's rows in ${names}, whatever the policies say.`,
      remarks: [
        {
          object: tables[0]?.name ?? '',
          statement: `role ${role.name}${role.bypassRowSecurity ? ' bypassrls' : ''}${role.memberOf.length > 0 ? `, member of ${role.memberOf.join(', ')}` : ''}`,
          place: tables[0]?.policies[0]?.definedAt ?? tables[0]?.definedAt,
        },
      ],
      repair: { kind: 'bind-role', role: role.name, ...(above === undefined ? {} : { above }) },
    }),
  ];
}

function isAbove(name: string, secured: readonly Table[], { roles }: DatabaseModel): boolean {
  const role = roles.find(candidate => candidate.name === name);
  return (
    role?.superuser === true ||
    role?.bypassRowSecurity === true ||
    secured.some(table => table.owner === name && !table.forceRowSecurity)
  );
}

function reachedBy(role: string, secured: readonly Table[], database: DatabaseModel): readonly Table[] {
  return secured.filter(table =>
    (['select', 'insert', 'update', 'delete'] as const).some(privilege => mayUse(role, privilege, table, database)),
  );
}
