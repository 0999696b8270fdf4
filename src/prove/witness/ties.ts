import type { Range } from '../exploit/range.ts';
import type { WitnessValues } from './values.ts';
import type { WitnessRow, WitnessWorld } from './world.ts';
import { ownerOfTable } from '../../model/tenancy/owner-of.ts';

/**
 * Whether the rows themselves tie who asks to the row that is reached: along shared keys one gets from it to a row that
 * names him. Then he may well be meant to reach it (a colleague, the other party of a contract), and nothing is called a leak.
 */
export function isTied({ rows, target, before }: WitnessWorld, values: WitnessValues, range: Range): boolean {
  const others = rows.filter(row => row !== target && row !== before && isOwned(row, range));
  const reached = new Set<WitnessRow>([target]);
  for (const row of reached) {
    const keys = keysOf(row, values, range);
    for (const other of others)
      if (!reached.has(other) && [...keysOf(other, values, range)].some(key => keys.has(key))) reached.add(other);
  }
  // Who adds a row may sign it: whose it is then is told by its owner alone.
  const ownership = ownerOfTable(range.tenancy, target.table.name)?.ownership;
  const isDirect = (ownership?.kind === 'tenant' || ownership?.kind === 'user') && ownership.path.length === 1;
  const isAdded = !rows.includes(target);
  return [...reached].some(row => namesUser(row, values) && !(isAdded && isDirect && row === target));
}

/** Whether a value of the row is the key or the address of who asks. */
export function namesUser({ values: row }: WitnessRow, { user }: WitnessValues): boolean {
  return [...row.values()].some(value => value.includes(user.id) || value.includes(user.email));
}

function isOwned({ table }: WitnessRow, range: Range): boolean {
  const kind = ownerOfTable(range.tenancy, table.name)?.ownership.kind;
  return kind !== 'shared';
}

/** Values by which rows refer to each other: of columns that no policy reads it says nothing that they are alike. */
function keysOf({ table, values: row, chosen }: WitnessRow, values: WitnessValues, range: Range): ReadonlySet<string> {
  const shared = (name: string): boolean =>
    range.tenancy.owners.some(owner => owner.table === name && owner.ownership.kind === 'shared');
  const toShared = new Set(table.foreignKeys.filter(key => shared(key.table)).flatMap(key => key.columns));
  const keys = table.columns.filter(
    ({ name, type }) =>
      !toShared.has(name) &&
      (table.primaryKey.includes(name) || chosen.has(name)) &&
      !/^(boolean|timestamp|date|json)|\[\]$/.test(type),
  );
  return new Set(
    keys.flatMap(column => {
      const value = row.get(column.name);
      const text = value?.replace(/^'|'$/g, '');
      return value === undefined || value === 'null' || text === undefined || values.literals.has(text) ? [] : [text];
    }),
  );
}
