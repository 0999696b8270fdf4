import { plainName } from '../core/names.ts';
import { equals } from '../core/predicate.ts';
import type { RowVariable, Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import { entails, rootsOf, type World } from '../logic/entails.ts';
import { isChosen } from '../logic/terms.ts';
import type { AppModel, QueryPath } from '../model/app/types.ts';

/** What a column is called that says which tenant its user works in, but for the tenant's own name. */
const chosen =
  /^(?:active|current|default|selected|primary|own|last(?:_(?:used|active|seen))?)_(.+?)(?:_(?:id|uuid|slug|key))?$/;
const tenants = /^(?:workspace|project|team|org|organi[sz]ation|company|account|tenant|space)$/;

/**
 * Columns of the users' table that name a tenant of the user's (`default_workspace`): each value that a caller has a part in
 * was found to be a tenant of theirs before it was written.
 */
export function tenantsOfUsers(app: AppModel | undefined, world: World): ReadonlySet<string> {
  const { principal } = world.tenancy;
  const table = principal === undefined ? undefined : tablesByName(world.database).get(principal.table);
  const names = (table?.columns ?? []).map(({ name }) => name).filter(name => namesTenant(name, world));
  if (principal === undefined || names.length === 0) return new Set();
  const writes = (app?.queries ?? []).filter(
    ({ query }) => query.table === principal.table && (query.operation === 'insert' || query.operation === 'update'),
  );
  return new Set(names.filter(name => writes.every(path => writesOwn(path, name, world))));
}

function namesTenant(column: string, { tenancy }: World): boolean {
  const name = chosen.exec(plainName(column))?.[1];
  return name !== undefined && (tenants.test(name) || rootsOf(tenancy).some(root => plainName(root.table) === name));
}

function writesOwn({ query, facts, principal }: QueryPath, column: string, world: World): boolean {
  if (query.valuesOpen) return false;
  const value = query.values.find(entry => entry.column === column)?.value;
  if (value === undefined || !isChosen(value)) return true;
  const known = facts.filter(fact => fact.weakness === undefined && fact.each === undefined);
  const asked = {
    rows: known.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : [])),
    conditions: known.flatMap(({ holds }) => (holds.kind === 'condition' ? [holds.condition] : [])),
    memberTenants: known.flatMap(({ holds }) => (holds.kind === 'member' ? [holds.tenant] : [])),
    signedIn: principal !== 'anonymous',
    absence: 'dropped' as const,
  };
  return tenantsNamed(value, world).some(row => {
    const answer = entails({ ...asked, row }, world);
    return answer.kind === 'owned' && answer.by !== 'nobody' && answer.by !== 'published';
  });
}

/** The tenant that a value names, by each column that is a tenant's alone. */
function tenantsNamed(value: Term, { database, tenancy }: World): readonly RowVariable[] {
  return rootsOf(tenancy).flatMap(({ table }) => {
    const keys = tablesByName(database).get(table)?.uniqueKeys ?? [];
    return keys.flatMap(([column, ...others]) => {
      if (column === undefined || others.length > 0) return [];
      const where = equals({ kind: 'column', row: 'named', column }, value);
      return [{ name: 'named', table, where }];
    });
  });
}
