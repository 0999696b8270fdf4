import type { Predicate } from '../../core/predicate.ts';
import { messageOf } from '../../core/error.ts';
import { lowerSqlCondition, type SqlScope } from '../../logic/sql.ts';
import { inlineBody } from './function-bodies.ts';
import type { DatabaseModel, Policy } from '../../model/database/types.ts';

/** The same model with every policy lowered to predicates; helper functions are inlined where they are one `select`. */
export function lowerPolicies(database: DatabaseModel): DatabaseModel {
  const scope = scopeOf(database);
  const tables = database.tables.map(table => ({
    ...table,
    policies: table.policies.map(policy => lowerPolicy(policy, scope)),
  }));
  return { ...database, tables };
}

function lowerPolicy(policy: Policy, scope: Omit<SqlScope, 'relations'>): Policy {
  const alias = policy.table.split('.').at(-1) ?? policy.table;
  const inside: SqlScope = { ...scope, relations: [{ alias, row: 'self', table: policy.table }] };
  return {
    ...policy,
    ...(policy.using === undefined ? {} : { usingPredicate: lower(policy.using, inside) }),
    ...(policy.check === undefined ? {} : { checkPredicate: lower(policy.check, inside) }),
  };
}

function lower(condition: string, scope: SqlScope): Predicate {
  try {
    return lowerSqlCondition(condition, scope);
  } catch (thrown) {
    return { kind: 'opaque', reason: `the condition was not understood: ${messageOf(thrown)}` };
  }
}

function scopeOf(database: DatabaseModel): Omit<SqlScope, 'relations'> {
  const columns = new Map(
    [...database.tables, ...database.views].map(({ name, columns: list }) => [name, list.map(column => column.name)]),
  );
  const bodies = new Map(
    database.functions.flatMap(definition => {
      const body = inlineBody(definition);
      return body === undefined ? [] : [[definition.name, body] as const];
    }),
  );
  return {
    columnsOf: table => columns.get(withoutPublic(table)),
    functionBody: name => bodies.get(withoutPublic(name)),
  };
}

function withoutPublic(name: string): string {
  return name.startsWith('public.') ? name.slice('public.'.length) : name;
}
