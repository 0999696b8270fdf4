import type { Pool, PoolClient } from 'pg';

/** Runs one statement with parameters and gives its rows. */
export type Query = (text: string, values: readonly unknown[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/**
 * How `work` is run in one transaction: committed when it is done, rolled back when it throws. `tx` is what your own
 * code writes with; `query` runs the guard's statements in the same transaction.
 *
 * @example
 * const inPrisma: Transaction<Prisma.TransactionClient> = work =>
 *   prisma.$transaction(tx => work(tx, (text, values) => tx.$queryRawUnsafe(text, ...values)));
 */
export type Transaction<Tx> = <T>(work: (tx: Tx, query: Query) => Promise<T>) => Promise<T>;

/** What is used of a pool of node-postgres: `pg.Pool`, `guardPool` or one with the same two methods. */
export interface PgPool {
  connect(): Promise<PoolClient>;
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/**
 * Transactions on a pool of node-postgres.
 *
 * @example
 * const transaction = pgTransaction(pool);
 * await transaction(async tx => tx.query('update account set plan = $1', ['pro']));
 */
export function pgTransaction(pool: Pick<Pool, 'connect'>): Transaction<PoolClient> {
  return async work => {
    const client = await pool.connect();
    let broken: Error | undefined;
    // The pool listens only to idle connections; one that breaks here while nothing is asked would end the process.
    // https://node-postgres.com/apis/pool#error
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      await client.query('begin');
      const result = await work(client, async (text, values) => (await client.query(text, [...values])).rows);
      const { command } = await client.query('commit');
      // Where a statement failed and nobody said so, Postgres answers the commit with what it did instead.
      // https://www.postgresql.org/docs/current/sql-commit.html
      if (command === 'ROLLBACK') throw new Error('A statement of the transaction had failed: it was rolled back.');
      return result;
    } catch (thrown) {
      // A connection that cannot even roll back is not given to anyone else.
      await client.query('rollback').catch((error: unknown) => (broken ??= asError(error)));
      throw thrown;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  };
}

/** Single statements on a pool. */
export function poolQuery(pool: Pick<PgPool, 'query'>): Query {
  return async (text, values) => (await pool.query(text, [...values])).rows;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
