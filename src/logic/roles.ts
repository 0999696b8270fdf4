import type { DatabaseModel } from '../model/database/types.ts';

/** The role and every role whose privileges it has, everybody's among them. https://www.postgresql.org/docs/18/role-membership.html */
export function rolesOfRole(role: string, database: DatabaseModel): ReadonlySet<string> {
  const found = new Set(['public', role]);
  for (const name of found)
    for (const parent of database.roles.find(candidate => candidate.name === name)?.memberOf ?? []) found.add(parent);
  return found;
}
