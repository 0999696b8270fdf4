import { rolesOfRole } from '../../logic/roles.ts';
import { once } from '../../core/once.ts';
import type { DatabaseModel, Grant, Table } from './types.ts';

/** Who is who among the roles of a database: those of requests, those of the platform, those that policies bind. */

/** Roles that Supabase makes for itself: no request of an app runs under one of them. */
const platformRoles =
  /^(service_role|authenticator|postgres|dashboard_user|pgbouncer|supabase_\w+|pgsodium_\w+|pgtle_admin|cli_login_\w+)$/;

/** Roles that Supabase's API names in a token by itself. https://supabase.com/docs/guides/database/postgres/roles */
const apiRoles = /^(anon|authenticated)$/;

/** The roles that requests of the app's users run under: not an owner of tables, not above the policies, and with a privilege somewhere. */
export const requestRoles = once((database: DatabaseModel): readonly string[] => {
  const owners = ownersIn(database);
  const granted = grantedIn([...database.tables, ...database.views, ...database.functions]);
  const isPlatforms = (name: string): boolean => database.platform === 'supabase' && platformRoles.test(name);
  return database.roles
    .filter(role => !role.superuser && !role.bypassRowSecurity && granted.has(role.name) && !owners.has(role.name))
    .map(role => role.name)
    .filter(name => !isPlatforms(name));
});

/** Roles that log in, are bound by policies and may write, themselves or as a role that they take on: an app's own connection. */
export function loginRoles(database: DatabaseModel): readonly string[] {
  const owners = ownersIn(database);
  const mayWrite = (role: string): boolean =>
    database.tables.some(table => mayUse(role, 'insert', table, database) || mayUse(role, 'update', table, database));
  return database.roles
    .filter(({ login, superuser, bypassRowSecurity }) => login && !superuser && !bypassRowSecurity)
    .map(role => role.name)
    .filter(name => !owners.has(name) && mayWrite(name));
}

/** Roles beside those of Supabase's API that a token may name, or that log in themselves. */
export function customRoles(database: DatabaseModel): readonly string[] {
  const granted = grantedIn([...database.tables, ...database.views]);
  const named = database.roles.find(role => role.name === 'authenticator')?.memberOf ?? [];
  return database.roles
    .filter(role => !role.superuser && !role.bypassRowSecurity && (role.login || named.includes(role.name)))
    .map(role => role.name)
    .filter(name => granted.has(name) && !platformRoles.test(name) && !apiRoles.test(name));
}

/** Roles whose privileges and policies decide what they reach: no superuser, no owner of tables, nobody who bypasses row security. */
export const boundRoles = once(({ roles, tables }: DatabaseModel): ReadonlySet<string> => {
  const owners = new Set(tables.map(table => table.owner));
  const free = new Set(roles.filter(role => role.superuser || role.bypassRowSecurity).map(role => role.name));
  const named = [...roles.map(role => role.name), 'public'];
  return new Set(named.filter(name => !free.has(name) && !owners.has(name) && !name.startsWith('pg_')));
});

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

/** The same of every column. */
export function mayUseWhole(
  role: string,
  privilege: Grant['privilege'],
  { grants }: Pick<Table, 'grants'>,
  database: DatabaseModel,
): boolean {
  return mayUse(role, privilege, { grants: grants.filter(grant => grant.column === undefined) }, database);
}

/** The same of one column. */
export function mayUseColumn(
  role: string,
  privilege: Grant['privilege'],
  { grants }: Pick<Table, 'grants'>,
  name: string,
  database: DatabaseModel,
): boolean {
  const about = grants.filter(({ column }) => column === undefined || column === name);
  return mayUse(role, privilege, { grants: about }, database);
}

function ownersIn({ tables, views }: DatabaseModel): ReadonlySet<string> {
  return new Set([...tables, ...views].map(relation => relation.owner));
}

function grantedIn(objects: readonly { readonly grants: readonly Grant[] }[]): ReadonlySet<string> {
  return new Set(objects.flatMap(object => object.grants.map(grant => grant.role)));
}
