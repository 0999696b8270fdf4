import { currentScope } from '../scope.ts';
import { ownerOf } from './owner.ts';

/**
 * A cache of an ORM (`cache` of Drizzle, `provider` of TypeORM's `cache`), apart for each user in each tenant. The key of such a
 * cache is the SQL with its values, which is the same for all tenants where policies say whose the rows are. Work as admin, and
 * outside of every scope, passes it by.
 *
 * @example
 * import { drizzle } from 'drizzle-orm/node-postgres';
 *
 * const cached = drizzle(pool, { cache: guardQueryCache(queryCache) });
 */
export function guardQueryCache<Cache extends object>(cache: Cache): Cache {
  return new Proxy(cache, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const keyedBy = keys.get(name);
      return (first: unknown, ...rest: readonly unknown[]): unknown => {
        if (keyedBy === undefined) return Reflect.apply(value, target, [first, ...rest]) as unknown;
        const owner = ownerHere();
        if (owner === undefined) return Promise.resolve(undefined);
        return Reflect.apply(value, target, [keyedBy(first, key => `${owner}:${key}`), ...rest]) as unknown;
      };
    },
  });
}

/** A job works for a tenant alone, everybody else sees what policies show to them. */
function ownerHere(): string | undefined {
  const scope = currentScope();
  if (scope === undefined || scope.mode === 'admin') return undefined;
  return ownerOf(scope.mode === 'system' ? 'tenant' : 'user');
}

type Own = (key: string) => string;

const text = (key: unknown, own: Own): unknown => (typeof key === 'string' ? own(key) : key);
const texts = (given: unknown, own: Own): unknown =>
  Array.isArray(given) ? given.map(key => text(key, own)) : text(given, own);
const within =
  (names: readonly string[]) =>
  (given: unknown, own: Own): unknown => ({
    ...Object(given),
    ...Object.fromEntries(names.flatMap(name => named(given, name, own))),
  });

function named(given: unknown, name: string, own: Own): readonly (readonly [string, unknown])[] {
  const value: unknown = Reflect.get(Object(given), name);
  return value === undefined || value === null ? [] : [[name, texts(value, own)]];
}

/** What of the first argument is a key, by the name of the method: those of Drizzle, then those of TypeORM. */
const keys: ReadonlyMap<unknown, (first: unknown, own: Own) => unknown> = new Map([
  ['get', text],
  ['put', text],
  ['onMutate', within(['tags'])],
  ['getFromCache', within(['identifier', 'query'])],
  ['storeInCache', within(['identifier', 'query'])],
  ['remove', texts],
]);
