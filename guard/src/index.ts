/** The scopes, errors and events that every part of the guard shares. */
export { asAdmin, asSystem, asTenant, asUser } from './modes.ts';
export { currentRequest, currentScope, withRequest } from './scope.ts';
export type { AdminScope, RequestFacts, Scope, SystemScope, TenantScope, UserScope } from './scope.ts';
export { GuardError, guardErrorIn, isGuardError } from './errors.ts';
export type { GuardCode } from './errors.ts';
export type { EventSink, EventType, GuardEvent } from './events/event.ts';
export type { Before, CallFacts } from './hooks.ts';
