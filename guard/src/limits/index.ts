/** Limits for sign-in, export, invitation, search and whatever else can be overdone. */
export { clientAddress } from './address.ts';
export type { AddressOptions } from './address.ts';
export { guardLimits, usualLimits } from './guard-limits.ts';
export type { GuardLimits, GuardLimitsOptions, LimitFacts, LimitKey, LimitRule } from './guard-limits.ts';
export { limitsMigration } from './migration.ts';
export type { Budget, LimitStore } from './store.ts';
