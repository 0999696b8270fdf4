import type { Predicate } from '../../../../core/predicate.ts';
import { tablesByName } from '../../../../logic/closure.ts';
import { rolesOfRole } from '../../../../logic/roles.ts';
import { termsOf } from '../../../../logic/terms.ts';
import type { DatabaseModel, Table } from '../../../database/types.ts';

/**
 * The settings that the policies of these tables read for a role, and those of the tables that they look into; absent
 * where a policy calls or says something that was not read. What no policy reads changes no result.
 */
export function settingsRead(
  database: DatabaseModel,
  role: string,
  tables: readonly string[],
): ReadonlySet<string> | undefined {
  const known = tablesByName(database);
  const roles = rolesOfRole(role, database);
  const read = new Set<string>();
  const wanted = new Set(tables);
  for (const name of wanted) {
    const table = known.get(name);
    if (table === undefined) return undefined;
    for (const predicate of predicatesOf(table, roles)) {
      if (predicate === undefined || !isUnderstood(predicate)) return undefined;
      for (const term of termsOf(predicate)) if (term.kind === 'setting') read.add(term.name);
      for (const other of tablesIn(predicate)) wanted.add(other);
    }
  }
  return read;
}

function predicatesOf(table: Table, roles: ReadonlySet<string>): readonly (Predicate | undefined)[] {
  return table.policies
    .filter(policy => policy.roles.some(role => roles.has(role)))
    .flatMap(policy => [
      ...(policy.using === undefined ? [] : [policy.usingPredicate]),
      ...(policy.check === undefined ? [] : [policy.checkPredicate]),
    ]);
}

function isUnderstood(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.every(isUnderstood);
    case 'not':
    case 'maybe-absent':
      return isUnderstood(predicate.operand);
    case 'exists':
      return isUnderstood(predicate.row.where);
    case 'opaque':
      return false;
    default:
      return termsOf(predicate).every(term => term.kind !== 'call' && term.kind !== 'opaque');
  }
}

function tablesIn(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(tablesIn);
    case 'not':
    case 'maybe-absent':
      return tablesIn(predicate.operand);
    case 'exists':
      return [predicate.row.table, ...tablesIn(predicate.row.where)];
    default:
      return [];
  }
}
