/** A switch that turns parts of an app off while you look at what they do. */
export { guardFreeze } from './guard-freeze.ts';
export type { GuardFreeze, GuardFreezeOptions } from './guard-freeze.ts';
export { freezeMigration } from './migration.ts';
export type { FreezeChange, FreezeSource } from './source.ts';
export type { FreezeTarget } from './target.ts';
