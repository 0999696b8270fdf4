import pg from 'pg';
import { GuardError } from '../errors.ts';
import { forNobody } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { forAdmin } from './admin-client.ts';
import type { Release, Taken } from './admin-client.ts';
import { boundHere } from './bound.ts';
import { callbackOf, codeOf, configOf, promised } from './calls.ts';
import { guardedClient } from './client.ts';
import type { GuardedClient } from './client.ts';
import { Policy } from './policy.ts';
import type { PolicyOptions } from './policy.ts';
import { selfTestOf } from './self-test.ts';
import type { SelfTestReport } from './self-test.ts';
import { isSubmittable, requireDriver } from './wire.ts';
import type { QueryCallback } from './wire.ts';

/** What `guardPool` takes besides what node-postgres takes. */
export interface GuardOptions extends PolicyOptions {
  /** The pool for work as admin: a role that may see every tenant, on a connection of its own. */
  readonly admin?: pg.Pool;
}

/** A pool of node-postgres whose every statement travels with its scope. */
export interface GuardedPool extends pg.Pool {
  /** Runs the self-test now, and tells what it saw. A pool runs it by itself on its first connection. */
  selfTest(): Promise<SelfTestReport>;
}

type Asked = readonly [first: unknown, second: unknown];

/**
 * Makes a pool of node-postgres on which a forgotten `where` returns nothing: give it to Drizzle, Prisma, Kysely, TypeORM
 * or use it as it is.
 *
 * @example
 * export const pool = guardPool(
 *   { connectionString: process.env.DATABASE_URL },
 *   { membership: { table: 'memberships', user: 'user_id', tenant: 'organization_id' } },
 * );
 */
export function guardPool(config: pg.PoolConfig, options: GuardOptions): GuardedPool {
  const { Pool } = guardedClasses(options);
  return new Pool(config);
}

/**
 * The module `pg` with guarded classes, for libraries that make their own pool or clients: TypeORM's `driver`, Knex'
 * `_driver()`.
 *
 * @example
 * import { DataSource } from 'typeorm';
 *
 * export const source = new DataSource({ type: 'postgres', driver: guardedPg({ membership }), url: process.env.DATABASE_URL });
 */
export function guardedPg(options: GuardOptions): typeof pg {
  return { ...pg, ...guardedClasses(options) } as unknown as typeof pg;
}

interface GuardedClasses {
  readonly Client: new () => pg.Client;
  readonly Pool: new (config?: pg.PoolConfig) => GuardedPool;
}

/** Client and pool of one guard: they share its rules, and the self-test runs once for both. */
function guardedClasses(options: GuardOptions): GuardedClasses {
  requireDriver();
  const policy = new Policy(options);
  const selfTest = selfTestOf(policy);
  const Client = guardedClient(policy, selfTest) as unknown as new () => pg.Client;
  const { admin } = options;

  const Pool = class extends pg.Pool implements GuardedPool {
    constructor(config: pg.PoolConfig = {}) {
      super({ ...config, Client });
    }

    async selfTest(): Promise<SelfTestReport> {
      const client = await super.connect();
      client.release();
      if (selfTest.report === undefined) throw new GuardError('unsafe-connection', 'The self-test did not run.');
      return selfTest.report;
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(callback: Taken): void;
    override connect(callback?: Taken): Promise<pg.PoolClient> | void {
      if (callback !== undefined) return this.take(callback);
      return new Promise((resolve, reject) => {
        this.take((error, client) => (client === undefined ? reject(error) : resolve(client)));
      });
    }

    /** pg-pool runs the callback of a waiting caller in the context of whoever gave the connection back: it is bound here. */
    private take(callback: Taken): void {
      const bound = boundHere(callback);
      try {
        this.takeIn(policy.scopeHere(), bound);
      } catch (error) {
        process.nextTick(() => bound(error as Error, undefined, () => {}));
      }
    }

    private takeIn(scope: Scope | undefined | Promise<Scope | undefined>, bound: Taken): void {
      if (!(scope instanceof Promise)) return this.takeFor(scope, bound);
      void scope.then(
        found => this.takeFor(found, bound),
        (error: Error) => bound(error, undefined, () => {}),
      );
    }

    private takeFor(scope: Scope | undefined, callback: Taken): void {
      if (scope?.mode === 'admin' && admin !== undefined)
        return forNobody(() => admin.connect(forAdmin(policy, callback)));
      super.connect((error, client, done) => {
        if (client !== undefined) (client as unknown as GuardedClient).takeFor(scope);
        callback(error, client, done);
      });
    }

    /** As node-postgres has it, but that a statement which Postgres refused does not cost the connection. */
    override query(first: unknown, second?: unknown, third?: unknown): never {
      const callback = callbackOf(first, second, third);
      return promised(callback && boundHere(callback), settle => this.queryOnce(first, second, settle)) as never;
    }

    private queryOnce(first: unknown, second: unknown, settle: QueryCallback): void {
      try {
        const scope = policy.scopeHere();
        const refusal = this.refusalHere(first, second, scope);
        if (refusal !== undefined) throw refusal;
        const use: Taken = (error, client, done) => {
          if (client === undefined) settle(error);
          else this.queryOn(client, done, [first, second], settle);
        };
        this.takeIn(scope, boundHere(use));
      } catch (error) {
        process.nextTick(() => settle(error as Error));
      }
    }

    private queryOn(client: pg.PoolClient, done: Release, [first, second]: Asked, settle: QueryCallback): void {
      let answered = false;
      const finish: QueryCallback = (failure, result) => {
        if (answered) return;
        answered = true;
        client.off('error', finish);
        done(failure instanceof Error && isFatal(failure) ? failure : undefined);
        settle(failure, result);
      };
      client.on('error', finish);
      try {
        const asked = isSubmittable(first) ? first : configOf(first, second);
        // What `finish` tells is bound already where the app is told by a callback.
        if (isGuarded(client)) client.ask(asked, undefined, finish);
        else client.query(asked as pg.QueryConfig, finish);
      } catch (error) {
        finish(error as Error);
      }
    }

    /** Refuses what has no scope before a connection is taken: here the stack still names who asked. */
    private refusalHere(first: unknown, second: unknown, scope: unknown): GuardError | undefined {
      if (isSubmittable(first)) return undefined;
      const config = configOf(first, second);
      // What goes to the admin's own pool is asked nothing after this.
      if (Object(scope).mode === 'admin') return policy.refusesMixing(config);
      if (policy.mode === 'observe' || scope !== undefined) return undefined;
      const admitted = policy.admits(policy.judge(config.text).kind, undefined, config.text);
      return admitted instanceof GuardError ? admitted : undefined;
    }
  };
  return { Client, Pool };
}

/** A client of the guard's own; work as admin gets one of the app's pool. */
function isGuarded(client: object): client is GuardedClient {
  return 'ask' in client;
}

/** Whether a connection cannot be used after an error: Postgres did not answer it, or is going away. */
function isFatal(error: Error): boolean {
  if (error instanceof GuardError) return false;
  const code = codeOf(error);
  return !/^[0-9A-Z]{5}$/.test(code) || /^(?:08|57P|XX)/.test(code);
}
