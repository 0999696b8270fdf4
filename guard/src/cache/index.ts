/** Caches in which one tenant's data is never another's answer. */
export { guardCache, tenantTag } from './guard-cache.ts';
export type { GuardCacheOptions, UnstableCache } from './guard-cache.ts';
export type { SharedBy } from './owner.ts';
export { guardQueryCache } from './query-cache.ts';
export { guardStore } from './store.ts';
export type { TenantStore, TextStore } from './store.ts';
export { cacheKey, cacheKeyTag, withCacheKey } from './use-cache.ts';
export type { CacheKey } from './use-cache.ts';
