import type { Predicate } from '../../core/predicate.ts';
import type { DatabaseModel } from '../database/types.ts';
import { isRoleBeyondTenants } from './names.ts';
import type { Membership } from './types.ts';

/**
 * Values of a role that a policy holds to the caller's own tenants: `role = 'client_admin' and project_id in (…his…)`.
 * Whoever has such a role works for a tenant and not for the app, so that a policy which asks for the role alone is open.
 * `admin` and `owner` by themselves may be both.
 */
export function confinedRoles(
  values: readonly string[],
  database: DatabaseModel,
  memberships: readonly Membership[],
): readonly string[] {
  const tables = new Set(memberships.map(({ table }) => table));
  const found = new Set(
    database.tables.flatMap(table =>
      table.policies.flatMap(({ usingPredicate, checkPredicate }) =>
        [usingPredicate, checkPredicate].flatMap(predicate =>
          predicate === undefined ? [] : confinedIn(predicate, tables),
        ),
      ),
    ),
  );
  return values.filter(value => found.has(value) && !isRoleBeyondTenants(value) && !ambiguous.test(value));
}

const ambiguous = /^(admin|administrator|owner)$/i;

function confinedIn(predicate: Predicate, memberships: ReadonlySet<string>): readonly string[] {
  if (predicate.kind === 'or') return predicate.operands.flatMap(operand => confinedIn(operand, memberships));
  if (predicate.kind !== 'and') return [];
  const isHeld = predicate.operands.some(operand => asksForMembership(operand, memberships));
  return predicate.operands.flatMap(operand => {
    if (asksForMembership(operand, memberships)) return confinedIn(operand, memberships);
    return isHeld ? constantsIn(operand) : confinedIn(operand, memberships);
  });
}

function asksForMembership(predicate: Predicate, memberships: ReadonlySet<string>): boolean {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.some(operand => asksForMembership(operand, memberships));
    case 'exists':
      return (
        memberships.has(predicate.row.table.replace(/^public\./, '')) ||
        asksForMembership(predicate.row.where, memberships)
      );
    default:
      return false;
  }
}

/** Texts that something has to equal, or one of which. */
function constantsIn(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(constantsIn);
    case 'exists':
      return constantsIn(predicate.row.where);
    case 'compare': {
      if (predicate.operator !== '=') return [];
      const sides = [predicate.left, predicate.right];
      return sides.flatMap(side => (side.kind === 'constant' && typeof side.value === 'string' ? [side.value] : []));
    }
    default:
      return [];
  }
}
