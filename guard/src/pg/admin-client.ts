import type pg from 'pg';
import { currentScope } from '../scope.ts';
import { boundHere } from './bound.ts';
import { callbackOf, refused } from './calls.ts';
import type { Policy } from './policy.ts';
import { refusedItself } from './submittable.ts';
import { isSubmittable } from './wire.ts';
import type { WireClient } from './wire.ts';

/** Gives a connection back to its pool; with an error it is ended. */
export type Release = (release?: unknown) => void;

/** Told of the connection that a pool hands out. */
export type Taken = (error: Error | undefined, client: pg.PoolClient | undefined, done: Release) => void;

/**
 * For who takes a connection as admin. It is one of the app's own pool, on which nothing sets a tenant: a query in a
 * tenant's scope would see every tenant's rows there, and is refused for as long as the connection is held.
 */
export function forAdmin(policy: Policy, taken: Taken): Taken {
  return (error, client, done) => {
    if (client === undefined) return taken(error, client, done);
    const free = watched(client, policy);
    const release = client.release.bind(client);
    let isFree = false;
    const released: Release = reason => {
      // Given back twice, it may be somebody else's by now.
      if (!isFree) free();
      isFree = true;
      release(reason as Error | boolean | undefined);
    };
    client.release = released;
    taken(error, client, released);
  };
}

function watched(client: pg.PoolClient, policy: Policy): () => void {
  const ask = client.query.bind(client) as (...parameters: readonly unknown[]) => unknown;
  const query = (first: unknown, second?: unknown, third?: unknown): unknown => {
    const scope = currentScope();
    const isOfAdmin = scope === undefined || scope.mode === 'admin';
    const refusal = isOfAdmin ? undefined : policy.refusal('scope-crossed', asTenant);
    const callback = callbackOf(first, second, third);
    if (refusal === undefined || policy.mode === 'observe')
      return callback === undefined
        ? ask(first, second)
        : ask(first, ...(Array.isArray(second) ? [second] : []), boundHere(callback));
    if (!isSubmittable(first)) return refused(refusal, callback);
    return refusedItself(refusal, first, (client as unknown as WireClient).connection);
  };
  const own = Reflect.getOwnPropertyDescriptor(client, 'query');
  client.query = query as typeof client.query;
  return () => {
    if (own === undefined) Reflect.deleteProperty(client, 'query');
    else Reflect.defineProperty(client, 'query', own);
  };
}

const asTenant =
  'A connection that was taken as admin was used for a tenant, whose rows it would not keep apart: take one within the scope.';
