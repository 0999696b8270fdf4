import { AsyncResource } from 'node:async_hooks';
import { forNobody } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { GuardError } from '../errors.ts';
import { Policy } from '../pg/policy.ts';
import type { PolicyOptions } from '../pg/policy.ts';
import { setterFailure } from '../pg/setter.ts';
import type { Setter } from '../pg/setter.ts';

/** The part of a postgres.js client that the guard uses. */
export interface PostgresJs<Tx extends PostgresJsTransaction> {
  begin<T>(work: (transaction: Tx) => Promise<T>): Promise<unknown>;
}

/** The part of a transaction of postgres.js that the guard uses. */
export interface PostgresJsTransaction {
  unsafe(text: string, values?: string[]): PromiseLike<unknown>;
}

/**
 * The path for postgres.js: it cannot put two statements under one Sync, so that each scope is a transaction of four trips.
 * Everything inside of `work` runs for the scope of the running code. Moving to node-postgres takes those trips away.
 *
 * @example
 * import postgres from 'postgres';
 *
 * const sql = postgres(process.env.DATABASE_URL ?? '');
 * const begin = guardBegin<postgres.TransactionSql>(sql, { membership: { table: 'memberships', user: 'user_id', tenant: 'team_id' } });
 * const invoices = await asTenant({ user, tenant }, () => begin(tx => tx`select * from invoices`));
 */
export function guardBegin<Tx extends PostgresJsTransaction>(
  sql: PostgresJs<Tx>,
  options: PolicyOptions,
): <T>(work: (transaction: Tx) => Promise<T>) => Promise<T> {
  const policy = new Policy(options);
  return async work => {
    const scope = policy.admits('single', await policy.scopeHere());
    if (scope instanceof GuardError) throw scope;
    const setter = scope === undefined ? undefined : requireSetter(policy, scope);
    const here = new AsyncResource('DrydockTransaction');
    const inTransaction = async (transaction: Tx): Promise<{ readonly result: unknown }> => {
      if (setter !== undefined) await set(transaction, setter.text, [...setter.values], policy);
      return { result: await work(transaction) };
    };
    // A connection that is opened here calls back by itself for whoever comes later.
    const done = await forNobody(() =>
      sql.begin(transaction => here.runInAsyncScope(inTransaction, undefined, transaction)),
    );
    return (done as { readonly result: Awaited<ReturnType<typeof work>> }).result;
  };
}

function requireSetter(policy: Policy, scope: Scope): Setter | undefined {
  const setter = policy.setterOf(scope);
  if (setter !== undefined || policy.mode === 'observe') return setter;
  throw policy.refusal('bad-id', 'The user or tenant of the scope is no text that Postgres could keep.');
}

async function set(transaction: PostgresJsTransaction, text: string, values: string[], policy: Policy): Promise<void> {
  try {
    await transaction.unsafe(text, values);
  } catch (error) {
    const refusal = error instanceof Error ? setterFailure(error, policy.membership) : error;
    throw refusal instanceof GuardError ? policy.refusal(refusal.code, refusal.message, '') : refusal;
  }
}
