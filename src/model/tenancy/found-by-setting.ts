import { tableNamed } from '../../logic/named.ts';
import { once } from '../../core/once.ts';
import { isAddress, isUnique, policyUses } from './links.ts';
import { isRoleColumn } from './names.ts';
import type { DatabaseModel } from '../database/types.ts';

/** A column by which a single row is found. */
export interface Found {
  readonly table: string;
  readonly column: string;
}

/** By setting, what finds a single row where policies and the helpers they call compare it: `sessions.token`, `workspaces.id`. */
export const rowsFoundBySettings = once((database: DatabaseModel): ReadonlyMap<string, Found> => {
  const found = policyUses(database).flatMap(({ table, column, with: other }): (readonly [string, Found])[] => {
    const place = other.kind === 'setting' ? placeOf(database, { table, column }) : undefined;
    return other.kind === 'setting' && place !== undefined ? [[other.name, place]] : [];
  });
  return new Map(found.toReversed());
});

/** Where the value stands that foreign keys lead to; undefined where it may stand in several rows. */
function placeOf(database: DatabaseModel, from: Found): Found | undefined {
  const seen = new Set<string>();
  let here = from;
  for (;;) {
    const table = tableNamed(database, here.table);
    if (table === undefined || seen.has(`${here.table}.${here.column}`)) return undefined;
    seen.add(`${here.table}.${here.column}`);
    const key = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === here.column);
    if (key === undefined) {
      return isUnique(table, here.column) && !isAddress(here.column) && !isRoleColumn(here.column) ? here : undefined;
    }
    here = { table: key.table, column: key.referencedColumns[0] ?? '' };
  }
}
