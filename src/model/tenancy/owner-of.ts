import { once } from '../../core/once.ts';
import type { Owner, OwnerWay, TenancyModel } from './types.ts';

/** How the rows of the table of that name lead to their owner. */
export function ownerOfTable({ owners }: Pick<TenancyModel, 'owners'>, table: string): Owner | undefined {
  return ownersByTable(owners).get(table);
}

const ownersByTable = once(
  (owners: readonly Owner[]): ReadonlyMap<string, Owner> =>
    new Map(owners.toReversed().map(owner => [owner.table, owner])),
);

/** Every way on which a row may lead to its owner; none where nobody owns it. */
export function waysOf({ ownership }: Owner): readonly OwnerWay[] {
  if (ownership.kind !== 'tenant' && ownership.kind !== 'user') return [];
  return ownership.ways ?? [{ path: ownership.path }];
}

/** The columns that say whose a row is: the key that leads there, and the kind of row that it is a key of. */
export function owningColumns(owner: Owner): ReadonlySet<string> {
  return new Set(
    waysOf(owner).flatMap(({ path, unless }) => [path[0].column, ...(unless === undefined ? [] : [unless.column])]),
  );
}
