/** The guard for node-postgres, and with it for every library that stands on it. */
export { guardPool, guardedPg } from './pool.ts';
export type { GuardOptions, GuardedPool } from './pool.ts';
export type { GuardMode, PolicyOptions } from './policy.ts';
export type { Membership } from './setter.ts';
export type { SettingNames } from './statements.ts';
export type { SelfTestReport } from './self-test.ts';
