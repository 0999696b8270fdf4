import { sessionSource } from './session.ts';
import type { SessionRequest, SessionSource } from './session.ts';

/**
 * Reads the session from iron-session. What is inside is the app's own, so `pick` says where the ids are. The seal ends
 * after iron-session's `ttl`; an `expiresAt` of the app's own is respected too.
 *
 * @example
 * const session = fromIronSession(
 *   async () => getIronSession<{ userId?: string; teamId?: string }>(await cookies(), sessionOptions),
 *   data => ({ user: data.userId, tenant: data.teamId }),
 * );
 */
export function fromIronSession<Data extends object>(
  getSession: (request: SessionRequest) => Data | Promise<Data>,
  pick: (data: Data) => { readonly user: unknown; readonly tenant?: unknown; readonly expiresAt?: unknown },
): SessionSource {
  return sessionSource('iron-session', async request => {
    const data = await getSession(request);
    // iron-session answers with an empty object where there is no session.
    return Object.keys(data).length === 0 ? undefined : pick(data);
  });
}
