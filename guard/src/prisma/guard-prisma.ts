import { AsyncResource } from 'node:async_hooks';
import { GuardError } from '../errors.ts';
import { keptApart } from '../pg/kept-apart.ts';
import { at } from '../property.ts';
import { refuse } from '../refusal.ts';
import { currentScope, sameScope, tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';

/**
 * Keeps the callers of a Prisma client apart. Prisma gathers what all of them ask by `findUnique` in one turn of the event loop
 * into one query, and sends what else waits with it, in the context of whoever came first. Here each is sent for its own
 * caller. The client is changed and given back; a guarded pool refuses one that is not.
 *
 * @example
 * import { PrismaPg } from '@prisma/adapter-pg';
 *
 * export const prisma = guardPrisma(new PrismaClient({ adapter: new PrismaPg(pool) }));
 */
export function guardPrisma<Client extends object>(client: Client): Client {
  const loader = at(client, '_requestHandler', 'dataloader', 'options');
  if (!isLoader(loader))
    throw new GuardError(
      'unsafe-connection',
      'This version of Prisma gathers queries in a way that is not known here.',
    );
  if (!known.has(loader)) keepApart(loader);
  return client;
}

/** How Prisma's client gathers requests: those of one key go together. */
interface Loader {
  batchBy: (request: object) => string | undefined;
  singleLoader: (request: object) => unknown;
  batchLoader: (requests: readonly [object, ...object[]]) => unknown;
}

function isLoader(value: unknown): value is Loader {
  return ['batchBy', 'singleLoader', 'batchLoader'].every(name => typeof at(value, name) === 'function');
}

const known = new WeakSet<Loader>();

interface Asked {
  readonly scope: Scope | undefined;
  readonly context: AsyncResource;
}

function keepApart(loader: Loader): void {
  const { batchBy, singleLoader, batchLoader } = loader;
  const waiting = new WeakMap<object, Asked>();
  const inContext = async (requests: readonly [object, ...object[]], send: () => unknown): Promise<unknown> => {
    const [first, ...others] = requests.map(request => waiting.get(request));
    if (!others.every(other => isSame(other?.scope, first?.scope)))
      throw refuse('scope-crossed', 'A transaction of Prisma holds queries of more than one scope.');
    const sent = (): unknown => keptApart.run(true, send);
    return first === undefined ? sent() : first.context.runInAsyncScope(sent);
  };
  known.add(loader);
  loader.batchBy = request => {
    const key = batchBy(request);
    const scope = currentScope();
    const own = key === undefined ? undefined : keyFor(key, scope, at(request, 'transaction', 'kind'));
    if (own !== undefined) waiting.set(request, { scope, context: new AsyncResource('DrydockPrisma') });
    return own;
  };
  loader.singleLoader = request => inContext([request], () => singleLoader(request));
  loader.batchLoader = requests => inContext(requests, () => batchLoader(requests));
}

/**
 * The requests of a transaction stay together. Of a caller whose scope only the pool finds nobody knows here with whom they may
 * go, so that they go alone.
 */
function keyFor(key: string, scope: Scope | undefined, transaction: unknown): string | undefined {
  if (transaction === 'batch') return key;
  if (scope === undefined) return transaction === undefined ? undefined : key;
  return `${key} ${JSON.stringify([scope.mode, tenantOf(scope), userOf(scope)])}`;
}

function isSame(left: Scope | undefined, right: Scope | undefined): boolean {
  return left === undefined || right === undefined ? left === right : sameScope(left, right);
}
