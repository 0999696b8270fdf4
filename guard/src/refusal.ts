import { GuardError } from './errors.ts';
import type { GuardCode } from './errors.ts';
import { report } from './events/event.ts';
import type { Happening } from './events/event.ts';
import { eventTypeOf } from './events/refusals.ts';

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
    type: eventTypeOf(code),
    outcome: 'denied',
    reason: message,
    status: error.status,
    ...happening,
  });
  return error;
}
