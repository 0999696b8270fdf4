import type { GuardCode } from '../errors.ts';
import type { EventType } from './event.ts';

/** The event that tells of a refusal: one kind for each code, whichever part of the guard refuses. */
export function eventTypeOf(code: GuardCode): EventType {
  return eventTypes[code];
}

/** Whole, so that a new code stops the build until it is said what it is told as. Also in guard/docs/events.md. */
const eventTypes: Readonly<Record<GuardCode, EventType>> = {
  'no-session': 'authn_fail',
  'not-a-member': 'authz_fail',
  forbidden: 'authz_fail',
  'bad-id': 'authz_fail',
  'no-admin-pool': 'authz_fail',
  'no-scope': 'no_scope',
  'scope-crossed': 'tamper',
  'scope-tampered': 'tamper',
  'unsafe-connection': 'self_test',
  'unsupported-runtime': 'self_test',
  'bad-input': 'input_fail',
  'foreign-row': 'foreign_row',
  'keyless-cache': 'cache_refused',
  'rate-limited': 'excessive_use',
  frozen: 'frozen',
  'bad-webhook': 'webhook_fail',
};
