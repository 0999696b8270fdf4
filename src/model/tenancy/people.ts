import type { TenancyModel } from './types.ts';

/** The tables that say who there is and who belongs where: of users, of tenants, and of memberships. */
export function tablesOfPeople({ principal, root, memberships }: TenancyModel): readonly string[] {
  return [principal?.table, root?.table, ...memberships.map(({ table }) => table)].filter(name => name !== undefined);
}
