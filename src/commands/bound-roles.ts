import type { DatabaseModel } from '../model/database/types.ts';

/** Roles whose privileges and policies decide what they reach: no superuser, no owner of tables, nobody who bypasses row security. */
export function boundRoles({ roles, tables }: DatabaseModel): ReadonlySet<string> {
  const owners = new Set(tables.map(table => table.owner));
  const free = new Set(roles.filter(role => role.superuser || role.bypassRowSecurity).map(role => role.name));
  const named = [...roles.map(role => role.name), 'public'];
  return new Set(named.filter(name => !free.has(name) && !owners.has(name) && !name.startsWith('pg_')));
}

/** Whether the platform made the object, not the app. */
export function isPlatformTable({ schema }: { readonly schema: string }, { platform }: DatabaseModel): boolean {
  return platform === 'supabase' && ['auth', 'storage', 'realtime'].includes(schema);
}
