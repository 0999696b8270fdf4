import type { OwnerHop } from '../../model/tenancy/types.ts';
import { ownerOf } from '../context.ts';
import type { OwnerContext } from '../context.ts';
import type { Wanted } from './session.ts';

/** How a row is tied to the caller: the columns to follow, and whether a tenant or a user stands at their end. */
export interface RowOwnership {
  readonly wanted: Wanted;
  readonly hops: readonly [OwnerHop, ...OwnerHop[]];
}

/** The owner of a table's rows, for a condition; undefined for shared tables. */
export function ownershipOf(context: Pick<OwnerContext, 'tenancy'>, table: string): RowOwnership | undefined {
  const { root, principal } = context.tenancy;
  const ownership = ownerOf(context, table)?.ownership;
  if (root?.table === table && root.table !== principal?.table)
    return { wanted: 'tenant', hops: [itself(table, root.key)] };
  if (principal?.table === table) return { wanted: 'user', hops: [itself(table, principal.key)] };
  if (ownership?.kind === 'tenant' || ownership?.kind === 'user') {
    const isEachUser = root !== undefined && root.table === principal?.table;
    return { wanted: isEachUser ? 'user' : ownership.kind, hops: ownership.path };
  }
  return undefined;
}

function itself(table: string, key: string): OwnerHop {
  return { column: key, table, referencedColumn: key };
}
