import { GuardError } from './errors.ts';
import type { GuardCode } from './errors.ts';
import { report } from './events/event.ts';
import type { EventType, Happening } from './events/event.ts';

/** Makes the error of a refusal and tells the sinks about it, so that no refusal goes unseen. */
export function refuse(
  code: GuardCode,
  message: string,
  more: Partial<Omit<Happening, 'type' | 'outcome' | 'reason'>> & {
    readonly cause?: unknown;
    readonly retryAfter?: number;
  } = {},
): GuardError {
  const { cause, retryAfter, ...happening } = more;
  const error = new GuardError(code, message, {
    ...(cause === undefined ? {} : { cause }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  report({
    type: eventTypes[code] ?? 'authz_fail',
    outcome: 'denied',
    reason: message,
    status: error.status,
    ...happening,
  });
  return error;
}

const eventTypes: Partial<Readonly<Record<GuardCode, EventType>>> = {
  'no-session': 'authn_fail',
  'no-scope': 'no_scope',
  'scope-tampered': 'tamper',
  'bad-input': 'input_fail',
  'foreign-row': 'foreign_row',
  'keyless-cache': 'cache_refused',
  'rate-limited': 'excessive_use',
  frozen: 'frozen',
  'bad-webhook': 'webhook_fail',
};
