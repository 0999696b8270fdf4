import { rolesOfRole } from '../../logic/roles.ts';
import type { DatabaseModel, Grant } from './types.ts';

/** Roles that Supabase makes for itself: no request of an app runs under one of them. */
const platformRoles =
  /^(service_role|authenticator|postgres|dashboard_user|pgbouncer|supabase_\w+|pgsodium_\w+|cli_login_\w+)$/;

/** The roles that requests of the app's users run under: not an owner of tables, not above the policies, and with a privilege somewhere. */
export function requestRoles(database: DatabaseModel): readonly string[] {
  const owners = new Set([...database.tables, ...database.views].map(relation => relation.owner));
  const granted = new Set(
    [...database.tables, ...database.views, ...database.functions].flatMap(object =>
      object.grants.map(grant => grant.role),
    ),
  );
  const isPlatforms = (name: string): boolean => database.platform === 'supabase' && platformRoles.test(name);
  return database.roles
    .filter(role => !role.superuser && !role.bypassRowSecurity && granted.has(role.name) && !owners.has(role.name))
    .map(role => role.name)
    .filter(name => !isPlatforms(name));
}

/** Whether the role has the privilege: itself, by a role that it is a member of, or as everybody has it. */
export function mayUse(
  role: string,
  privilege: Grant['privilege'],
  object: { readonly grants: readonly Grant[] },
  database: DatabaseModel,
): boolean {
  const names = rolesOfRole(role, database);
  return object.grants.some(grant => grant.privilege === privilege && names.has(grant.role));
}
