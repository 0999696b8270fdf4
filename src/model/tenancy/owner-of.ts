import { once } from '../../core/once.ts';
import type { Owner, TenancyModel } from './types.ts';

/** How the rows of the table of that name lead to their owner. */
export function ownerOfTable({ owners }: Pick<TenancyModel, 'owners'>, table: string): Owner | undefined {
  return ownersByTable(owners).get(table);
}

const ownersByTable = once(
  (owners: readonly Owner[]): ReadonlyMap<string, Owner> =>
    new Map(owners.toReversed().map(owner => [owner.table, owner])),
);
