import { sessionSource } from './session.ts';
import type { Found, SessionRequest, SessionSource } from './session.ts';

/**
 * Reads the session with a function of the app's own. It verifies what it reads; what it answers is checked for time and
 * form, and if it throws, the request is refused.
 *
 * @example
 * const session = fromCustom(async ({ headers }) => {
 *   const row = await findSession(headers.get('authorization'));
 *   return row && { user: row.userId, tenant: row.teamId, expiresAt: row.expiresAt };
 * });
 */
export function fromCustom(
  find: (request: SessionRequest) => Found | null | undefined | Promise<Found | null | undefined>,
): SessionSource {
  return sessionSource('the app', async request => (await find(request)) ?? undefined);
}
